//! `skillhost.toml`.

use super::{Target, source, text};
use skillhost_core::branch::{BranchName, MAX_BRANCH_BYTES, check_name};
use skillhost_core::document::{DocumentError, MAX_DOCUMENT_BYTES};
use skillhost_core::kind::Kind;
use skillhost_core::name::{RunId, is_branch_name};
use skillhost_core::path::SkillPath;
use skillhost_core::project::{FILE, Project, SETUP};

pub(super) const TARGET: Target = Target {
    name: "project",
    check,
    seeds,
    words: &[
        "[commands.test]\n",
        "run = [\"npm\", \"test\"]\n",
        "timeout = \"10m\"\n",
        "network = ",
        "\"none\"",
        "[verify]\n",
        "commands = [\"test\"]\n",
        "[spec]\n",
        "path = \"",
        "{slug}",
        "{run}",
        "branch = \"",
        "base = \"main\"\n",
        "[grants.implement]\n",
        "[protect]\n",
        "paths = [\"**\"]\n",
        "[budget]\n",
        "cost_usd = ",
        "nan",
        "inf",
        "-1",
        "rounds = 3\n",
        "[models]\n",
        "[skills]\n",
        "\"\"\"",
    ],
    mutations: 4_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    vec![source("tests/fixtures/demo/app/skillhost.toml")]
}

fn check(data: &[u8]) {
    let text = text(data);
    let project = match Project::parse(FILE, &text) {
        Ok(project) => project,
        Err(error) => return check_error(&error, &text),
    };
    assert!(text.len() <= MAX_DOCUMENT_BYTES && (1..=10).contains(&project.rounds));
    assert!(project.base.as_deref().is_none_or(is_branch_name));
    assert!(project.budget.cost_usd.is_finite() && project.budget.cost_usd >= 0.0);
    for (name, command) in &project.commands {
        assert!(!command.run.is_empty() && !command.run[0].is_empty(), "{name}");
        assert!(!command.run.iter().any(|argument| argument.contains('\0')), "{name}");
    }
    for gate in &project.verify.commands {
        assert!(project.commands.contains_key(gate) && gate.as_str() != SETUP, "{gate}");
    }
    for run in ["7f3k", "main", "0123456789abcdef"] {
        let run: RunId = run.parse().expect("a run's id");
        // A long id may make a branch too long; what comes out is a branch of this run and of no other.
        if let Ok(branch) = BranchName::from_template(&project.branch, "lead-capture", &run) {
            assert!(check_name(&run, branch.as_str()).is_ok() && is_branch_name(branch.as_str()), "{branch}");
            assert!(branch.as_str() != "main" && branch.as_str().len() <= MAX_BRANCH_BYTES, "{branch}");
        }
    }
    let spec = SkillPath::parse(&project.spec.path.replace("{slug}", "lead-capture")).expect("it was checked");
    assert!(!spec.components().any(|component| component == ".."));
    for kind in Kind::ALL {
        let grant = project.grant(*kind);
        assert!(grant.http.is_empty() && grant.secrets.is_empty(), "a project grants no way out");
    }
}

/// An error names a line of its document, or the end of it.
pub(super) fn check_error(error: &DocumentError, text: &str) {
    let lines = text.matches('\n').count() + 1;
    assert!((1..=lines).contains(&error.line), "line {} of {lines}: {error}", error.line);
    assert!(!error.reason.contains('\n'), "an error is one line: {error:?}");
}
