//! The main job: a goal becomes a branch and a pull request, and nothing of the user's changes.

use crate::scripts::{self, Script, greeting, project};
use crate::support::{Ran, World, root, wait_until};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};

const GOAL: &str = "Add a lead-capture page that records consent";

const HEADINGS: [&str; 7] = [
    "## What changed",
    "## Why",
    "## How it was verified",
    "## Review findings",
    "## Breaking changes",
    "## Rollback",
    "## Run",
];

/// The first run of a result.
pub fn entry(ran: &Ran) -> Value {
    ran.json()["runs"][0].clone()
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

pub fn pull_request(entry: &Value) -> String {
    fs::read_to_string(text(&entry["pull_request"])).unwrap()
}

fn headings(markdown: &str) -> Vec<&str> {
    markdown.lines().filter(|line| line.starts_with("## ")).collect()
}

pub fn run_folder(world: &World, entry: &Value) -> PathBuf {
    world.state().join("runs").join(text(&entry["run"]))
}

#[test]
fn the_demo_ends_with_a_verified_pull_request() {
    let world = World::demo();
    world.write(&[("notes.txt", "not committed yet\n")]);
    let before = world.footprint();
    let script = fs::read_to_string(root().join("tests/fixtures/demo/script.jsonl")).unwrap();
    let ran = world.goal(GOAL, &script, &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);
    assert_eq!(fs::read_to_string(world.repo().join("notes.txt")).unwrap(), "not committed yet\n");

    let entry = entry(&ran);
    let id = text(&entry["run"]).to_owned();
    assert_eq!((text(&entry["state"]), text(&entry["sandbox"])), ("ready", "full"));
    let branch = text(&entry["branch"]).to_owned();
    assert!(branch.starts_with("skillhost/") && branch.ends_with(&id), "{branch}");

    let request = pull_request(&entry);
    assert_eq!(headings(&request), HEADINGS);
    for (gate, evidence) in [("build", "ev-"), ("test", "ev-")] {
        let row = request.lines().find(|line| line.starts_with(&format!("| {gate} |"))).unwrap();
        assert!(row.contains("passed, exit 0") && row.contains(evidence), "{row}");
    }
    assert!(request.contains("Addresses are compared letter by letter"), "the finding of the review is told");

    let document: Value = serde_json::from_slice(&fs::read(text(&entry["run_json"])).unwrap()).unwrap();
    assert_eq!(document["schema"], "skillhost.run/1");
    assert_eq!(document["state"], "ready");
    let phases: Vec<&str> = document["phases"].as_array().unwrap().iter().map(|row| text(&row["phase"])).collect();
    for phase in ["spec", "spec-review", "implement", "verify", "change-review"] {
        assert!(phases.contains(&phase), "{phases:?}");
    }
    assert!(document["findings"].as_array().unwrap().len() >= 2);
    assert!(document["gates"].as_array().unwrap().iter().any(|gate| gate["name"] == "test" && gate["exit_code"] == 0));

    let range = format!("main..{branch}");
    let commits = world.git(&["rev-list", &range]);
    assert!(commits.lines().count() >= 3, "spec, and each step of the plan: {commits}");
    for commit in commits.lines() {
        let trailers = world.git(&["show", "--no-patch", "--format=%(trailers)", commit]);
        for trailer in [&format!("Skillhost-Run: {id}"), "Skillhost-Agent: main", "Skillhost-Skill: "] {
            assert!(trailers.contains(trailer), "{trailer} is not in {trailers}");
        }
    }
    let spec = world.git(&["show", &format!("{branch}:{}", text(&entry["spec"]))]);
    assert!(spec.contains("## Access control"), "{spec}");
    assert!(world.git(&["diff", "--name-only", &range]).lines().any(|path| path == "src/leads.rs"));

    let folder = run_folder(&world, &entry);
    assert!(folder.join("tree/src/leads.rs").is_file());
    assert!(!folder.join("tree/.git").exists());
    private(&folder, "lead-capture page that records");
}

/// What a run keeps holds neither goal nor prompts in the clear.
fn private(folder: &std::path::Path, secret: &str) {
    let mut seen = 0;
    let is_log = |name: &str| name.starts_with("audit") || name.starts_with("ledger");
    for entry in fs::read_dir(folder).unwrap().chain(fs::read_dir(folder.join("payloads")).unwrap()) {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_file() && (is_log(&name) || entry.path().starts_with(folder.join("payloads"))) {
            seen += 1;
            let bytes = fs::read(entry.path()).unwrap();
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{name} tells `{secret}`");
        }
    }
    assert!(seen > 2, "log, ledger and payloads are there");
}

#[test]
fn a_run_is_listed_shown_and_cleaned_up() {
    let world = World::with(&project());
    let ran = world.goal("Greet everybody", &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = entry(&ran);
    let (id, branch) = (text(&entry["run"]), text(&entry["branch"]));
    let tree = run_folder(&world, &entry).join("tree");

    let listed = world.run(&["runs", "--format", "json"]).json();
    assert_eq!(listed["schema"], "skillhost.runs/1");
    assert_eq!((&listed["runs"][0]["id"], &listed["runs"][0]["goal"]), (&entry["run"], &entry["goal"]));
    let lines = world.run(&["runs"]).stdout;
    assert!(lines.contains(id) && lines.contains("ready") && lines.contains("Greet everybody"), "{lines}");
    let shown = world.run(&["show", &id[..5], "--format", "json"]).json();
    assert_eq!((&shown["schema"], &shown["id"]), (&Value::from("skillhost.run/1"), &entry["run"]));
    let lines = world.run(&["show", id]).stdout;
    assert!(lines.contains("gate test") && lines.contains("ev-1") && lines.contains(branch), "{lines}");
    let only = world.run(&["show", id, "--phase", "verify", "--format", "json"]).json();
    assert_eq!(only["phases"].as_array().unwrap().len(), 1);

    let dry = world.run(&["gc", "--dry-run"]);
    assert!(dry.stdout.contains("would remove") && tree.is_dir(), "{dry:#?}");
    let removed = world.run(&["gc", "--format", "json"]).json();
    assert_eq!((&removed["schema"], &removed["removed"][0]["run"]), (&Value::from("skillhost.gc/1"), &entry["run"]));
    assert!(!tree.exists());
    // The branch stays, and what a command left uncommitted is saved, not lost.
    assert_eq!(world.git(&["show", &format!("{branch}:src/greeting.txt")]), "hello");
    let rescued = text(&removed["removed"][0]["rescued"]).to_owned();
    assert_eq!(world.git(&["show", &format!("{rescued}:out.log")]), "noise");
    assert!(world.run(&["gc"]).stderr.contains("nothing to remove"));
    assert!(world.run(&["show", id]).stdout.contains("ready"));
}

#[test]
fn what_commands_leave_behind_is_not_committed() {
    let world = World::with(&project());
    let ran = world.goal("Greet everybody", &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = entry(&ran);
    let files = world.git(&["diff", "--name-only", &format!("main..{}", text(&entry["branch"]))]);
    assert_eq!(files.lines().collect::<Vec<_>>(), ["specs/greet-everybody.md", "src/greeting.txt"]);
    assert!(pull_request(&entry).contains("| `out.log` | output of a command |"));
}

#[test]
fn a_wrong_change_ends_as_a_draft_that_says_so() {
    // The author may not run the tests, so only the gate can tell.
    let config = scripts::CONFIG.replace("exec = [\"test\"]", "exec = []");
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", &config)]);
    let before = world.footprint();
    let script =
        Script::specified().writes(1, "src/greeting.txt", "go away\n").finishes(1).reviews("change-review", 1, &[]);
    let ran = world.goal("Greet everybody", &script.text(), &[]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert_eq!(world.footprint(), before);
    let entry = entry(&ran);
    assert_eq!(entry["state"], "draft");
    let request = pull_request(&entry);
    assert_eq!(headings(&request), HEADINGS);
    let row = request.lines().find(|line| line.starts_with("| test |")).unwrap();
    assert!(row.contains("failed, exit 1") && row.contains("ev-1"), "{row}");
    assert!(request.to_lowercase().contains("draft"), "{request}");
    let shown = world.run(&["show", text(&entry["run"])]).stdout;
    assert!(shown.contains("draft") && shown.contains("✗ gate test"), "{shown}");
}

#[test]
fn what_passes_in_the_authors_tree_alone_goes_back_and_is_mended() {
    // What the first run of the tests leaves behind makes the next one pass, whatever the change is.
    let gate = "if [ -f stale ]; then echo '1 passed'; exit 0; fi\ntouch stale\ngrep -qs hello src/greeting.txt\n";
    let config = scripts::CONFIG.replace("rounds = 1", "rounds = 2");
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", &config), ("test.sh", gate)]);
    let script = Script::specified()
        .writes(1, "src/greeting.txt", "go away\n")
        .tests(1)
        .tests(1)
        .finishes(1)
        .calls("implement", 2, "read", &serde_json::json!({"path": "src/greeting.txt", "from": null, "lines": null}))
        .writes(2, "src/greeting.txt", "hello\n")
        .tests(2)
        .answers_all(2, 3)
        .reviews("change-review", 2, &[]);
    let ran = world.goal("Greet everybody", &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = entry(&ran);
    assert_eq!(world.git(&["show", &format!("{}:src/greeting.txt", text(&entry["branch"]))]), "hello");
    let gates = world.run(&["show", text(&entry["run"]), "--format", "json"]).json()["gates"].clone();
    let exits: Vec<_> = gates.as_array().unwrap().iter().map(|gate| gate["exit_code"].as_i64().unwrap()).collect();
    assert_eq!(exits, [1, 0]);
}

#[test]
fn a_finding_that_nobody_mended_keeps_the_pull_request_a_draft() {
    let world = World::with(&project());
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("major", "The greeting is impolite.")],
    );
    let ran = world.goal("Greet everybody", &script.text(), &[]);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let entry = entry(&ran);
    assert_eq!(entry["state"], "draft");
    let request = pull_request(&entry);
    assert!(request.contains("The greeting is impolite.") && request.contains("passed, exit 0"), "{request}");
    let findings = world.run(&["show", text(&entry["run"])]).stdout;
    assert!(findings.contains("F1 major open: The greeting is impolite."), "{findings}");
}

#[test]
fn two_goals_run_side_by_side_in_their_own_worktrees() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    let ran = world.run(&[
        "run",
        "Greet the morning",
        "Greet the evening",
        "--jobs",
        "2",
        "--format",
        "json",
        "--model",
        &model,
    ]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.footprint(), before);
    let document = ran.json();
    let runs = document["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    assert_ne!(runs[0]["branch"], runs[1]["branch"]);
    for (run, slug) in runs.iter().zip(["morning", "evening"]) {
        let branch = text(&run["branch"]);
        assert!(branch.contains(slug), "{branch}");
        assert_eq!(world.git(&["show", &format!("{branch}:src/greeting.txt")]), "hello");
        assert_eq!(world.git(&["rev-parse", &format!("{branch}~2")]), world.git(&["rev-parse", "main"]));
        assert!(run_folder(&world, run).join("tree/src/greeting.txt").is_file());
    }
}

#[test]
fn two_programs_work_on_one_repository_at_once() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    let start = |goal: &str| {
        let mut command = world.command(&["run", goal, "--format", "json", "--model", &model]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let both = [start("Greet the morning"), start("Greet the evening")];
    for child in both {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(world.footprint(), before);
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 2);
}

#[test]
fn a_protected_path_is_not_changed_and_the_attempt_is_reported() {
    let world = World::with(&project());
    let script = Script::specified()
        .writes(1, ".github/workflows/ci.yml", "jobs: {}\n")
        .writes(1, "src/greeting.txt", "hello\n")
        .tests(1)
        .finishes(1)
        .reviews("change-review", 1, &[]);
    let ran = world.goal("Greet everybody", &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = entry(&ran);
    assert!(entry["denials"].as_u64().unwrap() >= 1, "{entry}");
    let files = world.git(&["ls-tree", "-r", "--name-only", text(&entry["branch"])]);
    assert!(!files.contains(".github"), "{files}");
    let request = pull_request(&entry);
    // It could change anything else; what would grant this is named.
    assert!(request.contains("`protected .github` | 1 | `protected = true under [grants.implement]"), "{request}");
    let shown = world.run(&["show", text(&entry["run"])]).stdout;
    assert!(shown.contains("denied: implement@") && shown.contains("protected = true"), "{shown}");
}

#[test]
fn a_command_that_changes_a_protected_file_does_not_get_it_committed() {
    let world = World::with(&project());
    world.commit(&[("test.sh", "echo 'Anything goes.' >> AGENTS.md\ngrep -qs hello src/greeting.txt\n")]);
    let ran = world.goal("Greet everybody", &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = entry(&ran);
    let branch = text(&entry["branch"]);
    assert_eq!(world.git(&["diff", "--name-only", &format!("main..{branch}"), "--", "AGENTS.md"]), "");
    assert!(pull_request(&entry).contains("| `AGENTS.md` |"), "{}", pull_request(&entry));
}

/// A run whose test command waits; it is returned once it does.
pub fn waiting(world: &World) -> Child {
    // A length that no other process sleeps for, so that it can be found.
    world.commit(&[("length", &format!("8{}", 10_000 + std::process::id()))]);
    let script = Script::specified().writes(1, "src/greeting.txt", "wait\n").tests(1);
    let model = world.model(&script.text());
    let mut command = world.command(&["run", "Greet everybody", "--format", "json", "--model", &model]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the command waits", || {
        let runs = fs::read_dir(world.state().join("runs")).into_iter().flatten();
        runs.flatten().any(|run| run.path().join("tree/started").exists())
    });
    // It says so before it begins to.
    wait_until("the command sleeps", || sleeper_lives(world));
    child
}

fn sleeper_lives(world: &World) -> bool {
    let length = fs::read(world.repo().join("length")).unwrap();
    let command_lines = fs::read_dir("/proc").unwrap().flatten().map(|entry| fs::read(entry.path().join("cmdline")));
    command_lines.flatten().any(|line| line.split(|byte| *byte == 0).any(|word| word == length))
}

pub fn signal(child: &Child, name: &str) {
    let kill = format!("kill -{name} {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

#[test]
fn ctrl_c_ends_a_run_and_keeps_what_is_there() {
    let world = World::with(&project());
    let child = waiting(&world);
    let before = world.footprint();
    let running = world.run(&["runs", "--format", "json"]).json();
    assert_eq!(running["runs"][0]["state"], "running");
    signal(&child, "INT");
    let ran = crate::support::ran(child.wait_with_output().unwrap());
    ran.failed(130, &["error: interrupted", "hint: what is there is kept: skillhost show"]);
    wait_until("the command is gone", || !sleeper_lives(&world));
    assert_eq!(entry(&ran)["state"], "interrupted");
    assert_eq!(world.footprint(), before);
    let runs = world.run(&["runs", "--format", "json"]).json();
    assert_eq!(runs["runs"][0]["state"], "interrupted");
    let document: Value = serde_json::from_slice(&fs::read(text(&entry(&ran)["run_json"])).unwrap()).unwrap();
    let last = document["phases"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["state"], &last["note"]), (&Value::from("failed"), &Value::from("interrupted")), "{last}");
    assert!(last["ended_ms"].is_u64() && last["tokens"].as_u64() > Some(0), "{last}");
    let tree = run_folder(&world, &entry(&ran)).join("tree");
    assert_eq!(fs::read_to_string(tree.join("src/greeting.txt")).unwrap(), "wait\n");
    let shown = world.run(&["show", text(&entry(&ran)["run"])]).stdout;
    assert!(shown.contains("interrupted") && shown.contains(tree.to_str().unwrap()), "{shown}");
}

#[test]
fn a_kill_in_the_middle_loses_nothing_and_the_next_run_works() {
    let world = World::with(&project());
    let mut child = waiting(&world);
    let before = world.footprint();
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("the command is gone", || !sleeper_lives(&world));
    assert_eq!(world.footprint(), before);
    let runs = world.run(&["runs", "--format", "json"]).json();
    assert_eq!(runs["runs"][0]["state"], "interrupted");
    let killed = text(&runs["runs"][0]["id"]).to_owned();

    let ran = world.goal("Greet everybody", &greeting().text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 2);

    // What the killed run had written and not committed outlives its tree.
    let removed = world.run(&["gc", "--format", "json"]).json();
    let removed = removed["removed"].as_array().unwrap();
    let rescued = removed.iter().find(|entry| entry["run"] == *killed).map(|entry| text(&entry["rescued"]).to_owned());
    assert_eq!(world.git(&["show", &format!("{}:src/greeting.txt", rescued.unwrap())]), "wait");
}

#[test]
fn the_author_is_shown_the_files_that_it_has_just_made() {
    let world = World::with(&project());
    // Its own words are not enough: this is how a diff tells of a new file.
    let script = Script::specified()
        .writes(1, "src/greeting.txt", "hello\n")
        .tests(1)
        .finishes(1)
        .expecting(&["new file mode", "+hello"])
        .reviews("change-review", 1, &[]);
    let ran = world.goal("Greet everybody", &script.text(), &[]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}
