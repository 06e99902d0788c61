//! The whole skill over a scripted model.
#![allow(clippy::unwrap_used, reason = "tests")]

use skill_spec::Drafter;
use skillhost_sdk::mock::{self, Host, calls, reply, text};
use skillhost_sdk::{Brief, Document, Error, Finding, Part, Severity, Spec as _, Stop, ToolChoice};

const DOCUMENT: &str =
    "# Greeting\n\n## Problem\n\nNobody is greeted, see `src/a.rs:1`.\n\n## Risks\n\nNone, because it only prints.\n";
const PLAN: &str = r#"{"steps":[{"id":"1","title":"Greet","instructions":"Print it.","files":["src/a.rs"],"after":[],"criteria":["C1"]}],
    "criteria":[{"id":"C1","statement":"The program prints hello","command":"test"}],"assumptions":["English"],"answers":[]}"#;

fn brief() -> Brief {
    let mut brief = mock::brief("Greet people");
    brief.spec =
        Some(Document { path: "specs/greet.md".into(), text: "# Greeting\n\n## Problem\n\n## Risks\n".into() });
    brief
}

fn host() -> Host {
    Host::new().file("src/a.rs", "fn main() {}\n").command("test", Some(0), "ok")
}

#[test]
fn two_turns_are_enough() {
    let host = host().reply(text(DOCUMENT)).reply(text(PLAN));
    let made = Drafter::draft(&host, brief()).unwrap();
    assert_eq!((made.document.path.as_str(), made.document.text.as_str()), ("specs/greet.md", DOCUMENT));
    assert_eq!((made.steps.len(), made.criteria.len(), made.assumptions), (1, 1, vec!["English".to_owned()]));
    let requests = host.requests.borrow();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].schema.is_none() && requests[1].schema.is_some());
    assert_eq!((requests[0].tool_choice, requests[1].tool_choice), (ToolChoice::Auto, ToolChoice::None));
    assert_eq!(requests[0].tools, requests[1].tools, "the prefix stays the same");
}

#[test]
fn it_looks_around_before_it_writes() {
    let host = host()
        .reply(calls(&[("1", "list", r#"{"glob":"**","path":null}"#), ("2", "read", r#"{"path":"src/a.rs"}"#)]))
        .reply(calls(&[("3", "search", r#"{"regex":"fn \\w+"}"#)]))
        .reply(text(DOCUMENT))
        .reply(text(PLAN));
    Drafter::draft(&host, brief()).unwrap();
    assert_eq!(host.tool_result("1").unwrap().0, "src/a.rs");
    assert_eq!(host.tool_result("2").unwrap().0, "src/a.rs: lines 1–1 of 1, LF\n1|fn main() {}");
    assert!(host.tool_result("3").unwrap().0.starts_with("1 matching lines in 1 of 1 files\nsrc/a.rs\n1|fn main() {}"));
}

#[test]
fn failing_sections_go_back_and_are_merged() {
    let host = host()
        .reply(text("# Greeting\n\n## Problem\n\nTBD\n"))
        .reply(text("## Problem\n\nNobody is greeted, see `src/a.rs:1`.\n\n## Risks\n\nNone, because it only prints."))
        .reply(text(PLAN));
    assert_eq!(Drafter::draft(&host, brief()).unwrap().document.text, DOCUMENT);
    let asked = format!("{:?}", host.requests.borrow()[1].messages.last());
    assert!(asked.contains("is missing") && asked.contains("TBD"), "{asked}");
}

#[test]
fn a_plan_is_repaired_twice_and_then_fails_by_name() {
    let host = host().reply(text(DOCUMENT)).reply(text("nonsense")).reply(text("{}")).reply(text("{}"));
    let error = Drafter::draft(&host, brief()).unwrap_err();
    assert!(
        matches!(&error, Error::Failed(why) if why.contains("plan") && why.contains("steps: there are 0")),
        "{error:?}"
    );
    assert_eq!(host.requests.borrow().len(), 4);
}

#[test]
fn document_and_plan_share_two_repairs() {
    let bad = "## Problem\n\nTBD\n";
    let host = host().reply(text(bad)).reply(text(bad)).reply(text(DOCUMENT)).reply(text("{}"));
    assert!(matches!(Drafter::draft(&host, brief()), Err(Error::Failed(why)) if why.contains("plan")));
}

#[test]
fn findings_are_answered_in_the_plan() {
    let mut brief = brief();
    brief.spec = Some(Document { path: "specs/greet.md".into(), text: DOCUMENT.into() });
    let (id, category, message) = ("F1".to_owned(), "edge-cases".to_owned(), "what of an empty name".to_owned());
    brief.findings =
        vec![Finding { id, severity: Severity::Major, category, at: None, quote: None, message, suggestion: None }];
    let answered = PLAN.replace(r#""answers":[]"#, r#""answers":[{"finding":"F1","text":"It greets nobody then."}]"#);
    let host = host().reply(text(DOCUMENT)).reply(text(PLAN)).reply(text(&answered));
    let made = Drafter::draft(&host, brief).unwrap();
    assert_eq!((made.answers[0].finding.as_str(), host.requests.borrow().len()), ("F1", 3));
    let told = format!("{:?}", host.requests.borrow()[0].messages);
    assert!(told.contains("what of an empty name") && told.contains("your last draft"), "{told}");
}

#[test]
fn chatter_is_reminded_and_then_ends() {
    let host = host().reply(text("I will look.")).reply(text("Looking.")).reply(text("Still looking."));
    assert!(
        matches!(Drafter::draft(&host, brief()), Err(Error::Failed(why)) if why.contains("without calling a tool"))
    );
    assert!(format!("{:?}", host.requests.borrow()[1].messages.last()).contains("Problem, Risks"));
}

#[test]
fn without_a_document_there_is_nothing_to_fill() {
    assert!(matches!(Drafter::draft(&host(), mock::brief("g")), Err(Error::Invalid(_))));
}

/// A reply that was cut in the middle.
fn cut(text: &str) -> skillhost_sdk::Reply {
    reply(vec![Part::Text(text.into())], Stop::Length)
}

#[test]
fn a_repair_that_was_cut_is_a_failed_repair() {
    let host = host()
        .reply(text("# Greeting\n\n## Problem\n\nTBD\n\n## Risks\n\nNone, because it only prints.\n"))
        .reply(cut("## Problem\n\nNobody is gree"))
        .reply(text("## Problem\n\nNobody is greeted, see `src/a.rs:1`.\n"))
        .reply(text(PLAN));
    assert_eq!(Drafter::draft(&host, brief()).unwrap().document.text, DOCUMENT);
    let asked = format!("{:?}", host.requests.borrow()[2].messages.last());
    assert!(asked.contains("TBD") && asked.contains("was cut off for its length"), "{asked}");

    let host = self::host().reply(text(DOCUMENT)).reply(cut(PLAN)).reply(cut(PLAN)).reply(cut(PLAN));
    assert!(matches!(Drafter::draft(&host, brief()), Err(Error::Failed(why)) if why.contains("was cut off")));
}

#[test]
fn criteria_name_declared_commands_also_those_that_can_not_be_run_here() {
    let host = Host::new().file("src/a.rs", "fn main() {}\n").declared("test").declared("lint");
    let wrong = PLAN.replace("\"test\"", "\"cargo test\"");
    let host = host.reply(text(DOCUMENT)).reply(text(&wrong)).reply(text(PLAN));
    assert_eq!(Drafter::draft(&host, brief()).unwrap().criteria[0].command.as_deref(), Some("test"));
    let requests = host.requests.borrow();
    let told = format!("{:?}", requests[0].messages);
    assert!(told.contains("None can be run here") && told.contains("- `test` (can't be run here)"), "{told}");
    let asked = format!("{:?}", requests[2].messages.last());
    assert!(asked.contains("`cargo test` is not declared; `command` is one of `lint`, `test`"), "{asked}");
}

#[test]
fn a_document_that_is_too_long_for_its_plan_is_shortened() {
    let long = DOCUMENT.replace("Nobody is greeted", &"word ".repeat(460));
    let host =
        host().reply(text(&long)).reply(text(PLAN)).reply(text("## Problem\n\nNobody is greeted, see `src/a.rs:1`.\n"));
    assert_eq!(Drafter::draft(&host, brief()).unwrap().document.text, DOCUMENT);
    let asked = format!("{:?}", host.requests.borrow()[2].messages.last());
    assert!(asked.contains("300 are enough for a change of 1 files"), "{asked}");
}

#[test]
fn looking_around_ends_in_time_for_the_document() {
    let look = |from: u32| calls(&[(&format!("c{from}"), "read", &format!(r#"{{"path":"src/a.rs","from":{from}}}"#))]);
    let host = (1..=24).fold(host(), |host, turn| host.reply(look(turn))).reply(text(DOCUMENT)).reply(text(PLAN));
    assert_eq!(Drafter::draft(&host, brief()).unwrap().document.text, DOCUMENT);
    assert!(!host.tool_result("c23").unwrap().0.contains("looked enough"));
    assert!(host.tool_result("c24").unwrap().0.contains("you have looked enough. Reply with the document now"));
}

#[test]
fn a_person_is_asked_once_and_the_answer_is_told() {
    let question =
        r#"{"questions":[{"about":"scope","question":"All of them?","options":["yes","no"],"default":"no"}]}"#;
    let host = host()
        .reply(calls(&[("1", "ask", question)]))
        .reply(calls(&[("2", "ask", &question.replace("All", "None"))]))
        .reply(text(DOCUMENT))
        .reply(text(PLAN));
    Drafter::draft(&host, brief()).unwrap();
    assert_eq!(*host.questions.borrow(), ["All of them?"]);
    assert!(host.tool_result("1").unwrap().0.starts_with("Answers:\n- All of them? \"no\"\n"));
    assert_eq!(
        host.tool_result("2").unwrap(),
        ("Questions were asked. Take defaults, and record them as assumptions.".into(), true)
    );
}

/// What a draft ends with where the model goes on like this.
fn failure(replies: Vec<skillhost_sdk::Reply>) -> String {
    let host = replies.into_iter().fold(host(), Host::reply);
    match Drafter::draft(&host, brief()) {
        Err(Error::Failed(why)) => why,
        other => format!("{other:?}"),
    }
}

#[test]
fn a_model_that_never_mends_fails_by_what_is_wrong() {
    for nothing in ["", " \n", "I have looked at the repository and it is fine."] {
        assert!(failure(vec![text(nothing); 3]).contains("without calling a tool"), "{nothing}");
    }
    assert!(failure(vec![cut("# Greeting\n\n## Prob"); 3]).contains("without calling a tool"));
    let absent = DOCUMENT.replace("src/a.rs:1", "src/absent.rs:1");
    assert!(failure(vec![text(&absent); 3]).contains("src/absent.rs:1 is cited, but there is no such file"));
    let mut replies = vec![text(DOCUMENT)];
    replies.extend(vec![text(r#"{"steps":"all","criteria":[7],"plan":{}}"#); 3]);
    let why = failure(replies);
    assert!(why.contains("the plan did not pass its check after 2 repairs: steps: there are 0"), "{why}");
    let mut replies = vec![text(DOCUMENT)];
    replies.extend(vec![text("Here is the plan: first we greet, then we test."); 3]);
    assert!(failure(replies).contains("not JSON"));
}

#[test]
fn what_measures_the_change_is_announced_before_anybody_works_from_it() {
    let plan = PLAN.replace(r#"["src/a.rs"]"#, r#"["src/a.rs", ".gitlab-ci.yml"]"#);
    let line = "## Risks\n\n`.gitlab-ci.yml` is changed: it runs the new test.\n";
    let host = host().file(".gitlab-ci.yml", "x\n").reply(text(DOCUMENT)).reply(text(&plan)).reply(text(line));
    let made = Drafter::draft(&host, brief()).unwrap();
    assert!(made.document.text.contains("is changed: it runs"), "{}", made.document.text);
    let asked = format!("{:?}", host.requests.borrow()[2].messages.last());
    assert!(asked.contains("`.gitlab-ci.yml` is the pipeline that checks every change, step 1 changes it"), "{asked}");
    let told = format!("{:?}", host.requests.borrow()[0].system);
    assert!(told.contains("is taken for tampering"), "{told}");
}
