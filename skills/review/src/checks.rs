//! The checks without a model as findings: their categories begin with `check:`, which no model's can.

use skillhost_sdk::changed::Changed;
use skillhost_sdk::checks::{self, Hit, Scene};
use skillhost_sdk::{Brief, Finding, Location, Severity};

use crate::triage::is_same;

/// Begins the category of a check's finding. No category of a model's has a colon.
const PREFIX: &str = "check:";
/// What could not be checked. It is no check itself: it says where they saw nothing.
const NOT_CHECKED: &str = "check:not-checked";
/// Most hits of one check that are reported: the rest is the same mistake.
const MAX_HITS: usize = 5;

/// Runs all checks over the change; gives all of their hits.
pub(crate) fn run(change: &Changed<'_>, brief: &Brief) -> Vec<Finding> {
    let unread = change.files.iter().filter(|file| file.diff.is_none());
    let unread = unread.map(|file| Finding {
        id: String::new(),
        severity: Severity::Minor,
        category: NOT_CHECKED.into(),
        at: Some(Location { path: file.path.clone(), line: None }),
        quote: None,
        message: "This file's change is too large: no check looked for secrets, skipped tests or stubs in it.".into(),
        suggestion: Some("Look through it, or split it.".into()),
    });
    let scene = Scene::new(change, brief);
    let untold = scene.untold().map(|why| Finding {
        id: String::new(),
        severity: Severity::Minor,
        category: NOT_CHECKED.into(),
        at: None,
        quote: None,
        message: format!("No check compared the tests with those of the base commit: {why}."),
        suggestion: Some("Look through them, or split the change.".into()),
    });
    let hits = checks::run(&scene, |_| true);
    unread.chain(untold).chain(hits.into_iter().map(|(name, hit)| finding(name, hit))).collect()
}

fn finding(name: &str, hit: Hit) -> Finding {
    Finding {
        id: String::new(),
        severity: hit.severity,
        category: format!("{PREFIX}{name}"),
        at: Some(Location { path: hit.path, line: hit.line }),
        quote: hit.quote,
        message: hit.message,
        suggestion: Some(hit.suggestion.into()),
    }
}

/// The hits that are shown and reported.
pub(crate) fn reported(hits: &[Finding]) -> Vec<Finding> {
    let of_one_check = hits.chunk_by(|a, b| a.category == b.category);
    of_one_check.flat_map(|hits| hits.iter().take(MAX_HITS)).cloned().collect()
}

/// Whether a check made it, and no model.
pub(crate) fn is_of_check(finding: &Finding) -> bool {
    finding.category.starts_with(PREFIX)
}

/// Whether a check's finding is settled: the check looked at its file, and has no such hit any more.
pub(crate) fn is_settled(finding: &Finding, hits: &[Finding]) -> bool {
    let path = |finding: &Finding| finding.at.as_ref().map(|at| at.path.clone());
    let unseen = |hit: &Finding| hit.category == NOT_CHECKED && (hit.at.is_none() || path(hit) == path(finding));
    let stands = |hit: &Finding| is_same(finding, hit) || unseen(hit);
    is_of_check(finding) && !hits.iter().any(stands)
}
