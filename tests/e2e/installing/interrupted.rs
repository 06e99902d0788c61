//! What is killed or runs out of room in the middle leaves everything as it was, or as it was to be.

use super::{NAME, digest_of, has_lock, kept, lock_of, manifest_of, publish};
use crate::support::{World, ran};
use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

/// What must hold after whatever happened: the lock is one of these, and what it names is whole in the store.
fn check(world: &World, allowed: &BTreeSet<Option<String>>) -> Option<String> {
    let lock = has_lock(world).then(|| lock_of(world));
    assert!(allowed.contains(&lock), "{lock:?}");
    if let Some(lock) = &lock {
        let lock = skillhost_core::lock::Lock::parse("lock", lock).unwrap();
        for skill in &lock.skills {
            let component = fs::read(kept(world, &skill.digest)).expect("what a lock names is in the store");
            assert_eq!(skillhost_core::digest::Digest::of(&component), skill.digest);
        }
    }
    lock
}

#[test]
fn a_kill_at_any_moment_leaves_before_or_after() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    let forms = ["add", &reference, "--grant-requested"];
    // What each step leads to, and how long it takes here.
    let began = std::time::Instant::now();
    world.run(&forms).failed(0, &[]);
    let takes = began.elapsed();
    let first = lock_of(&world);
    let component = digest_of(&world, "l.wasm");
    let reset = || {
        let _ = fs::remove_file(world.repo().join("skillhost.lock"));
        let _ = fs::remove_file(kept(&world, &component));
    };
    let mut seen = BTreeSet::new();
    let allowed = BTreeSet::from([None, Some(first.clone())]);
    for step in 0..24_u32 {
        reset();
        let mut command = world.command(&forms);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(takes * step / 20);
        let _ = child.kill();
        child.wait().unwrap();
        seen.insert(check(&world, &allowed));
    }
    assert!(seen.contains(&None), "the first was killed before it had begun");
    // Whatever was left over is in nobody's way, and goes.
    reset();
    world.run(&forms).failed(0, &[]);
    assert_eq!(lock_of(&world), first);

    publish(&world, "l.wasm", &manifest_of(NAME, "1.3.0", ""));
    let update = ["update", NAME];
    let updated = {
        world.run(&update).failed(0, &[]);
        lock_of(&world)
    };
    let allowed = BTreeSet::from([Some(first.clone()), Some(updated.clone())]);
    for step in 0..16_u32 {
        fs::write(world.repo().join("skillhost.lock"), &first).unwrap();
        let _ = fs::remove_file(kept(&world, &digest_of(&world, "l.wasm")));
        let mut command = world.command(&update);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(takes * step / 14);
        let _ = child.kill();
        child.wait().unwrap();
        check(&world, &allowed);
    }
    world.run(&["gc"]).failed(0, &[]);
    let store = kept(&world, &component).parent().unwrap().to_owned();
    let left = fs::read_dir(store).unwrap().flatten().filter(|e| e.file_name().to_string_lossy().starts_with(".draft"));
    assert_eq!(left.count(), 0);
}

#[test]
fn two_who_add_at_once_both_end_in_the_lock() {
    let world = World::with(&[]);
    let names = ["alpha", "bravo", "charlie", "delta"];
    let references =
        names.map(|name| publish(&world, &format!("{name}.wasm"), &manifest_of(name, "1.0.0", "read = [\"**\"]")));
    let started: Vec<_> = references
        .iter()
        .map(|reference| {
            let mut command = world.command(&["add", reference, "--grant-requested"]);
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in started {
        ran(child.wait_with_output().unwrap()).failed(0, &[]);
    }
    let lock = lock_of(&world);
    assert!(names.iter().all(|name| lock.contains(&format!("name = \"{name}\""))), "{lock}");
    world.run(&["sync", "--check", "--locked"]).failed(0, &["4 skills checked"]);
    // Of two that want the same name, one is told.
    let same = ["x/e.wasm", "y/e.wasm"].map(|file| publish(&world, file, &manifest_of("echo", "1.0.0", "")));
    let started = same.map(|reference| {
        let mut command = world.command(&["add", &reference]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    });
    let mut codes = started.map(|child| child.wait_with_output().unwrap().status.code());
    codes.sort();
    assert_eq!(codes, [Some(0), Some(6)]);
    assert_eq!(lock_of(&world).matches("name = \"echo\"").count(), 1);
}

#[test]
fn a_disk_that_fills_up_leaves_no_half_a_skill() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    let add = world.command(&["add", &reference, "--grant-requested"]);
    // A file system of a few pages for the cache, in a namespace of its own.
    let cache = world.home().join(".cache/skillhost");
    let script = "mount -t tmpfs -o size=16k none \"$0\" && shift 0 && exec \"$@\"";
    let mut small = Command::new("unshare");
    small.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(&cache).arg(add.get_program());
    small.args(add.get_args()).current_dir(world.repo()).env_clear();
    small.envs(add.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let full = ran(small.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap());
    full.failed(5, &["error: ", "can't be written", "hint: "]);
    assert!(!has_lock(&world), "{full:#?}");
    assert_eq!(fs::read_dir(world.repo()).unwrap().count(), 2, "git and the file");
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
}

/// How long a test waits for what must not happen.
const NOT_YET: Duration = Duration::from_millis(50);

#[test]
fn who_holds_the_lock_is_waited_for() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ""));
    let mut holder = Command::new("flock")
        .arg(world.repo())
        .args(["sh", "-c", "echo held; read x"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut held = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut held).unwrap();
    let mut command = world.command(&["add", &reference]);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(NOT_YET);
    assert!(!has_lock(&world));
    drop(holder.stdin.take());
    holder.wait().unwrap();
    ran(child.wait_with_output().unwrap()).failed(0, &[]);
    assert!(has_lock(&world));
}
