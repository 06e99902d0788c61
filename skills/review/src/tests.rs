//! The skill over the mock host.
#![allow(clippy::unwrap_used, reason = "tests")]

use serde_json::{Value, json};
use skillhost_sdk::review::{Report, Subject};
use skillhost_sdk::{
    Answer, Brief, Document, Error, Finding, Gate, Location, Part, Reply, Review as _, Severity, mock,
};

use crate::Reviewer;

const SPEC: &str =
    "# Leads\n\n## Routes\nPOST /leads keeps the address.\n\n## Access control\nNone, because the page is public.\n";

fn claim(severity: &str, path: &str, line: u32, quote: &str, trigger: Option<&str>) -> Value {
    json!({"severity": severity, "category": "Edge cases", "path": path, "line": line, "quote": quote, "trigger": trigger,
           "message": format!("{quote} breaks"), "suggestion": null})
}

fn report(findings: &[Value], verdicts: &Value) -> Reply {
    let arguments = json!({"findings": findings, "verdicts": verdicts, "lenses_checked": ["routing"]});
    mock::calls(&[("r", "report", &arguments.to_string())])
}

/// A review in which the first group says this, and the others find nothing.
trait Reported {
    fn reported(self, first: Reply) -> mock::Host;
}

impl Reported for mock::Host {
    fn reported(self, first: Reply) -> mock::Host {
        self.reply(first).reply(report(&[], &json!([]))).reply(report(&[], &json!([])))
    }
}

fn spec() -> Subject {
    Subject::Spec(Document { path: "specs/leads.md".into(), text: SPEC.into() })
}

fn review(host: &mock::Host, brief: Brief, subject: Subject) -> Report {
    Reviewer::review(host, brief, subject).unwrap()
}

/// A host whose tree differs from its base by these files.
fn changed(files: &[(&str, &str)]) -> mock::Host {
    let host = mock::Host::new().file("src/old.rs", "fn old() {}\n").file("tests/old.rs", "#[test]\nfn t() {}\n");
    for (path, text) in files {
        host.files.borrow_mut().insert((*path).into(), (*text).into());
    }
    host
}

/// Code that changed has a test that did.
const TESTED: (&str, &str) = ("tests/a.rs", "// tested\n");

fn earlier(id: &str, category: &str) -> Finding {
    Finding {
        id: id.into(),
        severity: Severity::Major,
        category: category.into(),
        at: Some(Location { path: "src/a.rs".into(), line: Some(1) }),
        quote: None,
        message: "It breaks.".into(),
        suggestion: None,
    }
}

fn prompt_text(host: &mock::Host) -> String {
    let requests = host.requests.borrow();
    let messages = requests.iter().flat_map(|request| &request.messages);
    let texts = messages.flat_map(|message| &message.parts).filter_map(|part| match part {
        Part::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_spec_is_read_with_numbers_and_its_findings_are_placed() {
    let finding = claim("major", "specs/leads.md", 5, "POST /leads keeps the address.", Some("somebody withdraws"));
    let host = mock::Host::new().file("src/a.rs", "").reported(report(&[finding], &json!([])));
    let report = review(&host, mock::brief("Add leads"), spec());
    assert_eq!(report.findings.len(), 1);
    let finding = &report.findings[0];
    assert_eq!((finding.severity, finding.category.as_str()), (Severity::Major, "edge-cases"));
    assert_eq!(finding.at, Some(Location { path: "specs/leads.md".into(), line: Some(4) }));
    assert_eq!(finding.message, "POST /leads keeps the address. breaks\n\nTrigger: somebody withdraws");
    assert!(prompt_text(&host).contains("4|POST /leads keeps the address."));
    let tools: Vec<String> = host.requests.borrow()[0].tools.iter().map(|tool| tool.name.clone()).collect();
    assert_eq!(tools, ["list", "search", "read", "report"]);
}

#[test]
fn quotes_that_are_not_there_are_dropped_and_logged() {
    let findings = [
        claim("blocker", "specs/leads.md", 4, "GET /leads lists everything", Some("always")),
        claim("blocker", "src/none.rs", 1, "fn main()", Some("always")),
        claim("blocker", "../../etc/passwd", 1, "root:x:0:0", Some("always")),
    ];
    let host = mock::Host::new().reported(report(&findings, &json!([])));
    assert!(review(&host, mock::brief("g"), spec()).findings.is_empty());
    let dropped = host.logs.borrow().iter().filter(|(_, text)| text.contains("quotes what is not there")).count();
    assert_eq!(dropped, 3);
}

#[test]
fn without_a_trigger_a_finding_is_minor() {
    let mut findings = [
        claim("blocker", "specs/leads.md", 4, "POST /leads", None),
        claim("nit", "specs/leads.md", 7, "None, because the page is public.", Some(" ")),
    ];
    findings[1]["category"] = json!("access");
    let host = mock::Host::new().reported(report(&findings, &json!([])));
    let severities: Vec<Severity> =
        review(&host, mock::brief("g"), spec()).findings.iter().map(|finding| finding.severity).collect();
    assert_eq!(severities, [Severity::Minor, Severity::Nit]);
}

#[test]
fn the_report_has_caps_and_no_duplicates() {
    let text: String = (0..400).map(|n| format!("line number {n}\n")).collect();
    let mut findings: Vec<Value> = Vec::new();
    for (severity, from, count) in [("nit", 0, 5), ("minor", 5, 8), ("major", 13, 12), ("blocker", 25, 12)] {
        let quote = |n: u32| format!("line number {n}");
        // So far apart that none is merged.
        let lines = (from..from + count).map(|n| n * 10);
        findings.extend(lines.map(|n| claim(severity, "a.md", n + 1, &quote(n), Some("always"))));
    }
    findings.push(claim("blocker", "a.md", 251, "line number 250", Some("always")));
    let host = mock::Host::new().file("a.md", &text).reported(report(&findings, &json!([])));
    let report = review(&host, mock::brief("g"), spec());
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let counts = [Severity::Blocker, Severity::Major, Severity::Minor, Severity::Nit].map(count);
    assert_eq!(counts, [12, 10, 5, 3]);
    assert!(report.findings.is_sorted_by_key(|finding| std::cmp::Reverse(finding.severity)));
}

#[test]
fn each_earlier_finding_gets_a_verdict_and_silence_closes_none() {
    let ids = ["F1", "F2", "F3", "F4", "F5"];
    let mut brief = mock::brief("g");
    brief.findings = ids.map(|id| earlier(id, "consent")).into();
    brief.answers = vec![Answer { finding: "F1".into(), text: "There is a page for it now.".into() }];
    let verdicts = json!([
        {"finding": "F1", "closed": true, "reason": "Routes has it."},
        {"finding": "F2", "closed": false, "reason": "Still missing."},
        {"finding": "F3", "closed": true, "reason": " "},
        {"finding": "F4", "closed": true, "reason": "fine"}, {"finding": "F4", "closed": false, "reason": "not fine"},
        {"finding": "F9", "closed": true, "reason": "unknown"},
    ]);
    let host = mock::Host::new().reported(report(&[], &verdicts));
    let report = review(&host, brief, spec());
    let found: Vec<(&str, bool)> =
        report.verdicts.iter().map(|verdict| (verdict.finding.as_str(), verdict.closed)).collect();
    assert_eq!(found, [("F1", true), ("F2", false), ("F3", false), ("F4", false), ("F5", false)]);
    assert!(prompt_text(&host).contains("There is a page for it now."));
}

#[test]
fn what_a_check_still_finds_is_no_reviewers_to_close() {
    const STUB: &str = "fn new() { todo!() }\n";
    let first =
        review(&changed(&[("src/new.rs", STUB)]).reported(report(&[], &json!([]))), mock::brief("g"), Subject::Change);
    let stub = first.findings.into_iter().find(|finding| finding.category == "check:stub").unwrap();
    let closes = json!([{"finding": "F1", "closed": true, "reason": "It will be written later."}]);
    for (text, closed) in [(STUB, false), ("fn new() {}\n", true)] {
        let host = changed(&[("src/new.rs", text)]).reported(report(&[], &closes));
        let brief = Brief { findings: vec![Finding { id: "F1".into(), ..stub.clone() }], ..mock::brief("g") };
        let report = review(&host, brief, Subject::Change);
        assert_eq!(report.verdicts[0].closed, closed, "{text}: {}", report.verdicts[0].reason);
    }
}

#[test]
fn a_change_is_shown_without_what_its_author_says_about_it() {
    let host = changed(&[("src/new.rs", "fn new() {}\n")])
        .reply(mock::calls(&[
            ("1", "diff", r#"{"paths":["src/new.rs"]}"#),
            ("2", "read", r#"{"path":"ev-1","from":null,"lines":null}"#),
        ]))
        .reply(report(&[], &json!([])))
        .reply(report(&[], &json!([])))
        .reply(report(&[claim("major", "src/new.rs", 1, "+fn new() {}", Some("always"))], &json!([])))
        .gate_output("ev-1", "all fine");
    let mut brief = mock::brief("g");
    brief.gates = vec![Gate {
        evidence: "ev-1".into(),
        name: "test".into(),
        exit_code: Some(0),
        tests: Some(3),
        output: "all fine".into(),
    }];
    let report = review(&host, brief, Subject::Change);
    assert_eq!(report.findings[0].at, Some(Location { path: "src/new.rs".into(), line: Some(1) }));
    assert!(prompt_text(&host).contains("- src/new.rs (added)"));
    assert!(host.tool_result("1").unwrap().0.contains("+fn new() {}"));
    assert!(host.tool_result("2").unwrap().0.contains("all fine"));
}

#[test]
fn nothing_changed_is_an_error() {
    assert!(matches!(Reviewer::review(&changed(&[]), mock::brief("g"), Subject::Change), Err(Error::Invalid(_))));
}

#[test]
fn a_report_as_text_is_taken_and_prose_is_not() {
    let text =
        format!("```json\n{}\n```", json!({"findings": [claim("nit", "specs/leads.md", 4, "POST /leads", Some("x"))]}));
    let host = mock::Host::new().reported(mock::text("Looks good to me.")).reply(mock::text(&text));
    assert_eq!(review(&host, mock::brief("g"), spec()).findings.len(), 1);
    let host = mock::Host::new().reported(mock::text("a")).reply(mock::text("b")).reply(mock::text("c"));
    assert!(matches!(Reviewer::review(&host, mock::brief("g"), spec()), Err(Error::Failed(_))));
}

#[test]
fn a_report_that_does_not_fit_is_told_so() {
    let broken = json!({"findings": [{"severity": "fatal"}], "verdicts": [], "lenses_checked": []}).to_string();
    let host = mock::Host::new().reported(mock::calls(&[("x", "report", &broken)])).reply(report(&[], &json!([])));
    assert!(review(&host, mock::brief("g"), spec()).findings.is_empty());
    let (told, failed) = host.tool_result("x").unwrap();
    assert!(failed && told.contains("fatal"), "{told}");
}

/// The categories that checks report for a change in which the model finds nothing.
fn categories(host: mock::Host, brief: Brief) -> Vec<String> {
    let host = host.reported(report(&[], &json!([])));
    review(&host, brief, Subject::Change).findings.into_iter().map(|finding| finding.category).collect()
}

#[test]
fn checks_find_what_needs_no_model() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("src/a.rs", "<<<<<<< HEAD\n", &["check:conflict-marker", "check:untested"]),
        ("src/a.rs", "fn a() { todo!() }\n", &["check:stub", "check:untested"]),
        ("tests/a.rs", "fn a() { unimplemented!() }\n", &[]),
        ("README.md", "Never write `todo!()`.\n=======\n", &[]),
    ];
    for (path, text, expected) in cases {
        assert_eq!(categories(changed(&[(path, text)]), mock::brief("g")), *expected, "{path}: {text}");
    }
}

#[test]
fn a_secret_is_not_quoted() {
    // Put together here, so that this file holds no key itself.
    let key = format!("{}{}", "AKIA", "Q3EXAMPLEQ3EXAMP");
    let host = changed(&[("a.env", &format!("KEY={key}\n"))]).reported(report(&[], &json!([])));
    let report = review(&host, mock::brief("g"), Subject::Change);
    assert_eq!(report.findings[0].severity, Severity::Blocker);
    assert!(!format!("{:?}", report.findings).contains(&key));
}

#[test]
fn a_deleted_test_file_is_found_unless_the_spec_names_it() {
    let deleted = || {
        let host = changed(&[]);
        host.files.borrow_mut().remove("tests/old.rs");
        host
    };
    assert_eq!(categories(deleted(), mock::brief("g")), ["check:test-deleted"]);
    let spec = Document { path: "specs/x.md".into(), text: "tests/old.rs goes with what it tests.".into() };
    assert!(categories(deleted(), Brief { spec: Some(spec), ..mock::brief("g") }).is_empty());
}

#[test]
fn an_open_finding_of_a_check_is_not_reported_twice_and_closes_by_itself() {
    let stub = Finding { quote: Some("fn a() { todo!() }".into()), ..earlier("F1", "check:stub") };
    let brief = Brief { findings: vec![stub], ..mock::brief("g") };
    let host = changed(&[("src/a.rs", "fn a() { todo!() }\n"), TESTED]).reported(report(&[], &json!([])));
    let standing = review(&host, brief.clone(), Subject::Change);
    assert_eq!((standing.findings.len(), standing.verdicts[0].closed), (0, false));
    let host = changed(&[("src/a.rs", "fn a() { work() }\n"), TESTED]).reported(report(&[], &json!([])));
    let settled = review(&host, brief, Subject::Change);
    assert_eq!((settled.findings.len(), settled.verdicts[0].closed), (0, true));
}

#[test]
fn a_model_cannot_borrow_the_category_of_a_check() {
    let mut claimed = claim("major", "src/a.rs", 1, "fn a() { work() }", Some("always"));
    claimed["category"] = json!("check:stub");
    let host = changed(&[("src/a.rs", "fn a() { work() }\n"), TESTED]).reported(report(&[claimed], &json!([])));
    assert_eq!(review(&host, mock::brief("g"), Subject::Change).findings[0].category, "check-stub");

    // Nor does silence settle a finding whose category only looks like one.
    let brief = Brief { findings: vec![earlier("F1", "stub"), earlier("F2", "secret")], ..mock::brief("g") };
    let host = changed(&[("src/a.rs", "fn a() { work() }\n"), TESTED]).reported(report(&[], &json!([])));
    assert!(review(&host, brief, Subject::Change).verdicts.iter().all(|verdict| !verdict.closed));
}

#[test]
fn a_finding_of_a_check_stands_however_many_hits_there_are() {
    let text: String = (0..8).map(|n| format!("fn f{n}() {{ todo!() }}\n")).collect();
    let last = Finding { quote: Some("fn f7() { todo!() }".into()), ..earlier("F1", "check:stub") };
    let brief = Brief { findings: vec![last], ..mock::brief("g") };
    let host = changed(&[("src/a.rs", &text), TESTED]).reported(report(&[], &json!([])));
    let report = review(&host, brief, Subject::Change);
    assert_eq!((report.findings.len(), report.verdicts[0].closed), (5, false));
}

#[test]
fn a_review_of_a_spec_settles_no_finding_about_the_change() {
    let brief = Brief { findings: vec![earlier("F1", "check:stub")], ..mock::brief("g") };
    let host = mock::Host::new().reported(report(&[], &json!([])));
    assert!(!review(&host, brief, spec()).verdicts[0].closed);
}

#[test]
fn what_is_too_large_to_be_checked_is_said_to_be() {
    let text = format!("fn a() {{ todo!() }}\n{}", "// filler\n".repeat(30_000));
    assert_eq!(categories(changed(&[("src/a.rs", &text)]), mock::brief("g")), ["check:not-checked"]);
    let stub = Finding { quote: Some("fn a() { todo!() }".into()), ..earlier("F1", "check:stub") };
    let brief = Brief { findings: vec![stub], ..mock::brief("g") };
    let host = changed(&[("src/a.rs", &text)]).reported(report(&[], &json!([])));
    assert!(!review(&host, brief, Subject::Change).verdicts[0].closed, "nobody looked");
}

#[test]
fn tests_that_cannot_be_compared_are_said_to_be_and_settle_nothing() {
    let brief = Brief { findings: vec![earlier("F1", "check:fewer-tests")], ..mock::brief("g") };
    let host = changed(&[]).reported(report(&[], &json!([])));
    host.files.borrow_mut().insert("src/big.rs".into(), vec![b'\n'; 5 << 20]);
    let report = review(&host, brief, Subject::Change);
    let told = report.findings.iter().any(|finding| finding.category == "check:not-checked" && finding.at.is_none());
    assert!(told && !report.verdicts[0].closed, "{report:?}");
}

#[test]
fn of_the_same_finding_the_most_severe_stays() {
    let claims =
        ["nit", "blocker", "minor"].map(|severity| claim(severity, "specs/leads.md", 4, "POST /leads", Some("x")));
    let host = mock::Host::new().reported(report(&claims, &json!([])));
    let findings = review(&host, mock::brief("g"), spec()).findings;
    assert_eq!((findings.len(), findings[0].severity), (1, Severity::Blocker));
}

#[test]
fn a_spec_is_seen_whole_however_long_its_lines_are() {
    let text = format!("# Leads\n\n## Routes\n{} and nothing is ever deleted.\n", "word ".repeat(400).trim_end());
    let subject = Subject::Spec(Document { path: "specs/leads.md".into(), text });
    let finding = claim("major", "specs/leads.md", 4, "and nothing is ever deleted.", Some("always"));
    let host = mock::Host::new().reported(report(&[finding], &json!([])));
    assert_eq!(review(&host, mock::brief("g"), subject).findings.len(), 1);
    assert!(prompt_text(&host).contains("word and nothing is ever deleted."));
}

#[test]
fn lenses_that_were_left_out_are_named_to_people() {
    let lenses = ["Routing", "edge cases", "consent", "caching", "failure modes", "data model", "access", "migrations"];
    let arguments = json!({"findings": [], "verdicts": [], "lenses_checked": lenses});
    let report = mock::calls(&[("r", "report", &arguments.to_string())]);
    let host = mock::Host::new().reply(report.clone()).reply(report.clone()).reply(report);
    review(&host, mock::brief("g"), spec());
    let told = "the reviewer did not look through: concurrency, observability, rollback, tests";
    assert!(host.logs.borrow().iter().any(|(_, text)| text == told));
}

mod passes;
