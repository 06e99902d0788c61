//! GitHub Actions: annotations, the summary, outputs, and nothing that others wrote among the commands.

use crate::scripts::{Script, greeting, project};
use crate::support::{Ran, World, ran, root};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;

const COMMANDS: &str = "::set-output name=ready::true\n::add-mask::x\n##[set-env name=PATH;]x ##vso[task.complete]";

/// Runs the program as a step of a job.
pub fn step(world: &World, arguments: &[&str]) -> (Ran, String, BTreeMap<String, String>) {
    let [summary, output] = ["summary.md", "output"].map(|name| world.home().join(name));
    fs::write(&summary, "").unwrap();
    fs::write(&output, "before=1\n").unwrap();
    let mut command = world.command(arguments);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_OUTPUT", &output);
    let ran = ran(command.output().unwrap());
    let text = fs::read_to_string(&output).unwrap();
    (ran, fs::read_to_string(&summary).unwrap(), outputs(text.strip_prefix("before=1\n").unwrap()))
}

/// Outputs as the runner reads them.
fn outputs(text: &str) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap_or_else(|| panic!("{line}"));
        assert!(delimiter.len() >= 32, "{delimiter}");
        let value: Vec<&str> = lines.by_ref().take_while(|line| *line != delimiter).collect();
        outputs.insert(name.to_owned(), value.join("\n"));
    }
    outputs
}

/// The lines that a runner acts on, of either stream; each is one of the program's own.
fn commands(ran: &Ran) -> Vec<&str> {
    let lines = || ran.stdout.lines().chain(ran.stderr.lines());
    for line in lines().filter(|line| !line.starts_with("::")) {
        assert!(!line.trim_start().starts_with("::"), "{line}");
        for mark in ["##[", "##vso[", "##teamcity["] {
            assert!(!line.contains(mark), "{line}");
        }
    }
    let commands: Vec<&str> = lines().filter(|line| line.starts_with("::")).collect();
    for command in &commands {
        let known = ["::error ", "::warning ", "::notice "].iter().any(|name| command.starts_with(name));
        assert!(known && !command.contains("title=::"), "{command}");
        // Two more colons end the properties; what follows is one line of data.
        let (properties, _) = command[2..].split_once("::").unwrap();
        let names = properties.split_once(' ').unwrap().1.split(',').map(|pair| pair.split('=').next().unwrap());
        assert!(names.clone().all(|name| ["file", "line", "title"].contains(&name)), "{command}");
    }
    commands
}

#[test]
fn a_run_tells_the_job_what_came_of_it() {
    let world = World::with(&project());
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("major", "It is 100% wrong, isn't it: yes")],
    );
    let model = world.model(&script.text());
    let (ran, summary, outputs) = step(&world, &["run", "Greet everybody", "--format", "json", "--model", &model]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let entry = &ran.json()["runs"][0];
    let commands = commands(&ran);
    let expected =
        "::error file=src/greeting.txt,line=1,title=skillhost major%3A edge-cases::It is 100%25 wrong, isn't it: yes";
    assert!(commands.iter().any(|line| line.starts_with(expected)), "{commands:#?}");
    assert!(commands.iter().any(|line| line.starts_with("::error title=skillhost review change-review::")));
    for name in ["run", "branch"] {
        assert_eq!(outputs[name], entry[name].as_str().unwrap());
    }
    assert_eq!(outputs["pull-request"], entry["pull_request"].as_str().unwrap());
    assert_eq!(outputs["ready"], "false");
    assert!(summary.starts_with("## skillhost: draft\n\nGreet everybody\n"), "{summary}");
    assert!(summary.contains("| gate | test | passed |"), "{summary}");
    assert!(summary.contains("| major | edge-cases | `src/greeting.txt:1` | It is 100% wrong"), "{summary}");

    let model = world.model(&greeting().text());
    let (ran, summary, outputs) = step(&world, &["run", "Greet everybody", "--model", &model]);
    assert_eq!((ran.code, self::commands(&ran).len(), outputs["ready"].as_str()), (Some(0), 0, "true"), "{ran:#?}");
    assert!(summary.starts_with("## skillhost: ready\n"), "{summary}");
}

#[test]
fn without_the_runner_there_are_no_commands() {
    let world = World::with(&project());
    for (name, value) in [("GITHUB_ACTIONS", "false"), ("CI", "true")] {
        let mut command = world.command(&["call", "builtin:verify"]);
        let summary = world.home().join("summary.md");
        let ran = ran(command.env(name, value).env("GITHUB_STEP_SUMMARY", &summary).output().unwrap());
        assert_eq!((ran.code, commands(&ran).len(), summary.exists()), (Some(2), 0, false), "{ran:#?}");
    }
}

/// By the goal, the reviewer, the gate, files of the repository, a skill that prints and logs, and the command line.
#[test]
fn o_11_nothing_that_others_wrote_is_a_command() {
    let gate = format!("printf '%s\\n' '{COMMANDS}'\n{}", crate::scripts::GATE.replace("hello", "nobody"));
    let world = World::with(&project());
    world.commit(&[("test.sh", &gate), ("::error::a/##[b].txt", "x")]);
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("major", COMMANDS), ("minor", COMMANDS), ("nit", COMMANDS)],
    );
    let model = world.model(&script.text());
    let probe = root().join("target/guests/probe.wasm").display().to_string();
    let read = json!({"how": "read", "path": "/repo/::error::a/##[b].txt"}).to_string();
    let ask = json!({"how": "ask-this", "path": COMMANDS}).to_string();
    let panic = json!({"how": "write-and-trap", "path": "/repo/##[x]"}).to_string();
    let unknown = json!({"how": COMMANDS}).to_string();
    let (mut count, mut failed) = (0, 0);
    for format in ["human", "json"] {
        for arguments in [
            &["run", COMMANDS, "--model", &model][..],
            &["run", COMMANDS, "--model", &model, "-vvv"],
            &["runs"],
            &["run", "x", "--base", COMMANDS],
            &["run", "x", "--config", COMMANDS],
            &[COMMANDS],
            &["call", COMMANDS],
            &["call", &probe, "--input", COMMANDS],
            &["call", &probe, "--input", &read],
            &["call", &probe, "--input", &ask, "--grant", "ask"],
            &["call", &probe, "--input", &panic, "--grant", "write=**"],
            &["call", &probe, "--input", &unknown],
            &["call", &probe, COMMANDS],
            &["inspect", COMMANDS],
            &["show", COMMANDS],
        ] {
            let (ran, summary, outputs) = step(&world, &[arguments, &["--format", format]].concat());
            count += commands(&ran).len();
            failed += usize::from(ran.code != Some(0));
            assert!(!summary.lines().any(|line| line.starts_with("::")), "{summary}");
            assert!(outputs.get("ready").is_none_or(|ready| ready == (ran.code == Some(0)).to_string().as_str()));
        }
        let run = world.run(&["runs", "--format", "json"]).json()["runs"][0]["id"].as_str().unwrap().to_owned();
        commands(&step(&world, &["show", &run, "--format", format]).0);
    }
    assert!(count > 10 && failed > 20, "{count} {failed}");
}

/// So many as GitHub shows, the severest; the summary has all.
#[test]
fn annotations_are_counted() {
    let world = World::bare();
    let probe = root().join("target/guests/probe.wasm").display().to_string();
    let script: Vec<_> = (0..15).map(|n| json!({"do": "read", "path": format!("f{n}")})).collect();
    let input = json!({"how": "files", "script": script}).to_string();
    let (ran, summary, _) = step(&world, &["call", &probe, "--input", &input]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(commands(&ran).len(), 10, "{ran:#?}");
    assert!(ran.stderr.contains("5 more annotations are in the summary"), "{ran:#?}");
    assert_eq!(summary.matches("| read f").count(), 15, "{summary}");
}

#[test]
fn a_summary_that_can_not_be_written_fails_nothing() {
    let world = World::bare();
    let mut command = world.command(&["call", "builtin:verify"]);
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", "/nowhere/at/all")
        .env("GITHUB_OUTPUT", "/dev/full");
    let ran = ran(command.output().unwrap());
    ran.failed(
        2,
        &["warning: GitHub Actions was not told the summary", "warning: GitHub Actions was not told the outputs"],
    );
    // One that is full already stays as it is.
    let file = world.home().join("full.md");
    fs::write(&file, "x".repeat((1 << 20) - 3)).unwrap();
    let mut command = world.command(&["call", "builtin:verify"]);
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_STEP_SUMMARY", &file);
    assert_eq!(command.output().unwrap().status.code(), Some(2));
    assert_eq!(fs::metadata(&file).unwrap().len(), (1 << 20) - 3);
}
