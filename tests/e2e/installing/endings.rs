//! How what works with a lock ends, as the table in docs/install.md says: alike for every kind of source, and in every command.

use super::{NAME, component, digest_of, kept, lock_of, locked_sources, manifest_of, publish};
use crate::support::World;
use skillhost_core::digest::Digest;
use skillhost_test_support::git_server::{bare, git};
use skillhost_test_support::registry::Registry;
use skillhost_test_support::web::Reply;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const READ: &str = "read = [\"**\"]";

fn skill() -> Vec<u8> {
    component(&manifest_of(NAME, "1.2.0", READ))
}

/// The skill of this source is locked, and neither the source nor the store has it any more.
fn ends_alike(world: &World, source: &str, go: impl FnOnce()) {
    world.run(&["add", source, "--grant-requested"]).failed(0, &[]);
    world.commit(&[]);
    fs::remove_file(kept(world, &Digest::of(&skill()))).unwrap();
    go();
    let lock = lock_of(world);
    for arguments in [&["sync"][..], &["sync", "--locked"], &["update"], &["update", NAME, "--keep-grants"]] {
        world.run(arguments).failed(3, &["can't be fetched", "hint: "]);
    }
    for arguments in [&["sync", "--check"][..], &["call", NAME, "check"]] {
        world.run(arguments).failed(6, &["licence-check 1.2.0 is not in the store", "hint: "]);
    }
    assert_eq!(lock_of(world), lock);
}

#[test]
fn a_source_that_is_gone_ends_alike_whatever_it_was() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let file = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", READ));
    ends_alike(&world, &file, || fs::remove_file(world.repo().join("l.wasm")).unwrap());
    // Of what is typed, a file that isn't there is a mistake of whoever typed it.
    world.run(&["inspect", "./l.wasm"]).failed(2, &["l.wasm"]);

    let is_gone = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_gone);
    let registry = Registry::with_rule(move |_| asked.load(Ordering::SeqCst).then(|| Reply::status(404)));
    registry.publish(&skill(), "1");
    let world = World::with(&[("src/a.rs", "x\n")]);
    ends_alike(&world, &registry.reference("1"), || is_gone.store(true, Ordering::SeqCst));

    let world = World::with(&[("src/a.rs", "x\n")]);
    let place = bare(&world.home(), "skills.git");
    locked_sources::release(&world.home(), &place, &skill());
    let source = format!("git+file://{}#main:x.wasm", place.display());
    ends_alike(&world, &source, || drop(git(&place, &["update-ref", "-d", "refs/heads/main"])));
}

#[test]
fn what_locked_forbids_ends_alike() {
    let world = World::with(&[]);
    for name in ["alpha", "bravo"] {
        let reference = publish(&world, &format!("{name}.wasm"), &manifest_of(name, "1.0.0", READ));
        world.run(&["add", &reference, "--grant-requested", "--locked"]).failed(4, &["would change", "--locked"]);
        world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    }
    let lock = lock_of(&world);
    let (head, entries) = lock.split_once("[[skill]]").unwrap();
    let (alpha, bravo) = entries.split_once("\n[[skill]]").unwrap();
    let unsorted = format!("{head}[[skill]]{bravo}\n[[skill]]{alpha}");
    world.write(&[("skillhost.lock", &unsorted)]);
    world.run(&["sync", "--locked"]).failed(4, &["not in order of name", "--locked: it would change", "hint: "]);
    world.run(&["sync", "--check"]).failed(3, &["not in order of name"]);
    assert_eq!(lock_of(&world), unsorted);
    world.write(&[("skillhost.lock", &lock)]);
    publish(&world, "alpha.wasm", &manifest_of("alpha", "1.1.0", READ));
    world.run(&["update", "alpha", "--locked"]).failed(4, &["would change", "--locked"]);
    // What is there already changes nothing.
    world.run(&["add", "./bravo.wasm", "--locked"]).failed(0, &["already"]);
    world.run(&["sync", "--locked"]).failed(0, &["2 skills in the store"]);
    // An entry that isn't what it was written as is another matter.
    world.write(&[("skillhost.lock", &lock.replacen("read = [\"**\"]", "read = [\"src/**\"]", 1))]);
    for arguments in [["sync", "--locked"], ["sync", "--check"]] {
        world.run(&arguments).failed(6, &["`alpha` is not as skillhost wrote it"]);
    }
}

#[test]
fn a_grant_that_was_never_asked_for_gives_nothing_is_told_everywhere_and_taken_out() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let asks = "read = [\"**\"]\nwrite = [\"src/**\"]";
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", asks));
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    let lock = lock_of(&world);
    let wide = lock.replace("write = [\"src/**\"]", "write = [\"**\"]\nexec = [\"test\"]\nask = true");
    world.commit(&[("skillhost.lock", &wide)]);
    let told = "`licence-check` grants write=**, exec=test, ask, which the component doesn't ask for \
                (it asks for write=src/**)";
    let remedy = "skillhost update licence-check --keep-grants takes it out of skillhost.lock";
    for arguments in [&["sync"][..], &["sync", "--locked"], &["sync", "--check"]] {
        let ran = world.run(arguments);
        ran.failed(6, &[told, "a skill gets no more than it asks for", &format!("hint: {remedy}")]);
        assert_eq!(lock_of(&world), wide);
    }
    // Who uses it is told, and goes on with what both say.
    let ran = world.run(&["call", NAME, "check"]);
    ran.failed(0, &[&format!("warning: skillhost.lock: {told}: a skill gets no more than it asks for; {remedy}")]);
    let ran = crate::rogue::run(&crate::rogue::world(1), "Behave");
    ran.failed(
        0,
        &["`rogue-implement` grants write=**, which the component doesn't ask for (it asks for write=src/**)"],
    );
    assert!(!ran.stderr.contains("`rogue-review` grants"), "{ran:#?}");

    world.run(&["update", NAME, "--keep-grants"]).failed(0, &["licence-check may:"]);
    assert_eq!(lock_of(&world), lock);
    world.run(&["sync", "--check"]).failed(0, &[]);
    world.commit(&[]);
    let ran = world.run(&["call", NAME, "check"]);
    assert!(ran.code == Some(0) && !ran.stderr.contains("warning"), "{ran:#?}");

    // A later version that asks for it doesn't have it by that: it is asked about as any more.
    world.commit(&[("skillhost.lock", &wide)]);
    let old = digest_of(&world, "l.wasm");
    publish(&world, "l.wasm", &manifest_of(NAME, "1.3.0", &format!("{asks}\nexec = [\"test\"]")));
    assert!(kept(&world, &old).exists());
    let held = "hint: skillhost update licence-check --grant exec=test";
    world.run(&["update"]).failed(4, &["+ run           test", "held back", held]);
    assert_eq!(lock_of(&world), wide);
    world.run(&["update", NAME, "--keep-grants"]).failed(0, &["Not granted: run"]);
    assert!(lock_of(&world).ends_with("read = [\"**\"]\nwrite = [\"src/**\"]\n"), "{}", lock_of(&world));
}
