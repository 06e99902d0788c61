//! C, C++ and Go: their SDKs' own tests, projects as they are begun, and what comes of them in the real host. The tool chains
//! are those that PyPI brings, which `cargo xtask test` puts into `target/tools/authors`.

use crate::main_job::{entry, pull_request, text};
use crate::scripts::{CONFIG, Script, project};
use crate::support::{Ran, World, copy, ran, root};
use serde_json::{Value, json};
use skillhost_core::manifest;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use wasi_preview1_component_adapter_provider as adapter;
use wit_component::ComponentEncoder;

/// A skill's folder outside of this repository, with the SDK in it where its language expects that.
struct Project {
    place: TempDir,
    folder: PathBuf,
}

impl Project {
    /// A language's example, beside the SDK that it is an example of.
    fn example(language: &str) -> Self {
        let place = TempDir::new().unwrap();
        for part in ["c", language] {
            copy_sources(&root().join("sdk").join(part), &place.path().join("sdk").join(part));
        }
        let folder = place.path().join("sdk").join(language).join("examples/todo-report");
        Self { place, folder }
    }

    /// A project as it is begun.
    fn new(language: &str, kind: &str) -> Self {
        let place = TempDir::new().unwrap();
        let folder = place.path().join("project");
        let template = root().join("sdk").join(language).join("template");
        copy_sources(&template.join(kind), &folder);
        for entry in fs::read_dir(template).unwrap().flatten().filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        copy_sources(&root().join("sdk").join(if language == "go" { "go" } else { "c" }), &folder.join("sdk"));
        for file in ["skill.toml", "go.mod", "src/skill.c", "src/skill.cpp", "main.go"] {
            if let Ok(text) = fs::read_to_string(folder.join(file)) {
                fs::write(folder.join(file), text.replace("{{name}}", &format!("own-{kind}"))).unwrap();
            }
        }
        Self { place, folder }
    }

    /// Runs make, as `skillhost build` does.
    fn make(&self) -> Ran {
        let mut make = Command::new("make");
        make.arg("--silent").current_dir(&self.folder).env("GOPROXY", "off");
        ran(with_tools(&mut make).output().unwrap())
    }

    /// The component, with its manifest.
    fn build(&self) -> Vec<u8> {
        let made = self.make();
        assert_eq!((made.code, made.stderr.as_str()), (Some(0), ""), "{made:#?}");
        let module = fs::read(self.folder.join("build/component.wasm")).unwrap();
        let text = fs::read_to_string(self.folder.join("skill.toml")).unwrap();
        manifest::embed(&component_of(&module), &text).unwrap()
    }

    /// Puts another text in the place of one that is there.
    fn replace(&self, file: &str, old: &str, new: &str) {
        let before = fs::read_to_string(self.folder.join(file)).unwrap();
        assert!(before.contains(old), "{before}");
        fs::write(self.folder.join(file), before.replace(old, new)).unwrap();
    }
}

/// With the tool chains first on the way to programs, and what they keep in one place.
fn with_tools(command: &mut Command) -> &mut Command {
    let tools = root().join("target/tools/authors");
    assert!(tools.join("bin/python3").exists(), "{} is not there; `cargo xtask test` makes it", tools.display());
    let path = format!("{}:{}", tools.join("bin").display(), std::env::var("PATH").unwrap());
    command
        .env("PATH", path)
        .env("ZIG_GLOBAL_CACHE_DIR", tools.join("zig-cache"))
        .env("GOCACHE", tools.join("go-cache"))
}

fn component_of(module: &[u8]) -> Vec<u8> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module).unwrap();
    let preview1 = adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    encoder.adapter(adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, preview1).unwrap();
    encoder.encode().unwrap()
}

/// Copies a folder of sources, without what was built in it.
fn copy_sources(from: &Path, to: &Path) {
    copy(from, to);
    for built in ["build", "tests/build", "examples/todo-report/build"] {
        drop(fs::remove_dir_all(to.join(built)));
    }
}

fn call(world: &World, tool: &str, input: &Value, grants: &[&str]) -> Ran {
    let input = input.to_string();
    let mut arguments = vec!["call", "./skill.wasm", tool, "--input", &input];
    arguments.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
    world.run(&arguments)
}

/// What the example has to do in any language.
fn reports(language: &str) {
    let project = Project::example(language);
    let world = World::with(&[
        ("src/a.rs", "fn a() {}\n// TODO(me): fix this  \n// TODOS are none, and TODONE neither\n"),
        ("src/ü.sql", "-- TODO: say ünï 🦀\r\n-- nothing\n# TODO later"),
        ("src.md", "TODO\nüTODO TODO(open: x\n"),
        ("nul", "\0TODO no"),
        ("TODO.md", "# TODO report of last time\n"),
    ]);
    fs::write(world.repo().join("latin"), b"\xffTODO no").unwrap();
    fs::write(world.repo().join("skill.wasm"), project.build()).unwrap();
    let ran = call(&world, "report", &json!({}), &["read=**", "write=**"]);
    let todos = json!([
        { "file": "src.md", "line": 1, "text": "" },
        { "file": "src.md", "line": 2, "text": "(open: x" },
        { "file": "src/a.rs", "line": 2, "text": "fix this" },
        { "file": "src/ü.sql", "line": 1, "text": "say ünï 🦀" },
        { "file": "src/ü.sql", "line": 3, "text": "later" },
    ]);
    assert_eq!((ran.code, &ran.json()["todos"]), (Some(0), &todos), "{ran:#?}");
    let report = |file: &str| fs::read_to_string(world.repo().join(file)).unwrap();
    let written = "# TODO report\n\n5 in 3 files.\n\n- `src.md:1` \n- `src.md:2` (open: x\n- `src/a.rs:2` fix this\n\
                   - `src/ü.sql:1` say ünï 🦀\n- `src/ü.sql:3` later\n";
    assert_eq!(report("TODO.md"), written);

    // Elsewhere, in folders that aren't there yet, with less to read; what may not be read is said.
    let ran = call(&world, "report", &json!({"path": "docs/a/list.md"}), &["read=nul", "write=docs/**"]);
    assert_eq!((ran.code, ran.json()), (Some(0), json!({ "todos": [] })), "{ran:#?}");
    assert_eq!(report("docs/a/list.md"), "# TODO report\n\n0 in 0 files.\n\nNone.\n");
    let some = json!({"pattern": "{src,nowhere}/*.rs"});
    assert_eq!(call(&world, "report", &some, &["read=**", "write=TODO.md"]).json()["todos"][0], todos[2]);
    call(&world, "report", &some, &["read=**"])
        .failed(4, &["denied: write TODO.md", "no grant of `write` covers TODO.md"]);
    drop(project.place);
}

#[test]
fn todo_report_in_c() {
    reports("c");
}

#[test]
fn todo_report_in_cpp() {
    reports("cpp");
}

#[test]
fn todo_report_in_go() {
    reports("go");
}

#[test]
fn the_sdks_own_tests_pass() {
    let place = TempDir::new().unwrap();
    copy_sources(&root().join("sdk/c"), &place.path().join("c"));
    let tested = ran(Command::new("make").arg("--silent").current_dir(place.path().join("c/tests")).output().unwrap());
    assert!(tested.code == Some(0) && tested.stdout.contains(" passed, 0 failed"), "{tested:#?}");
    copy_sources(&root().join("sdk/go"), &place.path().join("go"));
    let mut go = Command::new("go");
    go.args(["vet", "-unsafeptr=false", "./..."])
        .current_dir(place.path().join("go"))
        .env("GOOS", "wasip1")
        .env("GOARCH", "wasm");
    let vetted = ran(with_tools(&mut go).output().unwrap());
    assert_eq!(vetted.code, Some(0), "{vetted:#?}");
}

#[test]
fn a_project_of_each_language_counts_lines() {
    for language in ["c", "cpp", "go"] {
        let project = Project::new(language, "tool");
        let world = World::with(&[("a.txt", "one\ntwo"), ("empty.txt", "")]);
        fs::write(world.repo().join("skill.wasm"), project.build()).unwrap();
        let count = |path: &str, grant: &str| call(&world, "count-lines", &json!({ "path": path }), &[grant]);
        assert_eq!(count("a.txt", "read=**").json(), json!({"lines": 2}), "{language}");
        assert_eq!(count("empty.txt", "read=**").json(), json!({"lines": 0}), "{language}");
        count("b.txt", "read=**").failed(1, &["failed: b.txt"]);
        count("a.txt", "read=src/**").failed(4, &["denied: read a.txt"]);
    }
}

/// Nothing that a skill in C does wrong reaches beyond its call.
#[test]
fn what_a_skill_in_c_does_wrong_ends_its_call() {
    let project = Project::new("c", "tool");
    let source = "src/skill.c";
    project.replace(
        source,
        "  if (!strcmp(sk_copy(name), \"count-lines\")) return count(given, ret, err);\n",
        "  const char *how = sk_get(given, \"path\", \"\");\n\
           if (!strcmp(how, \"deep\")) *ret = deeper(1);\n\
           if (!strcmp(how, \"null\")) *(volatile char *)0xFFFFFFF0u = 1;\n\
           if (!strcmp(how, \"large\")) for (sk_text text = {0};;) sk_puts(&text, \"0123456789\");\n\
           if (!strcmp(how, \"bytes\")) return *ret = sk_string(\"\\xff\"), true;\n",
    );
    project.replace(
        source,
        "static bool count(",
        "__attribute__((noinline)) static skill_string_t deeper(int n) {\n\
           volatile char frame[4096];\n\
           frame[0] = (char)n;\n\
           if (n < 0) return (skill_string_t){0};\n\
           skill_string_t below = deeper(n + 1);\n\
           below.len += frame[0];\n\
           return below;\n\
         }\n\n__attribute__((unused)) static bool count(",
    );
    let world = World::with(&[]);
    fs::write(world.repo().join("skill.wasm"), project.build()).unwrap();
    for (how, code) in [("deep", 1), ("null", 1), ("large", 5), ("bytes", 1)] {
        call(&world, "count-lines", &json!({ "path": how }), &["read=**"]).failed(code, &["error: "]);
    }
}

#[test]
fn skills_in_c_do_the_whole_job() {
    do_the_whole_job("c");
}

#[test]
fn skills_in_c_and_go_do_the_whole_job() {
    do_the_whole_job("go");
}

/// Four skills in place of the bundled ones, with a finding that its author has to mend.
fn do_the_whole_job(verifier: &str) {
    let world = World::with(&project());
    let mut skills = String::from("[skills]\n");
    for (language, kind) in [("c", "spec"), ("c", "review"), ("c", "implement"), (verifier, "verify")] {
        fs::write(world.repo().join(format!("{kind}.wasm")), Project::new(language, kind).build()).unwrap();
        world.run(&["add", &format!("./{kind}.wasm"), "--grant-requested"]).failed(0, &[]);
        skills += &format!("{kind} = \"own-{kind}\"\n");
    }
    world.commit(&[("skillhost.toml", &format!("{}{skills}", CONFIG.replace("rounds = 1", "rounds = 2")))]);

    let plan = json!({
        "document": "# Greeting\n\n## Problem\n\nNobody is greeted. A file with a greeting is added.\n",
        "steps": [{"title": "Write it", "instructions": "Write src/greeting.txt.", "files": ["src/**"]}],
        "criteria": [{"statement": "The greeting says hello", "command": "test"}],
    });
    let finding = json!({
        "severity": "major", "category": "edge-cases", "path": "src/greeting.txt", "quote": "hello",
        "message": "Nobody is named.",
    });
    let report = |findings: Value, closed: Value| json!({ "findings": findings, "closed": closed }).to_string();
    let summary = json!({"title": "Greet everybody", "what": "A file greets.", "why": "Nobody was greeted."});
    let script = Script::new()
        .calls("spec", 1, "list", &json!({}))
        .expecting(&["# Goal\nGreet everybody"])
        .calls("spec", 1, "finish", &plan)
        .expecting(&["skillhost.toml"])
        .says("spec-review", 1, &report(json!([]), json!([])))
        .expecting(&["Nobody is greeted. A file with a greeting is added."])
        .calls("implement", 1, "search", &json!({"text": "polite"}))
        .expecting(&["The greeting says hello"])
        .writes(1, "src/greeting.txt", "hello\n")
        .calls("implement", 1, "finish", &summary)
        .says("change-review", 1, &report(json!([finding]), json!([])))
        .expecting(&["+hello"])
        .calls("implement", 2, "edit", &json!({"path": "src/greeting.txt", "old": "hello", "new": "hello, all"}))
        .expecting(&["F1 (major, edge-cases) at src/greeting.txt: Nobody is named."])
        .calls("implement", 2, "finish", &summary)
        .expecting(&["-hello\n+hello, all"])
        .says("change-review", 2, &report(json!([]), json!(["F1"])));
    let before = world.footprint();
    let ran = world.goal("Greet everybody", &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);
    let document: Value = serde_json::from_slice(&fs::read(text(&entry(&ran)["run_json"])).unwrap()).unwrap();
    assert_eq!((&document["state"], &document["denials"]), (&json!("ready"), &json!([])), "{document:#}");
    let request = pull_request(&entry(&ran));
    for text in ["own-spec@0.1.0", "own-review@0.1.0", "own-implement@0.1.0", "own-verify@0.1.0", "Nobody is named."] {
        assert!(request.contains(text), "{text}: {request}");
    }
    assert_eq!(world.git(&["show", &format!("{}:src/greeting.txt", text(&document["branch"]))]), "hello, all");
}

/// The commands of a guide, as they stand there.
#[test]
fn the_guides_commands_work_word_for_word() {
    for language in ["c", "cpp", "go"] {
        let guide = fs::read_to_string(root().join(format!("docs/authors/{language}.md"))).unwrap();
        let place = TempDir::new().unwrap();
        let commands: String =
            guide.split("\n```sh\n").skip(1).map(|block| block.split("```").next().unwrap()).collect();
        assert!(commands.contains("\nmake\n"), "{commands}");
        let mut shell = Command::new("sh");
        shell.args(["-ec", &commands]).current_dir(place.path()).env("SKILLHOST", root()).env("GOPROXY", "off");
        let done = ran(with_tools(&mut shell).output().unwrap());
        assert_eq!(done.code, Some(0), "{done:#?}");
        assert!(place.path().join("my-skill/build/component.wasm").exists(), "{commands}");
    }
}
