//! Files that are too large, too wide, no text, or not there.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{blocked, call, edit, failure, finish, host, read, run, script, step, success, test, tried};
use serde_json::json;
use skillhost_sdk::Reply;
use skillhost_sdk::mock::{self, Host};

fn holding(path: &str, content: &[u8]) -> Host {
    let host = host();
    host.files.borrow_mut().insert(path.into(), content.to_vec());
    host
}

fn see(id: &str, path: &str) -> Reply {
    call(id, "read", json!({"path": path}))
}

fn change(id: &str, path: &str, old: &str, new: &str) -> Reply {
    call(id, "edit", json!({"path": path, "old": old, "new": new}))
}

#[test]
fn a_file_too_large_to_be_held_can_still_be_moved_and_removed() {
    let replies = [
        see("1", "dump.sql"),
        change("2", "dump.sql", "x", "y"),
        call("3", "write", json!({"path": "dump.sql", "text": "x"})),
        call("4", "search", json!({"regex": "x", "path": "dump.sql"})),
        call("5", "rename", json!({"from": "dump.sql", "to": "old/dump.sql"})),
        call("6", "remove", json!({"path": "old/dump.sql"})),
    ];
    let host = tried(holding("dump.sql", &vec![b'x'; 9 << 20]), replies);
    for id in ["1", "2", "3"] {
        assert_eq!(failure(&host, id), "dump.sql is too large: over 8 MiB");
    }
    assert!(success(&host, "4").ends_with("[left out: 1 over 1 MiB (dump.sql)]"));
    assert_eq!(success(&host, "5"), "dump.sql is now old/dump.sql");
    assert_eq!((success(&host, "6").as_str(), host.files.borrow().len()), ("old/dump.sql removed", 1));
}

#[test]
fn a_minified_file_fills_no_result() {
    let line = format!("{}let needle=1;{}", "f(x);".repeat(100_000), "g(y);".repeat(100_000));
    let replies = [
        see("1", "a.min.js"),
        call("2", "search", json!({"regex": "needle"})),
        change("3", "a.min.js", "let needles=1;", "let needle=2;"),
        change("4", "a.min.js", "let nettle=1;", "let needle=2;"),
        change("5", "a.min.js", "let needle=1;", "let needle=2;"),
    ];
    let host = tried(holding("a.min.js", line.as_bytes()), replies);
    for (id, failed) in [("1", false), ("2", false), ("3", true), ("4", true), ("5", false)] {
        let (told, is_failed) = host.tool_result(id).unwrap();
        assert!(told.len() < 1_500 && failed == is_failed, "{id}: {} {told}", told.len());
    }
    assert!(success(&host, "2").contains("let needle=1;"));
    assert_eq!(host.text("a.min.js").unwrap(), line.replace("needle=1", "needle=2"));
}

#[test]
fn other_encodings_are_kept_and_binary_files_refused() {
    let host = holding("old.php", b"<?php // caf\xe9\r\n$a = 1;\r\n");
    host.files.borrow_mut().insert("a.rc".into(), b"\xff\xfea\0\n\0".to_vec());
    host.files.borrow_mut().insert("b.cs".into(), b"\xef\xbb\xbfa\r\n".to_vec());
    host.files.borrow_mut().insert("logo.png".into(), b"\x89PNG\0".to_vec());
    let replies = [
        see("1", "old.php"),
        change("2", "old.php", "// café\n$a = 1;", "// café\n$a = 'ü';"),
        change("3", "old.php", "'ü'", "'Ω'"),
        see("4", "a.rc"),
        call("5", "write", json!({"path": "a.rc", "text": "é\n"})),
        see("6", "b.cs"),
        call("7", "write", json!({"path": "b.cs", "text": "b\n"})),
        see("8", "logo.png"),
        change("9", "logo.png", "PNG", "JPG"),
    ];
    let host = tried(host, replies);
    let bytes = |path: &str| host.files.borrow()[path].clone();
    assert_eq!(bytes("old.php"), b"<?php // caf\xe9\r\n$a = '\xfc';\r\n");
    assert_eq!((bytes("a.rc"), bytes("b.cs")), (b"\xff\xfe\xe9\0\n\0".to_vec(), b"\xef\xbb\xbfb\r\n".to_vec()));
    assert!(failure(&host, "3").starts_with("old.php is stored as Windows-1252, which has no `Ω`"));
    assert_eq!(failure(&host, "8"), "logo.png is binary (5 bytes)");
    assert_eq!(failure(&host, "9"), "logo.png is binary: only a command can change it");
}

#[test]
fn tabs_and_line_endings_are_those_of_the_file() {
    let host = holding("a.go", b"func a() {\r\n\tif x {\r\n\t\ty()\r\n\t}\n}\n");
    let spaces = change("2", "a.go", "    if x {\n        y()", "    if x {\n        z()\n        y()");
    let host = tried(host, [see("1", "a.go"), spaces]);
    assert!(success(&host, "1").starts_with("a.go: lines 1–5 of 5, LF and CRLF mixed, indented by tabs\n"));
    assert_eq!(host.text("a.go").unwrap(), "func a() {\r\n\tif x {\r\n\t\tz()\r\n\t\ty()\r\n\t}\n}\n");
}

#[test]
fn steps_may_name_files_that_are_not_there_or_no_globs() {
    for (files, problem) in [
        (&["nope/**", "src/none.rs"][..], Some("src/a.rs is not among the step's files")),
        (&["/etc/**"], None),
        (&["", "../x"], None),
        (&["src/{a,none}.rs"], None),
    ] {
        let mut brief = mock::brief("g");
        brief.steps = vec![step("1", files, &["C9"])];
        let host =
            script(host(), [read("0"), edit("1", "print(2)", "print(3)"), test("2"), finish("3")]).reply(blocked());
        assert!(run(&host, brief).is_err());
        match problem {
            Some(problem) => assert!(failure(&host, "3").contains(problem), "{files:?}"),
            None => assert!(success(&host, "3").starts_with("Nothing is missing"), "{files:?}"),
        }
    }
}

#[test]
fn a_file_of_equal_lines_is_no_trap() {
    let text = "x\n".repeat(1 << 16);
    let edit = |id, old: &str, new: &str, all: bool, near: Option<u32>| {
        call(id, "edit", json!({"path": "a", "old": old, "new": new, "all": all, "near_line": near}))
    };
    let many = format!("{}y", "x \n".repeat(1_000));
    let replies = [
        see("1", "a"),
        edit("2", &many, "z", false, None),
        edit("3", "x", "z", false, None),
        edit("4", "x", &"z".repeat(6_000), true, None),
        edit("5", "  x\n  x", "  z", false, None),
    ];
    let host = tried(holding("a", text.as_bytes()), replies);
    assert!(failure(&host, "2").starts_with("Not found in a"));
    assert!(failure(&host, "3").contains("29, 30 and 65506 more. Add"), "{}", failure(&host, "3"));
    assert_eq!(failure(&host, "4"), "a would grow too large: over 8 MiB");
    assert!(failure(&host, "5").contains("stands at lines 1, 2, 3"));
}
