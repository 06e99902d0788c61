//! The command line itself: help, completions, JSON, pipes, colours.

use crate::scripts::{greeting, project};
use crate::support::{World, root};
use std::io::Read;
use std::path::Path;
use std::process::Stdio;

const COMMANDS: [&str; 19] = [
    "init",
    "run",
    "runs",
    "show",
    "add",
    "remove",
    "list",
    "update",
    "sync",
    "call",
    "inspect",
    "new",
    "build",
    "sign",
    "keys",
    "push",
    "gc",
    "doctor",
    "completions",
];

#[test]
fn every_command_explains_itself() {
    let world = World::bare();
    let all = world.run(&["--help"]);
    assert_eq!(all.code, Some(0));
    assert!(all.stdout.contains("Exit codes: 0 done") && all.stdout.contains("Start with `skillhost init`"));
    for command in COMMANDS {
        assert!(all.stdout.contains(&format!("\n  {command} ")), "{command} is not in {}", all.stdout);
        let help = world.run(&[command, "--help"]);
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""));
        let (explanation, rest) = help.stdout.split_once("\n\n").unwrap();
        assert!(explanation.split(' ').count() >= 2, "{explanation}");
        assert!(rest.starts_with(&format!("Usage: skillhost {command}")), "{rest}");
        // Each option and argument says what it is for, on its line or the next.
        let lines: Vec<&str> = rest.lines().take_while(|line| *line != "Examples:").collect();
        // What begins with `- ` is a value that an option takes.
        let is_option = |line: &str| line.trim_start().starts_with('-') && !line.trim_start().starts_with("- ");
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| is_option(line)) {
            let said =
                line.trim().contains("  ") || lines.get(index + 1).is_some_and(|next| next.starts_with("          "));
            assert!(said, "{command}: {line}");
        }
    }
}

#[test]
fn completions_know_the_commands() {
    let world = World::bare();
    for shell in ["bash", "zsh", "fish"] {
        let script = world.run(&["completions", shell]);
        assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""), "{shell}");
        for command in COMMANDS {
            assert!(script.stdout.contains(command), "{shell}: {command}");
        }
    }
    world.run(&["completions", "nonsense"]).failed(2, &["nonsense"]);
}

#[test]
fn what_is_not_there_is_a_usage_error() {
    let world = World::bare();
    world.run(&["bogus"]).failed(2, &["unrecognized subcommand 'bogus'"]);
    world.run(&[]).failed(2, &["Usage: skillhost"]);
    world.run(&["run"]).failed(2, &["GOAL"]);
    world.run(&["run", "  "]).failed(2, &["a goal is empty"]);
    world.run(&["run", "x", "--jobs", "0"]).failed(2, &["--jobs"]);
    world.run(&["runs", "--format", "yaml"]).failed(2, &["yaml"]);
    world.run(&["-C", "/nowhere/at/all", "runs"]).failed(2, &["-C /nowhere/at/all"]);
    // Commands of later versions are not promised.
    for later in ["mcp", "resume"] {
        world.run(&[later]).failed(2, &["unrecognized subcommand"]);
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let world = World::bare();
    for arguments in [&["--help"][..], &["completions", "zsh"], &["inspect", "builtin:implement"]] {
        let mut command = world.command(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut stderr = String::new();
        child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((child.wait().unwrap().code(), stderr.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn every_json_document_names_its_schema() {
    let world = World::with(&project());
    let documents = [
        (&["inspect", "builtin:spec"][..], "skillhost.inspect/1"),
        (&["runs"], "skillhost.runs/1"),
        (&["gc"], "skillhost.gc/1"),
        (&["gc", "--dry-run"], "skillhost.gc/1"),
        (&["list"], "skillhost.list/1"),
        (&["sync"], "skillhost.sync/1"),
        (&["update"], "skillhost.update/1"),
        (&["remove", "x"], "skillhost.error/1"),
        (&["build"], "skillhost.error/1"),
        (&["new", "x", "--lang", "rust"], "skillhost.new/1"),
        (&["doctor"], "skillhost.doctor/1"),
        (&["init", "--print"], "skillhost.init/1"),
        (&["show", "zzzz"], "skillhost.error/1"),
        (&["run", "x"], "skillhost.error/1"),
    ];
    for (arguments, schema) in documents {
        let ran = world.run(&[arguments, &["--format", "json"]].concat());
        assert_eq!(ran.json()["schema"], schema, "{arguments:?}");
    }
    let ran = world.goal("Greet everybody", &greeting().text(), &[]);
    assert_eq!(ran.json()["schema"], "skillhost.result/1");
}

#[test]
fn a_failed_run_tells_programs_and_people() {
    let world = World::with(&project());
    let ran = world.goal("Greet everybody", "{\"schema\":\"skillhost.recording/1\",\"authored\":true}\n", &[]);
    assert_eq!(ran.json()["runs"][0]["exit_code"], 1);
    ran.failed(
        1,
        &[
            "error: builtin:spec could not ask its model: the recording has no call",
            "hint: the skill or its input changed",
        ],
    );
}

#[test]
fn inspect_tells_what_a_skill_asks_for() {
    let world = World::bare();
    let document = world.run(&["inspect", "builtin:spec", "--format", "json"]).json();
    assert_eq!((&document["name"], &document["kind"]), (&"spec".into(), &"spec".into()));
    assert_eq!(document["capabilities"]["read"], serde_json::json!(["**"]));
    assert!(document["digest"].as_str().unwrap().starts_with("sha256:"));
    let people = world.run(&["inspect", "builtin:implement"]).stdout;
    assert!(people.contains("! change files") && people.contains("call models"), "{people}");
}

#[test]
fn no_escape_codes_where_there_is_no_terminal() {
    let world = World::with(&project());
    let run = world.goal("Greet everybody", &greeting().text(), &[]);
    // Diagnostics too: a damaged cache makes the host warn.
    damage(&world.home().join(".cache/skillhost"));
    let warned = world.run(&["call", "builtin:verify"]);
    assert!(warned.stderr.contains("WARN"), "{warned:#?}");
    for ran in [run, world.run(&["runs"]), world.run(&["show", "zzzz"]), warned] {
        assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran:#?}");
    }
    let painted = world.run(&["show", "zzzz", "--color", "always"]);
    assert!(painted.stderr.contains("\u{1b}[31;1merror:"), "{painted:#?}");
}

fn damage(folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            damage(&entry.path());
        } else {
            std::fs::write(entry.path(), "damaged").unwrap();
        }
    }
}

#[test]
fn a_user_can_go_from_init_to_a_run() {
    let world = World::with(&[("package.json", "{\"name\":\"x\",\"scripts\":{\"test\":\"node --test\"}}\n")]);
    let ran = world.run(&["init"]);
    ran.failed(0, &["Wrote ", "skillhost.toml", "git add skillhost.toml"]);
    let text = std::fs::read_to_string(world.repo().join("skillhost.toml")).unwrap();
    assert!(text.contains("[commands.test]") && text.contains("base = \"main\""), "{text}");
    world.run(&["init"]).failed(3, &["exists already", "hint: --force"]);
    // What it wrote is valid once committed: what is missing then is a model.
    world.commit(&[]);
    let ran = world.run(&["run", "Greet everybody"]);
    ran.failed(3, &["error: no model is set for spec", "hint: set `spec = \"PROVIDER:MODEL\"` under [models]"]);
}

#[test]
fn a_call_is_ended_at_the_time_that_a_policy_leaves_it() {
    let world = World::bare();
    let policy = world.home().join("policy.toml");
    std::fs::write(&policy, "[limits]\ntime = \"100ms\"\n").unwrap();
    let probe = root().join("target/guests/probe.wasm");
    let call = |how: &str| {
        let input = format!(r#"{{"how":"{how}"}}"#);
        let arguments = ["--policy", policy.to_str().unwrap(), "call", probe.to_str().unwrap(), "--input", &input];
        world.run(&arguments)
    };
    call("sleep").failed(5, &["took longer than 100 ms", "limits"]);
    assert_eq!(call("answer").code, Some(0));
}

#[test]
fn what_a_skill_said_and_wanted_is_told_although_it_trapped() {
    let world = World::bare();
    let probe = root().join("target/guests/probe.wasm");
    let input = r#"{"how":"write-and-trap","path":"/repo/new.txt"}"#;
    let call = ["call", probe.to_str().unwrap(), "--grant", "write=**", "--input", input];
    world.run(&call).failed(1, &["about to trap", "denied: ask", "--grant ask", "it trapped"]);
}

#[test]
fn doctor_names_what_holds_the_limits_and_the_configured_toolchains() {
    let world = World::bare();
    let tool = world.home().join("tool");
    std::fs::create_dir_all(tool.join("bin")).unwrap();
    let folder = world.home().join(".config/skillhost");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), format!("[toolchains]\npaths = [{:?}]\n", tool.display().to_string()))
        .unwrap();
    let told = world.run(&["doctor"]).stdout;
    assert!(told.contains("limits on memory and processes: held by a "), "{told}");
    assert!(told.contains(tool.join("bin").to_str().unwrap()), "{told}");
    let document = world.run(&["doctor", "--format", "json"]).json();
    let held_by = document["support"]["limits_held_by"].as_str().unwrap().to_owned();
    assert!(told.contains(&format!("held by a {held_by}")), "{told}");
    // Where it is not the kernel, what would make it so.
    assert_eq!(held_by == "cgroup", document["support"]["cgroup_hint"].is_null());
}
