//! C, C++ and Go: their SDKs' own tests, and what comes of skills written with them in the real host.

use super::copy_sources;
use super::project::{Project, call, with_tools};
use crate::main_job::{entry, pull_request, text};
use crate::scripts::{CONFIG, Script, project};
use crate::support::{World, ran, root, signal, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

#[test]
fn the_sdk_for_c_passes_its_own_tests() {
    let place = TempDir::new().unwrap();
    copy_sources(&root().join("sdk/c"), &place.path().join("c"));
    let tested = ran(Command::new("make").arg("--silent").current_dir(place.path().join("c/tests")).output().unwrap());
    assert!(tested.code == Some(0) && tested.stdout.contains(" passed, 0 failed"), "{tested:#?}");
}

#[test]
fn the_sdk_for_go_passes_its_own_tests() {
    let place = TempDir::new().unwrap();
    copy_sources(&root().join("sdk/go"), place.path());
    let go = |arguments: &[&str], system: &[(&str, &str)]| {
        let mut go = Command::new("go");
        go.args(arguments).current_dir(place.path()).envs(system.iter().copied());
        ran(with_tools(&mut go).output().unwrap())
    };
    let tested = go(&["test", "./tests"], &[]);
    assert!(tested.code == Some(0) && tested.stdout.starts_with("ok "), "{tested:#?}");
    let vetted = go(&["vet", "-unsafeptr=false", "./..."], &[("GOOS", "wasip1"), ("GOARCH", "wasm")]);
    assert_eq!(vetted.code, Some(0), "{vetted:#?}");
}

/// They are a skill, since this machine may have no library of C++23.
#[test]
fn the_sdks_own_tests_in_cpp_pass() {
    let project = Project::new("cpp", "tool");
    project.put("src/skill.cpp", include_str!("../../../sdk/c/tests/unit.cpp"));
    let world = project.at_work(&[("newlines", &"\n".repeat(8 << 20))]);
    let tested = call(&world, "count-lines", &json!({ "path": "a.txt" }), &["read=**"]);
    assert!(tested.code == Some(1) && tested.stderr.contains(" checks, 0 failed"), "{tested:#?}");
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
    // What is left of it reads no file.
    project.replace("skill.toml", "read = [\"**\"]\n", "");
    let world = project.at_work(&[]);
    for (how, code) in [("deep", 1), ("null", 1), ("large", 5), ("bytes", 1)] {
        call(&world, "count-lines", &json!({ "path": how }), &[]).failed(code, &["error: "]);
    }
}

/// No call answers `cancelled`: a run that ends takes its calls with it, and a skill that waits in one doesn't go on.
#[test]
fn a_skill_in_cpp_that_waits_when_its_run_is_cancelled_does_not_go_on() {
    let world = World::with(&project());
    let own = Project::new("cpp", "implement");
    own.put(
        "src/skill.cpp",
        "#include \"skillhost/implement.hpp\"\n\
         using namespace skillhost;\n\
         Result<Summary> skillhost::implement(const Brief &) {\n\
           (void)write(\"src/greeting.txt\", \"wait\\n\");\n\
           const auto ran = exec::run(\"test\");\n\
           (void)write(\"src/came-back.txt\", ran ? ran->output : ran.error().describe());\n\
           return Summary{.title = \"Come back\"};\n\
         }\n",
    );
    own.replace("skill.toml", "model = [\"standard\"]", "exec = [\"test\"]");
    fs::write(world.repo().join("implement.wasm"), own.build()).unwrap();
    world.run(&["add", "./implement.wasm", "--grant-requested"]).failed(0, &[]);
    world.commit(&[("skillhost.toml", &format!("{CONFIG}[skills]\nimplement = \"own-implement\"\n"))]);
    let model = world.model(&Script::specified().text());
    let mut command = world.command(&["run", "Greet everybody", "--model", &model]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the command waits", || world.has_started());
    signal(&child, "INT");
    ran(child.wait_with_output().unwrap()).failed(130, &["error: interrupted"]);
    let kept = files_beneath(&world.state());
    let is_kept = |file: &str| kept.iter().any(|path| path.ends_with(file));
    assert!(is_kept("src/greeting.txt") && !is_kept("src/came-back.txt"), "{kept:#?}");
}

fn files_beneath(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    let under = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => files_beneath(&entry.path()),
        _ => vec![entry.path()],
    };
    entries.flat_map(under).collect()
}

/// The same for Go, whose errors reach the caller as what they are.
#[test]
fn what_a_skill_in_go_does_wrong_ends_its_call() {
    let project = Project::new("go", "tool");
    project.replace(
        "main.go",
        "\tcontent, err := host.Read(given.Path)\n",
        "\tswitch given.Path {\n\
         \tcase \"panic\":\n\t\tpanic(\"boom ü\")\n\
         \tcase \"large\":\n\t\tfor all := []byte{1}; ; all = append(all, all...) {\n\t\t}\n\
         \tcase \"plain\":\n\t\treturn counted{}, errors.New(\"no luck ü\")\n\
         \tcase \"wrapped\":\n\t\treturn counted{}, fmt.Errorf(\"looking: %w\", skill.Invalid(\"so\"))\n\
         \tcase \"os\":\n\t\t_, err := os.ReadFile(\"/repo/secret.txt\")\n\t\treturn counted{}, err\n\
         \t}\n\tcontent, err := host.Read(given.Path)\n",
    );
    project.replace("main.go", "import (\n", "import (\n\t\"errors\"\n\t\"fmt\"\n\t\"os\"\n");
    let world = project.at_work(&[("secret.txt", "x")]);
    for (how, code, text) in [
        ("panic", 1, "error: "),
        ("large", 5, "error: "),
        ("plain", 1, "failed: no luck ü"),
        ("wrapped", 1, "invalid input: looking: invalid: so"),
        ("os", 4, "secret.txt"),
    ] {
        call(&world, "count-lines", &json!({ "path": how }), &["read=docs/**"]).failed(code, &[text]);
    }
}

#[test]
fn skills_in_c_do_the_whole_job() {
    do_the_whole_job("c");
}

#[test]
fn skills_in_cpp_do_the_whole_job() {
    do_the_whole_job("cpp");
}

#[test]
fn skills_in_go_do_the_whole_job() {
    do_the_whole_job("go");
}

/// Four skills in place of the bundled ones, with a finding that its author has to mend.
fn do_the_whole_job(language: &'static str) {
    let world = World::with(&project());
    let mut skills = String::from("[skills]\n");
    for kind in ["spec", "review", "implement", "verify"] {
        let own = Project::new(language, kind);
        fs::write(world.repo().join(format!("{kind}.wasm")), own.build()).unwrap();
        own.tests_pass();
        own.cases_pass();
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
