//! How the program ends: exit codes, and what stands beside them.

use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{World, root, wait_until};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

const GOAL: &str = "Greet everybody";

#[test]
fn another_digest_than_the_locks_is_an_integrity_error() {
    let world = World::with(&project());
    let source = root().join("target/guests/hello.wasm");
    let lock = format!(
        "version = 1\n[[skill]]\nname = \"hello\"\nversion = \"1.0.0\"\nsource = \"file:{}\"\ndigest = \"{}\"\n",
        source.display(),
        Digest::of(b"another")
    );
    world.commit(&[("skillhost.toml", &format!("{CONFIG}[skills]\nreview = \"hello\"\n")), ("skillhost.lock", &lock)]);
    let before = world.footprint();
    world.goal(GOAL, &greeting().text(), &[]).failed(6, &["hello", "digest"]);
    // With the right one, it is still no reviewer.
    let right = lock.replace(&Digest::of(b"another").to_string(), &Digest::of(&fs::read(&source).unwrap()).to_string());
    fs::write(world.home().join("right.lock"), right).unwrap();
    let named = world.home().join("right.lock");
    world
        .goal(GOAL, &greeting().text(), &["--lock", named.to_str().unwrap()])
        .failed(3, &["hello is a skill of kind `tool`"]);
    assert_eq!(world.footprint(), before);
}

#[test]
fn a_source_that_policy_does_not_name_is_denied() {
    let world = World::with(&project());
    let policy = world.home().join("policy.toml");
    fs::write(&policy, "[sources]\nallow = []\n").unwrap();
    let ran = world.goal(GOAL, &greeting().text(), &["--policy", policy.to_str().unwrap()]);
    let rule = |line: usize, says: &str| format!("caused by: {}:{line}: {says}", policy.display());
    ran.failed(4, &["error: policy denies builtin:spec", &rule(2, "[sources] allow")]);
    // A skill of the lock is denied by its place, or for want of a signature, before anything of it runs.
    let world = crate::rogue::world(1);
    for (text, line, says) in [
        (
            "# by the security team\n[sources]\nallow = [\"builtin:*\", \"oci://registry.example.com/*\"]\n",
            3,
            "[sources] allow",
        ),
        ("[sources]\n\n\nsigned = \"required\"\n", 4, "[sources] signed = \"required\""),
    ] {
        fs::write(&policy, text).unwrap();
        let ran = world.run(&["--policy", policy.to_str().unwrap(), "run", GOAL]);
        ran.failed(4, &["error: policy denies file:", "rogue-spec.wasm", &rule(line, says)]);
        assert!(!world.state().join("runs").exists(), "no run was begun: {ran:#?}");
    }
    assert_eq!(ran.json()["exit_code"], 4);
}

#[test]
fn a_flipped_byte_in_the_ledger_is_noticed() {
    let world = World::with(&project());
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    let id = ran.json()["runs"][0]["run"].as_str().unwrap().to_owned();
    assert_eq!(world.run(&["show", &id]).code, Some(0));
    let file = world.state().join("runs").join(&id).join("ledger.db");
    let mut bytes = fs::read(&file).unwrap();
    // The last byte of a page is the end of its first row: of a sealed body.
    let size = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    for page in bytes.chunks_mut(size).skip(1) {
        *page.last_mut().unwrap() ^= 1;
    }
    fs::write(&file, bytes).unwrap();
    world.run(&["show", &id]).failed(6, &["error: "]);
}

#[test]
fn goals_that_end_differently_end_with_the_worse_code() {
    let world = World::with(&project());
    let script = greeting().text();
    // The first call is for one of the goals alone.
    let script = script.replacen("\"phase\":\"spec\",", "\"phase\":\"spec\",\"expect\":[\"the morning\"],", 1);
    let model = world.model(&script);
    let ran = world.run(&["run", "Greet the morning", "Greet the evening", "--format", "json", "--model", &model]);
    ran.failed(1, &["error: builtin:spec could not ask its model: "]);
    let runs = ran.json()["runs"].clone();
    assert_eq!((&runs[0]["state"], &runs[1]["state"]), (&json!("ready"), &json!("failed")), "{runs}");
    assert!(runs[0]["hint"].is_null() && runs[1]["hint"].as_str().unwrap().starts_with("skillhost show "), "{runs}");
    assert!(runs[1]["caused_by"].is_array());
}

#[test]
fn a_run_starts_from_the_named_base() {
    let world = World::with(&project());
    world.git(&["branch", "release/1"]);
    world.commit(&[("later.txt", "later\n")]);
    let ran = world.goal(GOAL, &greeting().text(), &["--base", "release/1"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = ran.json()["runs"][0].clone();
    let shown = world.run(&["show", entry["run"].as_str().unwrap(), "--format", "json"]).json();
    assert_eq!(
        (&shown["base"], &shown["base_commit"]),
        (&json!("release/1"), &json!(world.git(&["rev-parse", "release/1"])))
    );
    let files = world.git(&["ls-tree", "-r", "--name-only", entry["branch"].as_str().unwrap()]);
    assert!(!files.contains("later.txt"), "{files}");
    world.goal(GOAL, &greeting().text(), &["--base", "nothing"]).failed(3, &["nothing"]);
}

#[test]
fn a_run_at_work_can_be_shown_and_ends_at_a_signal_with_the_next_command() {
    let world = World::with(&project());
    world.commit(&[("length", "86397")]);
    let model = world.model(&Script::specified().writes(1, "src/greeting.txt", "wait\n").tests(1).text());
    let mut command = world.command(&["run", GOAL, "--format", "json", "--model", &model]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the command waits", || world.has_started());
    let id = world.run(&["runs", "--format", "json"]).json()["runs"][0]["id"].as_str().unwrap().to_owned();
    let shown = world.run(&["show", &id]).stdout;
    assert!(shown.contains("running") && shown.contains("▸ implement") && shown.contains("at work"), "{shown}");
    crate::support::signal(&child, "TERM");
    let ran = crate::support::ran(child.wait_with_output().unwrap());
    ran.failed(130, &["error: interrupted", &format!("hint: what is there is kept: skillhost show {id}")]);
    assert_eq!(ran.json()["runs"][0]["hint"], format!("what is there is kept: skillhost show {id}"));
}

#[test]
fn every_path_that_is_told_is_absolute_and_there() {
    let world = World::with(&project());
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    let entry = ran.json()["runs"][0].clone();
    let there = |path: &str| Path::new(path).is_absolute() && Path::new(path).exists();
    for key in ["pull_request", "run_json"] {
        assert!(there(entry[key].as_str().unwrap()), "{key}: {entry}");
    }
    let shown = world.run(&["show", entry["run"].as_str().unwrap()]).stdout;
    let line = shown.lines().find(|line| line.starts_with("pull request")).unwrap();
    assert!(there(line.split_whitespace().last().unwrap()), "{shown}");
    // For people, what is on stdout is the path alone, so that it can be piped.
    let model = world.model(&greeting().text());
    let people = world.run(&["run", GOAL, "--model", &model]);
    assert!(there(people.stdout.trim_end()), "{people:#?}");
    assert!(
        people.stderr.contains("✓ spec ") && people.stderr.contains("✓ gates "),
        "a line for each phase: {people:#?}"
    );
}

#[test]
fn show_narrows_to_a_phase() {
    let world = World::with(&project());
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    let id = ran.json()["runs"][0]["run"].as_str().unwrap().to_owned();
    let gates = |phase: &str| {
        let shown = world.run(&["show", &id, "--phase", phase, "--format", "json"]).json();
        assert!(shown["phases"].as_array().unwrap().iter().all(|row| row["phase"] == phase), "{shown}");
        shown["gates"].as_array().unwrap().len()
    };
    assert_eq!((gates("verify"), gates("spec"), gates("change-review")), (1, 0, 0));
    world
        .run(&["show", &id, "--phase", "nonsense"])
        .failed(2, &["invalid value 'nonsense'", "possible values: spec, spec-review"]);
}

#[test]
fn a_result_that_can_not_be_written_is_no_success() {
    let world = World::bare();
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for arguments in [&["inspect", "builtin:spec"][..], &["runs", "--format", "json"], &["completions", "bash"]] {
        let output = world.command(arguments).stdout(full()).output().unwrap();
        let ran = crate::support::ran(output);
        ran.failed(5, &["error: the result could not be written to stdout", "No space left", "hint: "]);
    }
    let help = world.command(&["--help"]).stdout(full()).output().unwrap();
    assert_eq!(help.status.code(), Some(5));
}

#[test]
fn inspect_tells_what_a_component_is_made_of() {
    let world = World::bare();
    let file = root().join("target/guests/hello.wasm");
    let document = world.run(&["inspect", file.to_str().unwrap(), "--format", "json"]).json();
    assert_eq!(document["size_bytes"], fs::metadata(&file).unwrap().len());
    let names = |key: &str| document[key].as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>().concat();
    assert!(
        names("imports").contains("skillhost:skill/log") && names("exports").contains("skillhost:skill/tool"),
        "{document}"
    );
    assert_eq!(document["tools"][0]["name"], "greet");
    let people = world.run(&["inspect", file.to_str().unwrap()]).stdout;
    assert!(people.contains("Exports:") && people.contains("Imports:") && people.contains(" KB · sha256:"), "{people}");
}

#[test]
fn quiet_still_warns() {
    let world = World::with(&project());
    world.git(&["config", "commit.gpgsign", "true"]);
    world.write(&[("skillhost.toml", "nonsense = true\n"), ("test.sh", "exit 1\n")]);
    let model = world.model(&greeting().text());
    let ran = world.run(&["run", GOAL, "--quiet", "--model", &model]);
    ran.failed(
        0,
        &[
            "warning: skillhost.toml in your working directory differs",
            "warning: uncommitted changes are not part of this",
            "warning: commits are signed here by configuration",
        ],
    );
    assert!(ran.stderr.lines().all(|line| line.starts_with("warning: ")), "{ran:#?}");
    assert_eq!(ran.stderr.matches("uncommitted changes").count(), 1);
    let clean = World::with(&project());
    let ran = clean.goal(GOAL, &greeting().text(), &[]);
    assert!(!ran.stderr.contains("uncommitted"), "{ran:#?}");
}

#[test]
fn init_never_writes_through_a_link() {
    let world = World::with(&[("package.json", "{\"name\":\"x\",\"scripts\":{\"test\":\"node --test\"}}\n")]);
    let outside = world.home().join("outside.txt");
    fs::write(&outside, "mine\n").unwrap();
    let link = |name: &str| std::os::unix::fs::symlink(&outside, world.repo().join(name)).unwrap();
    for name in ["skillhost.toml", "skillhost.draft", "skillhost.toml.draft"] {
        link(name);
    }
    world.run(&["init"]).failed(3, &["exists already"]);
    world.run(&["init", "--force"]).failed(0, &["Wrote "]);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "mine\n");
    let written = fs::symlink_metadata(world.repo().join("skillhost.toml")).unwrap();
    assert!(written.is_file() && written.permissions().mode() & 0o022 == 0);
    let left: Vec<_> = fs::read_dir(world.repo()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 5, "no draft stays: {left:?}");
}

#[test]
fn a_lock_that_is_a_pipe_blocks_nothing() {
    let world = World::with(&project());
    let made = std::process::Command::new("mkfifo").arg(world.home().join("pipe")).status().unwrap();
    assert!(made.success());
    std::os::unix::fs::symlink(world.home().join("pipe"), world.repo().join("skillhost.lock")).unwrap();
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    ran.failed(0, &["warning: skillhost.lock in your working directory differs"]);
    // As the component that a lock names.
    world.run(&["inspect", world.home().join("pipe").to_str().unwrap()]).failed(2, &["not a regular file"]);
}
