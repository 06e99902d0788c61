//! A scripted run of the skill.
#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::{Value, json};
use skill_implement::Implementer;
use skillhost_sdk::mock::{self, Host, calls};
use skillhost_sdk::{Brief, Criterion, Error, Implement as _, Reply, Step, Summary};

pub(crate) const FILE: &str = "fn one() {\n    print(1);\n}\n\nfn two() {\n    print(2);\n}\n";

/// A repository with one file and a command that passes.
pub(crate) fn host() -> Host {
    Host::new().file("src/a.rs", FILE).command("test", Some(0), "1 passed")
}

/// One call, with its number as the id.
pub(crate) fn call(id: &str, name: &str, arguments: Value) -> Reply {
    calls(&[(id, name, &arguments.to_string())])
}

pub(crate) fn read(id: &str) -> Reply {
    call(id, "read", json!({"path": "src/a.rs"}))
}

pub(crate) fn edit(id: &str, old: &str, new: &str) -> Reply {
    call(id, "edit", json!({"path": "src/a.rs", "old": old, "new": new, "all": null, "near_line": null}))
}

pub(crate) fn test(id: &str) -> Reply {
    call(id, "run", json!({"name": "test", "arguments": []}))
}

pub(crate) fn finish(id: &str) -> Reply {
    finish_with(id, json!([]), json!([]))
}

pub(crate) fn finish_with(id: &str, criteria: Value, answers: Value) -> Reply {
    let claim = json!({"status": "done", "title": "Print three", "what": "w", "why": "y", "breaking": [], "rollback": "revert",
        "criteria": criteria, "answers": answers});
    call(id, "finish", claim)
}

/// An end for scripts that are about something else.
pub(crate) fn blocked() -> Reply {
    call(
        "end",
        "finish",
        json!({"status": "blocked", "title": "", "what": "enough", "why": "", "breaking": [], "rollback": "",
        "criteria": [], "answers": []}),
    )
}

pub(crate) fn script(host: Host, replies: impl IntoIterator<Item = Reply>) -> Host {
    replies.into_iter().fold(host, Host::reply)
}

pub(crate) fn run(host: &Host, brief: Brief) -> Result<Summary, Error> {
    Implementer::implement(host, brief)
}

/// Runs the replies and then ends as blocked, with the results at hand in the host.
pub(crate) fn tried(host: Host, replies: impl IntoIterator<Item = Reply>) -> Host {
    let host = script(host, replies).reply(blocked());
    let result = run(&host, mock::brief("Print three"));
    assert!(matches!(&result, Err(Error::Failed(why)) if why.starts_with("blocked: enough")), "{result:?}");
    host
}

/// What the model was told for a call that failed.
pub(crate) fn failure(host: &Host, id: &str) -> String {
    let (text, failed) = host.tool_result(id).unwrap_or_default();
    assert!(failed, "{id} did not fail: {text}");
    text
}

/// What the model was told for a call that worked.
pub(crate) fn success(host: &Host, id: &str) -> String {
    let (text, failed) = host.tool_result(id).unwrap_or_default();
    assert!(!failed && !text.is_empty(), "{id} failed: {text}");
    text
}

pub(crate) fn criterion(id: &str, command: Option<&str>) -> Criterion {
    Criterion { id: id.into(), statement: format!("{id} holds"), command: command.map(str::to_owned) }
}

pub(crate) fn step(id: &str, files: &[&str], criteria: &[&str]) -> Step {
    let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Step {
        id: id.into(),
        title: format!("Step {id}"),
        instructions: "Do it.".into(),
        files: own(files),
        after: vec![],
        criteria: own(criteria),
    }
}
