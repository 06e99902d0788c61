//! What a lock grants, and who on this machine said so: secrets that a repository would give itself, and grants that come
//! with a merge.

use super::merging::{add, merge, names, two_people};
use super::{NAME, key, lock_of, manifest_of, publish, sign_file};
use crate::recordings::configure;
use crate::support::{Ran, World, copy, ran};
use crate::terminal::Terminal;
use serde_json::json;
use std::fs;

const ASKS: &str = "read = [\"**\"]\nhttp = [\"https://api.example.com/*\"]\nsecrets = [\"EXAMPLE_TOKEN\"]";
const SECRET: &str = "[secrets.EXAMPLE_TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [\"https://api.example.com\"]\n";
const VARIABLE: (&str, &str) = ("MY_TOKEN", "tk-9f8e7d6c5b4a39281706f5e4");
const REFUSED: &str = "nobody on this machine let licence-check use the secret EXAMPLE_TOKEN";
const LET: [&str; 3] = ["sync", "--secret", "licence-check=EXAMPLE_TOKEN"];

/// A repository as it comes from elsewhere: its lock grants a secret, and nobody here has said anything.
fn cloned() -> World {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    world.commit(&[]);
    forget(&world);
    configure(&world, SECRET);
    world
}

/// As on a machine that has never seen the project.
fn forget(world: &World) {
    fs::remove_dir_all(world.state().join("granted")).unwrap();
}

fn call(world: &World) -> Ran {
    let mut command = world.command(&["call", NAME, "check"]);
    ran(command.env(VARIABLE.0, VARIABLE.1).output().unwrap())
}

#[test]
fn r_19_a_repositorys_lock_gives_nobody_a_secret_until_somebody_here_does() {
    let world = cloned();
    let told = [
        REFUSED,
        "skillhost.lock grants it, and a lock is the word of whoever wrote it",
        "hint: skillhost sync --secret licence-check=EXAMPLE_TOKEN lets it, in this project",
        "hint: or, in every project: skills = [\"sha256:",
    ];
    call(&world).failed(4, &told);
    // Neither does what only looks, or fetches.
    world.run(&["sync", "--check"]).failed(0, &[]);
    let synced = world.run(&["sync", "--format", "json"]);
    synced.failed(0, &["grants licence-check the secret EXAMPLE_TOKEN, and nobody on this machine did"]);
    assert_eq!(synced.json()["waiting"], json!([{"skill": NAME, "secret": "EXAMPLE_TOKEN"}]));
    call(&world).failed(4, &told);
    for (flag, why) in [
        ("licence-check", "it is SKILL=NAME"),
        ("licence-check=OTHER", "doesn't grant it to licence-check"),
        ("other=EXAMPLE_TOKEN", "there is no skill `other`"),
        ("licence-check=A B", "secret's name"),
    ] {
        world.run(&["sync", "--secret", flag]).failed(2, &[why]);
    }
    call(&world).failed(4, &told);

    world.run(&LET).failed(0, &["licence-check may use the secret EXAMPLE_TOKEN in this project"]);
    assert_eq!(call(&world).code, Some(0), "{:#?}", call(&world));
    assert_eq!(world.run(&["sync", "--format", "json"]).json()["waiting"], json!([]));

    // Not in another place, not for other bytes, and no longer once it was taken out.
    let elsewhere = world.home().join("elsewhere");
    copy(&world.repo(), &elsewhere);
    let mut command = world.command(&["-C", elsewhere.to_str().unwrap(), "call", NAME, "check"]);
    ran(command.env(VARIABLE.0, VARIABLE.1).output().unwrap()).failed(4, &told);
    let (lock, before) = (lock_of(&world), super::digest_of(&world, "l.wasm").to_string());
    publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", &format!("{ASKS}\nask = true")));
    let after = super::digest_of(&world, "l.wasm").to_string();
    world.commit(&[("skillhost.lock", &lock.replace(&before, &after))]);
    call(&world).failed(4, &told);
    world.commit(&[("skillhost.lock", &lock)]);
    assert_eq!(call(&world).code, Some(0));
    world.run(&["remove", NAME]).failed(0, &[]);
    world.write(&[("skillhost.lock", &lock)]);
    call(&world).failed(4, &told);
}

#[test]
fn r_19_who_grants_a_secret_here_has_given_it_and_an_update_hands_on_what_was_given() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    configure(&world, SECRET);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    world.run(&["add", &reference, "--grant", "read=**", "--grant", "secrets=EXAMPLE_TOKEN"]).failed(0, &[]);
    world.commit(&[]);
    assert_eq!(call(&world).code, Some(0), "{:#?}", call(&world));
    publish(&world, "l.wasm", &manifest_of(NAME, "1.3.0", ASKS));
    world.run(&["update"]).failed(0, &["1.2.0 → 1.3.0"]);
    world.commit(&[]);
    assert_eq!(call(&world).code, Some(0));

    // What came with the repository is not handed on, but by name.
    forget(&world);
    publish(&world, "l.wasm", &manifest_of(NAME, "1.4.0", ASKS));
    world.run(&["update"]).failed(0, &["1.3.0 → 1.4.0", "use secrets   EXAMPLE_TOKEN"]);
    world.commit(&[]);
    call(&world).failed(4, &[REFUSED]);
    world.run(&["update", NAME, "--keep-grants"]).failed(0, &[]);
    call(&world).failed(4, &[REFUSED]);
    world.run(&["update", NAME, "--grant", "secrets=EXAMPLE_TOKEN"]).failed(0, &[]);
    assert_eq!(call(&world).code, Some(0));

    // It is in the log, and not in the clear.
    let mut given = 0;
    for entry in fs::read_dir(world.state().join("sessions")).unwrap().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        given += text.lines().filter(|line| line.contains("\"secret\"") && line.contains("\"update\"")).count();
        assert!(!text.contains("EXAMPLE_TOKEN"), "{text}");
    }
    assert!(given >= 3, "{given}");
}

#[test]
fn r_19_the_same_bytes_of_somebody_elses_or_from_elsewhere_are_given_nothing() {
    for is_signed in [true, false] {
        let world = cloned();
        world.run(&LET).failed(0, &[]);
        assert_eq!(call(&world).code, Some(0));
        // Anybody may sign bytes that everybody has, and offer them: what comes next would be theirs.
        let digest = super::digest_of(&world, "l.wasm").to_string();
        let lock = match is_signed {
            true => {
                sign_file(&world, "l.wasm", 2);
                let line = format!("digest = \"{digest}\"\n");
                lock_of(&world).replace(&line, &format!("{line}signer = \"{}\"\n", key(2).signer()))
            }
            false => {
                fs::copy(world.repo().join("l.wasm"), world.repo().join("other.wasm")).unwrap();
                lock_of(&world).replace("file:./l.wasm", "file:./other.wasm")
            }
        };
        let without_sum: String = lock.split_inclusive('\n').filter(|line| !line.starts_with("# sum")).collect();
        world.commit(&[("skillhost.lock", &without_sum)]);
        world.run(&["sync"]).failed(0, &["grants what was not granted on this machine before"]);
        world.commit(&[]);
        call(&world).failed(4, &[REFUSED]);
        publish(&world, if is_signed { "l.wasm" } else { "other.wasm" }, &manifest_of(NAME, "1.3.0", ASKS));
        if is_signed {
            sign_file(&world, "l.wasm", 2);
        }
        world.run(&["update"]).failed(0, &["1.2.0 → 1.3.0"]);
        world.commit(&[]);
        call(&world).failed(4, &[REFUSED]);
    }
}

#[test]
fn r_19_in_ci_the_users_configuration_names_who_may_have_a_secret() {
    let world = cloned();
    let digest = super::digest_of(&world, "l.wasm").to_string();
    let with = |skills: &str| configure(&world, &format!("{SECRET}skills = {skills}\n"));
    with(&format!("[\"{digest}\"]"));
    assert_eq!(call(&world).code, Some(0), "{:#?}", call(&world));
    assert_eq!(world.run(&["sync", "--format", "json"]).json()["waiting"], json!([]));
    for others in ["[]", &format!("[\"sha256:{}\"]", "0".repeat(64)), &format!("[\"{}\"]", key(1).signer())] {
        with(others);
        call(&world).failed(4, &[REFUSED]);
    }
    with("[\"licence-check\"]");
    call(&world).failed(3, &["config.toml:4", "names no signer"]);
    with("[]");

    // Whoever signed it may sign the next one; a lock that only says so is found out before.
    sign_file(&world, "l.wasm", 1);
    world.run(&["update", NAME, "--signer", &key(1).signer().to_string(), "--keep-grants"]).failed(0, &[]);
    world.commit(&[]);
    with(&format!("[\"{}\"]", key(1).signer()));
    assert_eq!(call(&world).code, Some(0), "{:#?}", call(&world));
    publish(&world, "l.wasm", &manifest_of(NAME, "1.3.0", ASKS));
    sign_file(&world, "l.wasm", 2);
    let lock = lock_of(&world).replace(&digest, &super::digest_of(&world, "l.wasm").to_string());
    world.commit(&[("skillhost.lock", &lock.replace("1.2.0", "1.3.0"))]);
    call(&world).failed(6, &["it is not signed by"]);
}

#[test]
fn r_19_a_person_is_asked_for_a_secret_and_no_is_the_default() {
    for (typed, is_let) in [("y\n", true), ("\n", false), ("yep\n", false)] {
        let world = cloned();
        let mut terminal = Terminal::go(&world, &["sync"], &[]);
        terminal.wait_for("Let licence-check use EXAMPLE_TOKEN in this project? [y/N]: ");
        let seen = terminal.seen();
        assert!(seen.contains("https://api.example.com/*, where your config.toml lets it go"), "{seen}");
        terminal.types(typed);
        assert_eq!(terminal.end().code, Some(0));
        assert_eq!(call(&world).code, Some(if is_let { 0 } else { 4 }), "{typed:?}");
    }
    let world = cloned();
    let ran = Terminal::go(&world, &["sync", "--no-prompt"], &[]).end();
    assert!(!ran.stdout.contains("[y/N]") && call(&world).code == Some(4), "{ran:#?}");
}

#[test]
fn r_19_what_a_folder_from_elsewhere_says_was_granted_is_not_believed() {
    let world = cloned();
    world.run(&LET).failed(0, &[]);
    let granted = world.home().join("granted");
    copy(&world.state().join("granted"), &granted);
    // The same project, in a state folder with a key of its own, as a repository could bring one along.
    fs::remove_dir_all(world.state()).unwrap();
    fs::create_dir(world.state()).unwrap();
    copy(&granted, &world.state().join("granted"));
    call(&world).failed(4, &[REFUSED]);
}

/// Two people on two machines: `main` knows `there` and `mine`, and has never seen what `theirs` brings.
fn colleagues(there: &[&str], mine: &str, theirs: &str) -> World {
    let world = two_people(there, mine, theirs);
    forget(&world);
    world.run(&["sync"]).failed(0, &[&format!("{mine} 1.0.0, which is new here, may:")]);
    assert_eq!(world.run(&["sync", "--format", "json"]).json()["granted"], json!([]));
    world
}

#[test]
fn r_20_what_a_merge_grants_is_told_once() {
    for theirs in ["oscar", "zulu"] {
        let world = colleagues(&["middle"], "novel", theirs);
        merge(&world, "theirs");
        let checked = world.run(&["sync", "--check", "--format", "json"]);
        assert!(!checked.stderr.contains("was not granted on this machine"), "{checked:#?}");
        let synced = world.run(&["sync", "--format", "json"]);
        let new = format!("{theirs} 1.0.0, which is new here, may:");
        synced.failed(
            0,
            &[
                "skillhost.lock grants what was not granted on this machine before:",
                &new,
                "    read files    everything in the worktree",
            ],
        );
        let granted = &synced.json()["granted"];
        assert_eq!((granted[0]["name"].clone(), granted[1].clone()), (json!(theirs), json!(null)), "{synced:#?}");
        assert_eq!((&granted[0]["why"], &granted[0]["permissions"]), (&json!("new"), &json!(["read=**"])));
        let again = world.run(&["sync", "--format", "json"]);
        assert_eq!(again.json()["granted"], json!([]));
        assert!(!again.stderr.contains("not granted"), "{again:#?}");
    }
    // More for a skill that was there, which git merges by itself.
    let world = World::with(&[]);
    add(&world, "middle", "read=**");
    let mine = world.state().join("granted");
    let kept = world.home().join("granted");
    copy(&mine, &kept);
    world.git(&["switch", "--quiet", "--create", "theirs"]);
    world.run(&["update", "middle", "--grant", "ask"]).failed(0, &[]);
    world.commit(&[]);
    world.git(&["switch", "--quiet", "main"]);
    forget(&world);
    copy(&kept, &mine);
    assert!(merge(&world, "theirs"));
    let synced = world.run(&["sync", "--format", "json"]);
    synced.failed(0, &["middle 1.0.0 may now also:", "    ask you       questions"]);
    assert!(!synced.stderr.contains("read files"), "{synced:#?}");
    let granted = &synced.json()["granted"][0];
    assert_eq!((&granted["why"], &granted["permissions"]), (&json!("more"), &json!(["ask"])));
}

#[test]
fn r_20_whatever_settles_a_conflict_tells_what_it_took() {
    for arguments in [&["add", "./skills/papa.wasm"][..], &["remove", "novel"], &["update", "novel", "--keep-grants"]] {
        let world = colleagues(&["middle"], "novel", "oscar");
        publish(&world, "skills/papa.wasm", &manifest_of("papa", "1.0.0", ""));
        world.commit(&[]);
        assert!(!merge(&world, "theirs"), "neighbours conflict");
        if arguments[0] == "update" {
            publish(&world, "skills/novel.wasm", &manifest_of("novel", "1.1.0", "read = [\"**\"]\nask = true"));
        }
        let ran = world.run(arguments);
        ran.failed(
            0,
            &[
                "skillhost.lock is settled: both sides' skills are in it",
                "skillhost.lock grants what was not granted on this machine before:",
                "oscar 1.0.0, which is new here, may:",
                "    read files    everything in the worktree",
            ],
        );
        assert!(names(&world).contains(&"oscar".to_owned()));
        assert!(!world.run(&["sync"]).stderr.contains("not granted"), "it was told");
    }
}

/// One person takes the next version of `middle`, and the other grants it more; `change` is what becomes of each lock.
fn both_change_one(change: impl Fn(String) -> String) -> World {
    let world = World::with(&[]);
    let commit = || world.commit(&[("skillhost.lock", &change(lock_of(&world)))]);
    add(&world, "middle", "read=**");
    commit();
    world.git(&["switch", "--quiet", "--create", "theirs"]);
    world.run(&["update", "middle", "--grant", "ask"]).failed(0, &[]);
    commit();
    world.git(&["switch", "--quiet", "main"]);
    publish(&world, "skills/middle.wasm", &manifest_of("middle", "1.1.0", "read = [\"**\"]\nask = true"));
    world.run(&["update", "middle", "--keep-grants"]).failed(0, &["1.0.0 → 1.1.0"]);
    commit();
    world
}

fn without_sums(lock: String) -> String {
    lock.lines().filter(|line| !line.starts_with("# sum ")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn r_20_git_does_not_make_one_entry_of_two_peoples() {
    // Without sums it does: a version that one took, with what the other granted to the one before.
    let world = both_change_one(without_sums);
    assert!(merge(&world, "theirs"));
    let lock = lock_of(&world);
    assert!(lock.contains("1.1.0") && lock.contains("ask = true"), "{lock}");

    let world = both_change_one(|lock| lock);
    assert!(!merge(&world, "theirs"), "both changed the sum: {}", lock_of(&world));
    let conflict = lock_of(&world);
    for arguments in [&["sync"][..], &["list"], &["remove", "middle"], &["update"]] {
        world.run(arguments).failed(
            3,
            &["lines of two entries in `middle`", "hint: edit skillhost.lock by hand", "take its line `# sum` out"],
        );
    }
    assert_eq!(lock_of(&world), conflict, "nobody decided");
    // Somebody does: what they leave is the entry, and its sum is written anew.
    let decided = conflict.lines().filter(|line| !line.contains("sum ") && !line.starts_with(['<', '=', '>']));
    world.commit(&[("skillhost.lock", &decided.map(|line| format!("{line}\n")).collect::<String>())]);
    world.run(&["sync", "--check"]).failed(0, &[]);
    world.run(&["sync"]).failed(0, &["skillhost.lock is written in order"]);
    assert!(lock_of(&world).contains("# sum "));
    world.run(&["sync", "--check", "--locked"]).failed(0, &[]);
}

#[test]
fn r_20_an_entry_that_was_edited_is_told_and_stops_where_nothing_may_change() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    add(&world, NAME, "read=**");
    let lock = lock_of(&world);
    let edited = lock.replace("read = [\"**\"]\n", "read = [\"**\"]\nask = true\n");
    world.commit(&[("skillhost.lock", &edited)]);
    let told = "skillhost.lock:5: the sum of licence-check is of other lines";
    world.run(&["call", NAME, "check"]).failed(0, &[told, "skillhost sync writes its sum anew"]);
    for arguments in [&["sync", "--check"][..], &["sync", "--locked"]] {
        let ran = world.run(&[arguments, &["--format", "json"]].concat());
        ran.failed(6, &["skillhost.lock:5: `licence-check` is not as skillhost wrote it", "hint: look at what it is"]);
        assert_eq!(ran.json()["skills"][0]["state"], "wrong");
    }
    assert_eq!(lock_of(&world), edited);
    world.run(&["sync"]).failed(0, &["licence-check 1.0.0 may now also:", "ask you       questions"]);
    world.run(&["sync", "--check"]).failed(0, &[]);
    world.commit(&[]);
    let called = world.run(&["call", NAME, "check"]);
    assert!(called.code == Some(0) && !called.stderr.contains("sum"), "{called:#?}");
}
