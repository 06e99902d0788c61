//! GitLab's code quality: the open findings that have a place.

use super::fingerprint::fingerprint;
use super::{Report, by_severity, message, place};
use serde_json::{Value, json};
use skillhost_core::text::{escape_json, escape_terminal};
use skillhost_runs::findings::Severity;
use std::collections::BTreeSet;

/// Longest description, in characters.
const DESCRIPTION_CHARS: usize = 1000;

/// One document; of the same report, always the same. Of two findings with one fingerprint, which GitLab refuses, the
/// severer one is kept.
pub(super) fn document(report: &Report) -> Result<String, serde_json::Error> {
    let mut seen = BTreeSet::new();
    let mut issues: Vec<Value> = Vec::new();
    for finding in report.suites.iter().flat_map(|suite| by_severity(&suite.findings)) {
        let Some((path, line)) = place(finding) else { continue };
        let rule = super::sarif::rule_id(&finding.category);
        let fingerprint = fingerprint(&rule, finding);
        if !seen.insert(fingerprint.clone()) {
            continue;
        }
        issues.push(json!({
            "description": escape_terminal(&message(finding), DESCRIPTION_CHARS).as_str(),
            "check_name": rule,
            "fingerprint": fingerprint,
            "severity": match finding.severity {
                Severity::Blocker => "blocker",
                Severity::Major => "major",
                Severity::Minor => "minor",
                Severity::Nit => "info",
            },
            // It wants a line; a file as a whole is shown at its first.
            "location": { "path": path, "lines": { "begin": line.unwrap_or(1) } },
        }));
    }
    serde_json::to_string_pretty(&issues).map(|text| format!("{}\n", escape_json(&text)))
}
