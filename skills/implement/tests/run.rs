//! `run` and `diff`: what a command's output becomes, and what is done about a failure that stays.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{FILE, blocked, call, edit, failure, host, read, run, script, success, test, tried};
use serde_json::json;
use skillhost_sdk::mock::{self, Host, calls};
use skillhost_sdk::{Error, Reply};

#[test]
fn unknown_commands_name_the_valid_ones() {
    let host = tried(host(), [call("1", "run", json!({"name": "deploy", "arguments": []}))]);
    assert_eq!(failure(&host, "1"), "there is no command `deploy`; the commands are test");
}

#[test]
fn long_output_keeps_its_end_and_the_lines_that_name_a_failure() {
    let output = format!("begin\n{}src/a.rs:7: wrong\n{}the end", "noise\n".repeat(2_000), "noise\n".repeat(2_000));
    let host = Host::new().file("src/a.rs", "x\n").command("test", Some(1), &output);
    let host = tried(host, [test("1"), call("2", "read", json!({"path": "run:1", "from": 2002, "lines": 1}))]);
    let told = success(&host, "1");
    assert!(told.starts_with("exit 1 in 5 ms (run:1)\n[") && told.ends_with("the end"), "{told}");
    assert!(told.contains("lines that name a failure:\nsrc/a.rs:7: wrong\n") && told.contains("beginning:\nbegin\n"));
    assert!(told.len() < 10_000);
    assert!(success(&host, "2").contains("2002|src/a.rs:7: wrong"));
}

#[test]
fn a_long_output_stays_within_its_limit_whatever_is_in_it() {
    let output = format!("src/a.rs:7: error {}\n", "x".repeat(180)).repeat(400);
    let host = Host::new().file("src/a.rs", "x\n").command("test", Some(1), &output);
    let host = (0..30).fold(host, |host, n| host.command_writes("test", &format!("{}{n}", "long/".repeat(20)), "x"));
    let told = success(&tried(host, [test("1")]), "1");
    assert!(told.len() <= 10_000 && told.len() > 9_000, "{}", told.len());
    assert!(
        told.contains("lines that name a failure:\nsrc/a.rs:7") && told.contains("[the command changed "),
        "{told}"
    );
}

#[test]
fn an_empty_success_says_so() {
    let host = Host::new().command("test", Some(0), "");
    assert_eq!(success(&tried(host, [test("1")]), "1"), "exit 0 in 5 ms (run:1), no output");
}

#[test]
fn colours_are_no_part_of_an_output() {
    let host = Host::new().command("test", Some(1), "\u{1b}[31merror\u{1b}[0m: \u{1b}[1mx\u{1b}[0m\n");
    let host = tried(host, [test("1"), call("2", "read", json!({"path": "run:1"}))]);
    assert_eq!(success(&host, "1"), "exit 1 in 5 ms (run:1)\nerror: x");
    assert!(success(&host, "2").ends_with("\n1|error: x"), "{}", success(&host, "2"));
}

#[test]
fn a_command_that_was_ended_says_so() {
    let host = Host::new().command("test", None, "half");
    assert_eq!(success(&tried(host, [test("1")]), "1"), "ended by a signal or a limit in 5 ms (run:1)\nhalf");
}

#[test]
fn a_diff_is_cut_by_line_and_in_all() {
    let wide = format!("let x = \"{}\";\n", "y".repeat(9_000));
    let host = Host::new().file("a.min.js", &wide).file("b.txt", "b\n");
    let write = |id, path, text: &str| call(id, "write", json!({"path": path, "text": text}));
    let see = |id, path| call(id, "read", json!({"path": path}));
    let diff = |id, paths: &[&str]| call(id, "diff", json!({"paths": paths}));
    let replies = [
        see("1", "a.min.js"),
        write("2", "a.min.js", "let x;\n"),
        see("3", "b.txt"),
        write("4", "b.txt", &"x\n".repeat(8_000)),
        diff("5", &["a.min.js"]),
        diff("6", &[]),
        diff("7", &["none"]),
    ];
    let host = tried(host, replies);
    let told = success(&host, "5");
    assert!(told.len() < 1_200 && told.contains("more characters]\n+let x;"), "{told}");
    assert!(success(&host, "6").len() < 24_100 && success(&host, "6").ends_with("more characters are not shown]"));
    assert_eq!(success(&host, "7"), "no change");
}

/// An edit that changes nothing that matters, then the test: `n` from 10 on.
fn attempt(n: u32) -> [Reply; 2] {
    let id = format!("e{n}");
    [edit(&id, &format!("print({})", n - 1), &format!("print({n})")), test(&format!("t{n}"))]
}

fn attempts(from: u32, to: u32) -> Vec<Reply> {
    (from..=to).flat_map(attempt).collect()
}

const PASSED: &str = "1 passed in 0.1s";

fn failing() -> Host {
    Host::new().file("src/a.rs", &FILE.replace("print(2)", "print(9)"))
}

#[test]
fn the_same_failure_on_three_trees_asks_for_another_idea() {
    let host = failing().command("test", Some(1), "error: expected 3, got 4");
    let host = script(host, [read("0"), test("1"), test("2")]);
    let host = tried(host, attempts(10, 11));
    assert!(!success(&host, "2").contains("third time"), "the second run was on the same tree");
    assert!(!success(&host, "t10").contains("third time"));
    let told = success(&host, "t11");
    assert!(told.contains("The same failure for the third time") && !told.contains("taken back"), "{told}");
}

#[test]
fn the_sixth_time_takes_back_what_was_edited_since_the_last_pass() {
    let host =
        failing().file("b.rs", "fn b() {}\n").command("test", Some(0), PASSED).command("test", Some(1), "error: x");
    let made = calls(&[
        ("w", "write", r#"{"path":"new.rs","text":"fn n() {}\n"}"#),
        ("m", "rename", r#"{"from":"b.rs","to":"c.rs"}"#),
    ]);
    let host = script(host, [read("0"), edit("k", "print(1)", "print(7)"), test("green"), made]);
    let again = edit("again", "print(9)", "print(10)");
    let host =
        tried(script(host, attempts(10, 15)), [again, call("late", "run", json!({"name": "test", "arguments": []}))]);
    assert!(success(&host, "t12").contains("At the sixth time, your edits since `test` last passed are taken back"));
    let told = success(&host, "t15");
    assert!(told.contains("were taken back: b.rs, c.rs, new.rs, src/a.rs. Read them anew"), "{told}");
    assert!(failure(&host, "again").starts_with("src/a.rs was not read yet"), "the model is shown what is there now");
    assert_eq!(host.text("src/a.rs").unwrap(), FILE.replace("print(2)", "print(9)").replace("print(1)", "print(7)"));
    assert_eq!(
        (host.text("b.rs").as_deref(), host.text("c.rs"), host.text("new.rs")),
        (Some("fn b() {}\n"), None, None)
    );
}

#[test]
fn the_ninth_time_ends_the_attempt_with_its_lessons() {
    let host = || failing().command("test", Some(1), "src/a.rs:7: error: x");
    let nine = || [vec![read("0"), call("p", "plan", json!({"text": "try harder"}))], attempts(10, 18)].concat();
    let told = "`test` failed 9 times in the same way, on trees that differ:\nsrc/a.rs:7: error: x\nedited: src/a.rs\nplan: try harder";

    let polite = script(host(), nine()).reply(blocked());
    assert_eq!(run(&polite, mock::brief("g")), Err(Error::Failed(format!("blocked: enough\n{told}"))));
    assert!(success(&polite, "t15").contains("`test` never passed before"));
    assert!(success(&polite, "t18").contains("this attempt ends. Only finish with status blocked is accepted now"));
    for last in [edit("x", "print(18)", "print(19)"), mock::text("I would rather go on"), common::finish("x")] {
        let host = script(host(), nine()).reply(last);
        let Err(Error::Failed(why)) = run(&host, mock::brief("g")) else { unreachable!("it went on") };
        assert!(why.ends_with(told), "{why}");
        assert!(host.text("src/a.rs").unwrap().contains("print(18)") && host.replies_left() == 0);
    }
}

#[test]
fn a_failure_that_was_gone_back_from_is_not_forgotten() {
    let ends = [0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1];
    let host = ends
        .iter()
        .fold(failing(), |host, end| host.command("test", Some(*end), if *end == 0 { PASSED } else { "error: x" }));
    let replies = [
        vec![read("0"), test("green")],
        attempts(10, 15),
        vec![read("1"), test("2"), edit("3", "print(9)", "print(20)")],
        attempts(21, 23),
    ]
    .concat();
    let host = tried(host, replies);
    assert!(success(&host, "2").starts_with("exit 0"));
    assert!(success(&host, "t23").contains("The same failure for the ninth time"), "{}", success(&host, "t23"));
}

#[test]
fn another_failure_begins_the_count_anew() {
    let host = ["error: x", "error: x", "error: y", "error: x"]
        .iter()
        .fold(failing(), |host, printed| host.command("test", Some(1), printed));
    let host = tried(host, [vec![read("0"), test("1")], attempts(10, 14)].concat());
    for id in ["t10", "t11", "t12", "t13", "t14"] {
        assert_eq!(success(&host, id).contains("third time"), id == "t14", "{id}");
    }
}

#[test]
fn what_ran_out_hands_back_done_remaining_and_next() {
    let mut brief = mock::brief("g");
    brief.steps = vec![common::step("1", &["src/**"], &["C1"]), common::step("2", &["docs/**"], &[])];
    brief.criteria = vec![common::criterion("C1", Some("test"))];
    let plan = call("p", "plan", json!({"text": "p".repeat(4_000)}));
    let host = script(host(), [read("0"), plan, test("1"), edit("2", "print(2)", "print(3)")]);
    let host = host.reply_error(Error::Exhausted("tokens".into()));
    let Err(Error::Exhausted(told)) = run(&host, brief) else { unreachable!("it was not exhausted") };
    let expected = "tokens\ndone: changed src/a.rs\nruns: `test` ended with 0 before the last edit\n\
                    remaining: steps 1, 2; criteria to be shown: C1\nnext: the plan was\nppp";
    assert!(told.starts_with(expected) && told.len() <= 2_048, "{told}");
}
