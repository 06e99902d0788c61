//! The finish gate, steps, and commands.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{
    blocked, call, criterion, edit, failure, finish, finish_with, host, read, run, script, step, success, test, tried,
};
use serde_json::json;
use skillhost_sdk::mock::{self, Host, reply};
use skillhost_sdk::{Brief, Document, Error, Finding, Reply, Severity, Stop};

fn change(id: &str) -> [Reply; 2] {
    [read(&format!("r{id}")), edit(id, "print(2)", "print(3)")]
}

fn finding() -> Finding {
    let (id, category, message) = ("F1".to_owned(), "tests".to_owned(), "no test".to_owned());
    Finding { id, severity: Severity::Major, category, at: None, quote: None, message, suggestion: None }
}

fn brief() -> Brief {
    let mut brief = mock::brief("Print three");
    brief.criteria = vec![criterion("C1", Some("test"))];
    brief
}

#[test]
fn done_takes_two_finishes_on_evidence() {
    let claim = |id| finish_with(id, json!([{"id": "C1", "evidence": "test"}]), json!([]));
    let host = script(host(), change("1")).reply(test("2")).reply(claim("3")).reply(claim("4"));
    let summary = run(&host, brief()).unwrap();
    assert_eq!((summary.title.as_str(), summary.unfinished.len(), host.requests.borrow().len()), ("Print three", 0, 5));
    let review = success(&host, "3");
    assert!(review.contains("- C1: C1 holds (test)") && review.contains("+    print(3);"), "{review}");
    assert!(host.checkpoints.borrow().is_empty(), "the host commits the end");
}

#[test]
fn a_run_can_be_named_by_its_id() {
    let claim = |id| finish_with(id, json!([{"id": "C1", "evidence": "run:1"}]), json!([]));
    let host = script(host(), change("1")).reply(test("2")).reply(claim("3")).reply(claim("4"));
    assert!(run(&host, brief()).is_ok());
}

#[test]
fn problems_come_back_as_a_list() {
    let claims = [
        finish("3"),
        finish_with("4", json!([{"id": "C1", "evidence": "lint"}]), json!([])),
        call(
            "5",
            "finish",
            json!({"status": "done", "title": "t\nu", "what": "", "why": "", "breaking": [], "rollback": "",
            "criteria": [{"id": "C1", "evidence": null}], "answers": []}),
        ),
    ];
    let host = script(script(host(), change("1")), claims).reply(blocked());
    assert!(run(&host, brief()).is_err());
    assert_eq!(
        failure(&host, "3"),
        "Not done yet:\n- `test` did not run yet\n- criterion C1 is missing in `criteria`; where nothing shows it, its evidence is null"
    );
    assert!(failure(&host, "4").contains("C1: `lint` is neither a command that ran nor the id of a run"));
    assert_eq!(
        failure(&host, "5"),
        "Not done yet:\n- `title` must be one line of 1 to 72 characters\n- `test` did not run yet"
    );
}

#[test]
fn evidence_must_postdate_the_last_edit() {
    let host = script(host(), change("1"))
        .reply(test("2"))
        .reply(edit("3", "print(3)", "print(4)"))
        .reply(finish("4"))
        .reply(blocked());
    assert!(run(&host, mock::brief("g")).is_err());
    assert_eq!(failure(&host, "4"), "Not done yet:\n- the run of `test` predates your last edit; run it again");
}

#[test]
fn an_edit_after_the_review_is_reviewed_again() {
    let replies = [test("2"), finish("3"), edit("4", "print(3)", "print(4)"), test("5"), finish("6"), finish("7")];
    let host = script(script(host(), change("1")), replies);
    assert!(run(&host, mock::brief("g")).is_ok());
    assert!(success(&host, "6").contains("print(4)"));
}

#[test]
fn a_failing_command_is_not_done() {
    let host = Host::new().file("src/a.rs", common::FILE).command("test", Some(1), "boom").command("lint", None, "");
    let lint = call("3", "run", json!({"name": "lint", "arguments": []}));
    let host = script(host, change("1")).reply(test("2")).reply(lint).reply(finish("4")).reply(blocked());
    assert!(run(&host, mock::brief("g")).is_err());
    let told = failure(&host, "4");
    assert!(
        told.contains("`test` ended with exit 1 on this tree") && told.contains("`lint` was ended by a signal"),
        "{told}"
    );
}

#[test]
fn a_criterion_needs_its_own_command() {
    let host = host().command("lint", Some(0), "");
    let lint = call("3", "run", json!({"name": "lint", "arguments": []}));
    let claim = finish_with("4", json!([{"id": "C1", "evidence": "lint"}]), json!([]));
    let host = script(host, change("1")).reply(test("2")).reply(lint).reply(claim).reply(blocked());
    assert!(run(&host, brief()).is_err());
    assert_eq!(failure(&host, "4"), "Not done yet:\n- C1 is shown by `test`, not by `lint`");
}

#[test]
fn what_nothing_shows_is_unfinished() {
    let mut brief = brief();
    brief.criteria.push(criterion("C2", None));
    let claim =
        |id| finish_with(id, json!([{"id": "C1", "evidence": "test"}, {"id": "C2", "evidence": null}]), json!([]));
    let host = script(host(), change("1")).reply(test("2")).reply(claim("3")).reply(claim("4"));
    assert_eq!(run(&host, brief).unwrap().unfinished, ["C2 is not shown by a command: C2 holds"]);
}

#[test]
fn nothing_changed_is_not_done() {
    let host = tried(host(), [test("1"), finish("2")]);
    assert!(failure(&host, "2").contains("nothing has changed"));
}

#[test]
fn the_spec_that_the_host_committed_is_no_change_of_the_authors() {
    let specified = || {
        let spec = Document { path: "specs/three.md".into(), text: "# Three\n".into() };
        (host().committed(&spec.path, &spec.text), Brief { spec: Some(spec), ..mock::brief("Print three") })
    };
    let (host, brief) = specified();
    let host = host.reply(test("1")).reply(finish("2")).reply(blocked());
    assert!(run(&host, brief).is_err());
    assert!(failure(&host, "2").contains("nothing has changed"));

    let (host, brief) = specified();
    let host = script(host, change("1")).reply(test("2")).reply(finish("3")).reply(finish("4"));
    assert!(run(&host, brief).is_ok());
    let review = success(&host, "3");
    assert!(review.contains("+    print(3);") && !review.contains("# Three"), "{review}");
}

#[test]
fn only_granted_commands_have_to_run() {
    let host = host().declared("deploy");
    let deploy = call("3", "run", json!({"name": "deploy", "arguments": []}));
    let host = script(host, change("1")).reply(test("2")).reply(deploy).reply(finish("4")).reply(finish("5"));
    assert!(run(&host, mock::brief("g")).is_ok());
    assert!(failure(&host, "3").starts_with("denied: "));
    let told = format!("{:?}", host.requests.borrow()[0].messages);
    assert!(told.contains("- `deploy` (can't be run here)") && told.contains("- `test`\\n"), "{told}");
}

#[test]
fn a_run_of_no_test_shows_nothing() {
    let none = "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n";
    let host = Host::new().file("src/a.rs", common::FILE).command("test", Some(0), none);
    let claim = |id, evidence| finish_with(id, json!([{"id": "C1", "evidence": evidence}]), json!([]));
    let host = script(host, change("1")).reply(test("2")).reply(claim("3", Some("test")));
    let host = host.reply(claim("4", None)).reply(claim("5", None));
    assert_eq!(run(&host, brief()).unwrap().unfinished, ["C1 is not shown by a command: C1 holds"]);
    assert_eq!(failure(&host, "3"), "Not done yet:\n- C1: `test` ran no test, so it shows nothing");
}

#[test]
fn a_zero_behind_a_cut_beginning_is_not_the_whole_count() {
    let [some, none] = ["4 passed; 0 failed", "0 passed; 0 failed"].map(|count| format!("test result: ok. {count};\n"));
    let output = format!("{some}{}{none}", "noise\n".repeat(20_000));
    let host = Host::new().file("src/a.rs", common::FILE).command("test", Some(0), &output);
    let claim = |id| finish_with(id, json!([{"id": "C1", "evidence": "test"}]), json!([]));
    let host = script(host, change("1")).reply(test("2")).reply(claim("3")).reply(claim("4"));
    assert!(run(&host, brief()).is_ok());
}

#[test]
fn tests_that_vanished_or_were_emptied_are_named() {
    let base = "#[test]\nfn adds() {\n    assert_eq!(1, 1);\n}\n\n#[test]\nfn takes() {\n    assert_eq!(2, 2);\n}\n";
    let now = "#[test]\nfn sums() {\n}\n";
    let write = |id, text| call(id, "write", json!({"path": "tests/a.rs", "text": text}));
    let see = call("r", "read", json!({"path": "tests/a.rs"}));
    let host = host().file("tests/a.rs", base).reply(see).reply(write("1", now)).reply(test("2")).reply(finish("3"));
    let host = host.reply(blocked());
    assert!(run(&host, mock::brief("g")).is_err());
    let told = failure(&host, "3");
    assert!(told.ends_with("\n- tests/a.rs: adds is gone\n- tests/a.rs: takes is gone"), "{told}");
    assert!(told.contains("Take it back, or finish as blocked where the spec asks for it"), "{told}");
}

#[test]
fn what_a_review_would_refuse_is_refused_at_the_finish() {
    let base = "#[test]\nfn adds() {\n    assert_eq!(sum(1), 20);\n    assert!(off < 0.01);\n}\n";
    let told = |now: &str, source: &str| {
        let write = |id, path, text| call(id, "write", json!({"path": path, "text": text}));
        let see = call("r", "read", json!({"path": "tests/a.rs"}));
        let host = host().file("tests/a.rs", base).reply(see).reply(write("1", "tests/a.rs", now));
        let host = host.reply(write("2", "src/b.rs", source)).reply(test("3")).reply(finish("4")).reply(blocked());
        let ended = run(&host, mock::brief("The sum of 1 may be off by less than 0.05."));
        let told =
            host.requests.borrow().last().map(|request| format!("{:?}", request.messages.last())).unwrap_or_default();
        assert!(ended.is_err());
        told
    };
    let changed = |from: &str, to: &str| told(&base.replacen(from, to, 1), "fn b() {}\n");
    let expected = changed("20", "21");
    for part in [
        "tests/a.rs: adds expects `21` instead of `20`",
        "line 3: `assert_eq!(sum(1), 21);`",
        "Take the old value back",
    ] {
        assert!(expected.contains(part), "{expected}");
    }
    assert!(
        changed("    assert_eq", "    return;\n    assert_eq")
            .contains("may be left before 2 of its 2 assertions (line 3")
    );
    assert!(changed("20", "sum(1)").contains("compares what can't differ (line 3"));
    assert!(changed("0.01", "0.5").contains("tests/a.rs:4 `assert!(off < 0.5);`: A test accepts more"));
    assert!(!changed("0.01", "0.05").contains("Not done yet"), "the goal names it");
    let more = format!("{base}#[test]\nfn more() {{\n    assert_eq!(name(1234567), \"a b c d\");\n}}\n");
    let branch = told(
        &more,
        "fn name(n: u32) -> &'static str {\n    if n == 1234567 {\n        return \"a b c d\";\n    }\n    rest(n)\n}\n",
    );
    assert!(branch.contains("src/b.rs:2 `if n == 1234567 {`: This branch answers a test's own case"), "{branch}");
    assert!(!told(&more, "fn name(n: u32) -> String {\n    spell(n)\n}\n").contains("Not done yet"));
}

#[test]
fn two_finishes_in_one_reply_are_one() {
    let Reply { parts: mut both, .. } = finish("3");
    both.extend(finish("4").parts);
    let host = script(host(), change("1")).reply(test("2")).reply(reply(both, Stop::ToolCalls)).reply(finish("5"));
    assert!(run(&host, mock::brief("g")).is_ok());
    success(&host, "3");
    assert!(failure(&host, "4").starts_with("Not executed: finish was called in this reply already"));
    assert_eq!(host.replies_left(), 0, "the diff was shown before the finish that counts");
}

#[test]
fn a_step_is_not_finished_together_with_the_one_before() {
    let mut brief = mock::brief("g");
    brief.steps = vec![step("1", &["src/**"], &[]), step("2", &["src/**"], &[]), step("3", &["src/**"], &[])];
    let Reply { parts: mut both, .. } = finish("3");
    both.extend(finish("4").parts);
    let host = script(host(), change("1")).reply(test("2")).reply(reply(both, Stop::ToolCalls)).reply(blocked());
    assert!(run(&host, brief).is_err());
    assert_eq!(host.checkpoints.borrow().len(), 1);
}

#[test]
fn a_finish_after_a_failed_edit_in_the_same_reply_is_not_executed() {
    let miss = edit("3", "print(7)", "print(8)");
    let both = reply([miss.parts, finish("4").parts].concat(), Stop::ToolCalls);
    let host = script(host(), change("1")).reply(test("2")).reply(both).reply(finish("5")).reply(finish("6"));
    assert!(run(&host, mock::brief("g")).is_ok());
    assert_eq!(failure(&host, "4"), "Not executed: an earlier edit in this reply failed.");
    assert!(success(&host, "5").starts_with("Nothing is missing"));
}

#[test]
fn a_revision_is_one_piece_of_work_over_all_steps() {
    let mut brief = mock::brief("g");
    brief.criteria = vec![criterion("C1", Some("test")), criterion("C2", Some("test"))];
    brief.steps = vec![step("1", &["docs/**"], &["C1"]), step("2", &["src/**"], &["C2"])];
    brief.findings = vec![finding()];
    let claim = |id| {
        let shown = json!([{"id": "C1", "evidence": "test"}, {"id": "C2", "evidence": "test"}]);
        finish_with(id, shown, json!([{"finding": "F1", "text": "added"}]))
    };
    let host = script(host(), change("1")).reply(test("2")).reply(claim("3")).reply(claim("4"));
    let summary = run(&host, brief).unwrap();
    assert!(summary.unfinished.is_empty() && host.checkpoints.borrow().is_empty(), "{summary:?}");
    assert!(format!("{:?}", host.requests.borrow()[0].messages).contains("Settle the findings"));
}

#[test]
fn setup_is_not_evidence_and_need_not_run() {
    let host = script(host().command("setup", Some(0), ""), change("1"))
        .reply(test("2"))
        .reply(finish("3"))
        .reply(finish("4"));
    assert!(run(&host, mock::brief("g")).is_ok());
}

#[test]
fn files_outside_the_steps_are_named() {
    let mut brief = mock::brief("g");
    brief.steps = vec![step("1", &["lib/**"], &[])];
    let host = script(host(), change("1")).reply(test("2")).reply(finish("3")).reply(blocked());
    assert!(run(&host, brief).is_err());
    assert!(failure(&host, "3").contains("src/a.rs is not among the step's files"));
}

#[test]
fn json_that_no_longer_parses_is_refused() {
    let host = Host::new().file("p.json", "{}").command("test", Some(0), "");
    let write = call("2", "write", json!({"path": "p.json", "text": "{,}"}));
    let host = tried(host, [call("1", "read", json!({"path": "p.json"})), write, test("3"), finish("4")]);
    assert_eq!(failure(&host, "4"), "Not done yet:\n- p.json could be parsed before your change, and can't be now");
}

#[test]
fn each_finding_needs_an_answer() {
    let mut brief = mock::brief("g");
    brief.findings = vec![finding()];
    let claim = |id| finish_with(id, json!([]), json!([{"finding": "F1", "text": "added"}]));
    let host = script(host(), change("1")).reply(test("2")).reply(finish("3")).reply(claim("4")).reply(claim("5"));
    assert_eq!(run(&host, brief).unwrap().answers[0].text, "added");
    assert!(failure(&host, "3").contains("finding F1 has no answer"));
}

#[test]
fn steps_are_committed_one_by_one() {
    let mut brief = mock::brief("g");
    brief.criteria = vec![criterion("C1", Some("test")), criterion("C2", Some("test"))];
    brief.steps = vec![step("1", &["src/**"], &["C1"]), step("2", &["docs/**"], &["C2"])];
    let one = |id| finish_with(id, json!([{"id": "C1", "evidence": "test"}]), json!([]));
    let all =
        |id| finish_with(id, json!([{"id": "C1", "evidence": "test"}, {"id": "C2", "evidence": "test"}]), json!([]));
    let docs = call("4", "write", json!({"path": "docs/x.md", "text": "x\n"}));
    let host = script(host(), change("1"))
        .reply(test("2"))
        .reply(one("3"))
        .reply(docs)
        .reply(test("5"))
        .reply(all("6"))
        .reply(all("7"));
    assert!(run(&host, brief).unwrap().unfinished.is_empty());
    assert_eq!(*host.checkpoints.borrow(), ["Print three"]);
    assert!(success(&host, "3").starts_with("Step 1 is done. The next one:\n## 2 Step 2"));
}

#[test]
fn blocked_hands_back_the_reason() {
    let reply = call(
        "1",
        "finish",
        json!({"status": "blocked", "title": "", "what": "the test contradicts the spec", "why": "tried both",
        "breaking": [], "rollback": "", "criteria": [], "answers": []}),
    );
    let host = host().reply(reply);
    assert_eq!(
        run(&host, mock::brief("g")),
        Err(Error::Failed("blocked: the test contradicts the spec\ntried both".into()))
    );
}

#[test]
fn the_last_turn_takes_one_finish_and_nothing_else() {
    // What is left after it is less than two replies may take.
    let last_but_one = |mut reply: Reply| {
        reply.usage.input_tokens = 1_000_000;
        reply
    };
    let [see, change] = change("1");
    let replies = [see.clone(), change.clone(), last_but_one(test("2")), finish("3")];
    let host = script(host().budget_tokens(1_020_000), replies);
    assert!(run(&host, mock::brief("g")).is_ok(), "one stage is enough at the end");
    let replies = [see, last_but_one(change), test("2"), finish("3")];
    let host = script(common::host().budget_tokens(1_020_000), replies);
    let result = run(&host, mock::brief("g"));
    assert!(matches!(&result, Err(Error::Exhausted(what)) if what.contains("done: changed src/a.rs")), "{result:?}");
    assert!(host.runs.borrow().is_empty());
}

#[test]
fn a_command_that_changes_files_makes_older_runs_stale_but_not_later_ones() {
    let host = host().command("format", Some(0), "").command_writes("format", "src/a.rs", "fn formatted() {}\n");
    let format = call("3", "run", json!({"name": "format", "arguments": []}));
    let replies = [test("2"), format, finish("4"), test("5"), finish("6"), finish("7")];
    let host = script(script(host, change("1")), replies);
    assert!(run(&host, mock::brief("g")).is_ok());
    assert_eq!(failure(&host, "4"), "Not done yet:\n- the run of `test` predates your last edit; run it again");
}

#[test]
fn a_second_claim_after_an_early_one_is_not_a_repeat() {
    let host = script(host(), change("1"))
        .reply(finish("2"))
        .reply(finish("3"))
        .reply(test("4"))
        .reply(finish("5"))
        .reply(finish("6"));
    assert!(run(&host, mock::brief("g")).is_ok());
}

#[test]
fn every_run_begins_with_the_same_words_and_tools() {
    let [a, b] = ["one goal", "another"].map(|goal| {
        let host = host().reply(blocked());
        assert!(run(&host, mock::brief(goal)).is_err());
        host.requests.take().remove(0)
    });
    assert_eq!((a.system, a.tools), (b.system, b.tools));
    assert_ne!(a.messages, b.messages);
}
