//! Rows F: a hostile skill's file work, through `wasi:filesystem` itself. An attack is a list of steps in the language of
//! `tests/guests/probe/src/files.rs`, each answered with what it gave, or with `!` and the error's name.

mod git;
mod links;
mod paths;
mod quotas;
mod race;
mod rights;

use crate::support::{Ended, Lab, SECRET};
use serde_json::{Value, json};
use skillhost_core::capability::Capabilities;
use skillhost_core::glob::Globs;
use skillhost_engine::files::Quotas;
use skillhost_engine::ports::Ports;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// May read `ro`, read and write `out`; nothing of `hidden`.
fn grant() -> Capabilities {
    let globs = |patterns: &[&str]| Globs::parse(patterns).unwrap();
    Capabilities { read: globs(&["ro/**", "out/**"]), write: globs(&["out/**"]), ..Capabilities::default() }
}

/// A tree with something of each kind.
fn lab() -> Lab {
    let lab = Lab::new();
    for (path, text) in
        [("ro/a.txt", "read only"), ("out/mine.txt", "mine"), ("hidden/key", "hidden"), (".git/config", "[core]")]
    {
        plant(&lab, path, text);
    }
    lab
}

fn plant(lab: &Lab, path: &str, text: &str) -> PathBuf {
    let file = lab.tree().join(path);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    file
}

fn link(lab: &Lab, path: &str, target: &str) {
    std::os::unix::fs::symlink(target, lab.tree().join(path)).unwrap();
}

/// One step.
fn step(does: &str, path: &str) -> Value {
    json!({ "do": does, "path": path })
}

/// One step that names two places.
fn to(does: &str, path: &str, to: &str) -> Value {
    json!({ "do": does, "path": path, "to": to })
}

async fn call(lab: &Lab, grant: &Capabilities, quotas: Quotas, script: &[Value]) -> Ended {
    let probe = lab.load("probe").await;
    let mut call = lab.call_within(&probe, grant, Ports::default(), quotas);
    (call.limits.cpu, call.limits.time) = ("1h".parse().unwrap(), "1h".parse().unwrap());
    call.tool(&lab.engine, "misbehave", &json!({ "how": "files", "script": script })).await
}

/// What each step gave; no secret is among it.
async fn answers(lab: &Lab, script: &[Value]) -> Vec<Value> {
    let answer = call(lab, &grant(), Quotas::default(), script).await.unwrap().answer.unwrap();
    let text = answer.to_string();
    assert!(![SECRET, "\"hidden\"", "[core]"].iter().any(|secret| text.contains(secret)), "{text}");
    answer.as_array().unwrap().clone()
}

/// Every step that could reach or make something at `path`.
fn every_way(path: &str) -> Vec<Value> {
    let mut ways: Vec<Value> = ["read", "write", "list", "count", "stat", "hash", "mkdir", "rmdir", "unlink", "times"]
        .map(|does| step(does, path))
        .into();
    ways.push(json!({ "do": "write", "path": path, "how": "write", "text": "x" }));
    ways.push(json!({ "do": "write", "path": path, "how": "create exclusive write nofollow", "text": "x" }));
    ways.push(json!({ "do": "resize", "path": path, "size": 0 }));
    ways.push(to("symlink", path, "mine.txt"));
    ways.push(to("rename", "out/mine.txt", path));
    ways.push(to("rename", path, "out/stolen"));
    ways.push(to("link", "out/mine.txt", path));
    ways.push(to("link", path, "out/stolen"));
    ways
}

/// Tries every way to each of the paths; none works.
async fn out_of_reach(lab: &Lab, paths: &[&str]) {
    for path in paths {
        let ways = every_way(path);
        for (way, answer) in ways.iter().zip(answers(lab, &ways).await) {
            assert!(is_refused(&answer), "{way}: {answer}");
        }
    }
    assert_eq!(fs::read_to_string(lab.tree().join("out/mine.txt")).unwrap(), "mine");
    assert!(!lab.tree().join("out/stolen").exists());
}

/// Set for a test's own copy in which it may mount.
const MOUNTED: &str = "SKILLHOST_TEST_MOUNTED";

/// Whether this is a copy of `test` that may mount; where it is not, one was started, and passed.
fn is_where_it_may_mount(test: &str) -> bool {
    if std::env::var_os(MOUNTED).is_some() {
        return true;
    }
    let mut copy = Command::new("unshare");
    copy.args(["--user", "--map-root-user", "--mount", "--"]).arg(std::env::current_exe().unwrap());
    let output = copy.args(["--exact", test]).env(MOUNTED, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    false
}

fn is_refused(answer: &Value) -> bool {
    answer.as_str().is_some_and(|text| text.starts_with('!'))
}
