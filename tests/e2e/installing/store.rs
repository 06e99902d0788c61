//! The store: shared by projects, filled by `sync`, emptied by `gc` of what no lock names.

use super::{NAME, add_headers, digest_of, kept, lock_of, manifest_of, publish, sign_file, with_skill};
use crate::support::{World, copy, wait_until};
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

#[test]
fn a_fresh_machine_gets_what_the_lock_names_and_a_second_time_nothing() {
    let world = with_skill();
    fs::remove_dir_all(world.home().join(".cache")).unwrap();
    fs::remove_dir_all(world.state()).unwrap();
    world.run(&["sync", "--check"]).failed(6, &["licence-check 1.2.0 is not in the store", "hint: skillhost sync"]);
    let before = lock_of(&world);
    world.run(&["sync", "--locked"]).failed(0, &["fetched licence-check 1.2.0", "1 skill in the store, 1 fetched"]);
    world.run(&["sync", "--locked", "--offline"]).failed(0, &["1 skill in the store, 0 fetched"]);
    assert_eq!(lock_of(&world), before);
    assert_eq!(add_headers(&world).code, Some(0));
    // A place that can't be reached is not asked where nothing is missing.
    let digest = digest_of(&world, "skills/l.wasm");
    let elsewhere = before.replace("file:./skills/l.wasm", "oci://registry.invalid/acme/licence-check:1.2.0");
    world.commit(&[("skillhost.lock", &elsewhere)]);
    world.run(&["sync"]).failed(0, &["0 fetched"]);
    assert_eq!(add_headers(&world).code, Some(0));
    fs::remove_file(kept(&world, &digest)).unwrap();
    add_headers(&world).failed(6, &["is not in the store", "hint: skillhost sync fetches"]);
    world.run(&["sync", "--offline"]).failed(4, &["oci://registry.invalid", "--offline"]);
}

#[test]
fn a_signature_is_kept_with_the_component_and_judged_on_another_machine() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    sign_file(&world, "l.wasm", 1);
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    world.commit(&[]);
    fs::remove_file(world.repo().join("l.wasm")).unwrap();
    let call = || world.run(&["call", NAME, "check"]);
    assert_eq!(call().code, Some(0));
    // A cache that was brought here by somebody: what this host remembers is not in it.
    fs::remove_dir_all(world.state()).unwrap();
    fs::create_dir(world.state()).unwrap();
    assert_eq!(call().code, Some(0));
    let digest = skillhost_core::lock::Lock::parse("lock", &lock_of(&world)).unwrap().skills[0].digest;
    let digits = super::key(1).signer().digits();
    let signature = kept(&world, &digest).with_extension(format!("{digits}.sig"));
    fs::remove_file(&signature).unwrap();
    assert_eq!(call().code, Some(0), "it was verified here, and its bytes are the same");
    let record = world.home().join(".cache/skillhost/verified").join(format!("{}.{digits}", digest.hex()));
    let known = fs::read(&record).unwrap();
    let mut forged = known.clone();
    forged[3] ^= 1;
    // A file of the store is never written again, but replaced.
    let put = |bytes: &[u8]| fs::remove_file(&record).and_then(|()| fs::write(&record, bytes)).unwrap();
    put(&forged);
    call().failed(6, &["it is not signed by", "hint: skillhost sync"]);
    put(&known);
    assert_eq!(call().code, Some(0));
    // What a lock claims is not what was verified.
    let lock = lock_of(&world);
    let other = super::key(2).signer().to_string();
    world.commit(&[("skillhost.lock", &lock.replace(&super::key(1).signer().to_string(), &other))]);
    call().failed(6, &["it is not signed by", &other]);
}

#[test]
fn gc_removes_what_no_lock_names_and_nothing_else() {
    let world = with_skill();
    let used = digest_of(&world, "skills/l.wasm");
    // A second project, a branch with a skill of its own, and one that nobody has any more.
    let other = beside(&world);
    let second = publish(&other, "b.wasm", &manifest_of("second", "1.0.0", ""));
    other.run(&["add", &second]).failed(0, &[]);
    let in_second = digest_of(&other, "b.wasm");
    world.git(&["switch", "--quiet", "--create", "feature"]);
    let branch = publish(&world, "c.wasm", &manifest_of("on-a-branch", "1.0.0", ""));
    world.run(&["add", &branch]).failed(0, &[]);
    let on_branch = digest_of(&world, "c.wasm");
    world.commit(&[]);
    world.git(&["switch", "--quiet", "main"]);
    let idle = publish(&world, "d.wasm", &manifest_of("idle", "1.0.0", ""));
    world.run(&["add", &idle]).failed(0, &[]);
    let idle = digest_of(&world, "d.wasm");
    world.run(&["remove", "idle"]).failed(0, &[]);

    let dry = world.run(&["gc", "--dry-run", "--format", "json"]).json();
    assert_eq!(dry["components"]["removed"].as_array().unwrap().len(), 1);
    assert!(kept(&world, &idle).exists());
    let ran = world.run(&["gc"]);
    assert!(ran.stdout.contains(&format!("removed a component that no lock names: {idle}")), "{ran:#?}");
    assert!(!kept(&world, &idle).exists());
    for digest in [used, in_second, on_branch] {
        assert!(kept(&world, &digest).exists(), "{digest}");
    }
    // A lock that can't be read could name anything.
    world.git(&["branch", "--quiet", "--delete", "--force", "feature"]);
    let lock = lock_of(&world);
    world.write(&[("skillhost.lock", "version = 9\n")]);
    let ran = world.run(&["gc"]);
    assert!(
        ran.stdout.contains("kept all components: no component is removed, since") && kept(&world, &on_branch).exists(),
        "{ran:#?}"
    );
    world.write(&[("skillhost.lock", &lock)]);
    // A project that is gone needs nothing.
    fs::remove_dir_all(other.repo()).unwrap();
    world.run(&["gc"]).failed(0, &[]);
    assert!(!kept(&world, &on_branch).exists() && !kept(&world, &in_second).exists() && kept(&world, &used).exists());
    assert_eq!(add_headers(&world).code, Some(0));
}

#[test]
fn a_component_of_two_projects_is_kept_once_and_each_grants_its_own() {
    let one = with_skill();
    let other = beside(&one);
    other.write(&[("src/a.rs", "fn a() {}\n")]);
    let skill = one.repo().join("skills/l.wasm").display().to_string();
    other.run(&["add", &skill, "--grant", "read=**"]).failed(0, &[]);
    other.commit(&[]);
    let component = digest_of(&one, "skills/l.wasm");
    let components = || fs::read_dir(kept(&one, &component).parent().unwrap()).unwrap().count();
    assert_eq!(components(), 2, "one component, and the store's lock");
    // What one project grants is nothing to the other.
    assert_eq!(add_headers(&one).json()["changed"], serde_json::json!(["src/a.rs"]));
    add_headers(&other).failed(4, &["denied: write src/a.rs"]);
    assert_eq!(other.run(&["call", NAME, "check"]).code, Some(0));

    // Taken out of one, it stays for the other, with what that one granted.
    let before = lock_of(&other);
    one.run(&["remove", NAME]).failed(0, &[]);
    one.commit(&[]);
    one.run(&["gc"]).failed(0, &["nothing to remove"]);
    assert!(kept(&one, &component).exists() && lock_of(&other) == before);
    add_headers(&one).failed(2, &["no skill `licence-check`"]);
    assert_eq!(other.run(&["call", NAME, "check"]).code, Some(0));
    other.run(&["remove", NAME]).failed(0, &[]);
    other.commit(&[]);
    let removed = one.run(&["gc", "--format", "json"]).json();
    assert_eq!(removed["components"]["removed"][0]["digest"], component.to_string());
    assert_eq!(components(), 1);
}

/// Another project of the same user.
fn beside(world: &World) -> World {
    let other = World::with(&[]);
    fs::remove_dir_all(other.home()).unwrap();
    std::os::unix::fs::symlink(world.home(), other.home()).unwrap();
    other
}

#[test]
fn what_a_run_used_that_is_not_over_is_kept_until_the_run_is_gone() {
    let world = crate::rogue::world(1);
    // A lock that nobody finds afterwards.
    let lock = world.home().join("rogues.lock");
    fs::copy(world.repo().join("skillhost.lock"), &lock).unwrap();
    fs::remove_file(world.repo().join("skillhost.lock")).unwrap();
    world.commit(&[]);
    let run = ["run", "End by implement:sleep", "--lock", lock.to_str().unwrap(), "--format", "json"];
    let mut running = world.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let runs = world.state().join("runs");
    let folders = || fs::read_dir(&runs).into_iter().flatten().flatten().map(|run| run.path());
    wait_until("the author is at work", || folders().any(|run| run.join("tree/src/a").exists()));
    let used = ["spec", "review", "implement"].map(crate::rogue::digest);
    let is_kept = || used.iter().map(|digest| kept(&world, digest).exists()).collect::<Vec<_>>();
    fs::remove_file(&lock).unwrap();
    world.run(&["gc"]).failed(0, &[]);
    assert_eq!(is_kept(), [true; 3], "while it works");
    running.kill().unwrap();
    running.wait().unwrap();
    world.run(&["gc"]).failed(0, &[]);
    assert_eq!(is_kept(), [true; 3], "it was interrupted, and could be gone on with");
    assert_eq!(world.run(&["runs", "--format", "json"]).json()["runs"][0]["state"], "interrupted");
    folders().for_each(|run| fs::remove_dir_all(run).unwrap());
    world.run(&["gc"]).failed(0, &[]);
    assert_eq!(is_kept(), [false; 3], "nobody can go on with it");
}

#[test]
fn without_a_store_that_can_be_written_a_file_is_used_from_memory() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    let components = world.home().join(".cache/skillhost/components");
    // As where the cache is a read-only image: nobody can make the folder.
    fs::write(&components, "").unwrap();
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &["warning: ", "the component is not kept"]);
    world.commit(&[]);
    assert_eq!(world.run(&["call", NAME, "check"]).code, Some(0));
    world.run(&["sync", "--check"]).failed(6, &["not in the store"]);
}

#[test]
fn who_waits_for_a_cleanup_says_so_and_goes_on_after_it() {
    let world = with_skill();
    let store = kept(&world, &digest_of(&world, "skills/l.wasm")).parent().unwrap().to_owned();
    for arguments in [&["call", NAME, "check"][..], &["sync"]] {
        // As `gc` holds it while it looks for what nobody needs.
        let alone = fs::File::open(store.join(".lock")).unwrap();
        alone.lock().unwrap();
        let mut command = world.command(arguments);
        let mut waiting = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(waiting.stderr.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        assert!(first.starts_with("waiting for skillhost gc"), "{first}");
        drop(alone);
        assert_eq!(waiting.wait().unwrap().code(), Some(0), "{arguments:?}: {:#?}", lines.collect::<Vec<_>>());
        let ran = world.run(arguments);
        assert!(ran.code == Some(0) && !ran.stderr.contains("waiting"), "{ran:#?}");
    }
}

#[test]
fn a_project_can_be_checked_out_read_only() {
    let world = with_skill();
    let fresh = world.home().join("checkout");
    copy(&world.repo(), &fresh);
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o555)).unwrap();
    let at = fresh.to_str().unwrap();
    world.run(&["-C", at, "sync", "--check"]).failed(0, &["1 skill checked"]);
    world.run(&["-C", at, "sync", "--locked"]).failed(0, &["0 fetched"]);
    world.run(&["-C", at, "list"]).failed(0, &[]);
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_hundred_skills_are_checked_without_a_connection() {
    let world = World::with(&[]);
    let mut lock = String::from("version = 1\n");
    let store = kept(&world, &skillhost_core::digest::Digest::of(b"")).parent().unwrap().to_owned();
    fs::create_dir_all(&store).unwrap();
    for n in 0..100 {
        let name = format!("skill-n{n:03}x");
        let component = super::component(&manifest_of(&name, "1.0.0", "read = [\"**\"]"));
        let digest = skillhost_core::digest::Digest::of(&component);
        fs::write(store.join(digest.hex()), component).unwrap();
        lock.push_str(&format!(
            "[[skill]]\nname = \"{name}\"\nversion = \"1.0.0\"\nsource = \"oci://registry.invalid/{name}:1\"\ndigest = \"{digest}\"\n"
        ));
    }
    world.write(&[("skillhost.lock", &lock)]);
    world.run(&["sync", "--check"]).failed(0, &["100 skills checked"]);
}
