//! `AGENTS.md`, its task router and its guides, and what else is read of a Markdown text.

use super::{Target, join, source, texts};
use skillhost_core::glob::Globs;
use skillhost_core::path::SkillPath;
use skillhost_core::text::is_deceptive;
use skillhost_runs::conventions::{
    MAX_DOCUMENTS, MAX_GUIDES, MAX_TOTAL_BYTES, conventions, files_of_goal, validation_commands,
};
use skillhost_runs::sections::{gaps, skeleton};
use skillhost_runs::slug::Slug;
use skillhost_suite::count_tests;
use std::collections::BTreeMap;

pub(super) const TARGET: Target = Target {
    name: "conventions",
    check,
    seeds,
    words: &[
        "| Task | Guide |\n|---|---|\n",
        "| leads | ",
        "docs/guide.md",
        "[a](docs/guide.md)",
        "`docs/guide.md`",
        "../",
        "\\|",
        "# ",
        "## Commands\n",
        "```sh\n",
        "```\n",
        "~~~",
        "<!--",
        "-->",
        "always",
        "npm test\n",
        "cargo test\n",
        "$ ",
        "TODO",
        "test result: ok. 3 passed",
        "Tests: 1 passed",
        "\u{feff}",
        "\0",
    ],
    mutations: 3_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let agents = source("tests/fixtures/demo/app/AGENTS.md");
    let router = b"# Rules\n| Task | Guide |\n|---|---|\n| leads | `docs/guide.md` |\n| all tasks | [x](guide.md), src |\n## Commands\n```sh\nnpm test\n```\n";
    vec![join([&agents, b"# Nested\n", b"Add a lead-capture page"]), join([router, &agents, b"Capture leads"])]
}

fn check(data: &[u8]) {
    let [root, nested, goal] = texts(data);
    let files = [
        ("AGENTS.md", &root),
        ("src/AGENTS.md", &nested),
        ("docs/guide.md", &nested),
        ("guide.md", &root),
        ("src/README.md", &goal),
    ];
    let path = |path: &str| SkillPath::parse(path).expect("a path");
    let tree: BTreeMap<SkillPath, Vec<u8>> =
        files.iter().map(|(name, text)| (path(name), text.as_bytes().to_vec())).collect();

    let narrow = conventions(&tree, &goal, &files_of_goal(&tree, &goal));
    let found = conventions(&tree, &goal, &Globs::all());
    assert!(narrow.documents.len() <= MAX_DOCUMENTS);
    assert!(found.documents.len() <= MAX_DOCUMENTS + MAX_GUIDES);
    assert!(found.documents.iter().map(|document| document.text.len()).sum::<usize>() <= MAX_TOTAL_BYTES);
    for document in &found.documents {
        assert!(tree.contains_key(&document.path), "{} is not in the tree", document.path);
    }
    for warning in &found.warnings {
        assert!(!warning.to_string().chars().any(is_deceptive), "{warning}");
    }

    for command in validation_commands(&root) {
        assert!(!command.contains('\n'), "{command:?} is two commands");
    }
    let sections = ["Problem".to_owned(), goal.clone()];
    assert!(gaps(&root, &sections).len() <= sections.len());
    if !skeleton(&goal, &sections[..1]).contains('`') {
        assert_eq!(gaps(&skeleton("x", &sections[..1]), &sections[..1]).len(), 1, "a skeleton says nothing");
    }
    let slug = Slug::of(&goal);
    assert!((1..=40).contains(&slug.as_str().len()), "{slug:?}");
    assert!(slug.as_str().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'), "{slug:?}");
    let _ = count_tests(data);
}
