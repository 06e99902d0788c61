//! The Python SDK: its own tests, the projects that its template makes, and what componentize-py builds of them.

use crate::scripts::{CONFIG, Script, project};
use crate::support::{Ran, World, copy, ran, root};
use serde_json::{Value, json};
use skillhost_core::manifest;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SDK: &str = "sdk/python";
const MYPY: &str = "mypy==2.4.1";

/// Runs a program of Python's that has to succeed.
fn python(folder: &Path, line: &[&str]) -> Ran {
    let output = Command::new(line[0]).args(&line[1..]).current_dir(folder).output();
    let output = output.unwrap_or_else(|e| {
        panic!("{line:?} could not be started, and this test needs it (apt-get install python3-venv): {e}")
    });
    let ran = ran(output);
    assert_eq!(ran.code, Some(0), "{line:?}: {ran:#?}");
    ran
}

/// A project beside the SDK and the contract, as an author has it: outside of this repository.
struct Project {
    folder: PathBuf,
}

impl Project {
    fn new(folder: PathBuf) -> Self {
        for part in ["skillhost_sdk", "build.py"] {
            let (from, to) = (root().join(SDK).join(part), folder.join("sdk").join(part));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            if from.is_dir() { copy(&from, &to) } else { fs::copy(&from, &to).map(|_| ()).unwrap() }
        }
        copy(&root().join("wit"), &folder.join("wit"));
        Self { folder }
    }

    /// Lays a kind's files over what is there. The virtual environment stays.
    fn of_kind(folder: PathBuf, kind: &str) -> Self {
        let project = Self::new(folder);
        let template = root().join(SDK).join("template");
        for entry in fs::read_dir(&template).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), project.folder.join(entry.file_name())).unwrap();
        }
        for folder in ["src", "tests"] {
            copy(&template.join(kind).join(folder), &project.folder.join(folder));
        }
        fs::copy(template.join(kind).join("skill.toml"), project.folder.join("skill.toml")).unwrap();
        for file in ["README.md", "pyproject.toml", "skill.toml", "src/skill.py"] {
            let text = fs::read_to_string(project.folder.join(file)).unwrap();
            let text = text.replace("{{name}}", &format!("my-{kind}")).replace("{{kind}}", kind);
            fs::write(project.folder.join(file), text).unwrap();
        }
        project
    }

    fn tests_pass(&self) {
        let tested = python(&self.folder, &[".venv/bin/python", "-m", "unittest", "discover", "tests"]);
        assert!(tested.stderr.contains("\nOK") && !tested.stderr.contains("Ran 0 tests"), "{tested:#?}");
    }

    fn prepare(&self) {
        python(&self.folder, &["python3", "sdk/build.py", "--prepare"]);
    }

    /// Builds it, and embeds its manifest.
    fn build(&self) -> Vec<u8> {
        python(&self.folder, &["python3", "sdk/build.py"]);
        let component = fs::read(self.folder.join("build/component.wasm")).unwrap();
        manifest::embed(&component, &self.manifest()).unwrap()
    }

    fn manifest(&self) -> String {
        fs::read_to_string(self.folder.join("skill.toml")).unwrap()
    }
}

#[test]
fn the_sdks_own_tests_pass_and_all_of_it_is_typed() {
    let world = World::bare();
    let project = Project::of_kind(world.repo(), "tool");
    project.prepare();
    let program = project.folder.join(".venv/bin/python");
    let program = program.to_str().unwrap();
    copy(&root().join(SDK).join("tests"), &world.home().join("tests"));
    let tested = python(&world.home(), &[program, "-m", "unittest", "discover", "tests"]);
    assert!(tested.stderr.contains("\nOK"), "{tested:#?}");
    python(&project.folder, &[program, "-m", "pip", "install", "--quiet", MYPY]);
    let configuration = root().join(SDK).join("pyproject.toml");
    let cache = ["-m", "mypy", "--no-incremental"];
    let sdk = [&[program][..], &cache, &["--config-file", configuration.to_str().unwrap()]].concat();
    python(&root().join(SDK), &sdk);
    for kind in ["tool", "spec", "review", "implement", "verify"] {
        let project = Project::of_kind(world.repo(), kind);
        project.tests_pass();
        python(&project.folder, &[&[program][..], &cache].concat());
    }
}

/// The example, in a folder of its own.
fn todo_report(world: &World) -> Project {
    let folder = world.home().join("todo-report");
    let example = root().join(SDK).join("examples/todo-report");
    for file in ["skill.toml", "requirements.txt", "src/skill.py", "tests/test_skill.py"] {
        fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
        fs::copy(example.join(file), folder.join(file)).unwrap();
    }
    Project::new(folder)
}

#[test]
fn todos_are_reported() {
    let world = World::with(&[
        ("src/a.rs", "fn a() {}\n// TODO: fix this\r\n"),
        ("src/b.py", "# TODO(ann): rename\n# TODO later\n"),
        ("docs/ü.md", "TODO\n"),
        ("zero", "TODO \0"),
    ]);
    fs::write(world.repo().join("bytes"), b"TODO \xff").unwrap();
    let project = todo_report(&world);
    let before = project.manifest();
    let skill = project.build();
    assert_eq!(project.manifest(), before, "what is committed is what the build writes");
    project.tests_pass();
    fs::write(world.home().join("todo.wasm"), &skill).unwrap();

    let file = world.home().join("todo.wasm");
    let call = |input: &Value, grants: &[&str]| {
        let input = input.to_string();
        let mut arguments = vec!["call", file.to_str().unwrap(), "report", "--input", &input];
        arguments.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
        world.run(&arguments)
    };
    let report = call(&json!({}), &["read=**", "write=TODO.md"]);
    assert_eq!(
        report.json(),
        json!({"todos": [
            {"file": "docs/ü.md", "line": 1, "text": ""},
            {"file": "src/a.rs", "line": 2, "text": "fix this"},
            {"file": "src/b.py", "line": 1, "text": "rename"},
            {"file": "src/b.py", "line": 2, "text": "later"},
        ]}),
        "{report:#?}"
    );
    let written = "# TODO report\n\n4 in 3 files.\n\n- `docs/ü.md:1` \n- `src/a.rs:2` fix this\n- `src/b.py:1` rename\n- `src/b.py:2` later\n";
    assert_eq!(fs::read_to_string(world.repo().join("TODO.md")).unwrap(), written);

    // Only what is granted is looked at, and only there is written.
    let part = json!({"path": "docs/left.md", "pattern": "src/*.rs"});
    assert_eq!(call(&part, &["read=src/**", "write=docs/**"]).json()["todos"].as_array().unwrap().len(), 1);
    let none = json!({"path": "none.md", "pattern": "none/**"});
    assert_eq!(call(&none, &["read=**", "write=**"]).json(), json!({"todos": []}));
    let text = fs::read_to_string(world.repo().join("none.md")).unwrap();
    assert_eq!(text, "# TODO report\n\n0 in 0 files.\n\nNone.\n");
    call(&json!({}), &["read=**"]).failed(4, &["todo-report: denied", "--grant 'write=TODO.md'"]);
    // Errors that the SDK raises come back as they are meant.
    call(&json!({"path": "../x.md"}), &["read=**", "write=**"]).failed(1, &["invalid input: '../x.md' is no path"]);
    call(&json!({"pattern": "{"}), &["read=**", "write=**"]).failed(1, &["invalid input: '{' has a brace"]);
}

/// Whatever the contract has, from a component to the host and back.
#[test]
fn everything_in_the_contract_is_reached() {
    let world = World::with(&project());
    let folder = world.home().join("project");
    let project = Project::of_kind(folder, "implement");
    let source = include_str!("seen.py");
    fs::write(project.folder.join("src/skill.py"), source).unwrap();
    let manifest = project.manifest().replace("\nmodel = [\"standard\"]", "\nmodel = [\"standard\"]\nask = true");
    fs::write(project.folder.join("skill.toml"), manifest).unwrap();
    fs::write(world.repo().join("seen.wasm"), project.build()).unwrap();
    world.run(&["add", "./seen.wasm", "--grant-requested"]).failed(0, &[]);
    let config = CONFIG.replace("[verify]", "[commands.deploy]\nrun = [\"sh\", \"-c\", \"true\"]\n[verify]");
    world.commit(&[
        ("skillhost.toml", &format!("{config}[skills]\nimplement = \"my-implement\"\n")),
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

/// The guide's commands and its skill, word for word, in a copy of what they need.
#[test]
fn the_guide_is_true() {
    let world = World::bare();
    copy(&root().join("wit"), &world.repo().join("wit"));
    for part in ["skillhost_sdk", "template", "examples/todo-report/src", "examples/todo-report/tests"] {
        copy(&root().join(SDK).join(part), &world.repo().join(SDK).join(part));
    }
    for part in ["build.py", "examples/todo-report/skill.toml", "examples/todo-report/requirements.txt"] {
        fs::copy(root().join(SDK).join(part), world.repo().join(SDK).join(part)).unwrap();
    }
    let guide = fs::read_to_string(root().join("docs/authors/python.md")).unwrap();
    let blocks = |kind: &str| {
        let start = format!("```{kind}\n");
        guide.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let sessions = blocks("console");
    assert_eq!(sessions.len(), 2);
    for session in sessions {
        let (commands, printed): (Vec<&str>, Vec<&str>) = session.lines().partition(|line| line.starts_with("$ "));
        let commands: Vec<&str> = commands.iter().map(|line| &line[2..]).collect();
        let ran = python(&world.repo(), &["sh", "-ec", &format!("exec 2>&1\n{}", commands.join("\n"))]);
        let mut rest = ran.stdout.as_str();
        for text in printed.iter().flat_map(|line| line.split('…')).filter(|text| !text.is_empty()) {
            let at = rest.find(text).unwrap_or_else(|| panic!("{text} is not in {ran:#?}"));
            rest = &rest[at + text.len()..];
        }
    }
    let [skill, test] = &blocks("python")[..] else { panic!("a skill, and its test") };
    let project = world.repo().join("greeter");
    fs::write(project.join("src/skill.py"), skill).unwrap();
    fs::write(project.join("test.py"), test).unwrap();
    python(&project, &[".venv/bin/python", "test.py"]);
}

/// A review by the template's skill: one report.
fn reviewed(script: Script, phase: &str, findings: &Value) -> Script {
    script.calls(phase, 1, "report", &json!({"findings": findings, "verdicts": []}))
}

#[test]
fn four_skills_in_python_make_a_pull_request() {
    let world = World::with(&project());
    let mut skills = String::from("[skills]\n");
    for kind in ["spec", "review", "implement", "verify"] {
        let built = Project::of_kind(world.home().join("project"), kind).build();
        let file = format!("my-{kind}.wasm");
        fs::write(world.repo().join(&file), built).unwrap();
        world.run(&["add", &format!("./{file}"), "--grant-requested"]).failed(0, &[]);
        skills += &format!("{kind} = \"my-{kind}\"\n");
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
    assert!(request.contains("my-implement@0.1.0") && request.contains("It could be warmer."), "{request}");
    assert!(!request.contains("It is rude."), "{request}");
    let branch = run["branch"].as_str().unwrap();
    assert_eq!(world.git(&["show", &format!("{branch}:src/greeting.txt")]), "hello ü");
}
