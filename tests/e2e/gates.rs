//! Gates and set-up: what a change or a set-up command can do to them, and what the records say of it.

use crate::main_job::{entry, pull_request, run_folder, text};
use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{Ran, World, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

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
    // What a gate runs is changed by who announces it.
    let announced =
        |script: &str| script.replace("A file with a greeting is added.", "For that src/run.sh is changed.");
    let review = |script: Script| script.reviews("change-review", 1, &[]);
    let removed = Script::specified().calls("implement", 1, "remove", &json!({"path": "src/run.sh"})).finishes(1);
    let broken = Script::specified()
        .calls("implement", 1, "read", &read)
        .writes(1, "src/run.sh", "#!/no/such/shell\necho '1 passed'\n")
        .finishes(1);
    for (script, reason) in [(removed, "No such file"), (broken, "No such file")] {
        let world = own_program(1);
        forbid(&world);
        let ran = world.goal(GOAL, &announced(&review(script).text()), &[]);
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

const TEST: &str = "def test_greets():\n    assert open('src/greeting.txt').read() == 'hello\\n'\n";

/// A right change whose gate fails at first and passes from then on, since something outside of it changed meanwhile.
fn flaky(script: &Script) -> (World, Ran) {
    let world = World::with(&project());
    let folder = world.home().join("outside");
    fs::create_dir_all(&folder).unwrap();
    let settings = world.home().join(".config/skillhost");
    fs::create_dir_all(&settings).unwrap();
    fs::write(settings.join("config.toml"), format!("[toolchains]\npaths = [\"{}\"]\n", folder.display())).unwrap();
    let gate = format!(
        "if [ ! -e {0} ]; then\n  echo > waiting\n  while [ ! -e {0} ]; do sleep 0.05; done\n  \
         echo 'FAILED tests/test_greeting.py::test_greets - assert 0'\n  echo '1 failed in 0.01s'\n  exit 1\nfi\n\
         grep -qs hello src/greeting.txt && echo '1 passed in 0.01s'\n",
        folder.join("flag").display()
    );
    let config = unseen().0.replace("src/**", "**");
    world.commit(&[("skillhost.toml", &config), ("test.sh", &gate), ("tests/test_greeting.py", TEST)]);
    let model = world.model(&script.text());
    let mut command = world.command(&["run", GOAL, "--format", "json", "--model", &model]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the gate waits", || {
        let runs = fs::read_dir(world.state().join("runs")).into_iter().flatten().flatten();
        runs.flat_map(|run| fs::read_dir(run.path()).into_iter().flatten().flatten())
            .any(|folder| folder.path().join("tree/waiting").exists())
    });
    fs::write(folder.join("flag"), "").unwrap();
    let ran = crate::support::ran(child.wait_with_output().unwrap());
    (world, ran)
}

#[test]
fn a_failure_of_tests_that_are_as_they_were_is_tried_once_more_and_both_runs_are_listed() {
    let (world, ran) = flaky(&unseen().1);
    // Who may not run the tests leaves that undone; the gate is no reason for a draft.
    assert_eq!(entry(&ran)["reasons"], json!(["left undone by the author: 1"]), "{ran:#?}");
    let request = pull_request(&entry(&ran));
    let row = request.lines().find(|line| line.starts_with("| test |")).unwrap();
    assert!(row.contains("passed, exit 0, 1 test; before that: failed, exit 1, 1 test"), "{row}");
    assert!(row.contains("| ev-1, ev-2 |") && request.contains("was run once more"), "{request}");
    let document = world.run(&["show", text(&entry(&ran)["run"]), "--format", "json"]).json();
    let gates = document["gates"].as_array().unwrap();
    assert_eq!(gates.len(), 2, "{gates:#?}");
    assert_eq!(gates[0]["failed_in"], json!(["tests/test_greeting.py"]));
    assert_eq!((&gates[1]["rerun_of"], &gates[1]["commit"]), (&json!("ev-1"), &gates[0]["commit"]));
}

#[test]
fn a_failure_of_tests_that_the_change_touches_stays_one_even_where_they_pass_later() {
    let read = json!({"path": "tests/test_greeting.py", "from": null, "lines": null});
    let more = format!("{TEST}\n\ndef test_twice():\n    assert test_greets() is None\n");
    let plan = json!({
        "steps": [{"id": "1", "title": "Greet", "instructions": "Write it.", "files": ["src/**", "tests/**"], "after": [], "criteria": ["C1"]}],
        "criteria": [{"id": "C1", "statement": "The greeting says hello", "command": "test"}],
        "assumptions": [], "answers": [],
    });
    let script = Script::new()
        .says("spec", 1, "# Greeting\n\n## Problem\n\nNobody is greeted. A file with a greeting is added.\n")
        .says("spec", 1, &plan.to_string())
        .reviews("spec-review", 1, &[])
        .calls("implement", 1, "read", &read)
        .writes(1, "tests/test_greeting.py", &more)
        .writes(1, "src/greeting.txt", "hello\n")
        .finishes(1)
        .reviews("change-review", 1, &[]);
    let (world, ran) = flaky(&script);
    let (row, _) = draft(&world, &ran, "test");
    assert!(row.contains("failed, exit 1, 1 test |") && row.contains("| ev-1 |"), "{row}");
    let document = world.run(&["show", text(&entry(&ran)["run"]), "--format", "json"]).json();
    assert_eq!(document["gates"].as_array().unwrap().len(), 1, "it is not tried again: {document:#}");
    assert_eq!(document["gates"][0]["failed_in"], json!(["tests/test_greeting.py"]));
}

#[test]
fn a_suite_that_runs_fewer_tests_than_at_base_or_skips_more_failed() {
    let config = CONFIG.replace("baseline = false\n", "");
    let gate = "set -- src/suite/*\nskipped=$(cat src/suite/* | grep -c skip)\n\
                echo \"$(($# - skipped)) passed, $skipped skipped in 0.01s\"\n";
    let suite = [("test.sh", gate), ("src/suite/a", "a\n"), ("src/suite/b", "b\n"), ("src/suite/c", "c\n")];
    let script = |more: &dyn Fn(Script) -> Script| {
        let script = Script::specified().writes(1, "src/greeting.txt", "hello\n");
        more(script).tests(1).finishes(1).reviews("change-review", 1, &[])
    };
    let removed = script(&|script| script.calls("implement", 1, "remove", &json!({"path": "src/suite/c"})));
    let skipped = script(&|script| script.writes(1, "src/suite/d", "skip\n"));
    let added = script(&|script| script.writes(1, "src/suite/d", "d\n"));
    for (script, shown) in [
        (&removed, "failed, exit 0, 2 tests (2 tests, 3 at base)"),
        (&skipped, "failed, exit 0, 3 tests (1 test skipped, 0 at base)"),
    ] {
        let world = world(&config, &suite);
        let ran = world.goal(GOAL, &script.text(), &[]);
        let (row, request) = draft(&world, &ran, "test");
        assert!(row.contains(shown) && request.contains("> Draft: 1 of 1 gates failed"), "{request}");
        let document = world.run(&["show", text(&entry(&ran)["run"]), "--format", "json"]).json();
        assert_eq!((&document["baseline"][0]["tests"], &document["baseline"][0]["id"]), (&json!(3), &json!("base-1")));
        assert_eq!(document["baseline"][0]["commit"], document["base_commit"]);
        assert_eq!(document["gates"][0]["at_base"]["tests"], 3);
    }
    let grown = world(&config, &suite);
    let more = grown.goal(GOAL, &added.text(), &[]);
    assert_eq!(more.code, Some(0), "{more:#?}");
    assert!(pull_request(&entry(&more)).contains("passed, exit 0, 4 tests (3 at base)"));
    // Where the project says so, base is not run.
    let world = world(CONFIG, &suite);
    let ran = world.goal(GOAL, &removed.text(), &[]);
    assert_eq!((ran.code, commands(&world, &ran).len()), (Some(0), 1), "{ran:#?}");
}
