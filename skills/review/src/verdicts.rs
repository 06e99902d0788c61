//! Decisions over earlier findings. Each gets one, and silence is none: without a verdict a finding stays open. What a check
//! still finds is no reviewer's to close: whoever can talk an author into a stub can talk a reviewer into it.

use std::collections::HashMap;

use skillhost_sdk::Finding;
use skillhost_sdk::clip::clip;
use skillhost_sdk::review::Verdict;

use crate::checks;
use crate::report::ClaimedVerdict;

/// Longest reason, in bytes.
const MAX_REASON_BYTES: usize = 1_000;

/// One verdict for each earlier finding, in their order. `hits` are those of the checks, where they ran.
pub(crate) fn settle(earlier: &[Finding], claimed: Vec<ClaimedVerdict>, hits: Option<&[Finding]>) -> Vec<Verdict> {
    let mut by_finding: HashMap<String, Vec<ClaimedVerdict>> = HashMap::new();
    for verdict in claimed {
        by_finding.entry(verdict.finding.trim().to_owned()).or_default().push(verdict);
    }
    let is_settled = |finding: &Finding| hits.is_some_and(|hits| checks::is_settled(finding, hits));
    let decide = |finding: &Finding| match by_finding.get(&finding.id) {
        Some(verdicts) if hits.is_some() && checks::is_of_check(finding) && !is_settled(finding) => {
            match agreed(verdicts) {
                (true, reason) => (false, format!("the check still finds it, whatever the reviewer says: {reason}")),
                open => open,
            }
        }
        Some(verdicts) => agreed(verdicts),
        None if is_settled(finding) => (true, "the check finds nothing there any more".into()),
        None => (false, "the reviewer gave no verdict".into()),
    };
    let verdict = |finding: &Finding| {
        let (closed, reason) = decide(finding);
        Verdict { finding: finding.id.clone(), closed, reason: clip(&reason, MAX_REASON_BYTES) }
    };
    earlier.iter().map(verdict).collect()
}

/// Closed where every verdict says so, and says why.
fn agreed(verdicts: &[ClaimedVerdict]) -> (bool, String) {
    let open = verdicts.iter().find(|verdict| !verdict.closed);
    let reason = open.or(verdicts.first()).map(|verdict| verdict.reason.trim().to_owned()).unwrap_or_default();
    match (open, reason.is_empty()) {
        (None, false) => (true, reason),
        (None, true) => (false, "the reviewer closed it without a reason".into()),
        (Some(_), false) => (false, reason),
        (Some(_), true) => (false, "still open".into()),
    }
}
