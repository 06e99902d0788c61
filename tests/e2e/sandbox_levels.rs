//! What a run says of the sandbox that its commands had, on machines that offer less.

use crate::scripts::{greeting, project};
use crate::support::{Ran, World, ran};
use serde_json::Value;
use std::fs;
use std::process::Command;

const GOAL: &str = "Greet everybody";

/// The program on a machine that is out of these namespaces: it begins in a user namespace, in which their number is
/// limited to none.
fn without(world: &World, namespaces: &[&str], arguments: &[&str]) -> Ran {
    let direct = world.command(arguments);
    let limit = |name: &&str| format!("echo 0 > /proc/sys/user/max_{name}_namespaces && ");
    let limits: String = namespaces.iter().map(limit).collect();
    let mut machine = Command::new("unshare");
    machine.args(["--user", "--map-root-user", "sh", "-c", &format!("{limits}exec \"$@\""), "sh"]);
    machine.arg(direct.get_program()).args(direct.get_args()).current_dir(world.repo()).env_clear();
    machine.envs(direct.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    ran(machine.output().unwrap())
}

fn goal<'a>(model: &'a str, flags: &[&'a str]) -> Vec<&'a str> {
    [&["run", GOAL, "--format", "json", "--model", model], flags].concat()
}

/// The level stands in the result, in `run.json` for every gate, and in `PR.md`.
fn says(ran: &Ran, level: &str) {
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let entry = ran.json()["runs"][0].clone();
    let read = |key: &str| fs::read_to_string(entry[key].as_str().unwrap()).unwrap();
    let document: Value = serde_json::from_str(&read("run_json")).unwrap();
    let gates = document["gates"].as_array().unwrap();
    let told = [&entry["sandbox"], &document["sandbox"]].into_iter().chain(gates.iter().map(|gate| &gate["sandbox"]));
    assert!(told.clone().count() > 2 && told.clone().all(|told| told == level), "{level}: {document:#}");
    let request = read("pull_request");
    assert!(request.contains(&format!("- sandbox level: {level}\n")), "{level}: {request}");
}

/// Nothing was begun and nothing spent.
fn began_nothing(world: &World) {
    assert!(!world.state().join("runs").exists());
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len(), 0);
}

#[test]
fn where_every_wall_stands_a_reduced_sandbox_is_a_full_one() {
    let world = World::with(&project());
    let model = world.model(&greeting().text());
    says(&world.run(&goal(&model, &["--allow-reduced-sandbox"])), "full");
}

#[test]
fn without_a_wall_a_run_is_refused_or_says_which() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    let refused = without(&world, &["ipc"], &goal(&model, &[]));
    refused.failed(4, &["error: ", "IPC namespaces", "hint: ", "skillhost doctor", "--allow-reduced-sandbox"]);
    began_nothing(&world);
    let reduced = without(&world, &["ipc"], &goal(&model, &["--allow-reduced-sandbox"]));
    says(&reduced, "reduced (without IPC namespaces)");
    assert_eq!(world.footprint(), before);

    let doctor = without(&world, &["ipc"], &["doctor"]);
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    assert!(doctor.stdout.contains("✗ IPC namespaces") && doctor.stdout.contains("hint: "), "{doctor:#?}");
}

#[test]
fn without_user_namespaces_nothing_begins() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    for flags in [&[][..], &["--allow-reduced-sandbox"]] {
        let refused = without(&world, &["user"], &goal(&model, flags));
        refused.failed(4, &["error: ", "user namespaces", "hint: ", "skillhost doctor"]);
        assert_eq!(refused.json()["exit_code"], 4);
        began_nothing(&world);
    }
    assert_eq!(world.footprint(), before);

    let doctor = without(&world, &["user"], &["doctor"]);
    assert_eq!(doctor.code, Some(1), "{doctor:#?}");
    for text in ["command sandbox: refused", "✗ user namespaces", "hint: ", "user.max_user_namespaces"] {
        assert!(doctor.stdout.contains(text), "{text}: {doctor:#?}");
    }
    let doctor = without(&world, &["user"], &["doctor", "--format", "json"]);
    assert_eq!((doctor.code, &doctor.json()["sandbox"]), (Some(1), &Value::from("refused")));
}

#[test]
fn a_run_without_a_sandbox_says_so_everywhere() {
    let world = World::with(&project());
    let before = world.footprint();
    let model = world.model(&greeting().text());
    says(&without(&world, &["user"], &goal(&model, &["--dangerously-unsandboxed"])), "unsandboxed");
    assert_eq!(world.footprint(), before);
}
