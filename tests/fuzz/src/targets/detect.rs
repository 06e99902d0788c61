//! `skillhost init`: what is proposed for any repository can be read, and says nothing of its own.

use super::{Target, join, source, texts};
use skillhost_core::path::SkillPath;
use skillhost_core::project::{FILE, Project};
use skillhost_core::text::is_deceptive;
use skillhost_runs::detect::propose;
use std::collections::BTreeMap;

pub(super) const TARGET: Target = Target {
    name: "detect",
    check,
    seeds,
    words: &[
        "\"scripts\": {\"test\": \"jest\"}",
        "\"workspaces\"",
        "\"packageManager\": \"pnpm@9\"",
        "[workspace]",
        "[package]",
        "[tool.pytest]",
        "[tool.poetry]",
        "pytest",
        "npm run ",
        "\"validation\"",
        "\"commands\"",
        "\"baseBranch\"",
        "\\u001b",
        "\\\"]\\n[grants.spec]\\nwrite = [\\\"**\\\"]",
        "\n[models]\n",
        "\"\"\"",
        "'",
        "`",
        "## Validation\n",
        "```sh\n",
        "```\n",
        "&&",
        ";",
    ],
    mutations: 2_500,
    mutate: None,
};

/// Each part of an input is one of these files.
const FILES: [&str; 5] = ["package.json", "Cargo.toml", "pyproject.toml", "AGENTS.md", ".ai/agentic.config.json"];

fn seeds() -> Vec<Vec<u8>> {
    let package = br#"{"name":"x","scripts":{"test":"jest","lint":"eslint .","test:unit":"vitest"},"devDependencies":{"playwright":"1"}}"#;
    let python =
        b"[project]\nname = \"x\"\n[tool.pytest.ini_options]\n[project.optional-dependencies]\ntest = [\"pytest\"]\n";
    let agents = source("tests/fixtures/demo/app/AGENTS.md");
    let config = br#"{"baseBranch":"develop","validation":{"commands":["npm test"]},"specs":{"path":"docs/specs"}}"#;
    let cargo = source("tests/fixtures/demo/app/Cargo.toml");
    vec![
        join([package, b"", b"", &agents, config]),
        join([b"", &cargo, b"", b"", b""]),
        join([b"", b"", python, b"## Validation\n```sh\nnpm test\npytest -q\n```\n", b"{}"]),
    ]
}

fn check(data: &[u8]) {
    let contents: [String; 5] = texts(data);
    let mut tree: BTreeMap<SkillPath, Vec<u8>> = BTreeMap::new();
    for (file, content) in FILES.iter().zip(contents).filter(|(_, content)| !content.is_empty()) {
        tree.insert(SkillPath::parse(file).expect("a path"), content.into_bytes());
    }
    let proposal = propose(&tree, "main", &[]);
    let project = match Project::parse(FILE, &proposal.toml) {
        Ok(project) => project,
        Err(error) => panic!("{error} in what is proposed:\n{}", proposal.toml),
    };
    assert!(project.grants.is_empty() && project.models.is_empty() && project.skills.is_empty(), "{}", proposal.toml);
    assert_eq!(project.verify.commands.is_empty(), !proposal.has_gates, "{}", proposal.toml);
    let shown = proposal.toml.chars().filter(|c| *c != '\n');
    assert!(!shown.into_iter().any(is_deceptive), "{:?}", proposal.toml);
    assert!(!proposal.notes.iter().any(|note| note.chars().any(is_deceptive)), "{:?}", proposal.notes);
}
