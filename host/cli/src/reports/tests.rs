#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::reports::actions::outputs;
use proptest::prelude::*;
use serde_json::{Value, json};
use skillhost_core::kind::Kind;
use skillhost_core::path::SkillPath;
use skillhost_core::phase::Phase;
use skillhost_runs::findings::{Location, Quote};
use std::sync::LazyLock;

const HOSTILE: &str =
    "]]>&<failure/>\"'\u{0}\u{1b}[2J\u{202e}\n::set-output name=a::b\n##[error]c\n| x |\n</testsuites>";

fn finding(severity: Severity, path: Option<&str>, line: Option<u32>, text: &str) -> Finding {
    Finding {
        id: "F1".to_owned(),
        phase: Phase::ChangeReview,
        round: 1,
        severity,
        category: text.to_owned(),
        at: path.map(|path| Location { path: SkillPath::parse(path).unwrap(), line }),
        quote: Some(text.to_owned()),
        checked: Quote::Found,
        message: text.to_owned(),
        suggestion: Some(text.to_owned()),
        answers: Vec::new(),
        verdicts: Vec::new(),
    }
}

fn case(class: Class, outcome: Outcome, text: &str) -> Case {
    Case { class, name: text.to_owned(), duration: Some(Duration::from_millis(1500)), outcome, output: text.to_owned() }
}

/// Everything that a report can hold, with this text wherever others write.
fn report(text: &str) -> Report {
    let told = || text.to_owned();
    let suite = Suite {
        name: told(),
        kind: "goal",
        run: Some(RunFacts { id: "h48z7875".to_owned(), branch: told(), commit: None, pull_request: Some(told()) }),
        exit: Exit::Negative,
        reasons: vec![told()],
        cases: vec![
            case(Class::Gate, Outcome::Passed, text),
            case(Class::Check, Outcome::NotRun(told()), text),
            case(Class::Review, Outcome::Failed(told()), text),
        ],
        findings: vec![
            finding(Severity::Nit, Some("src/a b#é.rs"), Some(3), text),
            finding(Severity::Blocker, Some("src/a.rs"), Some(0), text),
            finding(Severity::Minor, None, None, text),
        ],
        denials: vec![Denial { by: told(), capability: "read".to_owned(), what: told(), remedy: told() }],
        duration: Some(Duration::from_secs(2)),
    };
    let early = Suite::of_failure(text, "goal", Exit::Denied, vec![told(), told()]);
    Report { suites: vec![suite, early], scrub: None }
}

fn valid_sarif(text: &str) -> Value {
    static STANDARD: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let text = include_str!("../../../../tests/fixtures/schemas/sarif-2.1.0.json");
        let mut schema: Value = serde_json::from_str(text).unwrap();
        // This one is no regular expression: it has a bracket too many.
        for of in ["run", "toolComponent"] {
            schema["definitions"][of]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
        }
        jsonschema::validator_for(&schema).unwrap()
    });
    let validator = &*STANDARD;
    let document: Value = serde_json::from_str(text).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    document
}

/// No line that a build system would act on.
fn is_text(printed: &str) -> bool {
    !printed.contains("##[") && !printed.lines().any(|line| line.trim_start().starts_with("::"))
}

#[test]
fn o_12_a_sarif_report_satisfies_the_standard_whatever_is_in_it() {
    let document = valid_sarif(&sarif::document(&report(HOSTILE)).unwrap());
    let run = &document["runs"][0];
    assert_eq!(document["runs"].as_array().unwrap().len(), 2);
    let results = run["results"].as_array().unwrap();
    // The severest first; what has no place is a notification.
    let levels: Vec<&Value> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["error", "note"]);
    let place = |at: usize| &results[at]["locations"][0]["physicalLocation"];
    assert_eq!(place(1)["artifactLocation"]["uri"], "src/a%20b%23%C3%A9.rs");
    assert_eq!((&place(1)["region"]["startLine"], &place(0)["region"]), (&json!(3), &Value::Null));
    assert_eq!(results[0]["partialFingerprints"]["skillhostFinding/v1"].as_str().unwrap().len(), 64);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), 1, "one category, one rule");
    assert_eq!((&results[0]["ruleId"], &results[0]["ruleIndex"]), (&rules[0]["id"], &json!(0)));
    let told = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let ids: Vec<&str> = told.iter().map(|it| it["descriptor"]["id"].as_str().unwrap()).collect();
    assert_eq!((ids[0].starts_with("review/"), ids[2], ids[3]), (true, "denied/read", "ended"));
    assert_eq!(document["runs"][1]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(document["runs"][1]["automationDetails"]["id"], "skillhost/2/");
}

#[test]
fn o_12_a_junit_report_is_one_document_whatever_is_in_it() {
    let text = junit::document(&report(HOSTILE)).unwrap();
    let read = quick_junit::Report::deserialize_from_str(&text).unwrap();
    assert_eq!((read.tests, read.failures, read.errors, read.skipped), (6, 2, 1, 2), "{text}");
    assert_eq!(read.test_suites.len(), 2, "a suite for each goal: {text}");
    assert!(!text.chars().any(|c| c != '\n' && skillhost_core::text::is_deceptive(c)), "{text}");
    assert!(text.contains("time=\"1.500\"") && text.contains("classname=\"skillhost.gate\""), "{text}");
    assert_eq!(text, junit::document(&report(HOSTILE)).unwrap());
}

#[test]
fn o_12_a_code_quality_report_has_the_findings_with_a_place_once() {
    let mut report = report(HOSTILE);
    let twice = report.suites[0].findings[0].clone();
    report.suites[0].findings.push(twice);
    let text = code_quality::document(&report).unwrap();
    assert!(is_text(&text), "{text}");
    let issues: Vec<Value> = serde_json::from_str(&text).unwrap();
    let told: Vec<(&Value, &Value)> =
        issues.iter().map(|it| (&it["severity"], &it["location"]["lines"]["begin"])).collect();
    assert_eq!(told, [(&json!("blocker"), &json!(1)), (&json!("info"), &json!(3))]);
    assert_eq!(issues[1]["location"]["path"], "src/a b#é.rs");
    assert!(issues.iter().all(|it| it["description"].is_string() && it["fingerprint"].is_string()), "{text}");
}

#[test]
fn a_key_is_in_no_part_of_a_report() {
    let mut report = report("a key: sk-123");
    // What the host named itself holds none.
    report.suites[0].run = None;
    report.scrub = Some(Box::new(|text| text.replace("sk-123", "[key]")));
    report.scrub();
    let junit = junit::document(&report).unwrap();
    let documents = [junit, sarif::document(&report).unwrap(), code_quality::document(&report).unwrap()];
    for text in documents.into_iter().chain([summary::page(&report, 1 << 20)]) {
        assert!(text.contains("a key: ") && !text.contains("sk-123"), "{text}");
    }
}

#[test]
fn a_fingerprint_stays_where_lines_and_runs_change() {
    let of = |line, quote: &str, message: &str| {
        let mut finding = finding(Severity::Major, Some("a.rs"), Some(line), message);
        finding.quote = Some(quote.to_owned());
        fingerprint::fingerprint("review/x", &finding)
    };
    assert_eq!(of(1, "let x = 1;", "one"), of(70, "  let  x = 1;\n", "two"));
    assert_ne!(of(1, "let x = 1;", "one"), of(1, "let x = 2;", "one"));
    let mut unquoted = finding(Severity::Major, Some("a.rs"), Some(1), "one");
    unquoted.quote = None;
    let first = fingerprint::fingerprint("review/x", &unquoted);
    unquoted.message = "two".to_owned();
    assert_ne!(first, fingerprint::fingerprint("review/x", &unquoted));
}

#[test]
fn o_10_o_12_a_summary_holds_text_and_has_an_end() {
    let page = summary::page(&report(HOSTILE), 1 << 20);
    assert!(page.starts_with("## skillhost: draft\n") && page.contains("\n## skillhost: denied\n"), "{page}");
    assert!(!page.contains("<failure") && !page.contains("</testsuites"), "{page}");
    for row in page.lines().filter(|line| line.starts_with("| ")) {
        let cells = row.replace("\\|", "").matches('|').count();
        assert!((4..=6).contains(&cells), "{row}");
    }
    for room in [0, 10, 300, 900] {
        let cut = summary::page(&report(HOSTILE), room);
        assert!(cut.len() <= room && (cut.is_empty() || cut.ends_with("skillhost show`.\n")), "{room}: {cut}");
    }
}

#[test]
fn o_12_an_output_is_one_value_whatever_is_in_it() {
    let mut report = report("main\nEND\nready<<END\nfalse");
    let text = outputs(&report, || "END".to_owned());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 12, "{text}");
    assert_eq!(lines[..3], ["run<<END", "h48z7875", "END"]);
    assert_eq!(lines[9..], ["ready<<END", "false", "END"]);
    report.suites.iter_mut().for_each(|suite| suite.exit = Exit::Done);
    assert!(outputs(&report, || "x".to_owned()).contains("ready<<x\ntrue\nx\n"));
    assert_ne!(ambient::token(), ambient::token());
}

#[test]
fn a_call_tells_findings_and_checks_of_its_answer() {
    let answer = json!({
        "findings": [{
            "id": "", "severity": "Major", "category": "c", "at": {"path": "src/a.rs", "line": 2},
            "quote": null, "message": "m", "suggestion": null,
        }, {
            "id": "", "severity": "Nit", "category": "c", "at": {"path": "../etc/passwd", "line": 2},
            "quote": null, "message": "m", "suggestion": null,
        }],
        "verdicts": [],
    });
    let end = |answer| CallEnd {
        exit: Exit::Done,
        reasons: Vec::new(),
        answer: Some(answer),
        denials: Vec::new(),
        duration: Duration::from_secs(1),
    };
    let suite = of_call("review".to_owned(), Kind::Review, end(&answer));
    let places: Vec<Option<(&str, Option<u32>)>> = suite.findings.iter().map(place).collect();
    assert_eq!(places, [Some(("src/a.rs", Some(2))), None], "a path that leads out is none");
    let answer = json!([
        {"id": "C1", "outcome": "Passed", "evidence": ["ev-1"], "detail": "d"},
        {"id": "C2", "outcome": "Passed", "evidence": [], "detail": "d"},
        {"id": "C3", "outcome": "Failed", "evidence": [], "detail": "d"},
    ]);
    let suite = of_call("verify".to_owned(), Kind::Verify, end(&answer));
    let outcomes: Vec<&Outcome> = suite.cases.iter().map(|case| &case.outcome).collect();
    assert!(matches!(outcomes[..], [Outcome::Passed, Outcome::NotRun(_), Outcome::Failed(_)]), "{outcomes:?}");
}

proptest! {
    #[test]
    fn o_12_no_text_breaks_a_report(text in "\\PC*|[\\x00-\\x20<>&\"':%,\\[\\]#\\x7f-\\x9f\\u{200b}-\\u{206f}\\u{fffe}\\u{ffff}]{0,40}") {
        let report = report(&text);
        valid_sarif(&sarif::document(&report).unwrap());
        let junit = junit::document(&report).unwrap();
        prop_assert!(quick_junit::Report::deserialize_from_str(&junit).is_ok(), "{junit}");
        prop_assert!(is_text(&sarif::document(&report).unwrap()));
    }
}
