//! Where in its source a skill trapped, and what it called of the host.

use super::{put, shared_target};
use crate::scripts::Script;
use crate::support::{Ran, World, ran, root};
use serde_json::{Value, json};
use std::fs;
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
        // It reads no file, so it may not ask to.
        let manifest = fs::read_to_string(world.repo().join("failing/skill.toml")).unwrap();
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
    fs::create_dir(world.repo().join("folder")).unwrap();
    probe(&world, &json!({"how": "answer"}), &["--trace=folder"]).failed(2, &["--trace=folder: it can't be written"]);
}
