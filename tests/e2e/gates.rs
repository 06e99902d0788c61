//! Gates and set-up: what a change or a set-up command can do to them, and what the records say of it.

use crate::main_job::{entry, pull_request, run_folder, text};
use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{Ran, World};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const GOAL: &str = "Greet everybody";

/// The small project with another configuration and other files.
fn world(config: &str, files: &[(&str, &str)]) -> World {
    let world = World::with(&project());
    world.commit(&[&[("skillhost.toml", config)], files].concat());
    world
}

/// A right change by an author who may not run the tests, so that the gate alone can tell.
fn unseen() -> (String, Script) {
    let script =
        Script::specified().writes(1, "src/greeting.txt", "hello\n").finishes(1).reviews("change-review", 1, &[]);
    (CONFIG.replace("exec = [\"test\"]", "exec = []"), script)
}

/// A draft with exit 1; gives the row of a gate in the pull request, and the text of it.
fn draft(world: &World, ran: &Ran, gate: &str) -> (String, String) {
    assert_eq!((ran.code, &entry(ran)["state"]), (Some(1), &json!("draft")), "{ran:#?}");
    let request = pull_request(&entry(ran));
    let row =
        request.lines().find(|line| line.starts_with(&format!("| {gate} |"))).unwrap_or_else(|| panic!("{request}"));
    assert!(world.run(&["show", text(&entry(ran)["run"])]).stdout.contains("draft"));
    (row.to_owned(), request)
}

/// The audit log's entries of commands that the host ran for itself: intents, each with its outcome.
pub fn commands(world: &World, ran: &Ran) -> Vec<(Value, Value)> {
    let log = fs::read_to_string(run_folder(world, &entry(ran)).join("audit.jsonl")).unwrap();
    let entries: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_own =
        |entry: &&Value| entry["class"] == "command" && entry["step"] == "intent" && entry["actor"]["skill"].is_null();
    let outcome = |intent: &Value| entries.iter().find(|entry| entry["intent"] == intent["seq"]).unwrap().clone();
    entries.iter().filter(is_own).map(|intent| (intent.clone(), outcome(intent))).collect()
}

/// A gate that is a program of the repository's own.
fn own_program(rounds: u32) -> World {
    let config = CONFIG
        .replace("[\"sh\", \"test.sh\"]", "[\"./src/run.sh\"]")
        .replace("rounds = 1", &format!("rounds = {rounds}"));
    let world = World::with(&project());
    world.write(&[("skillhost.toml", &config), ("src/run.sh", "#!/bin/sh\nchmod 644 \"$0\"\necho '1 passed'\n")]);
    fs::set_permissions(world.repo().join("src/run.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    world.commit(&[]);
    world
}

#[test]
fn a_gate_whose_program_is_gone_or_broken_failed() {
    let read = json!({"path": "src/run.sh", "from": null, "lines": null});
    let forbid = |world: &World| {
        let config = fs::read_to_string(world.repo().join("skillhost.toml")).unwrap();
        world.commit(&[("skillhost.toml", &config.replace("exec = [\"test\"]", "exec = []"))]);
    };
    let review = |script: Script| script.reviews("change-review", 1, &[]);
    let removed = Script::specified().calls("implement", 1, "remove", &json!({"path": "src/run.sh"})).finishes(1);
    let broken = Script::specified()
        .calls("implement", 1, "read", &read)
        .writes(1, "src/run.sh", "#!/no/such/shell\necho '1 passed'\n")
        .finishes(1);
    for (script, reason) in [(removed, "No such file"), (broken, "No such file")] {
        let world = own_program(1);
        forbid(&world);
        let ran = world.goal(GOAL, &review(script).text(), &[]);
        let (row, _) = draft(&world, &ran, "test");
        assert!(row.contains("failed, exit 127: ./src/run.sh could not be started") && row.contains(reason), "{row}");
    }
    // The test itself takes its x bit away when the author runs it, and that is committed.
    let world = own_program(1);
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1);
    let ran = world.goal(GOAL, &review(script).text(), &[]);
    let (row, _) = draft(&world, &ran, "test");
    assert!(row.contains("failed, exit 127") && row.contains("Permission denied"), "{row}");
}

#[test]
fn a_broken_gate_goes_back_to_its_author_and_is_mended() {
    let world = own_program(2);
    let config = fs::read_to_string(world.repo().join("skillhost.toml")).unwrap();
    world.commit(&[("skillhost.toml", &config.replace("exec = [\"test\"]", "exec = []"))]);
    let read = json!({"path": "src/run.sh", "from": null, "lines": null});
    let script = Script::specified()
        .calls("implement", 1, "read", &read)
        .writes(1, "src/run.sh", "#!/no/such/shell\n")
        .finishes(1)
        .calls("implement", 2, "read", &read)
        .writes(2, "src/run.sh", "#!/bin/sh\necho '2 passed'\n")
        .answers_all(2, 3)
        .reviews("change-review", 2, &[]);
    // What a gate runs is changed by who announces it.
    let script = script.text().replace("A file with a greeting is added.", "For that src/run.sh is changed.");
    let ran = world.goal(GOAL, &script, &[]);
    let document = world.run(&["show", text(&entry(&ran)["run"]), "--format", "json"]).json();
    let exits: Vec<_> = document["gates"].as_array().unwrap().iter().map(|gate| gate["exit_code"].clone()).collect();
    assert_eq!(exits, [json!(127), json!(0)], "{document:#}");
    let finding = &document["findings"][0];
    assert!(text(&finding["message"]).contains("exit 127: ./src/run.sh could not be started"), "{finding:#}");
    assert_eq!(finding["verdicts"].as_array().unwrap().last().unwrap()["closed"], true);
}

#[test]
fn set_up_prepares_the_tree_and_each_checkout_and_is_no_part_of_the_change() {
    let set_up = "echo ready > prepared; echo touched >> length";
    let config = format!("{CONFIG}[commands.setup]\nrun = [\"sh\", \"-c\", \"{set_up}\"]\n");
    let gate = "test -f prepared && grep -qs touched length && grep -qs hello src/greeting.txt && echo '1 passed'\n";
    let world = world(&config, &[("test.sh", gate)]);
    let before = world.footprint();
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);
    let entry = entry(&ran);
    let files = world.git(&["diff", "--name-only", &format!("main..{}", text(&entry["branch"]))]);
    assert_eq!(files.lines().collect::<Vec<_>>(), ["specs/greet-everybody.md", "src/greeting.txt"]);
    let request = pull_request(&entry);
    assert!(request.contains("| `length` | changed by set-up |"), "{request}");
    assert!(request.contains("| `prepared` | output of a command |"), "{request}");
    // In the tree, in the gate's checkout, and the gate: each with what was run, how it ended, and what it printed.
    let commands = commands(&world, &ran);
    assert_eq!(commands.len(), 3, "{commands:#?}");
    for (intent, outcome) in &commands {
        assert!(intent["commitment"].is_string() && outcome["payload"].is_string(), "{intent} {outcome}");
        assert_eq!((&outcome["outcome"], &outcome["exit_code"]), (&json!("done"), &json!(0)));
    }
    assert_eq!(commands[0].0["commitment"], commands[1].0["commitment"]);
    assert_ne!(commands[1].0["commitment"], commands[2].0["commitment"]);
}

#[test]
fn a_set_up_that_fails_on_what_is_proposed_is_the_evidence() {
    let config = format!("{CONFIG}[commands.setup]\nrun = [\"sh\", \"-c\", \"test ! -f src/greeting.txt\"]\n");
    let world = world(&config, &[]);
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    let (row, request) = draft(&world, &ran, "setup");
    assert!(row.contains("failed, exit 1") && row.contains("ev-1"), "{row}");
    let row = request.lines().find(|line| line.starts_with("| test |")).unwrap();
    assert!(row.contains("| not run |"), "{row}");
}

#[test]
fn f_16_what_set_up_plants_is_gone_before_a_skill_sees_it() {
    let set_up = "mkdir -p vendor/x/.git && echo '[core]' > vendor/x/.git/config && mkfifo pipe";
    let config = format!("{CONFIG}[commands.setup]\nrun = [\"sh\", \"-c\", \"{set_up}\"]\n");
    let world = world(&config, &[]);
    // The first thing that the author does is to look.
    let script = Script::specified()
        .calls("implement", 1, "list", &json!({"path": "vendor/x", "depth": null}))
        .writes(1, "src/greeting.txt", "hello\n")
        .tests(1)
        .finishes(1)
        .reviews("change-review", 1, &[]);
    let ran = world.goal(GOAL, &script.text(), &[]);
    ran.failed(0, &["vendor/x/.git: a spelling of .git (removed)", "pipe: a device, a FIFO or a socket (removed)"]);
    let tree = run_folder(&world, &entry(&ran)).join("tree");
    assert!(tree.join("vendor/x").is_dir() && !tree.join("vendor/x/.git").exists() && !tree.join("pipe").exists());
    let warned = ran.stderr.find("vendor/x/.git").unwrap();
    assert!(warned < ran.stderr.find("✓ spec ").unwrap(), "before any phase: {}", ran.stderr);
}

#[test]
fn a_gate_that_does_not_end_by_itself_failed_and_is_logged_so() {
    let (config, script) = unseen();
    let config = config.replace("timeout = \"5m\"", "timeout = \"1s\"");
    for (gate, exit, outcome) in
        [("exec sleep 86397\n", "ended at its timeout", "timed-out"), ("kill -9 $$\n", "ended by signal 9", "failed")]
    {
        let world = world(&config, &[("test.sh", gate)]);
        let ran = world.goal(GOAL, &script.text(), &[]);
        let (row, _) = draft(&world, &ran, "test");
        assert!(row.contains(&format!("failed, {exit}")), "{row}");
        let [(_, logged)] = commands(&world, &ran).try_into().unwrap();
        assert_eq!((&logged["outcome"], logged.get("exit_code")), (&json!(outcome), None), "{logged}");
    }
}

#[test]
fn m_08_a_gate_that_ran_no_test_failed() {
    let (config, script) = unseen();
    let gate = "echo; echo running 0 tests; echo\n\
                echo 'test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s'\n";
    let world = world(&config, &[("test.sh", gate)]);
    let ran = world.goal(GOAL, &script.text(), &[]);
    let (row, request) = draft(&world, &ran, "test");
    assert!(row.contains("failed, exit 0, 0 tests") && request.contains("> Draft: 1 of 1 gates failed"), "{request}");
}
