//! The checks of a plan.

use super::*;
use skillhost_sdk::{Criterion, Finding, Severity, Step, mock};

fn step(id: &str, after: &[&str], files: &[&str]) -> Step {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Step {
        id: id.into(),
        title: "t".into(),
        instructions: "i".into(),
        files: own(files),
        after: own(after),
        criteria: own(&["C1"]),
    }
}

fn plan(steps: Vec<Step>) -> Plan {
    let criteria =
        vec![Criterion { id: "C1".into(), statement: "GET /x returns 200".into(), command: Some("test".into()) }];
    Plan { steps, criteria, ..Plan::default() }
}

fn check(plan: &Plan) -> String {
    let commands = [Command { name: "test".into(), description: String::new() }];
    problems(plan, Size::of(4), &mock::brief("g"), &commands).join("\n")
}

#[test]
fn a_sound_plan_passes() {
    assert_eq!(check(&plan(vec![step("1", &[], &["src/**"]), step("2", &["1"], &["src/a.rs", "tests/**"])])), "");
}

#[test]
fn each_problem_names_its_field() {
    assert_eq!(
        check(&Plan::default()),
        "steps: there are 0, and there must be 1 to 12\ncriteria: there are 0, and there must be 1 to 15"
    );
    assert!(
        check(&plan(vec![step("1", &[], &["a"]), step("1", &[], &["b"])])).contains("steps: the id 1 is there twice")
    );
    assert!(check(&plan(vec![step("1", &["2"], &["a"]), step("2", &["1"], &["b"])])).contains("it comes after itself"));
    assert!(check(&plan(vec![step("1", &["9"], &["a"])])).contains("after: there is no step 9"));
    assert!(check(&plan(vec![step("1", &[], &["../x"])])).contains("files: `../x` is not a glob"));
    assert!(check(&plan(vec![step("1", &[], &[])])).contains("files is empty"));
    let overlap = check(&plan(vec![step("1", &[], &["src/**"]), step("2", &[], &["src/a.rs"])]));
    assert!(overlap.contains("steps 1 and 2: both touch src/**"), "{overlap}");
}

#[test]
fn steps_and_criteria_cover_each_other() {
    let mut lonely = plan(vec![step("1", &[], &["a"])]);
    lonely.criteria.push(Criterion { id: "C2".into(), statement: "It is fast".into(), command: Some("bench".into()) });
    let text = check(&lonely);
    for expected in
        ["no step serves it", "\"fast\" can't be measured", "`bench` is not declared; `command` is one of `test`"]
    {
        assert!(text.contains(expected), "{text}");
    }
    let mut idle = plan(vec![step("1", &[], &["a"])]);
    idle.steps[0].criteria.clear();
    assert!(check(&idle).contains("it serves no criterion"));
    idle.steps[0].criteria.push("C9".into());
    idle.steps[0].instructions = "TODO".into();
    let text = check(&idle);
    assert!(text.contains("there is no criterion C9") && text.contains("the placeholder \"TODO\""), "{text}");
}

#[test]
fn without_declared_commands_a_criterion_has_none() {
    let mut plan = plan(vec![step("1", &[], &["a"])]);
    let told = problems(&plan, Size::of(4), &mock::brief("g"), &[]).join("\n");
    assert_eq!(told, "criterion C1: `test` is not declared, nor is any other command: `command` is null");
    plan.criteria[0].command = None;
    assert!(problems(&plan, Size::of(4), &mock::brief("g"), &[]).is_empty());
}

#[test]
fn every_finding_is_answered() {
    let mut brief = mock::brief("g");
    let (id, category, message) = ("F1".to_owned(), "routing".to_owned(), "m".to_owned());
    brief.findings =
        vec![Finding { id, severity: Severity::Major, category, at: None, quote: None, message, suggestion: None }];
    let commands = [Command { name: "test".into(), description: String::new() }];
    assert_eq!(
        problems(&plan(vec![step("1", &[], &["a"])]), Size::of(4), &brief, &commands),
        ["answers: finding F1 has none"]
    );
}

#[test]
fn a_plan_is_read_from_around_its_fence_and_a_cut_one_is_not() {
    assert_eq!(
        Plan::parse("Here:\n```json\n{\"assumptions\":[\"a\"]}\n```").map(|plan| plan.assumptions),
        Ok(vec!["a".to_owned()])
    );
    assert!(Plan::parse("{\"steps\": [").is_err_and(|why| why.contains("cut off")));
    assert!(Plan::parse("[]").is_err());
}

/// The problems of one criterion.
fn criterion(statement: &str, command: Option<&str>) -> String {
    let mut plan = plan(vec![step("1", &[], &["a"])]);
    plan.criteria[0].statement = statement.into();
    plan.criteria[0].command = command.map(str::to_owned);
    let commands = ["setup", "test"].map(|name| Command { name: name.into(), description: String::new() });
    problems(&plan, Size::of(1), &mock::brief("g"), &commands).join("\n")
}

#[test]
fn a_criterion_is_one_sentence_with_exact_values_and_a_command() {
    for sound in [
        "POST /leads with a name answers 201 and keeps one lead",
        "`GET /x?a=1. B` answers 404, e.g. after a restart.",
        "The page says `Loads fast. Easy.`",
    ] {
        assert_eq!(criterion(sound, Some("test")), "", "{sound}");
    }
    for (statement, told) in [
        ("It answers 200. The log is empty", "more than one sentence"),
        ("It answers 200\nIt logs", "more than one sentence"),
        ("It answers quickly", "\"quickly\" can't be measured"),
        ("Errors are handled Gracefully", "\"Gracefully\" can't be measured"),
        ("It answers TBD", "the placeholder \"TBD\""),
        ("", "statement is empty"),
        (&"x".repeat(501), "longer than 500 characters"),
    ] {
        assert!(
            criterion(statement, Some("test")).contains(told),
            "{statement}: {}",
            criterion(statement, Some("test"))
        );
    }
    assert!(
        criterion("It answers 200", None).contains("`command` is null, so nothing would show it: name one of `test`")
    );
    assert!(criterion("It answers 200", Some("setup")).contains("`setup` shows nothing: name one of `test`"));
}

#[test]
fn steps_without_an_order_are_disjoint_also_where_both_have_wildcards() {
    let overlap = check(&plan(vec![step("1", &[], &["src/*.rs"]), step("2", &[], &["src/a*"])]));
    assert!(overlap.contains("steps 1 and 2: both touch src/*.rs"), "{overlap}");
    let chain = vec![step("1", &[], &["src/**"]), step("2", &["1"], &["docs/a"]), step("3", &["2"], &["src/a"])];
    assert_eq!(check(&plan(chain)), "", "ordered by what stands between");
}

#[test]
fn ids_are_those_that_the_host_takes() {
    assert!(check(&plan(vec![step("step 1", &[], &["a"])])).contains("the id \"step 1\" is not up to 32 letters"));
    assert!(check(&plan(vec![step("", &[], &["a"])])).contains("steps: one has no id"));
}

#[test]
fn a_plan_is_as_large_as_its_files_ask_for() {
    let four: Vec<Step> = ["1", "2", "3", "4"].iter().map(|id| step(id, &[], &[*id])).collect();
    let of = |files| problems(&plan(four.clone()), Size::of(files), &mock::brief("g"), &[]).join("\n");
    assert!(of(3).contains("steps: there are 4, and 3 are enough for a change of 3 files"), "{}", of(3));
    assert!(!of(4).contains("are enough"));
}

#[test]
fn a_goal_that_needs_more_than_fifteen_criteria_is_split() {
    let mut large = plan(vec![step("1", &[], &["a"])]);
    large.criteria = (0..16).map(|n| Criterion { id: format!("C{n}"), ..large.criteria[0].clone() }).collect();
    let told = check(&large);
    assert!(
        told.contains("criteria: there are 16, and 15 are the most") && told.contains("plan its first part"),
        "{told}"
    );
    assert_eq!(told.lines().count(), 1, "nothing else matters then");
}

#[test]
fn a_hostile_plan_is_answered_with_little() {
    let text = "x".repeat(100_000);
    let mut huge = plan(vec![step("1", &[], &["a"])]);
    huge.steps[0].after = (0..10_000).map(|n| n.to_string()).collect();
    huge.steps[0].instructions.clone_from(&text);
    huge.steps[0].id.clone_from(&text);
    huge.assumptions = vec![text; 100];
    let told = check(&huge);
    assert!(told.len() < 12_000 && told.lines().count() == MAX_PROBLEMS + 1, "{}", told.len());
    let many = plan((0..5_000).map(|n| step(&n.to_string(), &[], &["**"])).collect());
    assert_eq!(check(&many).lines().count(), 1);
}
