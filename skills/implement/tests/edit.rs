//! Edits: each way to match, and each failure's text.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{FILE, blocked, call, edit, failure, host, read, run, script, success, test, tried};
use serde_json::json;
use skillhost_sdk::Error;
use skillhost_sdk::mock::{self, Host, calls};

#[test]
fn an_edit_shows_the_lines_around_it() {
    let host = tried(host(), [read("1"), edit("2", "    print(2);", "    print(3);")]);
    assert_eq!(host.text("src/a.rs").unwrap(), FILE.replace("print(2)", "print(3)"));
    assert_eq!(
        success(&host, "2"),
        "src/a.rs edited at line 6\n2|    print(1);\n3|}\n4|\n5|fn two() {\n6|    print(3);\n7|}"
    );
}

#[test]
fn forgiving_stages_say_what_differed() {
    let host = tried(
        host(),
        [
            read("1"),
            edit("2", "fn two() {\n  print(2);\n}", "x"),
            edit("3", "  fn two() {\n      print(2);\n  }", "  fn two() {}"),
        ],
    );
    assert!(failure(&host, "2").starts_with("Not found in src/a.rs."), "a shift has to be uniform");
    assert!(success(&host, "3").starts_with("src/a.rs edited at line 5 (indentation differed"));
    assert!(host.text("src/a.rs").unwrap().ends_with("\nfn two() {}\n"));
}

#[test]
fn line_endings_are_kept() {
    let host = Host::new().file("src/a.rs", "one\r\ntwo\r\n");
    let host = tried(host, [read("1"), edit("2", "one\ntwo", "one\n1.5\ntwo")]);
    assert_eq!(host.text("src/a.rs").unwrap(), "one\r\n1.5\r\ntwo\r\n");
    assert!(success(&host, "1").contains("CRLF"));
}

#[test]
fn ambiguity_is_decided_by_near_line_or_all_or_not_at_all() {
    let host = Host::new().file("src/a.rs", "x\ny\nx\n");
    let pick = |id, new: &str, all, near| {
        call(id, "edit", json!({"path": "src/a.rs", "old": "x", "new": new, "all": all, "near_line": near}))
    };
    let host =
        tried(host, [read("1"), edit("2", "x", "z"), pick("3", "X", false, Some(3)), pick("4", "w", true, None)]);
    assert!(failure(&host, "2").contains("stands at lines 1, 3"));
    assert_eq!(host.text("src/a.rs").unwrap(), "w\ny\nX\n");
}

#[test]
fn misses_say_more_each_time_and_the_fifth_ends_the_attempt() {
    let miss = |id: &str, n: usize| edit(id, &format!("fn two() {{\n    print({n}{n});"), "x");
    let replies = [read("0"), miss("1", 3), miss("2", 4), miss("3", 5), miss("4", 6), miss("5", 7)];
    let host = script(host(), replies);
    let result = run(&host, mock::brief("g"));
    assert!(matches!(result, Err(Error::Failed(why)) if why == "5 edits of src/a.rs in a row did not match the file"));
    let first = "Not found in src/a.rs. Closest: 5–6; line 6 has \"····print(2);\", old has \"····print(33);\". Copy the file's text.";
    assert_eq!(failure(&host, "1"), first);
    assert!(failure(&host, "2").contains("\n5|fn two() {\n6|    print(2);"), "{}", failure(&host, "2"));
    assert!(failure(&host, "3").contains("use write with all of its 7 lines"));
}

#[test]
fn a_large_file_gets_a_shorter_anchor_instead_of_a_rewrite() {
    let host = Host::new().file("src/a.rs", &"line\n".repeat(401));
    let host = tried(host, [read("0"), edit("1", "nope1", "x"), edit("2", "nope2", "x"), edit("3", "nope3", "x")]);
    assert!(failure(&host, "1").contains("nothing there is like it"));
    assert!(failure(&host, "3").contains("Use a shorter `old`"));
}

#[test]
fn a_hit_begins_the_count_of_misses_anew() {
    let mut replies = vec![read("0")];
    for (id, n) in [("1", 31), ("2", 32), ("3", 33), ("4", 34)] {
        replies.push(edit(id, &format!("print({n})"), "x"));
    }
    replies.push(edit("5", "print(2)", "print(3)"));
    replies.push(edit("6", "print(41)", "x"));
    let host = tried(host(), replies);
    assert!(!failure(&host, "6").contains('\n'));
}

#[test]
fn an_unread_file_is_attached_and_the_next_try_works() {
    let host = tried(host(), [edit("1", "print(2)", "print(3)"), edit("2", "print(2)", "print(3)")]);
    let told = failure(&host, "1");
    assert!(told.starts_with("src/a.rs was not read yet") && told.contains("6|    print(2);"), "{told}");
    success(&host, "2");
}

#[test]
fn an_unread_file_is_not_overwritten() {
    let write = |id| call(id, "write", json!({"path": "src/a.rs", "text": "c\n"}));
    let host = tried(host(), [write("1"), write("2")]);
    assert!(failure(&host, "1").contains("was not read yet"));
    assert_eq!(host.text("src/a.rs").unwrap(), "c\n");
}

#[test]
fn a_line_number_beyond_everything_is_harmless() {
    let far = json!({"path": "src/a.rs", "old": "print", "new": "echo", "all": null, "near_line": u64::from(u32::MAX)});
    let host = tried(host(), [call("1", "edit", far.clone()), call("2", "edit", far)]);
    assert!(failure(&host, "1").contains("7|}"));
    assert!(failure(&host, "2").contains("does not decide"));
}

#[test]
fn a_file_that_a_command_changed_is_attached() {
    let host = host().command("format", Some(0), "").command_writes("format", "src/a.rs", "fn two() { print(2); }\n");
    let format = call("1", "run", json!({"name": "format", "arguments": []}));
    let host = tried(host, [read("0"), format, edit("2", "print(2)", "print(3)"), edit("3", "print(2)", "print(3)")]);
    assert!(success(&host, "1").ends_with("[the command changed src/a.rs]"));
    let told = failure(&host, "2");
    assert!(
        told.starts_with("src/a.rs has changed since it was read") && told.ends_with("1|fn two() { print(2); }"),
        "{told}"
    );
    success(&host, "3");
}

#[test]
fn what_would_change_nothing_names_the_right_tool() {
    let host = tried(
        host(),
        [
            read("0"),
            edit("1", "print(2)", "print(2)"),
            edit("2", "", "x"),
            edit("3", "fn three() {", "fn two() {\n    print(2);"),
            call("4", "write", json!({"path": "src/a.rs", "text": FILE})),
        ],
    );
    assert!(failure(&host, "1").contains("To look at a file, use read"));
    assert!(failure(&host, "2").contains("use write for the whole file"));
    assert_eq!(failure(&host, "3"), "`new` is in src/a.rs already, at line 5; nothing to do.");
    assert!(failure(&host, "4").contains("holds this text already"));
}

#[test]
fn placeholders_are_refused() {
    let host = tried(
        host(),
        [
            read("0"),
            edit("1", "print(2);", "print(3);\n    // ... rest unchanged"),
            call("2", "write", json!({"path": "n.py", "text": "# ... existing code ...\n"})),
        ],
    );
    assert!(failure(&host, "1").contains("stands for code that would be lost"));
    assert!(failure(&host, "2").contains("stands for code that would be lost"));
}

#[test]
fn sizes_are_capped() {
    let long = "x".repeat(16_001);
    let host = tried(
        host(),
        [read("0"), edit("1", &long[..6_001], "y"), call("2", "write", json!({"path": "n", "text": long}))],
    );
    assert!(failure(&host, "1").contains("6000 characters each"));
    assert!(failure(&host, "2").contains("more than 16000 characters"));
}

#[test]
fn a_denied_file_says_what_to_do() {
    let host = tried(
        host().read_only("src/"),
        [read("0"), edit("1", "print(2)", "print(3)"), call("2", "remove", json!({"path": "src/a.rs"}))],
    );
    assert_eq!(
        failure(&host, "1"),
        "denied: no grant of `write` covers src/a.rs. Work without it, or finish with status blocked"
    );
    assert!(failure(&host, "2").starts_with("denied"));
    assert_eq!(host.text("src/a.rs").unwrap(), FILE);
}

#[test]
fn a_path_outside_is_refused() {
    let host = tried(
        host(),
        [call("1", "write", json!({"path": "../x", "text": "y"})), call("2", "read", json!({"path": "/etc/passwd"}))],
    );
    assert!(failure(&host, "1").contains("leaves the repository"));
    assert!(failure(&host, "2").contains("is absolute"));
}

#[test]
fn files_are_created_renamed_and_removed() {
    let host = tried(
        host(),
        [
            edit("1", "no", "x"),
            call("2", "edit", json!({"path": "new/b.rs", "old": "", "new": "fn b() {}\n"})),
            call("3", "rename", json!({"from": "new/b.rs", "to": "new/c.rs"})),
            call("4", "rename", json!({"from": "new/c.rs", "to": "src/a.rs"})),
            call("5", "remove", json!({"path": "new/c.rs"})),
            call("6", "edit", json!({"path": "gone.rs", "old": "x", "new": "y"})),
        ],
    );
    assert_eq!(
        (success(&host, "2").as_str(), success(&host, "3").as_str()),
        ("new/b.rs created, 1 lines", "new/b.rs is now new/c.rs")
    );
    assert_eq!(failure(&host, "4"), "src/a.rs exists already");
    assert!(failure(&host, "6").starts_with("gone.rs does not exist."));
    assert_eq!(host.files.borrow().len(), 1);
}

#[test]
fn after_a_failed_edit_what_builds_on_it_is_not_executed() {
    let both = calls(&[
        ("1", "edit", r#"{"path":"src/a.rs","old":"zzz","new":"y"}"#),
        ("2", "edit", r#"{"path":"./src/a.rs","old":"print(2)","new":"print(3)"}"#),
        ("3", "write", r#"{"path":"b.rs","text":"fn b() {}\n"}"#),
        ("4", "run", r#"{"name":"test","arguments":[]}"#),
    ]);
    let host = tried(host(), [read("0"), both, test("5")]);
    assert_eq!(failure(&host, "2"), "Not executed: an earlier edit of src/a.rs in this reply failed.");
    success(&host, "3");
    assert_eq!(failure(&host, "4"), "Not executed: an earlier edit in this reply failed.");
    success(&host, "5");
}

#[test]
fn an_edit_that_could_not_even_be_read_is_a_failed_one() {
    let cut = r#"{"path":"src/a.rs","old":"print(2)","new":"pri"#;
    let unfit = r#"{"path":"src/a.rs","old":"print(2)","new":"print(3)","where":7}"#;
    for arguments in [cut, unfit, r#"{"pa"#] {
        let all = calls(&[
            ("1", "edit", arguments),
            ("2", "run", r#"{"name":"test","arguments":[]}"#),
            ("3", "edit", r#"{"path":"src/a.rs","old":"print(1)","new":"print(3)"}"#),
        ]);
        let host = tried(host(), [read("0"), all, test("4")]);
        assert_eq!(failure(&host, "2"), "Not executed: an earlier edit in this reply failed.");
        assert!(failure(&host, "3").starts_with("Not executed: an earlier edit"));
        assert_eq!((host.runs.borrow().len(), host.text("src/a.rs").unwrap().as_str()), (1, FILE));
    }
}

#[test]
fn long_lines_around_a_miss_are_cut_and_the_closest_stays_in_sight() {
    let wide = format!("let x = \"{}\";\n", "y".repeat(2_000)).repeat(30);
    let host = Host::new().file("src/a.rs", &format!("{wide}fn two() {{\n    print(2);\n}}\n{wide}"));
    let miss = |id: &str, n: u32| edit(id, &format!("fn two() {{\n    print({n}{n});"), "x");
    let host = tried(host, [read("0"), miss("1", 3), miss("2", 4)]);
    let told = failure(&host, "2");
    assert!(told.len() < 9_000 && told.contains("\n32|    print(2);"), "{told}");
}

const PATCH: &str = "*** Begin Patch\n*** Update File: src/a.rs\n@@ fn two() {\n fn two() {\n-    print(2);\n+    print(3);\n }\n\
                     *** Add File: b.rs\n+fn b() {}\n*** End Patch";

fn patch(id: &str, patch: &str) -> skillhost_sdk::Reply {
    call(id, "apply_patch", json!({"input": patch}))
}

#[test]
fn an_unasked_patch_is_applied() {
    let host = tried(host(), [read("0"), patch("1", PATCH)]);
    assert_eq!(host.text("src/a.rs").unwrap(), FILE.replace("print(2)", "print(3)"));
    assert_eq!(host.text("b.rs").unwrap(), "fn b() {}\n");
    let told = success(&host, "1");
    assert!(told.starts_with("src/a.rs edited at line 5\n") && told.ends_with("b.rs written, 1 lines"), "{told}");
    assert!(host.requests.borrow()[0].tools.iter().all(|tool| tool.name != "apply_patch"));
}

#[test]
fn a_patch_has_the_rules_of_an_edit() {
    let twice = Host::new().file("src/a.rs", "x\ny\nx\n");
    let two = "*** Begin Patch\n*** Update File: src/a.rs\n@@\n-x\n+z\n@@\n-y\n+z\n*** End Patch";
    let host = tried(twice, [read("0"), patch("1", two)]);
    let told = failure(&host, "1");
    assert!(
        told.contains("stands at lines 1, 3") && told.contains("Not executed: an earlier edit of src/a.rs"),
        "{told}"
    );
    assert_eq!(host.text("src/a.rs").unwrap(), "x\ny\nx\n");

    let unread = tried(host_with_b(), [patch("1", PATCH), patch("2", &PATCH.replace("src/a.rs", "../a.rs"))]);
    let told = failure(&unread, "1");
    assert!(told.starts_with("src/a.rs was not read yet") && told.contains("b.rs was not read yet"), "{told}");
    assert!(failure(&unread, "2").contains("leaves the repository"));

    let denied = tried(common::host().read_only("src/"), [read("0"), patch("1", PATCH)]);
    assert!(failure(&denied, "1").starts_with("denied: no grant of `write` covers src/a.rs"));

    let cut = &PATCH[..PATCH.len() - 3];
    let run = ("2", "run", r#"{"name":"test","arguments":[]}"#);
    let both = calls(&[("1", "apply_patch", &json!({"input": cut}).to_string()), run]);
    let cut = tried(common::host(), [read("0"), both]);
    assert!(failure(&cut, "1").contains("cut off") && failure(&cut, "2").starts_with("Not executed"));
    assert_eq!(cut.text("src/a.rs").unwrap(), FILE);
}

fn host_with_b() -> Host {
    host().file("b.rs", "fn b() { one() }\n")
}

#[test]
fn a_new_syntax_error_is_shown_and_the_edit_stays() {
    let host = tried(host(), [read("0"), edit("1", "    print(2);\n}", "    print(2);")]);
    assert!(success(&host, "1").ends_with("[src/a.rs was changed, but `{` of line 5 is never closed]"));
}

#[test]
fn a_blocked_end_leaves_the_tree_as_it_was() {
    let host = script(host(), [blocked()]);
    assert!(run(&host, mock::brief("g")).is_err());
    assert_eq!(host.text("src/a.rs").unwrap(), FILE);
}
