//! The check `tampering`: what the tests are run by, and held to, is what it was at the base commit.
//!
//! The comparison of test cases is `tests-intact`; this is the rest, and the cases of languages that it does not read. Some of
//! what it sees may well be meant: that is reported, and decided by whoever reads the pull request.

use skillhost_sdk::changed::Changed;
use skillhost_sdk::checks::{self, Hit, Scene};
use skillhost_sdk::{Brief, Check, CheckOutcome, Host, intact};

use crate::intact::{evidence, listing};

/// Fail, unless the spec names the change.
const FAIL: &[&str] = &["test-skipped", "test-focused", "threshold-lowered", "test-command-changed", "early-exit"];
/// Are reported.
const TELL: &[&str] = &["snapshot-alone", "self-mock", "protected-path", "suppression", "test-literal"];

pub(crate) fn check(host: &dyn Host, brief: &Brief) -> Check {
    let (outcome, detail) = match Changed::read(host) {
        Err(error) => (CheckOutcome::NotRun, format!("the change can't be read: {error}")),
        Ok(change) => judge(&change, brief),
    };
    Check { id: "tampering".into(), outcome, evidence: evidence(brief), detail }
}

fn judge(change: &Changed<'_>, brief: &Brief) -> (CheckOutcome, String) {
    let hits = checks::run(&Scene::new(change, brief), |name| FAIL.contains(&name) || TELL.contains(&name));
    let is_compared =
        |(name, hit): &(&str, Hit)| name.starts_with("test-") && intact::is_read(&hit.path) && hit.line.is_some();
    let (told, failed): (Vec<_>, Vec<_>) =
        hits.into_iter().filter(|hit| !is_compared(hit)).partition(|(name, _)| TELL.contains(name));
    let describe = |hits: Vec<(&str, Hit)>| {
        let lines = hits.into_iter().map(|(name, Hit { path, line, .. })| match line {
            Some(line) => format!("{name} at {path}:{line}"),
            None => format!("{name} at {path}"),
        });
        listing(&lines.collect::<Vec<_>>())
    };
    let unread: Vec<&str> =
        change.files.iter().filter(|file| file.diff.is_none()).map(|file| file.path.as_str()).collect();
    match (failed.is_empty(), unread.is_empty(), told.is_empty()) {
        (false, ..) => (CheckOutcome::Failed, describe(failed)),
        (_, false, _) => (CheckOutcome::NotRun, format!("too large to be looked at: {}", listing(&unread))),
        (_, _, false) => (CheckOutcome::Passed, format!("nothing that fails; for a reader: {}", describe(told))),
        _ => (CheckOutcome::Passed, "the tests are run by, and held to, what they were".into()),
    }
}
