//! What a program sees in a change by itself. One table of checks; each looks at the whole change and returns its hits.
//!
//! A check is cheap and literal. Where it is wrong, the next reviewer closes its finding with a reason.

use skillhost_sdk::intact::{self, looks_like_test};
use skillhost_sdk::{Brief, ChangeKind, Finding, Location, Severity};

use crate::change::{Added, Change, ChangedFile};
use crate::triage::is_same;

/// Begins the category of a check's finding. No category of a model's has a colon.
const PREFIX: &str = "check:";
/// What could not be checked.
const NOT_CHECKED: &str = "check:not-checked";

/// A check's name, which is the rest of its findings' category, and what it does.
type Check = (&'static str, fn(&Change, &Brief) -> Vec<Hit>);

const CHECKS: &[Check] = &[
    ("not-checked", not_checked),
    ("conflict-marker", conflict_markers),
    ("secret", secrets),
    ("test-deleted", deleted_tests),
    ("test-skipped", skipped_tests),
    ("test-focused", focused_tests),
    ("stub", stubs),
];

/// Most hits of one check that are reported: the rest is the same mistake.
const MAX_HITS: usize = 5;
/// Longest quote, in characters.
const MAX_QUOTE: usize = 200;

/// What a check found.
#[derive(Debug)]
struct Hit {
    severity: Severity,
    path: String,
    line: Option<u32>,
    quote: Option<String>,
    message: String,
    suggestion: &'static str,
}

/// Runs all checks over the change; gives all of their hits.
pub(crate) fn run(change: &Change, brief: &Brief) -> Vec<Finding> {
    let finding = |name: &str, hit: Hit| Finding {
        id: String::new(),
        severity: hit.severity,
        category: format!("{PREFIX}{name}"),
        at: Some(Location { path: hit.path, line: hit.line }),
        quote: hit.quote,
        message: hit.message,
        suggestion: Some(hit.suggestion.into()),
    };
    CHECKS.iter().flat_map(|(name, check)| check(change, brief).into_iter().map(|hit| finding(name, hit))).collect()
}

/// The hits that are shown and reported.
pub(crate) fn reported(hits: &[Finding]) -> Vec<Finding> {
    let of_one_check = hits.chunk_by(|a, b| a.category == b.category);
    of_one_check.flat_map(|hits| hits.iter().take(MAX_HITS)).cloned().collect()
}

/// Whether a check's finding is settled: the check looked at its file, and has no such hit any more.
pub(crate) fn is_settled(finding: &Finding, hits: &[Finding]) -> bool {
    let path = |finding: &Finding| finding.at.as_ref().map(|at| at.path.clone());
    let stands = |hit: &Finding| is_same(finding, hit) || (hit.category == NOT_CHECKED && path(hit) == path(finding));
    finding.category.starts_with(PREFIX) && !hits.iter().any(stands)
}

fn not_checked(change: &Change, _: &Brief) -> Vec<Hit> {
    let hit = |file: &ChangedFile| Hit {
        severity: Severity::Minor,
        path: file.path.clone(),
        line: None,
        quote: None,
        message: "This file's change is too large: no check looked for secrets, skipped tests or stubs in it.".into(),
        suggestion: "Look through it, or split it.",
    };
    change.files.iter().filter(|file| file.diff.is_none()).map(hit).collect()
}

fn conflict_markers(change: &Change, _: &Brief) -> Vec<Hit> {
    let marker = |line: &str| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ");
    let hit = |file: &ChangedFile, added: Added<'_>| Hit {
        message: "A conflict marker was left in the file.".into(),
        suggestion: "Decide between the two sides, and take the markers out.",
        ..at(file, added, Severity::Blocker)
    };
    added(change, |_| true, marker, hit)
}

/// Secrets by the shapes that issuers gave them. The quote is left out, since findings are published.
fn secrets(change: &Change, _: &Brief) -> Vec<Hit> {
    let hit = |file: &ChangedFile, added: Added<'_>| Hit {
        message: format!("This line holds what looks like {}.", secret_shape(added.text).unwrap_or("a secret")),
        suggestion: "Take it out, revoke it where it was issued, and read it from the environment.",
        quote: None,
        ..at(file, added, Severity::Blocker)
    };
    added(change, |_| true, |line| secret_shape(line).is_some(), hit)
}

fn deleted_tests(change: &Change, brief: &Brief) -> Vec<Hit> {
    // A spec that names the file has decided about it; whether it says so is for the reader.
    let named = |path: &str| brief.spec.as_ref().is_some_and(|spec| spec.text.contains(path));
    let deleted =
        |file: &&ChangedFile| file.kind == ChangeKind::Deleted && looks_like_test(&file.path) && !named(&file.path);
    let hit = |file: &ChangedFile| Hit {
        severity: Severity::Major,
        path: file.path.clone(),
        line: None,
        quote: None,
        message: "A file with tests was deleted, and the spec does not name it.".into(),
        suggestion: "Restore it, or say in the spec why it goes.",
    };
    change.files.iter().filter(deleted).map(hit).collect()
}

fn skipped_tests(change: &Change, _: &Brief) -> Vec<Hit> {
    const SKIPS: &[&str] = &[
        "#[ignore",
        ".skip(",
        "xit(",
        "xtest(",
        "xdescribe(",
        "mark.skip",
        "mark.xfail",
        "unittest.skip",
        "t.Skip",
        "skipTest(",
    ];
    let hit = |file: &ChangedFile, added: Added<'_>| Hit {
        message: "A test is switched off: it shows nothing from now on.".into(),
        suggestion: "Make it pass, or finish as blocked where it contradicts the spec.",
        ..at(file, added, Severity::Major)
    };
    added(change, is_code, |line| code_has(line, SKIPS), hit)
}

fn focused_tests(change: &Change, _: &Brief) -> Vec<Hit> {
    const FOCUS: &[&str] = &["it.only(", "test.only(", "describe.only(", "fit(", "fdescribe("];
    let hit = |file: &ChangedFile, added: Added<'_>| Hit {
        message: "A focus on some tests leaves all others out.".into(),
        suggestion: "Take the focus out.",
        ..at(file, added, Severity::Major)
    };
    added(change, looks_like_test, |line| code_has(line, FOCUS), hit)
}

fn stubs(change: &Change, _: &Brief) -> Vec<Hit> {
    const STUBS: &[&str] =
        &["todo!(", "unimplemented!(", "raise NotImplementedError", "not implemented\")", "not implemented')"];
    let hit = |file: &ChangedFile, added: Added<'_>| Hit {
        message: "What this line stands for was not written.".into(),
        suggestion: "Write it, or name it as unfinished.",
        ..at(file, added, Severity::Major)
    };
    added(change, |path| is_code(path) && !looks_like_test(path), |line| code_has(line, STUBS), hit)
}

/// A hit on each added line that matches, in the files that are looked at.
fn added(
    change: &Change,
    looks_at: impl Fn(&str) -> bool,
    matches: impl Fn(&str) -> bool,
    hit: impl Fn(&ChangedFile, Added<'_>) -> Hit,
) -> Vec<Hit> {
    let files = change.files.iter().filter(|file| looks_at(&file.path));
    files
        .flat_map(|file| file.added().into_iter().map(move |added| (file, added)))
        .filter(|(_, added)| matches(added.text))
        .map(|(file, added)| hit(file, added))
        .collect()
}

/// A hit's place, to be completed.
fn at(file: &ChangedFile, added: Added<'_>, severity: Severity) -> Hit {
    Hit {
        severity,
        path: file.path.clone(),
        line: Some(added.line),
        quote: Some(added.text.trim().chars().take(MAX_QUOTE).collect()),
        message: String::new(),
        suggestion: "",
    }
}

fn is_code(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| intact::is_code(extension))
}

/// Whether a line of code, not of comment, holds one of the patterns as a word's beginning.
fn code_has(line: &str, patterns: &[&str]) -> bool {
    let comment = ["//", "* ", "/*", "# "].iter().any(|mark| line.trim_start().starts_with(mark));
    let free = |at: usize, pattern: &str| {
        !pattern.starts_with(char::is_alphanumeric) || !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
    };
    !comment && patterns.iter().any(|pattern| line.match_indices(pattern).any(|(at, _)| free(at, pattern)))
}

fn secret_shape(line: &str) -> Option<&'static str> {
    /// A prefix, how many characters of a key follow at least, and whose it is.
    const SHAPES: &[(&str, usize, &str)] = &[
        ("AKIA", 16, "an AWS access key"),
        ("ghp_", 36, "a GitHub token"),
        ("gho_", 36, "a GitHub token"),
        ("ghs_", 36, "a GitHub token"),
        ("github_pat_", 50, "a GitHub token"),
        ("glpat-", 20, "a GitLab token"),
        ("sk-ant-", 30, "an Anthropic key"),
        ("sk-proj-", 30, "an OpenAI key"),
        ("sk_live_", 20, "a Stripe key"),
        ("xoxb-", 20, "a Slack token"),
        ("xoxp-", 20, "a Slack token"),
        ("AIza", 35, "a Google key"),
    ];
    if line.contains("-----BEGIN ") && line.contains("PRIVATE KEY-----") {
        return Some("a private key");
    }
    let key = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let has = |prefix: &str, least: usize| {
        line.match_indices(prefix).any(|(at, _)| {
            let free = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
            free && line[at + prefix.len()..].chars().take_while(key).count() >= least
        })
    };
    SHAPES.iter().find(|(prefix, least, _)| has(prefix, *least)).map(|(_, _, name)| *name)
}
