//! A lock that was edited by hand, or is of another version: every command says what is wrong and where, and leaves each
//! byte as it is.

use super::{digest_of, kept, manifest_of, publish};
use crate::support::World;
use std::fs;

const READ: &str = "read = [\"**\"]";

/// A world with `alpha` and `bravo` in its lock, and `charlie` to be had.
fn world() -> (World, String) {
    let world = World::with(&[("src/a.rs", "x\n")]);
    for name in ["alpha", "bravo", "charlie"] {
        publish(&world, &format!("{name}.wasm"), &manifest_of(name, "1.0.0", READ));
    }
    for name in ["alpha", "bravo"] {
        world.run(&["add", &format!("./{name}.wasm"), "--grant-requested"]).failed(0, &[]);
    }
    let lock = super::lock_of(&world);
    (world, lock)
}

/// Everything that reads the lock of the working directory, or that of the base commit.
const COMMANDS: [&[&str]; 8] = [
    &["list"],
    &["sync", "--check"],
    &["sync", "--locked"],
    &["sync"],
    &["add", "./charlie.wasm", "--grant-requested"],
    &["update"],
    &["remove", "alpha"],
    &["call", "alpha", "check"],
];

/// Each command ends with this code and tells this; the lock stays as it is, and so does what it named before.
fn refused(world: &World, lock: &[u8], told: &str) {
    let file = world.repo().join("skillhost.lock");
    fs::write(&file, lock).unwrap();
    world.commit(&[]);
    for command in COMMANDS {
        let ran = world.run(command);
        ran.failed(3, &["error: skillhost.lock", told]);
        assert!(!ran.stderr.contains("free some room"), "{ran:#?}");
        assert!(fs::read(&file).unwrap() == lock, "{command:?} changed it");
    }
    let document = world.run(&["list", "--format", "json"]).json();
    assert_eq!((&document["schema"], &document["exit_code"]), (&"skillhost.error/1".into(), &3.into()), "{document:#}");
    let collected = world.run(&["gc"]);
    assert!(collected.stdout.contains("kept all components: no component is removed, since"), "{collected:#?}");
    for name in ["alpha.wasm", "bravo.wasm"] {
        assert!(kept(world, &digest_of(world, name)).exists());
    }
}

#[test]
fn what_can_not_be_read_is_told_with_its_line_and_nothing_is_lost() {
    let (world, lock) = world();
    let digest = digest_of(&world, "alpha.wasm").to_string();
    let swap = |from: &str, to: &str| {
        assert!(lock.contains(from), "{from}");
        lock.replacen(from, to, 1)
    };
    let shouted = format!("sha256:{}", digest[7..].to_uppercase());
    for (text, told) in [
        (swap(&digest, &shouted), ":9: a digest is `sha256:` and 64 lower-case hexadecimal digits"),
        (swap("digest = \"sha256:", "digest = \""), ":9: a digest is"),
        (swap("digest = \"sha256:", "digest = \"sha512:"), ":9: a digest is"),
        (swap(&digest, &digest[..70]), ":9: a digest is"),
        (swap("version = 1\n", "version = 1\nlocked = true\n"), ":3: unknown field `locked`"),
        (swap("name = \"alpha\"\n", "name = \"alpha\"\npinned = true\n"), ":7: unknown field `pinned`"),
        (swap("[skill.grant]\n", "[skill.grant]\nreed = [\"**\"]\n"), ":11: unknown field `reed`"),
        (swap("read = [\"**\"]", "read = [\"../**\"]"), ":11: "),
        (swap("name = \"bravo\"", "name = \"alpha\""), ":13: `alpha` has an entry already, in line 4"),
        (swap("name = \"bravo\"", "name = \"Bravo\""), ":15: "),
        (swap("version = 1\n", ""), ":1: missing field `version`"),
        (swap("version = 1\n", "version = \"1\"\n"), ":2: version \"1\" of the lock is not 1"),
        (swap("version = 1\n", "version = 0\n"), ":2: version 0 of the lock is not 1"),
        (
            swap("version = 1\n", "version = 2\n[anything.new]\n"),
            ":2: version 2 of the lock is not 1; a newer skillhost wrote it: update skillhost",
        ),
        (swap("version = 1\n", "version = 1\nversion = 1\n"), ":3: "),
        (swap("source = \"file:./alpha.wasm\"", "source = \"alpha\""), ":8: "),
        (swap("read = [\"**\"]", "read = [\"**\""), ":1"),
        (swap("name = \"alpha\"", "name = \"al\0pha\""), ":6: "),
        (String::new(), ":1: missing field `version`"),
        (format!("{lock}\n#{}", "x".repeat(256 << 10)), "larger than 262144 bytes"),
        (format!("version = 1\nx = {}{}\n", "[".repeat(60_000), "]".repeat(60_000)), ":2: cannot recurse further"),
        (format!("version = 1\nx{} = 1\n", ".x".repeat(60_000)), "recursion limit"),
    ] {
        refused(&world, text.as_bytes(), told);
    }
    let mut bytes = lock.clone().into_bytes();
    let at = lock.find("bravo.wasm").unwrap();
    bytes[at] = 0xff;
    refused(&world, &bytes, ":17: it is not UTF-8 text");
}

#[test]
fn what_is_only_written_in_another_way_is_used_and_written_anew() {
    let (world, lock) = world();
    let file = world.repo().join("skillhost.lock");
    let (head, entries) = lock.split_once("\n[[skill]]").unwrap();
    let (alpha, bravo) = entries.split_once("\n[[skill]]").unwrap();
    let unsorted = format!("{head}\n[[skill]]{bravo}\n[[skill]]{alpha}");
    let inline = lock.replace("[skill.grant]\nread = [\"**\"]\n", "grant = { read = [ '**' ] } # all\n");
    for text in [lock.replace('\n', "\r\n"), format!("\u{feff}{lock}"), unsorted, inline, format!("{lock}\n\n")] {
        world.write(&[("skillhost.lock", &text)]);
        world.commit(&[]);
        assert_eq!(world.run(&["call", "bravo", "check"]).code, Some(0), "{text}");
        let listed = world.run(&["list", "--format", "json"]).json();
        assert_eq!(listed["skills"].as_array().unwrap().len(), 2, "{listed:#}");
        world.run(&["add", "./charlie.wasm", "--grant-requested"]).failed(0, &[]);
        world.run(&["remove", "charlie"]).failed(0, &[]);
        assert_eq!(fs::read_to_string(&file).unwrap(), lock, "what it says is the same");
        world.write(&[("skillhost.lock", &text)]);
        world.run(&["sync"]).failed(0, &["2 skills in the store, 0 fetched", "Next: git add skillhost.lock"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), lock);
    }
}

#[test]
fn r_03_what_an_entry_says_of_its_component_is_held_against_it() {
    let (world, lock) = world();
    let bravo = digest_of(&world, "bravo.wasm").to_string();
    let alpha = digest_of(&world, "alpha.wasm").to_string();
    for (from, to, told) in [
        ("version = \"1.0.0\"", "version = \"1.0.1\"", "skillhost.lock:4: `alpha` says 1.0.1, and the component 1.0.0"),
        (alpha.as_str(), bravo.as_str(), "skillhost.lock:4: `alpha` names a skill `bravo`"),
        (
            "read = [\"**\"]\n\n",
            "read = [\"**\"]\nexec = [\"test\"]\n\n",
            "skillhost.lock:4: `alpha` grants exec=test, which the component doesn't ask for",
        ),
        (
            "read = [\"**\"]\n\n",
            "read = [\"**\"]\nhttp = [\"https://evil.example/*\"]\n\n",
            "skillhost.lock:4: `alpha` grants http=https://evil.example/*, which the component doesn't ask for",
        ),
    ] {
        let text = lock.replacen(from, to, 1);
        assert_ne!(text, lock);
        world.write(&[("skillhost.lock", &text)]);
        world.run(&["sync", "--check"]).failed(6, &[told]);
        for command in [&["sync", "--locked"][..], &["sync"]] {
            world.run(command).failed(6, &["error: ", "alpha"]);
        }
        assert_eq!(super::lock_of(&world), text);
    }
    // In use, such a grant gives nothing: what counts is what both say.
    world.commit(&[]);
    assert_eq!(world.run(&["call", "alpha", "check"]).code, Some(0));
}

#[test]
fn r_05_what_is_no_file_is_not_read_as_a_lock() {
    let (world, _) = world();
    let file = world.repo().join("skillhost.lock");
    fs::rename(&file, world.home().join("elsewhere.lock")).unwrap();
    std::os::unix::fs::symlink(world.home().join("elsewhere.lock"), &file).unwrap();
    let refused = || {
        for command in &COMMANDS[..7] {
            world.run(command).failed(3, &["skillhost.lock can't be read", "it is not a regular file"]);
        }
    };
    refused();
    assert!(file.is_symlink());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    refused();
    fs::remove_dir(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    refused();
}
