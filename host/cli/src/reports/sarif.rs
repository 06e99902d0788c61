//! SARIF 2.1.0, for code scanning: a run for each goal, a result for each open finding that has a place, and a notification
//! for what has none: failed gates and checks, denials, and why the goal ended early.

use super::fingerprint::fingerprint;
use super::{Case, Outcome, Report, Suite, by_severity, message, place};
use crate::failure::Exit;
use serde_json::{Map, Value, json};
use skillhost_core::text::{escape_block, escape_json, escape_terminal};
use skillhost_runs::findings::{Finding, Severity};
use std::collections::BTreeMap;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// Longest message, in characters.
const MESSAGE_CHARS: usize = 8000;
/// Longest name of a rule, in bytes.
const RULE_BYTES: usize = 64;

/// One document; of the same report, always the same.
pub(super) fn document(report: &Report) -> Result<String, serde_json::Error> {
    let runs: Vec<Value> = report.suites.iter().enumerate().map(|(at, suite)| run(at, suite)).collect();
    let document = json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs });
    serde_json::to_string_pretty(&document).map(|text| format!("{}\n", escape_json(&text)))
}

/// The rules of one run, numbered as they come up.
#[derive(Default)]
struct Rules {
    numbers: BTreeMap<String, usize>,
    list: Vec<Value>,
}

impl Rules {
    fn number(&mut self, id: &str, describe: impl FnOnce() -> (String, &'static str)) -> usize {
        if let Some(number) = self.numbers.get(id) {
            return *number;
        }
        let (description, level) = describe();
        self.list.push(json!({
            "id": id,
            "shortDescription": { "text": description },
            "defaultConfiguration": { "level": level },
        }));
        self.numbers.insert(id.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }
}

fn run(at: usize, suite: &Suite) -> Value {
    let mut rules = Rules::default();
    let findings = by_severity(&suite.findings);
    let (placed, placeless): (Vec<&Finding>, Vec<&Finding>) = findings.into_iter().partition(|it| place(it).is_some());
    let results: Vec<Value> = placed.into_iter().map(|finding| result(finding, &mut rules)).collect();
    let failed = suite.cases.iter().filter_map(failed_case);
    let placeless = placeless
        .into_iter()
        .map(|finding| notification(level(finding.severity), &rule_id(&finding.category), &message(finding)));
    let denials = suite
        .denials
        .iter()
        .map(|denial| notification("warning", &format!("denied/{}", slug(&denial.capability)), &denial.describe()));
    // What failed tells why, unless the goal never came so far.
    let ended =
        suite.reasons.iter().filter(|_| suite.exit != Exit::Done).map(|why| notification("error", "ended", why));
    let notifications: Vec<Value> = placeless.chain(failed).chain(denials).chain(ended).collect();
    let mut invocation = Map::new();
    invocation.insert("executionSuccessful".to_owned(), json!(matches!(suite.exit, Exit::Done | Exit::Negative)));
    invocation.insert("exitCode".to_owned(), json!(suite.exit as u8));
    invocation.insert("toolExecutionNotifications".to_owned(), json!(notifications));
    json!({
        "tool": { "driver": {
            "name": "skillhost",
            "version": env!("CARGO_PKG_VERSION"),
            "rules": rules.list,
        } },
        // Everything up to the last slash names the category: the same from one build to the next.
        "automationDetails": { "id": format!("skillhost/{}/{}", at + 1, suite.run.as_ref().map_or("", |run| &run.id)) },
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation],
        "results": results,
        "properties": {
            (suite.kind): text(&suite.name),
            "branch": suite.run.as_ref().map(|run| text(&run.branch)),
            "commit": suite.run.as_ref().and_then(|run| run.commit.as_ref()),
        },
    })
}

fn result(finding: &Finding, rules: &mut Rules) -> Value {
    let id = rule_id(&finding.category);
    let level = level(finding.severity);
    let number = rules.number(&id, || (format!("A review found something about {}", text(&finding.category)), level));
    let mut result = json!({
        "ruleId": id,
        "ruleIndex": number,
        "level": level,
        "message": { "text": block(&message(finding)) },
        "partialFingerprints": { "skillhostFinding/v1": fingerprint(&id, finding) },
        "properties": { "id": finding.id, "severity": finding.severity.as_str(), "phase": finding.phase.as_str() },
    });
    if let Some((path, line)) = place(finding) {
        let mut location = json!({ "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" } });
        if let Some(line) = line {
            location["region"] = json!({ "startLine": line });
            if let Some(quote) = &finding.quote {
                location["region"]["snippet"] = json!({ "text": block(quote) });
            }
        }
        result["locations"] = json!([{ "physicalLocation": location }]);
    }
    result
}

/// A gate, check or review that failed. Of a review, the findings are results of their own.
fn failed_case(case: &Case) -> Option<Value> {
    let Outcome::Failed(why) = &case.outcome else { return None };
    let rule = format!("{}/{}", case.class.as_str(), slug(&case.name));
    Some(notification("error", &rule, &format!("{} {}: {why}", case.class.as_str(), case.name)))
}

fn notification(level: &str, rule: &str, said: &str) -> Value {
    json!({ "level": level, "descriptor": { "id": rule }, "message": { "text": block(said) } })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocker | Severity::Major => "error",
        Severity::Minor => "warning",
        Severity::Nit => "note",
    }
}

pub(super) fn rule_id(category: &str) -> String {
    format!("review/{}", slug(category))
}

/// A stable name of lower-case letters, digits and hyphens.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if !slug.is_empty() && !slug.ends_with('-') => slug.push('-'),
            _ => {}
        }
        if slug.len() >= RULE_BYTES {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "other".to_owned() } else { slug.to_owned() }
}

/// A path of the repository as a relative reference: whatever is in a name, it stays one.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

fn text(text: &str) -> String {
    escape_terminal(text, 500).to_string()
}

fn block(text: &str) -> String {
    escape_block(text, MESSAGE_CHARS).to_string()
}
