//! The example that every language has, held to the same things in each, so that authors can compare.

use super::project::{Project, call};
use serde_json::{Value, json};
use std::fs;

/// Files of all sorts; `latin` is none of text.
const FILES: [(&str, &str); 6] = [
    ("src/a.rs", "fn a() {}\n// TODO(me): fix this  \n// TODOS are none, and TODONE neither\n"),
    ("src/ü.sql", "-- TODO: say ünï 🦀\r\n-- nothing\n# TODO later"),
    ("src.md", "TODO\nüTODO TODO(open: x\n"),
    ("zero", "\0TODO no"),
    ("many/deep/er/x", "/* TODO: a */\n"),
    ("TODO.md", "# TODO report of last time\n"),
];

fn todos() -> Value {
    let todo = |file: &str, line: u32, text: &str| json!({ "file": file, "line": line, "text": text });
    json!([
        todo("many/deep/er/x", 1, "a */"),
        todo("src.md", 1, ""),
        todo("src.md", 2, "(open: x"),
        todo("src/a.rs", 2, "fix this"),
        todo("src/ü.sql", 1, "say ünï 🦀"),
        todo("src/ü.sql", 3, "later"),
    ])
}

const REPORT: &str = "# TODO report\n\n6 in 4 files.\n\n- `many/deep/er/x:1` a */\n- `src.md:1` \n- `src.md:2` (open: x\n\
                      - `src/a.rs:2` fix this\n- `src/ü.sql:1` say ünï 🦀\n- `src/ü.sql:3` later\n";

/// Builds the example, holds it to what it has to do, and gives it.
pub fn reports(project: &Project) -> Vec<u8> {
    let language = project.language;
    let manifest = project.read("skill.toml");
    let world = project.at_work(&FILES);
    assert_eq!(project.read("skill.toml"), manifest, "what is committed is what the build writes");
    project.tests_pass();
    project.cases_pass();
    fs::write(world.repo().join("latin"), b"\xffTODO no").unwrap();
    let report = |file: &str| fs::read_to_string(world.repo().join(file)).unwrap();

    // Twice, since a report holds what it reports.
    for _ in 0..2 {
        let ran = call(&world, "report", &json!({}), &["read=**", "write=**"]);
        assert_eq!((ran.code, &ran.json()["todos"]), (Some(0), &todos()), "{language}: {ran:#?}");
        assert_eq!(report("TODO.md"), REPORT, "{language}");
    }

    // Elsewhere, in folders that aren't there yet, with less to read and with nothing to find.
    let ran = call(&world, "report", &json!({"path": "docs/a/list.md"}), &["read=zero", "write=docs/**"]);
    assert_eq!((ran.code, ran.json()), (Some(0), json!({ "todos": [] })), "{language}: {ran:#?}");
    assert_eq!(report("docs/a/list.md"), "# TODO report\n\n0 in 0 files.\n\nNone.\n", "{language}");

    // Some of the files, and nothing written where that wasn't granted.
    let some = json!({"pattern": "{src,nowhere}/*.rs"});
    let ran = call(&world, "report", &some, &["read=**", "write=TODO.md"]);
    assert_eq!(ran.json()["todos"], json!([todos()[3]]), "{language}: {ran:#?}");
    fs::remove_file(world.repo().join("TODO.md")).unwrap();
    call(&world, "report", &some, &["read=**"]).failed(4, &["denied: write TODO.md"]);
    assert!(!world.repo().join("TODO.md").exists(), "{language}");

    // What its schema does not have is none of the skill's business.
    call(&world, "report", &json!({"pattern": 7}), &["read=**"]).failed(2, &["pattern"]);
    let outside = call(&world, "report", &json!({"path": "../x.md"}), &["read=**", "write=**"]);
    assert!(outside.code != Some(0) && !world.home().join("x.md").exists(), "{language}: {outside:#?}");
    fs::read(world.repo().join("skill.wasm")).unwrap()
}

#[test]
fn in_rust() {
    reports(&Project::todo_report("rust"));
}

// That in JavaScript is in `javascript.rs`, with both engines.

#[test]
fn in_typescript() {
    reports(&Project::todo_report("typescript"));
}

#[test]
fn in_python() {
    reports(&Project::todo_report("python"));
}

#[test]
fn in_c() {
    reports(&Project::todo_report("c"));
}

#[test]
fn in_cpp() {
    reports(&Project::todo_report("cpp"));
}

#[test]
fn in_go() {
    reports(&Project::todo_report("go"));
}
