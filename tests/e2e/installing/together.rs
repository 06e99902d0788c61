//! Several processes at once, on one lock and one store. Whoever is to be in the middle is stopped there: at the folder's
//! lock, which somebody else holds, or by strace, at a call to the system.

use super::{NAME, digest_of, has_lock, kept, lock_of, manifest_of, publish};
use crate::support::{Ran, World, ran, wait_until};
use std::fs;
use std::process::{Child, Command, Stdio};

/// Whoever wants to change the lock waits until this is let go.
struct Holder(Child);

impl Holder {
    fn of(world: &World) -> Self {
        let mut command = Command::new("flock");
        command.arg(world.repo()).args(["sh", "-c", "echo held; read x"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0; 5]).unwrap();
        Self(child)
    }

    fn let_go(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().unwrap();
    }
}

fn start(world: &World, arguments: &[&str]) -> Child {
    let mut command = world.command(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Whether a process waits for the lock of a file, as the kernel lists it.
fn waits(child: &Child) -> bool {
    let locks = fs::read_to_string("/proc/locks").unwrap();
    let id = child.id().to_string();
    locks.lines().any(|line| line.contains("->") && line.split_whitespace().any(|word| word == id))
}

/// Runs these at once: each has read the lock and decided before any of them writes.
fn at_once<const N: usize>(world: &World, commands: [&[&str]; N]) -> [Ran; N] {
    let holder = Holder::of(world);
    let started = commands.map(|command| start(world, command));
    wait_until("all of them wait", || started.iter().all(waits));
    holder.let_go();
    started.map(|child| ran(child.wait_with_output().unwrap()))
}

#[test]
fn two_who_add_at_once_both_end_in_the_lock() {
    let world = World::with(&[]);
    let [a, b, c] = ["alpha", "bravo", "charlie"]
        .map(|name| publish(&world, &format!("{name}.wasm"), &manifest_of(name, "1.0.0", "read = [\"**\"]")));
    let add = |reference| ["add", reference, "--grant-requested"];
    for ran in at_once(&world, [&add(&a), &add(&b), &add(&c)]) {
        ran.failed(0, &[]);
    }
    let lock = lock_of(&world);
    assert_eq!(lock.matches("[[skill]]").count(), 3, "{lock}");
    world.run(&["sync", "--check", "--locked"]).failed(0, &["3 skills checked"]);
}

#[test]
fn of_two_who_add_one_name_at_once_one_is_told_unless_it_is_the_same() {
    let world = World::with(&[]);
    let same = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    let add = ["add", &same, "--grant-requested"];
    for ran in at_once(&world, [&add, &add]) {
        ran.failed(0, &["may:"]);
    }
    assert_eq!(lock_of(&world).matches("[[skill]]").count(), 1);
    // The same skill with another grant is another decision.
    world.run(&["remove", NAME]).failed(0, &[]);
    let less = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\", \"src/**\"]"));
    let one = ["add", &less, "--grant", "read=src/**"];
    let mut ended = at_once(&world, [&["add", &less, "--grant-requested"], &one]);
    ended.sort_by_key(|ran| ran.code);
    ended[0].failed(0, &[]);
    ended[1].failed(6, &["has a skill `licence-check` already", "hint: skillhost update licence-check"]);

    let other = ["x/e.wasm", "y/e.wasm"].map(|file| publish(&world, file, &manifest_of("echo", "1.0.0", "")));
    fs::write(world.repo().join("y/e.wasm"), super::component(&manifest_of("echo", "1.0.1", ""))).unwrap();
    let mut ended = at_once(&world, [&["add", &other[0]], &["add", &other[1]]]);
    ended.sort_by_key(|ran| ran.code);
    ended[0].failed(0, &[]);
    ended[1].failed(6, &["has a skill `echo` already", "gets nothing that the other was granted"]);
    assert_eq!(lock_of(&world).matches("name = \"echo\"").count(), 1);
    // What was not named is not kept either.
    let kept = ["x/e.wasm", "y/e.wasm"].map(|file| kept(&world, &digest_of(&world, file)).exists());
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 1);
    world.run(&["sync", "--check", "--locked"]).failed(0, &["2 skills checked"]);
}

#[test]
fn who_adds_updates_and_removes_at_once_loses_nothing_of_the_others() {
    let world = World::with(&[]);
    let read = "read = [\"**\"]";
    for name in ["alpha", "bravo", "charlie"] {
        let reference = publish(&world, &format!("{name}.wasm"), &manifest_of(name, "1.0.0", read));
        world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    }
    publish(&world, "alpha.wasm", &manifest_of("alpha", "1.1.0", read));
    publish(&world, "charlie.wasm", &manifest_of("charlie", "1.1.0", read));
    let delta = publish(&world, "delta.wasm", &manifest_of("delta", "1.0.0", read));
    let ended = at_once(
        &world,
        [
            &["update", "alpha"],
            &["add", &delta, "--grant-requested"],
            &["remove", "bravo"],
            &["update", "charlie"],
            &["update", "charlie"],
        ],
    );
    for ran in &ended {
        ran.failed(0, &[]);
    }
    let listed = world.run(&["list", "--format", "json"]).json();
    let skills: Vec<String> =
        listed["skills"].as_array().unwrap().iter().map(|s| format!("{} {}", s["name"], s["version"])).collect();
    assert_eq!(skills, [r#""alpha" "1.1.0""#, r#""charlie" "1.1.0""#, r#""delta" "1.0.0""#]);
    world.run(&["sync", "--check", "--locked"]).failed(0, &["3 skills checked"]);

    // An update of what somebody removed or changed meanwhile brings nothing back.
    publish(&world, "alpha.wasm", &manifest_of("alpha", "1.2.0", read));
    let [updated, removed] = at_once(&world, [&["update", "alpha"], &["remove", "alpha"]]);
    removed.failed(0, &[]);
    if updated.code != Some(0) {
        updated.failed(6, &["`alpha` was changed in skillhost.lock meanwhile"]);
    }
    assert!(!lock_of(&world).contains("alpha"));
}

#[test]
fn who_holds_the_lock_is_waited_for() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ""));
    let holder = Holder::of(&world);
    let child = start(&world, &["add", &reference]);
    wait_until("it waits", || waits(&child));
    assert!(!has_lock(&world));
    holder.let_go();
    ran(child.wait_with_output().unwrap()).failed(0, &[]);
    assert!(has_lock(&world));
}

#[test]
fn gc_waits_for_whoever_is_between_keeping_a_component_and_naming_it() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    let component = kept(&world, &digest_of(&world, "l.wasm"));
    let program = world.command(&["add", &reference, "--grant-requested"]);
    let trace = world.home().join("trace");
    let mut strace = Command::new("strace");
    // Of a fresh cache: the project is remembered, the component is kept, the lock is replaced.
    strace.args(["-f", "-qq", "-e", "trace=/^rename", "-e", "inject=/^rename:signal=STOP:when=2", "-o"]).arg(&trace);
    strace.arg(program.get_program()).args(program.get_args()).current_dir(world.repo()).env_clear();
    strace.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let adding = strace.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("it is stopped in between", || {
        fs::read_to_string(&trace).is_ok_and(|trace| trace.contains("stopped by SIGSTOP"))
    });
    assert!(component.exists() && !has_lock(&world));
    let collecting = start(&world, &["gc"]);
    wait_until("gc waits", || waits(&collecting));
    assert!(component.exists());
    let stopped = fs::read_to_string(&trace).unwrap().split(' ').next().unwrap().to_owned();
    assert!(Command::new("kill").args(["-CONT", &stopped]).status().unwrap().success());
    ran(adding.wait_with_output().unwrap()).failed(0, &[]);
    ran(collecting.wait_with_output().unwrap()).failed(0, &["nothing to remove"]);
    assert!(component.exists());
    world.run(&["sync", "--check", "--locked"]).failed(0, &["1 skill checked"]);
}
