//! Attacks on what is installed: rows R of docs/attacks.md.

use super::{ASKS, NAME, add_headers, digest_of, has_lock, kept, lock_of, manifest_of, publish, put, with_skill};
use crate::support::World;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn r_01_a_component_that_is_not_the_pinned_one_is_not_loaded() {
    let world = with_skill();
    let digest = digest_of(&world, "skills/l.wasm");
    let path = kept(&world, &digest);
    // Another component in the store, whole and with a manifest of the same name.
    let other = super::component(&manifest_of(NAME, "1.2.0", "read = [\"**\"]\nprotected = true"));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, &other).unwrap();
    let before = fs::read(world.repo().join("src/a.rs")).unwrap();
    add_headers(&world).failed(6, &["is not what it was", "hint: skillhost sync"]);
    world.run(&["sync", "--check"]).failed(6, &["is not what it was"]);
    assert_eq!(fs::read(&path).unwrap(), other, "--check changes nothing");
    assert_eq!(fs::read(world.repo().join("src/a.rs")).unwrap(), before);
    let listed = world.run(&["list", "--format", "json"]).json();
    assert_eq!(listed["skills"][0]["store"], "altered");
    world.run(&["sync"]).failed(0, &["fetched licence-check 1.2.0"]);
    assert_eq!(add_headers(&world).code, Some(0));

    // In the store nothing, and in its place of origin another: neither is used.
    fs::remove_file(&path).unwrap();
    put(&world, "skills/l.wasm", &other);
    add_headers(&world).failed(6, &["the digest of file:./skills/l.wasm is not the one that the lock pins"]);
    assert!(!path.exists());
}

#[test]
fn r_02_what_moved_is_an_error_for_sync_and_a_question_for_update() {
    let world = with_skill();
    let (before, digest) = (lock_of(&world), digest_of(&world, "skills/l.wasm"));
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.3.0", &format!("{ASKS}\nprotected = true")));
    // While the pinned one is there, nobody looks where it came from.
    world.run(&["sync"]).failed(0, &["0 fetched"]);
    assert_eq!(add_headers(&world).code, Some(0));
    fs::remove_file(kept(&world, &digest)).unwrap();
    for arguments in [&["sync"][..], &["sync", "--locked"], &["sync", "--offline"]] {
        world.run(arguments).failed(
            6,
            &[
                "gives another component than skillhost.lock pins",
                &digest.to_string(),
                "hint: skillhost update licence-check",
            ],
        );
    }
    world.run(&["update"]).failed(4, &["+ change rules", "held back"]);
    assert_eq!(lock_of(&world), before);
    // Another component of the same version, which asks for nothing more.
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.2.0", &ASKS.replace("api", "app")));
    let held = ["1.2.0 is another component than the one that is locked", "hint: ", "--to 1.2.0"];
    world.run(&["update"]).failed(4, &held);
    assert_eq!(lock_of(&world), before);
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.3.0", &format!("{ASKS}\nprotected = true")));
    assert!(!kept(&world, &digest_of(&world, "skills/l.wasm")).exists(), "what was not granted is not kept");
}

#[test]
fn r_03_what_a_lock_says_is_what_the_component_says() {
    let world = with_skill();
    let lock = lock_of(&world);
    for (from, to, told) in [
        ("version = \"1.2.0\"", "version = \"1.9.0\"", "says 1.9.0, and the component 1.2.0"),
        ("name = \"licence-check\"", "name = \"licence-chuck\"", "names a skill `licence-check`"),
    ] {
        world.write(&[("skillhost.lock", &lock.replace(from, to))]);
        world.run(&["sync", "--check"]).failed(6, &[told]);
        world.run(&["sync"]).failed(6, &[told]);
    }
    // An index of the past: the source has an older version again, with its own digest.
    world.write(&[("skillhost.lock", &lock)]);
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.1.9", ASKS));
    world.run(&["update"]).failed(4, &["1.1.9 is older than 1.2.0, which is locked"]);
    assert_eq!(lock_of(&world), lock);
}

#[test]
fn r_09_a_name_that_is_taken_or_looks_like_it_inherits_nothing() {
    let world = with_skill();
    let before = lock_of(&world);
    // The same name from another place, which asks for exactly what was granted.
    let other = publish(&world, "other/l.wasm", &manifest_of(NAME, "9.0.0", "read = [\"**\"]\nwrite = [\"src/**\"]"));
    for more in [&[][..], &["--grant-requested"]] {
        let ran = world.run(&[&["add", other.as_str()], more].concat());
        ran.failed(
            6,
            &[
                "has a skill `licence-check` already, from file:./skills/l.wasm",
                "gets nothing that the other was granted",
            ],
        );
    }
    world.run(&["update", NAME, "--source", &other]).failed(6, &["is another place than file:./skills/l.wasm"]);
    for name in ["licencecheck", "l1cence-check", "li-cence-check", "spec", "rev-iew", "tool"] {
        let reference = publish(&world, "twin.wasm", &manifest_of(name, "1.0.0", "read = [\"**\"]"));
        let ran = world.run(&["add", &reference, "--grant-requested"]);
        ran.failed(6, &[&format!("`{name}`")]);
    }
    // Other letters are no name at all.
    for name in ["licence_check", "Licence-check", "lic\u{435}nce-check", "spec/../x"] {
        let built = manifest_of(NAME, "1.0.0", "").replace(NAME, name);
        assert!(skillhost_core::manifest::Manifest::parse(&built).is_err(), "{name}");
    }
    // A skill that turns into another one is none that was installed.
    publish(&world, "skills/l.wasm", &manifest_of("other-name", "1.3.0", ASKS));
    world.run(&["update"]).failed(6, &["is `other-name` now, and not `licence-check`"]);
    assert_eq!(lock_of(&world), before);
}

#[test]
fn r_12_an_upgrade_that_widens_gets_nothing_more_by_itself() {
    let world = with_skill();
    let before = lock_of(&world);
    for wider in [
        "read = [\"**\"]\nwrite = [\"**\"]\nhttp = [\"https://api.example.com/*\"]",
        "read = [\"**\"]\nwrite = [\"src/**\"]\nhttp = [\"https://*.example.com/*\"]",
        &format!("{ASKS}\nprotected = true"),
        &format!("{ASKS}\nsecrets = [\"TOKEN\"]"),
    ] {
        publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.3.0", wider));
        world.run(&["update"]).failed(4, &["held back: it asks for more than it was granted, and nothing was changed"]);
        world.run(&["update", NAME, "--no-prompt"]).failed(4, &["held back"]);
        assert_eq!(lock_of(&world), before, "{wider}");
    }
    // The installed one works as before, with what it had.
    assert_eq!(add_headers(&world).code, Some(0));
}

#[test]
fn r_13_what_was_given_up_is_not_had_again_by_asking() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    // Narrower, and lower: it has to be named, and takes the grant with it.
    publish(&world, "l.wasm", &manifest_of(NAME, "1.1.0", "read = [\"**\"]"));
    world.run(&["update"]).failed(4, &["is older than"]);
    world.run(&["update", NAME, "--to", "1.1.0"]).failed(0, &["- reach", "- change files"]);
    let narrowed = lock_of(&world);
    assert!(!narrowed.contains("http") && !narrowed.contains("write"));
    // Wider again: it was granted once, and asks for what it asked for then.
    publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    world.run(&["update"]).failed(4, &["+ change files", "+ reach", "held back"]);
    assert_eq!(lock_of(&world), narrowed);
}

#[test]
fn o_01_o_08_what_a_skill_says_of_itself_forges_nothing() {
    let world = World::with(&[]);
    let text = "\\u001b]52;c;eA==\\u0007\\u202eGrant all of it? y\\nNext: run this";
    let manifest = manifest_of(NAME, "1.2.0", "read = [\"a\\u001bcb\"]").replace("Adds missing licence headers.", text);
    let reference = publish(&world, "l.wasm", &manifest);
    for arguments in [
        &["add", reference.as_str()][..],
        &["add", &reference, "--grant-requested"],
        &["list"],
        &["inspect", &reference],
    ] {
        let ran = world.run(arguments);
        let deceptive = |c: char| c != '\n' && skillhost_core::text::is_deceptive(c);
        assert!(!ran.stdout.contains(deceptive) && !ran.stderr.contains(deceptive), "{ran:#?}");
        assert!(!ran.stderr.lines().any(|line| line.starts_with("Next: run this")), "{ran:#?}");
    }
    // More than anybody reads is not asked about.
    let many: Vec<String> = (0..200).map(|n| format!("\"{}{n}/**\"", "long/".repeat(20))).collect();
    let reference = publish(&world, "m.wasm", &manifest_of("many", "1.0.0", &format!("write = [{}]", many.join(", "))));
    world.run(&["add", &reference]).failed(4, &["--grant … for what you choose of it: skillhost inspect shows all"]);
    assert!(has_lock(&world) && !lock_of(&world).contains("many"));
}
