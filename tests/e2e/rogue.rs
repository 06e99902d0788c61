//! Skills that nobody should trust, pinned by the project's lock: what they do wrong ends their own run, and the host's
//! records say so. They need no model, and are told by the goal how to misbehave.

use crate::scripts::{CONFIG, project};
use crate::support::{Ran, World, root};
use serde_json::Value;
use skillhost_core::digest::Digest;
use std::fs;
use std::path::PathBuf;

const KINDS: [&str; 4] = ["spec", "review", "implement", "verify"];

/// A gate that passes where the author wrote its file.
const GATE: &str = "grep -qs rogue src/a && echo '1 passed'\n";

pub fn component(kind: &str) -> PathBuf {
    root().join(format!("target/guests/rogue-{kind}.wasm"))
}

/// An entry of a lock. The grant is everything that any of the four requests.
pub fn locked(name: &str, kind: &str, digest: Digest) -> String {
    format!(
        "[[skill]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"file:{}\"\ndigest = \"{digest}\"\n\
         [skill.grant]\nread = [\"**\"]\nwrite = [\"**\"]\n",
        component(kind).display()
    )
}

pub fn digest(kind: &str) -> Digest {
    let component = component(kind);
    let bytes =
        fs::read(&component).unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask test` builds it", component.display()));
    Digest::of(&bytes)
}

/// A repository whose every skill is a rogue.
pub fn world(rounds: u32) -> World {
    let skills: String = KINDS.iter().map(|kind| format!("{kind} = \"rogue-{kind}\"\n")).collect();
    let entries: String = KINDS.iter().map(|kind| locked(&format!("rogue-{kind}"), kind, digest(kind))).collect();
    let config = CONFIG.replace("rounds = 1", &format!("rounds = {rounds}"));
    let world = World::with(&project());
    world.commit(&[
        ("skillhost.toml", &format!("{config}[skills]\n{skills}")),
        ("skillhost.lock", &format!("version = 1\n{entries}")),
        ("test.sh", GATE),
    ]);
    world
}

/// Runs a goal, which says how to misbehave, and checks that nothing of the user's changed.
pub fn run(world: &World, goal: &str) -> Ran {
    let before = world.footprint();
    let ran = world.run(&["run", goal, "--format", "json"]);
    assert_eq!(world.footprint(), before);
    ran
}

/// `run.json` and, where there is one, `PR.md`.
fn left(ran: &Ran) -> (Value, String) {
    let entry = ran.json()["runs"][0].clone();
    let read = |key: &str| entry[key].as_str().map(|file| fs::read_to_string(file).unwrap()).unwrap_or_default();
    (serde_json::from_str(&read("run_json")).unwrap(), read("pull_request"))
}

#[test]
fn four_rogues_that_behave_make_a_pull_request() {
    let world = world(1);
    let ran = run(&world, "Behave");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let (run, request) = left(&ran);
    assert_eq!((&run["state"], run["denials"].as_array().map(Vec::len)), (&Value::from("ready"), Some(0)), "{run:#}");
    assert!(request.contains("passed, exit 0") && request.contains("rogue-implement@"), "{request}");
}

#[test]
fn an_author_that_is_ended_loses_nothing_but_its_run() {
    for (how, code, cause) in [
        ("trap", 1, "trap"),
        ("spin", 5, "computed for"),
        ("sleep", 5, "took longer than"),
        ("eat-memory", 5, "memory"),
    ] {
        let world = world(1);
        let ran = run(&world, &format!("End by implement:{how}"));
        ran.failed(code, &["error: rogue-implement ended without an answer", cause]);
        let (document, request) = left(&ran);
        assert_eq!((&document["state"], request.as_str()), (&Value::from("failed"), ""), "{document:#}");
        let id = document["id"].as_str().unwrap();
        let tree = world.state().join("runs").join(id).join("tree");
        assert_eq!(fs::read_to_string(tree.join("src/a")).unwrap(), "written by the rogue\n", "{how}");

        // It is listed and shown, and another run works.
        let listed = world.run(&["runs", "--format", "json"]).json();
        assert_eq!((&listed["runs"][0]["id"], &listed["runs"][0]["state"]), (&document["id"], &document["state"]));
        let shown = world.run(&["show", id]).stdout;
        assert!(shown.contains("failed") && shown.contains("rogue-implement ended without an answer"), "{shown}");
        assert_eq!(run(&world, "Behave").code, Some(0), "{how}");

        let before = world.footprint();
        let removed = world.run(&["gc", "--format", "json"]).json();
        let removed = removed["removed"].as_array().unwrap();
        let rescued = removed.iter().find(|entry| entry["run"] == *id).and_then(|entry| entry["rescued"].as_str());
        assert_eq!(world.git(&["show", &format!("{}:src/a", rescued.unwrap())]), "written by the rogue");
        assert!(!tree.exists() && world.footprint() == before);
        assert!(world.run(&["show", id]).stdout.contains("failed"));
    }
}

#[test]
fn f_20_what_runs_by_itself_is_denied_or_comes_first_in_the_pull_request() {
    let world = world(1);
    let ran = run(&world, "Plant implement:plants");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let (run, request) = left(&ran);
    let tree = world.git(&["ls-tree", "-r", "--name-only", run["branch"].as_str().unwrap()]);
    let (first, rest) = request.split_once("First to look at:").unwrap();
    assert!(!first.contains("src/"), "{request}");
    for name in [".envrc", ".vscode/tasks.json", ".githooks/pre-commit", "package.json", "site/evil.pth", "Makefile"] {
        let inside = format!("src/{name}");
        assert!(tree.lines().any(|line| line == inside), "{tree}");
        // Before the long files, and all of it before the table of files.
        let (named, long) = (rest.find(&inside).unwrap(), rest.find("src/page-0.txt").unwrap());
        assert!(named < long, "{request}");
        assert!(!tree.lines().any(|line| line == name), "{name} is outside of the grant: {tree}");
        let denials = run["denials"].as_array().unwrap();
        // Where there would have to be a folder first, that is what it was denied.
        let first = name.split('/').next().unwrap();
        assert!(denials.iter().any(|denial| denial["what"] == first), "{name}: {denials:#?}");
    }
    assert!(!std::path::Path::new("/tmp/rogue-was-here").exists());
}

/// A program of its own for each, as people have them open.
#[test]
fn d_13_others_are_answered_beside_eight_hostile_skills() {
    let world = world(1);
    let before = world.footprint();
    let goals: Vec<String> = (1..=8).map(|n| format!("Attack {n} implement:hostile")).collect();
    let mut arguments = vec!["run"];
    arguments.extend(goals.iter().map(String::as_str));
    arguments.extend(["--jobs", "8", "--format", "json"]);
    let mut hostile = world.command(&arguments);
    let hostile = hostile.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let trees = || fs::read_dir(world.state().join("runs")).into_iter().flatten().flatten().map(|run| run.path());
    crate::support::wait_until("all eight are at work", || {
        trees().filter(|run| run.join("tree/src/a").exists()).count() == 8
    });
    let listed = world.run(&["runs", "--format", "json"]).json();
    let runs = listed["runs"].as_array().unwrap().clone();
    assert_eq!(runs.len(), 8, "{listed:#}");
    for run in &runs {
        let shown = world.run(&["show", run["id"].as_str().unwrap()]);
        assert!(shown.code == Some(0) && shown.stdout.contains("Attack"), "{shown:#?}");
    }
    let ran = world.run(&["run", "Behave", "--format", "json"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let ended = crate::support::ran(hostile.wait_with_output().unwrap());
    ended.failed(5, &["error: rogue-implement ended without an answer", "took longer than"]);
    assert_eq!(world.footprint(), before);
}

#[test]
fn an_empty_section_goes_back_and_is_filled() {
    let world = world(2);
    let ran = run(&world, "Specify spec:late");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let (run, _) = left(&ran);
    let spec = spec(&world, &ran);
    assert!(spec.contains("There has to be a file."), "{spec}");
    assert!(spec.contains("Told: the section \"Problem\" is missing or empty"), "{spec}");
    let drafts = run["phases"].as_array().unwrap().iter().filter(|phase| phase["phase"] == "spec");
    assert_eq!(drafts.map(|phase| phase["state"].as_str().unwrap()).collect::<Vec<_>>(), ["negative", "done"]);
}

/// The built-in skill repairs by itself; this one does not, so that the host has the last word.
#[test]
fn a_section_that_stays_empty_ends_the_run() {
    let world = world(2);
    let ran = run(&world, "Specify spec:never");
    ran.failed(1, &["error: the spec still lacks \"Problem\" after 2 rounds", "hint: "]);
    let (run, request) = left(&ran);
    assert_eq!((&run["state"], request.as_str()), (&Value::from("failed"), ""), "{run:#}");
}

#[test]
fn a_broken_plan_goes_back_with_the_reasons() {
    let reasons = ["stands for more than one step", "names the command", "rm -rf /", "unknown criterion"];
    let world = world(2);
    let ran = run(&world, "Plan spec:broken-plan-once");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let spec = spec(&world, &ran);
    for reason in reasons.into_iter().chain(["the files of step"]) {
        assert!(spec.lines().any(|line| line.starts_with("Told: ") && line.contains(reason)), "{reason}: {spec}");
    }

    let ran = run(&world, "Plan spec:broken-plan");
    ran.failed(1, &["error: the plan is still wrong after 2 rounds: ", reasons[0]]);
    let shown = world.run(&["show", left(&ran).0["id"].as_str().unwrap()]).stdout;
    for reason in reasons {
        assert!(shown.contains(reason), "{reason}: {shown}");
    }
}

fn spec(world: &World, ran: &Ran) -> String {
    let entry = ran.json()["runs"][0].clone();
    let at = format!("{}:{}", entry["branch"].as_str().unwrap(), entry["spec"].as_str().unwrap());
    world.git(&["show", &at])
}

#[test]
fn m_06_a_review_writes_nothing_even_where_the_lock_grants_it() {
    let world = world(1);
    let ran = run(&world, "Review review:writes");
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let (run, request) = left(&ran);
    let denials = run["denials"].as_array().unwrap();
    assert_eq!(denials.len(), 1, "{run:#}");
    assert_eq!((&denials[0]["capability"], &denials[0]["what"]), (&"write".into(), &"src/by-the-review".into()));
    assert!(request.contains("src/by-the-review"), "the attempt is told: {request}");
    let id = run["id"].as_str().unwrap();
    assert!(!world.state().join("runs").join(id).join("tree/src/by-the-review").exists());
    assert!(!world.git(&["ls-tree", "-r", "--name-only", run["branch"].as_str().unwrap()]).contains("by-the-review"));
}

#[test]
fn a_finding_with_an_invented_quote_sinks() {
    let world = world(1);
    let ran = run(&world, "Review review:invents");
    // As a major it would have kept the pull request a draft.
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let (run, request) = left(&ran);
    assert_eq!(
        (&run["findings"][0]["severity"], &run["findings"][0]["checked"]),
        (&"minor".into(), &"not-found".into())
    );
    assert!(request.contains("minor (unverified)"), "{request}");
}

#[test]
fn a_review_closes_nothing_that_it_was_not_shown() {
    let world = world(1);
    let ran = run(&world, "Review review:closes");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let (run, request) = left(&ran);
    assert_eq!((&run["state"], run["findings"].as_array().map(Vec::len)), (&"draft".into(), Some(1)), "{run:#}");
    assert_eq!((&run["findings"][0]["id"], &run["findings"][0]["severity"]), (&"F1".into(), &"major".into()));
    assert!(request.contains("| F1 | major | open |"), "{request}");
}

#[test]
fn m_06_m_07_who_approves_of_everything_passes_no_gate() {
    let world = world(2);
    world.commit(&[("test.sh", "echo '1 failed'; exit 1\n")]);
    let ran = run(&world, "Approve");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let (run, request) = left(&ran);
    assert_eq!(run["state"], "draft", "{run:#}");
    // The author was told, and the gate ran again on what it made of that.
    let gates = run["gates"].as_array().unwrap();
    assert_eq!(gates.iter().map(|gate| gate["exit_code"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 1], "{run:#}");
    assert!(request.contains("> Draft: 1 of 1 gates failed"), "{request}");
    assert!(request.contains("failed, exit 1") && !request.contains("passed, exit 0"), "{request}");
}

#[test]
fn m_07_evidence_that_no_gate_gave_shows_nothing() {
    let world = world(1);
    let ran = run(&world, "Verify verify:ev-99");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let (run, request) = left(&ran);
    assert_eq!(run["state"], "draft", "{run:#}");
    assert!(request.contains("\n| C1 There is a file | not run |\n"), "{request}");
    assert!(request.contains("passed, exit 0"), "the gate itself passed: {request}");
}

#[test]
fn l_07_a_lock_holds_a_skill_to_its_digest_its_name_and_its_kind() {
    let cases = [
        (locked("rogue-review", "review", digest("spec")), 6, "digest"),
        (locked("rogue-review", "implement", digest("implement")), 3, "is a skill of kind `implement`"),
    ];
    for (entry, code, cause) in cases {
        let world = World::with(&project());
        world.commit(&[
            ("skillhost.toml", &format!("{CONFIG}[skills]\nreview = \"rogue-review\"\n")),
            ("skillhost.lock", &format!("version = 1\n{entry}")),
        ]);
        run(&world, "Behave").failed(code, &["error: ", cause]);
        assert!(!world.state().join("runs").exists(), "nothing was begun: {cause}");
    }
    let world = World::with(&project());
    world.commit(&[
        ("skillhost.toml", &format!("{CONFIG}[skills]\nreview = \"better-review\"\n")),
        ("skillhost.lock", &format!("version = 1\n{}", locked("better-review", "review", digest("review")))),
    ]);
    run(&world, "Behave").failed(6, &["error: the lock's entry `better-review` names a skill `rogue-review`"]);
    assert!(!world.state().join("runs").exists());
}
