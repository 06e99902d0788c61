#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;

fn raised(severity: Severity, at: Option<(&str, u32)>, quote: Option<&str>) -> Raised {
    Raised {
        severity,
        category: "consent".to_owned(),
        at: at.map(|(path, line)| (path.to_owned(), Some(line))),
        quote: quote.map(str::to_owned),
        message: "no page for withdrawn consent".to_owned(),
        suggestion: None,
    }
}

fn versions(path: &SkillPath) -> Vec<String> {
    match path.as_str() {
        "a.rs" => vec!["new line\n".to_owned(), "old line\n".to_owned()],
        _ => Vec::new(),
    }
}

fn reviewed(severities: &[Severity]) -> Findings {
    let mut findings = Findings::default();
    let list = severities.iter().map(|severity| raised(*severity, None, None)).collect();
    findings.review(Phase::SpecReview, 1, Vec::new(), list, versions);
    findings
}

#[test]
fn ids_are_given_by_the_host_and_go_on() {
    let mut findings = reviewed(&[Severity::Nit, Severity::Major]);
    findings.review(Phase::ChangeReview, 1, Vec::new(), vec![raised(Severity::Minor, None, None)], versions);
    let ids: Vec<&str> = findings.all().iter().map(|finding| finding.id.as_str()).collect();
    assert_eq!(ids, ["F1", "F2", "F3"]);
}

#[test]
fn a_quote_that_is_not_there_sinks_its_finding() {
    let mut findings = Findings::default();
    let list = vec![
        raised(Severity::Blocker, Some(("a.rs", 1)), Some("new line")),
        raised(Severity::Blocker, Some(("/repo/a.rs", 1)), Some("old line")),
        raised(Severity::Blocker, Some(("a.rs", 1)), Some("invented")),
        raised(Severity::Major, Some(("../a.rs", 1)), Some("new line")),
        raised(Severity::Nit, Some(("absent.rs", 1)), Some("x")),
        raised(Severity::Blocker, Some(("a.rs", 1)), Some(" ")),
        raised(Severity::Major, None, None),
    ];
    findings.review(Phase::ChangeReview, 1, Vec::new(), list, versions);
    let found: Vec<(Severity, Quote)> = findings.all().iter().map(|f| (f.severity, f.checked)).collect();
    assert_eq!(
        found,
        [
            (Severity::Blocker, Quote::Found),
            (Severity::Blocker, Quote::Found),
            (Severity::Minor, Quote::NotFound),
            (Severity::Minor, Quote::NotFound),
            (Severity::Nit, Quote::NotFound),
            (Severity::Blocker, Quote::None),
            (Severity::Major, Quote::None),
        ]
    );
    assert_eq!(findings.all()[3].at, None);
}

#[test]
fn m_06_only_a_reviewer_closes() {
    let mut findings = reviewed(&[Severity::Major]);
    findings.answer(2, vec![("F1".to_owned(), "fixed, please close".to_owned())]);
    assert!(findings.all()[0].is_open());
    findings.review(
        Phase::SpecReview,
        2,
        vec![("F1".to_owned(), false, "still missing".to_owned())],
        Vec::new(),
        versions,
    );
    assert!(findings.all()[0].is_open());
    findings.review(Phase::SpecReview, 3, vec![("F1".to_owned(), true, "there now".to_owned())], Vec::new(), versions);
    assert!(!findings.all()[0].is_open());
    findings.review(
        Phase::ChangeReview,
        1,
        vec![("F1".to_owned(), false, "gone again".to_owned())],
        Vec::new(),
        versions,
    );
    assert!(findings.all()[0].is_open());
}

#[test]
fn a_review_cannot_close_what_it_raises_itself() {
    let mut findings = Findings::default();
    let verdicts = vec![("F1".to_owned(), true, String::new()), ("\u{1b}[0m".repeat(50), true, String::new())];
    findings.review(Phase::SpecReview, 1, verdicts, vec![raised(Severity::Blocker, None, None)], versions);
    assert!(findings.all()[0].is_open() && findings.all()[0].verdicts.is_empty());
}

#[test]
fn rounds_decide_what_follows() {
    use Severity::*;
    assert_eq!(reviewed(&[]).next(1, 3), Next::GoOn);
    assert_eq!(reviewed(&[Nit, Minor]).next(1, 3), Next::GoOn);
    assert_eq!(reviewed(&[Major]).next(2, 3), Next::Back);
    assert_eq!(reviewed(&[Major]).next(3, 3), Next::GoOn);
    assert_eq!(reviewed(&[Blocker]).next(1, 3), Next::Back);
    assert_eq!(reviewed(&[Blocker, Major]).next(3, 3), Next::End);
    assert_eq!(reviewed(&[Blocker]).next(9, 0), Next::End);
}

#[test]
fn a_flood_keeps_the_severest() {
    let mut list = vec![Severity::Nit; 10_000];
    list.push(Severity::Blocker);
    let mut findings = Findings::default();
    let list =
        list.into_iter().map(|severity| Raised { message: "x".repeat(9000), ..raised(severity, None, None) }).collect();
    let dropped = findings.review(Phase::ChangeReview, 1, Vec::new(), list, versions);
    assert_eq!((findings.all().len(), dropped), (MAX_PER_REVIEW, 10_001 - MAX_PER_REVIEW));
    assert_eq!(findings.all()[0].severity, Severity::Blocker);
    assert_eq!(findings.all()[0].message.len(), MAX_TEXT_CHARS);
}

#[test]
fn findings_survive_a_round_through_json() {
    let mut findings = reviewed(&[Severity::Major]);
    findings.answer(2, vec![("F1".to_owned(), "done".to_owned())]);
    let json = serde_json::to_string(&findings).unwrap();
    assert_eq!(serde_json::from_str::<Findings>(&json).unwrap(), findings);
    assert!(json.contains("\"severity\":\"major\"") && json.contains("\"phase\":\"spec-review\""), "{json}");
}
