//! Where in its source a skill trapped, and what it called of the host.

use super::{put, shared_target};
use crate::cases;
use crate::scripts::{Script, project};
use crate::support::{Ran, World, ran, root};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// A tool that panics in a function of its own, on a line of its own.
const PANICS: &str = "//! Fails on purpose.
use skillhost_sdk::{Error, Host, Tool};

struct Failing;

impl Tool for Failing {
    fn call(_: &dyn Host, _: String, arguments: String) -> Result<String, Error> {
        outer(&arguments)
    }
}

#[inline(never)]
fn outer(arguments: &str) -> Result<String, Error> {
    let numbers = std::hint::black_box(vec![1, 2]);
    Ok(format!(\"{}{arguments}\", inner(&numbers)))
}

#[inline(never)]
fn inner(numbers: &[u32]) -> u32 {
    let none: Option<&u32> = std::hint::black_box(numbers.get(7));
    *none.expect(\"there is no seventh \\u{1b}[2J\")
}

skillhost_sdk::export_tool!(Failing);
";

/// That tool, built with what debuggers read, and without.
fn failing() -> &'static [Vec<u8>; 2] {
    static BUILT: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    BUILT.get_or_init(|| {
        let world = World::bare();
        world.run(&["new", "failing", "--lang", "rust"]).failed(0, &[]);
        put(&world, "failing/src/lib.rs", PANICS.as_bytes());
        // It reads no file, so it may not ask to; and its tools are told by nobody but the manifest.
        let manifest = fs::read_to_string(world.repo().join("failing/skill.toml")).unwrap();
        let manifest = manifest.replace("# Written by the build from the types in src/: change them there.\n", "");
        put(&world, "failing/skill.toml", manifest.replace("read = [\"**\"]", "").as_bytes());
        ["--keep-debug", "--quiet"].map(|flag| {
            let mut build = world.command(&["build", "-C", "failing", flag]);
            ran(build.env("CARGO_TARGET_DIR", shared_target()).output().unwrap()).failed(0, &[]);
            fs::read(world.repo().join("failing/build/failing.wasm")).unwrap()
        })
    })
}

fn trapped(component: &[u8], more: &[&str]) -> Ran {
    let world = World::bare();
    put(&world, "failing.wasm", component);
    let ran = world.run(&[&["call", "./failing.wasm", "--input", r#"{"path":"a"}"#], more].concat());
    ran.failed(
        1,
        &["failing | ", "there is no seventh", "failing ended without an answer", "caused by: it trapped: wasm trap: "],
    );
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");
    ran
}

#[test]
fn a_trap_tells_functions_and_where_it_is_asked_lines_of_the_source() {
    let [with, without] = failing();
    let line = 1 + PANICS.lines().position(|line| line.contains("none.expect")).unwrap();

    let short = trapped(with, &[]);
    short.failed(
        1,
        &[
            ", in skill_failing::inner",
            "    in skill_failing::inner",
            "in skill_failing::outer",
            "hint: -v tells the lines",
        ],
    );
    // The message of the panic comes first, and its machinery is not in the way.
    let at = |text: &str| short.stderr.find(text).unwrap_or_else(|| panic!("{text}: {short:#?}"));
    assert!(at("there is no seventh") < at("error: ") && at("error: ") < at("    in skill_failing::inner"));
    assert!(!short.stderr.contains("    in core::") && !short.stderr.contains("  at src/lib.rs:"), "{short:#?}");

    let long = trapped(with, &["-v"]);
    long.failed(
        1,
        &["    in skill_failing::inner\n", &format!("      at src/lib.rs:{line}:"), "    in skill_failing::outer"],
    );
    let is_library = |line: &str| line.starts_with("    in std::") || line.starts_with("    in core::");
    assert!(!long.stderr.lines().any(is_library) && !long.stderr.contains("/rustc/"), "{long:#?}");
    // All of it, for whoever looks for the machinery.
    let whole = trapped(with, &["-vv"]);
    assert!(whole.stderr.lines().any(is_library), "{whole:#?}");

    let document = trapped(with, &["-v", "--format", "json"]).json();
    let places = document["backtrace"].as_array().unwrap();
    assert!(places.iter().any(|place| place.as_str().unwrap().contains("src/lib.rs:")), "{document:#}");

    // Without what debuggers read there are numbers at best, and it is said what helps.
    let bare = trapped(without, &["-v"]);
    bare.failed(1, &["hint: built with skillhost build --keep-debug, it tells lines of its source with -v"]);
    assert!(!bare.stderr.contains("skill_failing::inner"), "{bare:#?}");
}

fn probe(world: &World, input: &Value, more: &[&str]) -> Ran {
    let component = root().join("target/guests/probe.wasm");
    let input = input.to_string();
    world.run(&[&["call", component.to_str().unwrap(), "--input", &input], more].concat())
}

#[test]
fn each_call_of_the_host_is_traced_with_arguments_result_and_time() {
    let world = World::bare();
    let ran = probe(&world, &json!({"how": "log-and-ask"}), &["--grant", "ask", "--trace"]);
    ran.failed(0, &[
        "trace: probe · skillhost:skill/log.log(level: Level::Info, message: \"before\") → () · ",
        "trace: probe · skillhost:skill/ask.ask(question: \"Really?\", options: [], default: \"no\") → Ok(\"no\") · ",
        " µs",
    ]);
    assert_eq!(ran.json(), json!({"answer": "no"}), "stdout is data alone");
    // Files, by the host's own guard, and what Wasmtime gives.
    fs::write(world.repo().join("open.txt"), "open").unwrap();
    let read = json!({"how": "read", "path": "/repo/open.txt"});
    probe(&world, &read, &["--grant", "read=open.txt", "--trace"]).failed(
        0,
        &[
            "wasi:filesystem/preopens.get-directories() → ",
            "wasi:filesystem/types.[method]descriptor.open-at(",
            "path: \"open.txt\"",
        ],
    );
    let denied = probe(&world, &read, &["--trace"]);
    denied.failed(1, &["path: \"open.txt\"", "→ Err("]);
    // Nothing of it without the flag.
    assert!(!probe(&world, &read, &["--grant", "read=open.txt"]).stderr.contains("trace: "));
    // A call that ends the call has no answer.
    probe(&world, &json!({"how": "exit"}), &["--trace"]).failed(1, &["wasi:cli/exit.", "exit"]);
}

#[test]
fn a_trace_is_escaped_bounded_and_masked() {
    let world = World::bare();
    let ran = probe(&world, &json!({"how": "log"}), &["--trace"]);
    assert!(!ran.stderr.contains('\u{1b}') && ran.stderr.contains("forged\\n"), "{:.2000}", ran.stderr);
    let long = ran.stderr.lines().map(|line| line.chars().count()).max();
    assert!(long < Some(1500), "{long:?}");
    // A key that the skill came across some other way.
    world.provider("http://127.0.0.1:1/v1");
    let key = "sk-test-0123456789abcdef";
    let path = format!("/repo/{key}");
    let model = world.model(&Script::new().says("implement", 1, "hello").text());
    let input = json!({"how": "read", "path": path}).to_string();
    let component = root().join("target/guests/probe.wasm");
    let mut command = world.command(&[
        "call",
        component.to_str().unwrap(),
        "--input",
        &input,
        "--grant",
        "model=standard",
        "--grant",
        "read=**",
        "--model",
        &model,
        "--trace",
    ]);
    let ran = crate::support::ran(command.env("LOCAL_KEY", key).output().unwrap());
    let traced: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("trace: ")).collect();
    assert!(traced.iter().any(|line| line.contains("[key]")), "{ran:#?}");
    assert!(traced.iter().all(|line| !line.contains(key)), "{traced:#?}");
}

#[test]
fn programs_read_a_trace_as_json_lines() {
    let world = World::bare();
    let ran =
        probe(&world, &json!({"how": "log-and-ask"}), &["--grant", "ask", "--trace=calls.jsonl", "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["schema"]), (Some(0), &json!("skillhost.call/1")), "{ran:#?}");
    assert!(!ran.stderr.contains("trace: "), "{ran:#?}");
    let text = fs::read_to_string(world.repo().join("calls.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"schema": "skillhost.trace/1"}));
    let ask = lines.iter().find(|line| line["function"] == "ask").unwrap();
    assert_eq!(
        (&ask["skill"], &ask["import"], &ask["arguments"]["question"], &ask["result"]),
        (&json!("probe"), &json!("skillhost:skill/ask"), &json!("\"Really?\""), &json!("Ok(\"no\")"))
    );
    assert!(ask["duration_ns"].as_u64().unwrap() > 0);
}

fn lines(file: &Path) -> Vec<Value> {
    let text = fs::read_to_string(file).unwrap();
    let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")));
    assert_eq!(lines.next(), Some(json!({"schema": "skillhost.trace/1"})));
    lines.collect()
}

#[test]
fn a_trace_goes_nowhere_where_something_would_be_lost() {
    let world = World::bare();
    fs::create_dir(world.repo().join("folder")).unwrap();
    put(&world, "input.json", br#"{"how": "answer"}"#);
    let refused = |more: &[&str], why: &str| {
        let ran = probe(&world, &json!({"how": "answer"}), more);
        ran.failed(2, &["it can't be written", &format!("caused by: {why}"), "hint: name a new file"]);
    };
    refused(&["--trace=folder"], "something stands there that is no file");
    refused(&["--trace=nowhere/t"], "No such file");
    refused(&["--trace=/dev/full"], "something stands there that is no file");
    refused(&["--trace=input.json"], "it holds something else than a trace");
    refused(&["--trace=t", "--report", "junit=folder/../t"], "--report writes to this file");
    refused(&["--trace=t", "--record", "./t"], "--record writes to this file");
    assert_eq!(fs::read(world.repo().join("input.json")).unwrap(), br#"{"how": "answer"}"#);
    assert!(!world.repo().join("t").exists());
    // An earlier trace is replaced; what the shell sends elsewhere is not written over.
    for _ in 0..2 {
        probe(&world, &json!({"how": "log-and-ask"}), &["--trace=t"]).failed(4, &[]);
        let logged = lines(&world.repo().join("t")).iter().filter(|line| line["function"] == "log").count();
        assert_eq!(logged, 1);
    }
    let mut command = world.command(&["call", "./none.wasm", "--trace=out"]);
    let out = fs::File::create(world.repo().join("out")).unwrap();
    ran(command.stdout(out).output().unwrap()).failed(2, &["caused by: what the program prints goes to this file"]);
}

#[test]
fn what_is_asked_for_is_shown_however_quiet_the_program_is() {
    let world = World::bare();
    let ran = probe(&world, &json!({"how": "log-and-ask"}), &["--grant", "ask", "--trace", "--quiet"]);
    ran.failed(0, &["trace: probe · skillhost:skill/ask.ask("]);
}

#[test]
fn a_trace_of_tests_tells_which_case_each_call_is_of() {
    let cases = [cases::probe("log", ""), cases::probe("log-and-ask", "answers = [\"yes\"]")].concat();
    let world = cases::world("probe", &cases.replace("\"log-and-ask\"\n", "\"it asks ü\"\n"));
    let asked = "skillhost:skill/ask.ask(question: \"Really?\", options: [], default: \"no\") → Ok(\"yes\") · ";
    let ran = cases::test(&world, &["asks", "--trace", "-q"]);
    ran.failed(1, &[&format!("trace: it asks ü · probe · {asked}")]);
    assert!(ran.stdout.starts_with("FAILED it asks") && !ran.stdout.contains("trace: "), "{ran:#?}");
    // A file beside the one document.
    let ran = cases::test(&world, &["--trace=calls.jsonl", "--format", "json"]);
    assert_eq!((ran.code, &ran.json()["schema"]), (Some(1), &json!("skillhost.test/1")), "{ran:#?}");
    assert!(!ran.stderr.contains("trace: "), "{ran:#?}");
    let told = lines(&world.repo().join("calls.jsonl"));
    let of = |line: &Value| line["case"].as_str().unwrap().to_owned();
    let asks: Vec<_> = told.iter().filter(|line| line["function"] == "ask").map(of).collect();
    assert_eq!(asks, ["it asks ü"]);
    let logs: Vec<_> = told.iter().filter(|line| line["function"] == "log").map(of).collect();
    assert!(logs.len() > 2 && logs[..logs.len() - 1].iter().all(|case| case == "log"), "{logs:?}");
    assert!(told.iter().all(|line| line["skill"] == "probe"), "{told:#?}");
    // Nothing of it without the flag.
    assert!(!cases::test(&world, &[]).stderr.contains("trace: "));
}

#[test]
fn a_trace_of_a_test_is_handed_no_key() {
    let cases = cases::probe("model", "reply = [{ text = \"hi\" }]\nexpect.answer_has = {}");
    let world = cases::world("probe", &(cases + &cases::probe("environment", "expect.answer_has = {}")));
    world.provider("http://127.0.0.1:1/v1");
    let key = "sk-test-0123456789abcdef";
    let mut command = world.command(&["test", "--component", "skill.wasm", "--trace=calls.jsonl"]);
    let ran = ran(command.env("LOCAL_KEY", key).env("OPENAI_API_KEY", key).output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let told = fs::read_to_string(world.repo().join("calls.jsonl")).unwrap();
    assert!(told.contains("\"complete\"") && !told.contains(key), "{told}");
}

#[test]
fn a_trace_of_runs_tells_whose_each_call_is_and_masks_keys() {
    let world = World::with(&project());
    world.provider("http://127.0.0.1:1/v1");
    let key = "sk-test-0123456789abcdef";
    // Its model says nothing of use, so that each run ends at its spec; the file's name is what nobody is to read.
    world.commit(&[(&format!("docs/{key}.md"), "a document\n")]);
    let goals = ["Greet the morning", "Greet the evening"];
    let model = world.model(&Script::specified().writes(1, &format!("src/{key}"), "hello\n").tests(1).text());
    let traced = |more: &[&str]| {
        let arguments = [&["run", goals[0], goals[1], "--format", "json", "--model", &model], more].concat();
        let mut command = world.command(&arguments);
        ran(command.env("LOCAL_KEY", key).output().unwrap())
    };
    let ran = traced(&["--trace=calls.jsonl"]);
    let runs: Vec<Value> = ran.json()["runs"].as_array().unwrap().iter().map(|run| run["run"].clone()).collect();
    let text = fs::read_to_string(world.repo().join("calls.jsonl")).unwrap();
    assert!(text.contains("[key]") && !text.contains(key), "{text}");
    let told = lines(&world.repo().join("calls.jsonl"));
    let of = |id: &Value| told.iter().filter(|line| line["run"] == *id).collect::<Vec<_>>();
    for id in &runs {
        let own = of(id);
        for (phase, skill) in [("spec", "spec"), ("spec-review", "review"), ("implement", "implement")] {
            let line = own.iter().find(|line| line["phase"] == phase).unwrap_or_else(|| panic!("{phase}: {text}"));
            assert_eq!((&line["agent"], &line["round"], &line["skill"]), (&json!("main"), &json!(1), &json!(skill)));
        }
    }
    // Both do the same: each has its own lines, in their order, and no other's.
    let calls = |id| of(id).iter().map(|line| [&line["phase"], &line["function"]]).collect::<Vec<_>>();
    assert_eq!(calls(&runs[0]), calls(&runs[1]));
    assert_eq!(told.len(), 2 * calls(&runs[0]).len());
    // For people: whole lines, each with whose it is.
    let ran = traced(&["--trace", "--quiet"]);
    let shown: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("trace: ")).collect();
    let whole = |line: &&str| line.starts_with("trace: ") && line.matches("trace: ").count() == 1;
    assert!(shown.iter().all(|line| whole(line) && line.contains(" · main · ") && line.contains(" · round 1 · ")));
    assert!(shown.iter().any(|line| line.contains(" · main · implement · round 1 · implement · ")), "{ran:#?}");
    assert!(!ran.stderr.contains(key), "{ran:#?}");
}
