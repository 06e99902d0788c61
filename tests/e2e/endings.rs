//! Runs that end early: on a full disk, at their time, and when somebody takes their branch away. Each ends in its
//! records, which say why.

use crate::main_job::{entry, run_folder, text};
use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{Ran, World, copy, ran, wait_until};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

const GOAL: &str = "Greet everybody";
/// Sizes of state folders, in KiB, each too small for the whole job.
const SIZES: [u32; 9] = [40, 100, 112, 130, 160, 200, 230, 300, 340];

/// What was left on a file system that is gone by now.
struct Left {
    ran: Ran,
    /// `runs`, as it could be read afterwards.
    runs: Value,
    /// Every path in the state folder.
    paths: String,
}

/// Runs the goal with a state folder on a file system of its own, of that many KiB.
fn on_a_disk_of(kib: u32, world: &World, script: &Script) -> Left {
    const IN_IT: &str = r#"mount -t tmpfs -o "size=$1k" tmpfs "$2" && cp -a "$3"/. "$2" || exit 99
        state=$2 before=$3
        shift 3
        "$@"
        code=$?
        "$1" --state-dir "$state" runs --format json > "$before.runs"
        find "$state" > "$before.paths"
        exit $code"#;
    let model = world.model(&script.text());
    let program = world.command(&["run", GOAL, "--format", "json", "--model", &model]);
    let before = world.home().join("state");
    if !before.exists() {
        copy(&world.state(), &before);
    }
    let mut shell = Command::new("unshare");
    shell.args(["--map-root-user", "--mount", "sh", "-c", IN_IT, "sh", &kib.to_string()]);
    shell.arg(world.state()).arg(&before).arg(program.get_program()).args(program.get_args());
    shell.current_dir(world.repo()).env_clear();
    shell.envs(program.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let ran = ran(shell.output().unwrap());
    assert_ne!(ran.code, Some(99), "{ran:#?}");
    let read = |ending: &str| fs::read_to_string(PathBuf::from(format!("{}.{ending}", before.display()))).unwrap();
    Left { ran, runs: serde_json::from_str(&read("runs")).unwrap_or_default(), paths: read("paths") }
}

#[test]
fn a_full_disk_is_a_limit_wherever_it_is_met() {
    let world = World::with(&project());
    let before = world.footprint();
    // From the first page of the ledger on to the last checkout.
    for kib in SIZES {
        let left = on_a_disk_of(kib, &world, &greeting());
        left.ran.failed(5, &["error: ", "hint: ", "--state-dir"]);
        assert_eq!(world.footprint(), before, "{kib}");
        // Where the run began, it is named, and it is listed.
        if let Some(id) = left.ran.json()["runs"][0]["run"].as_str() {
            assert_eq!(left.runs["runs"][0]["id"], *id, "{kib}: {:#}", left.runs);
        }
    }
    let roomy = on_a_disk_of(64 << 10, &world, &greeting());
    assert_eq!(roomy.ran.code, Some(0), "{:#?}", roomy.ran);
    assert_eq!((&roomy.runs["runs"][0]["state"], world.footprint()), (&json!("ready"), before));
}

#[test]
fn a_call_on_a_full_disk_is_told_so_too() {
    const IN_IT: &str = r#"mount -t tmpfs -o size=256k tmpfs "$1" && cp -a "$2"/. "$1" || exit 99
        cat /dev/zero > "$1/fill"
        shift 2
        exec "$@""#;
    let world = World::bare();
    let before = world.home().join("state");
    copy(&world.state(), &before);
    let program = world.command(&["call", "builtin:verify"]);
    let mut shell = Command::new("unshare");
    shell.args(["--map-root-user", "--mount", "sh", "-c", IN_IT, "sh"]).arg(world.state()).arg(&before);
    shell.arg(program.get_program()).args(program.get_args()).current_dir(world.repo()).env_clear();
    shell.envs(program.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    let ran = ran(shell.output().unwrap());
    ran.failed(
        5,
        &["error: the session can't be audited", "No space left on device", "hint: free some room", "--state-dir"],
    );
}

#[test]
fn a_start_that_fails_ends_in_its_records_and_leaves_no_tree() {
    let world = World::with(&project());
    // Nothing that could be packed smaller than the disk.
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    fs::write(world.repo().join("large"), (0..4 << 20).map(|_| next()).collect::<Vec<u8>>()).unwrap();
    world.commit(&[]);
    let left = on_a_disk_of(3 << 10, &world, &greeting());
    left.ran.failed(5, &["error: the repository can't be worked on", "No space left on device", "--state-dir"]);
    let (listed, run) = (&left.runs["runs"][0], &left.ran.json()["runs"][0]);
    assert_eq!((&listed["id"], &listed["state"]), (&run["run"], &json!("failed")));
    // Why is told by the records, too.
    assert!(text(&listed["error"]).contains("No space left on device"), "{listed:#}");
    assert!(text(&run["reasons"][0]).contains("No space left on device"), "{run:#}");
    for made in ["/tree", "/repository", "/tree.making"] {
        let folder = format!("runs/{}{made}", text(&run["run"]));
        assert!(!left.paths.lines().any(|path| path.ends_with(&folder)), "{folder}: {}", left.paths);
    }
    assert!(left.paths.contains("/run.json"), "{}", left.paths);
}

/// A gate that fails where nobody is greeted, else waits until it is let go; the author may not run it.
const PATIENT: &str = "grep -qs hello src/greeting.txt || exit 1\necho > started\n\
                       while [ ! -f go ]; do sleep 0.05; done\necho '1 passed'\n";

fn patient(more: &str) -> World {
    let config = CONFIG.replace("exec = [\"test\"]", "exec = []").replace("rounds = 1", "rounds = 2") + more;
    let world = World::with(&project());
    world.commit(&[("skillhost.toml", &config), ("test.sh", PATIENT)]);
    world
}

/// Starts the run, and gives the checkout in which its gate waits by then.
fn until_its_gate_waits(world: &World, script: &Script) -> (Child, PathBuf) {
    let model = world.model(&script.text());
    let mut command = world.command(&["run", GOAL, "--format", "json", "--model", &model]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut checkout = None;
    wait_until("the gate waits", || {
        let runs = fs::read_dir(world.state().join("runs")).into_iter().flatten().flatten();
        let folders = runs.flat_map(|run| fs::read_dir(run.path()).into_iter().flatten().flatten());
        checkout = folders.map(|folder| folder.path().join("tree")).find(|tree| tree.join("started").exists());
        checkout.is_some()
    });
    (child, checkout.unwrap())
}

fn hello() -> Script {
    Script::specified().writes(1, "src/greeting.txt", "hello\n").finishes(1).reviews("change-review", 1, &[])
}

#[test]
fn a_run_whose_branch_is_taken_away_ends_in_its_records() {
    let world = patient("");
    let (child, checkout) = until_its_gate_waits(&world, &hello());
    let branch = world.git(&["for-each-ref", "--format=%(refname:short)", "refs/heads/skillhost"]);
    let head = world.git(&["rev-parse", &branch]);
    world.git(&["branch", "--quiet", "-D", &branch]);
    fs::write(checkout.join("go"), "").unwrap();
    let ran = ran(child.wait_with_output().unwrap());
    assert_eq!((ran.code, &entry(&ran)["state"]), (Some(1), &json!("failed")), "{ran:#?}");
    let document: Value = serde_json::from_slice(&fs::read(text(&entry(&ran)["run_json"])).unwrap()).unwrap();
    assert_eq!((&document["state"], text(&document["head"])), (&json!("failed"), head.as_str()));
    assert!(document["error"].is_string() && document["ended_ms"].is_u64(), "{document:#}");
    assert_eq!(world.git(&["rev-parse", &format!("refs/skillhost/keep/{}", text(&document["id"]))]), head);
}

#[test]
fn a_run_that_takes_longer_than_its_budget_is_ended_and_keeps_its_tree() {
    let world = patient("[budget]\ntime = \"4s\"\n");
    let before = world.footprint();
    let ran = world.goal(GOAL, &hello().text(), &[]);
    ran.failed(5, &["error: the run took longer than its budget of 4s", "hint: raise time under [budget]"]);
    assert_eq!(world.footprint(), before);
    let entry = entry(&ran);
    let folder = run_folder(&world, &entry);
    assert!(folder.join("tree/test.sh").is_file());
    let gates = fs::read_dir(&folder)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("gates-"));
    assert_eq!(gates.count(), 0, "its checkout is gone");
    let shown = world.run(&["show", text(&entry["run"]), "--format", "json"]).json();
    assert_eq!((&shown["state"], &shown["exit_code"]), (&json!("failed"), &json!(5)));
    assert!(shown["phases"].as_array().unwrap().iter().all(|phase| phase["state"] != "running"), "{shown:#}");
}

#[test]
fn what_failed_stays_open_until_the_next_gates_have_decided() {
    let world = patient("");
    let script = Script::specified()
        .writes(1, "src/greeting.txt", "go away\n")
        .finishes(1)
        .calls("implement", 2, "read", &json!({"path": "src/greeting.txt", "from": null, "lines": null}))
        .writes(2, "src/greeting.txt", "hello\n")
        .answers_all(2, 3);
    let (child, _) = until_its_gate_waits(&world, &script);
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let ran = ran(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(130), "{ran:#?}");
    let shown = world.run(&["show", text(&entry(&ran)["run"]), "--format", "json"]).json();
    let findings = shown["findings"].as_array().unwrap();
    assert!(text(&findings[0]["message"]).contains("the gate `test` failed"), "{shown:#}");
    assert!(findings.iter().all(|finding| finding["verdicts"] == json!([])), "{shown:#}");
}
