//! Disks that are full or can only be read: the lock and the store stay as they were, and it is said what to do.

use super::interrupted::drafts;
use super::{NAME, digest_of, has_lock, kept, lock_of, manifest_of, publish};
use crate::support::{Ran, World, copy, ran};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a command while a place is on a disk of its own, which this script prepares; the place is then as it was left.
fn on_a_disk(world: &World, place: &Path, prepare: &str, arguments: &[&str]) -> Ran {
    let before = place.with_extension("disk");
    drop(fs::remove_dir_all(&before));
    copy(place, &before);
    let script = format!(
        r#"place=$1 before=$2 folder=$3
        shift 3
        mount -t tmpfs -o size=16m,mode=700 none "$place" && cp -a "$before"/. "$place" && cd "$folder" || exit 99
        {prepare}
        "$@"
        code=$?
        rm -f "$place/fill"
        rm -rf "$before" && cp -a "$place" "$before" || exit 99
        exit $code"#
    );
    let program = world.command(arguments);
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"]);
    shell.arg(place).arg(&before).arg(world.repo()).arg(program.get_program()).args(program.get_args());
    shell.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = ran(shell.output().unwrap());
    assert_ne!(ran.code, Some(99), "{ran:#?}");
    fs::remove_dir_all(place).unwrap();
    copy(&before, place);
    ran
}

/// Leaves so many KiB of the disk.
fn with_room(kib: u32) -> String {
    format!(r#"cat /dev/zero > "$place/fill" 2>/dev/null; truncate -s "-{kib}K" "$place/fill" || exit 99"#)
}

const READ_ONLY: &str = r#"mount -o remount,ro "$place" || exit 99"#;

/// The places that an installation writes to.
fn places(world: &World) -> [PathBuf; 3] {
    [world.home().join(".cache/skillhost"), world.repo(), world.state()]
}

/// A world in which a skill can be added, and another can be updated.
fn world() -> World {
    let world = World::with(&[("src/a.rs", "x\n")]);
    drop(fs::remove_dir_all(world.home().join(".cache/skillhost/compiled")));
    let other = publish(&world, "other.wasm", &manifest_of("other", "1.0.0", "read = [\"**\"]"));
    world.run(&["add", &other, "--grant-requested"]).failed(0, &[]);
    publish(&world, "other.wasm", &manifest_of("other", "1.1.0", "read = [\"**\"]"));
    publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    world
}

/// What is kept: names of components.
fn store(world: &World) -> Vec<String> {
    let folder = kept(world, &digest_of(world, "l.wasm")).parent().unwrap().to_owned();
    let names =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.len() == 64).collect();
    names.sort();
    names
}

#[test]
fn a_10_a_full_disk_leaves_lock_and_store_as_they_were_wherever_it_is() {
    let world = world();
    let (lock, components) = (lock_of(&world), store(&world));
    let [cache, project, state] = places(&world);
    // The component has 175 KiB.
    for (place, room, told, hint) in [
        (&cache, 0, "/components/sha256/", "hint: free some room on its disk (skillhost gc"),
        (&cache, 8, "/components/sha256/", "XDG_CACHE_HOME"),
        (&cache, 160, "/components/sha256/", "XDG_CACHE_HOME"),
        (
            &project,
            0,
            "skillhost.lock can't be written",
            "hint: free some room on its disk; skillhost.lock is as it was",
        ),
        (&state, 0, "can't be audited", "--state-dir"),
        (&state, 4, "audit", "--state-dir"),
    ] {
        for command in [&["add", "./l.wasm", "--grant-requested"][..], &["update", "other"]] {
            let ran = on_a_disk(&world, place, &with_room(room), command);
            ran.failed(5, &["error: ", told, "No space left on device", hint]);
            assert_eq!((lock_of(&world), store(&world)), (lock.clone(), components.clone()), "{room} {ran:#?}");
            for place in places(&world) {
                assert!(drafts(&place).is_empty(), "{:?} {ran:#?}", drafts(&place));
            }
            world.run(&["sync", "--check", "--locked"]).failed(0, &[]);
        }
        // Where nothing is changed, no room is needed.
        on_a_disk(&world, place, &with_room(0), &["sync", "--check"]).failed(0, &["1 skill checked"]);
    }
    // With room, it goes through.
    for (place, room) in [(&cache, 400), (&project, 8), (&state, 32)] {
        let ran = on_a_disk(&world, place, &with_room(room), &["add", "./l.wasm", "--grant-requested"]);
        ran.failed(0, &[]);
        world.run(&["remove", NAME]).failed(0, &[]);
        world.run(&["gc"]).failed(0, &[]);
    }
    assert_eq!((lock_of(&world), store(&world)), (lock, components));
}

#[test]
fn a_sync_on_a_full_disk_brings_all_of_a_component_or_nothing() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    let lock = lock_of(&world);
    let [cache, ..] = places(&world);
    for (room, code, count) in [(0, 5, 0), (8, 5, 0), (160, 5, 0), (400, 0, 1)] {
        fs::remove_dir_all(&cache).unwrap();
        fs::create_dir(&cache).unwrap();
        let ran = on_a_disk(&world, &cache, &with_room(room), &["sync"]);
        assert_eq!((ran.code, store(&world).len()), (Some(code), count), "{room}: {ran:#?}");
        assert!(drafts(&cache).is_empty() && lock_of(&world) == lock);
        if code != 0 {
            ran.failed(code, &["No space left on device", "XDG_CACHE_HOME"]);
        }
    }
}

#[test]
fn a_project_that_can_only_be_read_is_not_changed_and_its_store_is_not_either() {
    let world = world();
    let (lock, components) = (lock_of(&world), store(&world));
    let [_, project, _] = places(&world);
    for command in [&["add", "./l.wasm", "--grant-requested"][..], &["update", "other"], &["remove", "other"]] {
        let ran = on_a_disk(&world, &project, READ_ONLY, command);
        ran.failed(3, &["error: ", "skillhost.lock can't be written", "Read-only file system"]);
        assert_eq!((lock_of(&world), store(&world)), (lock.clone(), components.clone()), "{ran:#?}");
    }
    for command in [&["sync", "--locked"][..], &["sync", "--check"], &["list"]] {
        on_a_disk(&world, &project, READ_ONLY, command).failed(0, &[]);
    }
}

#[test]
fn a_store_that_can_only_be_read_is_used_for_what_is_in_it() {
    let world = world();
    let components = store(&world);
    let [cache, ..] = places(&world);
    let read_only = |command: &[&str]| on_a_disk(&world, &cache, READ_ONLY, command);
    read_only(&["add", "./l.wasm", "--grant-requested"]).failed(0, &["warning: ", "the component is not kept"]);
    assert!(has_lock(&world) && lock_of(&world).contains(NAME));
    assert_eq!(store(&world), components);
    world.commit(&[]);
    // One is in it, and one is read from its file; what is compiled goes elsewhere.
    for name in ["other", NAME] {
        assert_eq!(read_only(&["call", name, "check"]).code, Some(0), "{name}");
    }
    read_only(&["sync", "--check"]).failed(6, &["licence-check 1.2.0 is not in the store"]);
    read_only(&["gc"]).failed(0, &[]);
    assert_eq!(store(&world), components);
}

#[test]
fn a_10_a_state_that_can_only_be_read_can_record_nothing_so_nothing_is_installed() {
    let world = world();
    let (lock, components) = (lock_of(&world), store(&world));
    let [.., state] = places(&world);
    for command in [&["add", "./l.wasm", "--grant-requested"][..], &["update", "other"], &["remove", "other"]] {
        let ran = on_a_disk(&world, &state, READ_ONLY, command);
        ran.failed(3, &["error: the state folder", "Read-only file system", "hint: name one with --state-dir"]);
        assert_eq!((lock_of(&world), store(&world)), (lock.clone(), components.clone()), "{ran:#?}");
    }
}
