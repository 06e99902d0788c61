//! The Python SDK: its own tests, its types, and a whole run.

use super::copy_sources;
use super::project::{Project, call};
use crate::scripts::{CONFIG, Script, project};
use crate::support::{World, root};
use serde_json::{Value, json};
use std::fs;

const SDK: &str = "sdk/python";
const MYPY: &str = "mypy==2.4.1";

#[test]
fn the_sdks_own_tests_pass_and_all_of_it_is_typed() {
    let mut project = Project::new("python", "tool");
    project.runs(&["python3", "sdk/build.py", "--prepare"]);
    let program = project.folder().join(".venv/bin/python").display().to_string();
    copy_sources(&root().join(SDK).join("tests"), &project.folder().join("sdk/tests"));
    let tested = project.runs(&[&program, "-m", "unittest", "discover", "sdk/tests"]);
    assert!(tested.stderr.contains("\nOK"), "{tested:#?}");
    project.runs(&[&program, "-m", "pip", "install", "--quiet", MYPY]);
    let mypy = [&program, "-m", "mypy", "--no-incremental"];
    fs::copy(root().join(SDK).join("pyproject.toml"), project.folder().join("sdk/pyproject.toml")).unwrap();
    project.runs(&["sh", "-c", &format!("cd sdk && {} --config-file pyproject.toml", mypy.join(" "))]);
    for kind in ["tool", "spec", "review", "implement", "verify"] {
        project.becomes(kind);
        let manifest = project.read("skill.toml");
        project.runs(&[&program, "-m", "skillhost_sdk.manifest", "skill.toml"]);
        assert_eq!(project.read("skill.toml"), manifest, "{kind}: what is written is what the build writes");
        project.tests_pass();
        project.runs(&mypy);
    }
}

/// Neither the old place nor a name that no first line of a script can hold is in the way.
#[test]
fn a_project_that_was_moved_or_copied_builds_again() {
    let project = Project::new("python", "tool");
    project.build();
    let odd = "../it's \"a\" $HOME";
    project.runs(&["cp", "-r", ".", odd]);
    project.runs(&["rm", "-r", ".venv", "build"]);
    project.runs(&["env", "-C", odd, "python3", "sdk/build.py"]);
    let told = project.runs(&["env", "-C", odd, ".venv/bin/python", "-c", "import skill; print(skill.__file__)"]);
    assert!(told.stdout.trim_end().ends_with("/it's \"a\" $HOME/src/skill.py"), "{told:#?}");
}

#[test]
fn what_cant_be_read_is_told_in_short() {
    let project = Project::new("python", "tool");
    project.replace("src/skill.py", "host.read_text(path)", "host.read_text(path * 500_000 if path == 'aa' else path)");
    let world = project.at_work(&[]);
    fs::write(world.repo().join("latin"), b"\xff").unwrap();
    for (path, code, texts) in [
        ("latin", 1, &["invalid input: latin is not UTF-8: invalid start byte at byte 0"][..]),
        ("aa", 1, &["failed: skill.py:19: OSError: ", "'/repo/aaa", "aaa…'"]),
    ] {
        let ran = call(&world, "count-lines", &json!({ "path": path }), &["read=**"]);
        ran.failed(code, texts);
        assert!(ran.stderr.len() < 6000, "{path}: {}", ran.stderr.len());
    }
}

/// A review by the template's skill: one report.
fn reviewed(script: Script, phase: &str, findings: &Value) -> Script {
    script.calls(phase, 1, "report", &json!({"findings": findings, "verdicts": []}))
}

#[test]
fn four_skills_in_python_make_a_pull_request() {
    let world = World::with(&project());
    let mut own = Project::new("python", "spec");
    let mut skills = String::from("[skills]\n");
    for kind in ["spec", "review", "implement", "verify"] {
        own.becomes(kind);
        let file = format!("{kind}.wasm");
        fs::write(world.repo().join(&file), own.build()).unwrap();
        own.cases_pass();
        world.run(&["add", &format!("./{file}"), "--grant-requested"]).failed(0, &[]);
        skills += &format!("{kind} = \"own-{kind}\"\n");
    }
    world.commit(&[("skillhost.toml", &format!("{CONFIG}{skills}"))]);

    // The first attempt does not pass the tests, and is told so by its own run of them.
    let finish = json!({
        "title": "Greet everybody", "what": "A file greets.", "why": "Nobody was greeted.",
        "rollback": "Revert the commits.", "answers": [],
    });
    let finding = json!({
        "severity": "minor", "category": "wording", "path": "src/greeting.txt", "line": 1,
        "quote": "hello", "message": "It could be warmer.",
    });
    let made_up = json!({
        "severity": "blocker", "category": "wording", "path": "src/greeting.txt", "line": 1,
        "quote": "goodbye", "message": "It is rude.",
    });
    let script = reviewed(Script::new().specifies(1), "spec-review", &json!([]))
        .calls("implement", 1, "write", &json!({"path": "src/greeting.txt", "text": "hallo ü\n"}))
        .calls("implement", 1, "finish", &finish)
        .calls("implement", 1, "edit", &json!({"path": "src/greeting.txt", "old": "hallo", "new": "hello"}))
        .expecting(&["the tests fail, so go on"])
        .calls("implement", 1, "finish", &finish)
        .expecting(&["+hello ü"]);
    let script = reviewed(script, "change-review", &json!([finding, made_up])).expecting(&["+hello ü"]);
    let before = world.footprint();
    let ran = world.goal("Greet everybody", &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);

    let entry = ran.json()["runs"][0].clone();
    let read = |key: &str| fs::read_to_string(entry[key].as_str().unwrap()).unwrap();
    let (run, request): (Value, String) = (serde_json::from_str(&read("run_json")).unwrap(), read("pull_request"));
    assert_eq!((&run["state"], run["denials"].as_array().map(Vec::len)), (&json!("ready"), Some(0)), "{run:#}");
    assert!(request.contains("own-implement@0.1.0") && request.contains("It could be warmer."), "{request}");
    assert!(!request.contains("It is rude."), "{request}");
    let branch = run["branch"].as_str().unwrap();
    assert_eq!(world.git(&["show", &format!("{branch}:src/greeting.txt")]), "hello ü");
}
