//! Models that say nothing, prose, or what nobody understands: each gets an answer that says what to do, and an end.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{FILE, blocked, call, edit, failure, host, read, run, script, success, test, tried};
use serde_json::json;
use skillhost_sdk::mock::{self, Host, calls, reply};
use skillhost_sdk::{Error, Part, Reply, Stop};

fn ended(host: &Host) -> String {
    match run(host, mock::brief("g")) {
        Err(Error::Failed(why)) => why,
        other => unreachable!("it did not fail: {other:?}"),
    }
}

/// What the model was told last.
fn told(host: &Host) -> String {
    format!("{:?}", host.requests.borrow().last().unwrap().messages.last().unwrap().parts)
}

#[test]
fn a_model_that_says_nothing_or_only_prose() {
    for say in [reply(vec![], Stop::End), mock::text(""), mock::text("I have made the change.")] {
        let host = script(host(), [say.clone(), say.clone(), say]);
        assert_eq!(ended(&host), "the model replied 3 times without calling a tool");
        assert!(told(&host).contains("Call a tool. When the change is complete, call finish"), "{}", told(&host));
        assert_eq!(host.text("src/a.rs").unwrap(), FILE);
    }
}

#[test]
fn prose_between_calls_is_no_end() {
    let prose = || mock::text("Let me think.");
    let host = tried(host(), [prose(), prose(), read("1"), prose(), prose(), test("2")]);
    success(&host, "2");
}

#[test]
fn a_model_that_calls_what_is_not_there() {
    let host = tried(
        host(),
        [
            call("1", "bash", json!({"command": "rm -rf /"})),
            call("2", "read", json!({"file_path": "src/a.rs"})),
            call("3", "read", json!({"path": "src/a.rs", "limit": 3})),
            call("4", "edit", json!({"path": "src/a.rs", "old": ["x"], "new": "y"})),
        ],
    );
    let names = "list, search, read, edit, write, rename, remove, run, diff, plan, finish";
    assert_eq!(failure(&host, "1"), format!("there is no tool `bash`; the tools are {names}"));
    assert_eq!(failure(&host, "2"), "`path` is missing; the fields are path, from, lines");
    assert_eq!(failure(&host, "3"), "there is no field `limit`; the fields are path, from, lines");
    assert_eq!(failure(&host, "4"), "`old` must be a string");
}

#[test]
fn arguments_that_are_cut_three_times_end_it() {
    let cut = |id| calls(&[(id, "write", r#"{"path":"src/b.rs","text":"fn b() {"#)]);
    let host = script(host(), [cut("1"), cut("2"), cut("3")]);
    assert_eq!(ended(&host), "the model's tool calls could not be read 3 times in a row");
    assert!(failure(&host, "2").contains("were cut off, so nothing was done. Ask for less in one call"));
    assert_eq!(host.text("src/b.rs"), None);
}

#[test]
fn the_same_call_is_not_run_the_third_time_and_ends_it_the_fifth() {
    let host = script(host(), ["1", "2", "3", "4", "5"].map(test));
    assert_eq!(ended(&host), "the model made the same `run` call five times on the same files");
    assert!(failure(&host, "3").starts_with("Not run: the same call was made 3 times"));
    assert_eq!(host.runs.borrow().len(), 2);
}

#[test]
fn an_edit_and_its_undoing_are_a_circle() {
    let [there, back] = [("print(2)", "print(3)"), ("print(3)", "print(2)")];
    let turns = ["1", "2", "3", "4", "5", "6"].iter().enumerate().map(|(index, id)| {
        let (old, new) = if index % 2 == 0 { there } else { back };
        edit(id, old, new)
    });
    let host = tried(host(), [read("0")].into_iter().chain(turns).collect::<Vec<_>>());
    assert!(!success(&host, "5").contains("alternate") && success(&host, "6").contains("The last six calls alternate"));
}

#[test]
fn turns_end_with_a_notice_at_40_and_what_is_left() {
    let look = |turn: u32| call(&format!("t{turn}"), "list", json!({"glob": format!("x{turn}/**"), "path": null}));
    let host = script(host(), (1..=100).map(look).collect::<Vec<Reply>>());
    let Err(Error::Exhausted(left)) = run(&host, mock::brief("g")) else { unreachable!("it went on") };
    assert!(left.starts_with("100 turns\ndone: changed nothing"), "{left}");
    let requests = host.requests.borrow();
    let notices = |turn: usize| format!("{:?}", requests[turn].messages).matches("of 100 turns are used").count();
    assert_eq!((notices(39), notices(40), notices(99)), (0, 1, 1));
}

#[test]
fn each_call_of_a_reply_gets_its_result() {
    let many = calls(&[
        ("1", "read", r#"{"path":"src/a.rs"}"#),
        ("2", "nope", "{}"),
        ("3", "edit", r#"{"path":"src/a.rs","old":"print(2)","new":"print("#),
        ("4", "run", r#"{"name":"test"}"#),
        ("5", "list", r#"{"glob":"**"}"#),
    ]);
    let host = script(host(), [many]).reply(blocked());
    assert!(run(&host, mock::brief("g")).is_err());
    let requests = host.requests.borrow();
    let results: Vec<(&str, bool)> = requests[1]
        .messages
        .last()
        .unwrap()
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::ToolResult(result) => Some((result.id.as_str(), result.failed)),
            _ => None,
        })
        .collect();
    assert_eq!(results, [("1", false), ("2", true), ("3", true), ("4", true), ("5", false)]);
}

#[test]
fn blocked_takes_a_reason() {
    let blocked = |id, what: &str| {
        call(
            id,
            "finish",
            json!({"status": "blocked", "title": "", "what": what, "why": "", "breaking": [], "rollback": "",
            "criteria": [], "answers": []}),
        )
    };
    let host = script(host(), [blocked("1", ""), blocked("2", "the spec contradicts itself")]);
    assert_eq!(ended(&host), "blocked: the spec contradicts itself");
    assert!(failure(&host, "1").contains("`what` says what stands in the way"));
}
