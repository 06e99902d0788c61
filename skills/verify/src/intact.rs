//! The check `tests-intact`, over the SDK's comparison.

use skillhost_sdk::intact::{Comparison, compare};
use skillhost_sdk::{Brief, Check, CheckOutcome, Host};

/// Most problems and files that the detail names.
const MAX_NAMED: usize = 20;

pub(crate) fn check(host: &dyn Host, brief: &Brief) -> Check {
    let (outcome, detail) = match compare(host, brief) {
        Err(reason) => (CheckOutcome::NotRun, reason),
        Ok(Comparison { problems, .. }) if !problems.is_empty() => (CheckOutcome::Failed, listing(&problems)),
        Ok(Comparison { unread, .. }) if !unread.is_empty() => {
            (CheckOutcome::NotRun, format!("tests in a language that is not read: {}", listing(&unread)))
        }
        Ok(Comparison { tests: (now, before), .. }) => {
            (CheckOutcome::Passed, format!("changed files hold {now} tests, {before} before"))
        }
    };
    Check { id: "tests-intact".into(), outcome, evidence: evidence(brief), detail }
}

/// All of the gates': what is said of the tests is said of their results.
pub(crate) fn evidence(brief: &Brief) -> Vec<String> {
    brief.gates.iter().map(|gate| gate.evidence.clone()).filter(|evidence| !evidence.is_empty()).collect()
}

/// The first of them, and how many more there are.
pub(crate) fn listing(items: &[impl ToString]) -> String {
    let mut lines: Vec<String> = items.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    if items.len() > MAX_NAMED {
        lines.push(format!("and {} more", items.len() - MAX_NAMED));
    }
    lines.join("; ")
}
