//! The Python SDK: its own tests, its types, everything that the contract has, and a whole run.

use super::copy_sources;
use super::project::Project;
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
        project.tests_pass();
        project.runs(&mypy);
    }
}

/// Whatever the contract has, from a component to the host and back.
#[test]
fn everything_in_the_contract_is_reached() {
    let world = World::with(&project());
    let project = Project::new("python", "implement");
    project.put("src/skill.py", include_str!("seen.py"));
    project.replace("skill.toml", "\nmodel = [\"standard\"]", "\nmodel = [\"standard\"]\nask = true");
    fs::write(world.repo().join("seen.wasm"), project.build()).unwrap();
    world.run(&["add", "./seen.wasm", "--grant-requested"]).failed(0, &[]);
    let config = CONFIG.replace("[verify]", "[commands.deploy]\nrun = [\"sh\", \"-c\", \"true\"]\n[verify]");
    world.commit(&[
        ("skillhost.toml", &format!("{config}[skills]\nimplement = \"own-implement\"\n")),
        ("test.sh", "echo 1 passed"),
    ]);

    let script = Script::specified()
        .calls("implement", 1, "look", &json!({"a": "ü"}))
        .expecting(&["half \u{fffd} of a character"])
        .says("implement", 1, "the second")
        .says("implement", 1, "the third");
    let ran = world.goal("Greet everybody", &script.reviews("change-review", 1, &[]).text(), &["-v"]);
    assert!(ran.stdout.contains("\"branch\""), "{ran:#?}");
    let branch = ran.json()["runs"][0]["branch"].as_str().unwrap_or_default().to_owned();
    let seen: Value = serde_json::from_str(&world.git(&["show", &format!("{branch}:src/seen.json")])).unwrap();
    let is = |name: &str, wanted: Value| assert_eq!(seen[name], wanted, "{name}: {seen:#}");
    let says = |name: &str, kind: &str, words: &str| {
        let told = seen[name].as_str().unwrap_or_else(|| panic!("{name}: {seen:#}"));
        assert!(told.starts_with(kind) && told.contains(words), "{name}: {told}");
    };

    let brief = &seen["brief"];
    assert_eq!((&brief["goal"], &brief["agent"]), (&json!("Greet everybody"), &json!("main")));
    assert_eq!((&brief["criteria"][0]["command"], &brief["steps"][0]["files"]), (&json!("test"), &json!(["src/**"])));
    assert!(brief["spec"]["text"].as_str().unwrap().contains("Nobody is greeted."), "{brief:#}");
    assert!(brief["conventions"][0]["text"].as_str().unwrap().contains("polite"), "{brief:#}");

    let (reply, part) = (&seen["complete"], &seen["complete"]["parts"][0]);
    assert_eq!((&part["name"], &part["arguments"]), (&json!("look"), &json!(r#"{"a":"ü"}"#)), "{seen:#}");
    assert_eq!((&reply["stop"], &reply["model"]), (&json!("tool-calls"), &json!("scripted")), "{seen:#}");
    assert_eq!(reply["usage"]["input_tokens"], 100, "{seen:#}");
    is("complete_all", json!([[{"text": "the second"}], [{"text": "the third"}]]));
    is("complete_all denied", json!(["Denied"]));
    is("window", json!(200_000));
    assert!(seen["remaining"]["tokens"].as_u64().is_some_and(|tokens| tokens > 1_000_000), "{seen:#}");
    says("other window", "Denied", "model capable");

    assert_eq!(seen["commands"].as_array().map(Vec::len), Some(2), "{seen:#}");
    is("granted", json!(["test"]));
    assert_eq!((&seen["run"]["exit_code"], &seen["run"]["output"]), (&json!(0), &json!("1 passed\n")), "{seen:#}");
    says("run denied", "Denied", "deploy");
    is("output", json!("passed\n"));
    says("no output", "Invalid", "no output of that id");

    let changed = |path: &str, kind: &str| json!({"path": path, "kind": kind});
    for change in [changed("length", "modified"), changed("src/moved.md", "added"), changed("src/ü/new.txt", "added")]
    {
        assert!(seen["changes"].as_array().unwrap().contains(&change), "{change}: {seen:#}");
    }
    assert!(seen["diff"].as_str().unwrap().contains("-86399\n"), "{seen:#}");
    says("large diff", "TooLarge", "bytes");
    is("original", json!("86399"));
    says("no original", "Invalid", "no such file");
    is("checkpoint", json!(40));
    is("ask", json!("no"));
    says("write denied", "Denied", ".github/x");
    says("read nothing", "FileNotFoundError", "none");
    assert!(seen["walk"].as_array().unwrap().contains(&json!("src/ü/new.txt")), "{seen:#}");
    is("open", json!("one\n"));
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
