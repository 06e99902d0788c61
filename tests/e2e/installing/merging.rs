//! Two people who add skills: git merges the lock, or `sync` does.

use super::{manifest_of, publish};
use crate::support::World;
use std::fs;

/// Adds a skill of this name, on the branch that is checked out.
pub(super) fn add(world: &World, name: &str, grant: &str) {
    let reference =
        publish(world, &format!("skills/{name}.wasm"), &manifest_of(name, "1.0.0", "read = [\"**\"]\nask = true"));
    world.run(&["add", &reference, "--grant", grant]).failed(0, &[]);
    world.commit(&[]);
}

/// Merges `other`; whether git could.
pub(super) fn merge(world: &World, other: &str) -> bool {
    let mut git = std::process::Command::new("git");
    git.current_dir(world.repo()).args(["-c", "user.name=Test", "-c", "user.email=test@localhost"]);
    git.args(["merge", "--no-edit", "--quiet", other])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    git.output().unwrap().status.success()
}

/// `main` with these skills, and a branch each for two people who add one.
pub(super) fn two_people(there: &[&str], mine: &str, theirs: &str) -> World {
    let world = World::with(&[]);
    there.iter().for_each(|name| add(&world, name, "read=**"));
    world.git(&["switch", "--quiet", "--create", "theirs"]);
    add(&world, theirs, "read=**");
    world.git(&["switch", "--quiet", "main"]);
    add(&world, mine, "ask");
    world
}

pub(super) fn names(world: &World) -> Vec<String> {
    let listed = world.run(&["list", "--format", "json"]).json();
    listed["skills"].as_array().unwrap().iter().map(|skill| skill["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn git_merges_what_two_people_added_where_they_are_no_neighbours() {
    for (mine, theirs) in [("alpha", "zulu"), ("zulu", "alpha")] {
        let world = two_people(&["middle"], mine, theirs);
        assert!(merge(&world, "theirs"));
        world.run(&["sync", "--check", "--locked"]).failed(0, &["3 skills checked"]);
        assert_eq!(names(&world), ["alpha", "middle", "zulu"]);
        let listed = world.run(&["list", "--format", "json"]).json();
        let grants: Vec<_> = listed["skills"].as_array().unwrap().iter().map(|s| s["grant"].to_string()).collect();
        assert_eq!(grants.iter().filter(|grant| grant.contains("ask")).count(), 1, "{grants:?}");
    }
}

#[test]
fn sync_settles_what_git_could_not_merge_and_nothing_is_used_before() {
    for there in [&[][..], &["middle"]] {
        let world = two_people(there, "novel", "oscar");
        assert!(!merge(&world, "theirs"), "neighbours conflict");
        let conflict = fs::read_to_string(world.repo().join("skillhost.lock")).unwrap();
        assert!(conflict.contains("<<<<<<<"));
        world
            .run(&["call", "novel", "check", "--lock", "skillhost.lock"])
            .failed(3, &["git left a conflict here", "hint: skillhost sync"]);
        world.run(&["sync", "--check"]).failed(3, &["git left a conflict here", "hint: skillhost sync"]);
        world.run(&["sync", "--locked"]).failed(4, &["git left a conflict here", "--locked: it would change"]);
        assert_eq!(fs::read_to_string(world.repo().join("skillhost.lock")).unwrap(), conflict);
        let ran = world.run(&["sync", "--format", "json"]);
        ran.failed(0, &["settled: both sides' skills are in it", "Next: git add skillhost.lock"]);
        assert_eq!(ran.json()["settled"], true);
        world.run(&["sync", "--check", "--locked"]).failed(0, &[]);
        assert_eq!(names(&world), [there, &["novel", "oscar"]].concat());
    }
}

#[test]
fn a_skill_that_both_sides_have_in_different_ways_is_settled_by_a_person() {
    let world = two_people(&["middle"], "novel", "novel");
    assert!(!merge(&world, "theirs"));
    let conflict = fs::read_to_string(world.repo().join("skillhost.lock")).unwrap();
    for arguments in
        [&["sync"][..], &["list"], &["add", "./skills/middle.wasm", "--grant-requested"], &["remove", "middle"]]
    {
        world.run(arguments).failed(3, &["both sides of the merge have `novel`", "hint: edit skillhost.lock by hand"]);
    }
    assert_eq!(fs::read_to_string(world.repo().join("skillhost.lock")).unwrap(), conflict, "neither side was granted");
}

#[test]
fn an_add_settles_on_its_way() {
    let world = two_people(&[], "novel", "oscar");
    assert!(!merge(&world, "theirs"));
    let reference = publish(&world, "skills/papa.wasm", &manifest_of("papa", "1.0.0", ""));
    world.run(&["add", &reference]).failed(0, &[]);
    assert_eq!(names(&world), ["novel", "oscar", "papa"]);
}

#[test]
fn a_lock_that_people_edited_is_read_or_told_with_its_line() {
    let world = two_people(&[], "novel", "unused");
    add(&world, "oscar", "read=**");
    let lock = fs::read_to_string(world.repo().join("skillhost.lock")).unwrap();
    let (head, entries) = lock.split_once("[[skill]]").unwrap();
    let (novel, oscar) = entries.split_once("\n[[skill]]").unwrap();
    world.commit(&[("skillhost.lock", &format!("{head}[[skill]]{oscar}\n[[skill]]{novel}"))]);
    // Its meaning is clear, so it is used; but git could not merge it, so it is told.
    assert_eq!(world.run(&["call", "oscar", "check"]).code, Some(4), "it is called, and there is no src/");
    world
        .run(&["sync", "--check"])
        .failed(3, &["skillhost.lock:", "not in order of name", "hint: skillhost sync writes them"]);
    world.run(&["sync", "--locked"]).failed(4, &["not in order of name", "--locked: it would change"]);
    world.run(&["sync"]).failed(0, &["skillhost.lock is written in order"]);
    assert_eq!(fs::read_to_string(world.repo().join("skillhost.lock")).unwrap(), lock);
    for (from, to, told) in [
        ("version = 1\n", "version = 2\n", ":2: version 2 of the lock is not 1; a newer skillhost wrote it"),
        ("[skill.grant]\n", "[skill.grant]\nreed = [\"**\"]\n", "reed"),
        ("name = \"oscar\"", "name = \"novel\"", "`novel` has an entry already"),
        ("digest = \"sha256:", "digest = \"sha256:0", "a digest is"),
    ] {
        world.commit(&[("skillhost.lock", &lock.replacen(from, to, 1))]);
        for arguments in [&["sync", "--check"][..], &["add", "./skills/novel.wasm"], &["call", "novel"]] {
            world.run(arguments).failed(3, &["skillhost.lock", told]);
        }
    }
}
