//! The question at a terminal: it shows what is asked for, and only a person's yes grants it.

use super::{ASKS, NAME, digest_of, has_lock, key, lock_of, manifest_of, publish, sign_file};
use crate::support::World;
use crate::terminal::Terminal;

const QUESTION: &str = "Grant all of it? [y]es  [c]hoose one by one  [N]o: ";

fn world() -> (World, String) {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    (world, reference)
}

#[test]
fn a_yes_grants_all_and_anything_else_nothing() {
    for (typed, is_granted) in
        [("y\n", true), ("YES\n", true), ("\n", false), ("n\n", false), ("yep\n", false), ("\u{4}", false)]
    {
        let (world, reference) = world();
        let mut terminal = Terminal::go(&world, &["add", &reference], &[]);
        terminal.wait_for(QUESTION);
        let seen = terminal.seen();
        let at = |text: &str| seen.find(text).unwrap_or_else(|| panic!("{text} is not in {seen}"));
        assert!(
            at("! change files") < at("! reach")
                && at("! reach") < at("read files")
                && at("read files") < at("Together, reading everything")
        );
        terminal.types(typed);
        let ran = terminal.end();
        assert_eq!(ran.code, Some(if is_granted { 0 } else { 4 }), "{typed:?}: {ran:#?}");
        assert_eq!(has_lock(&world), is_granted, "{typed:?}");
        if !is_granted {
            assert!(
                ran.stdout.contains("nothing was granted") && ran.stdout.contains("nothing was installed"),
                "{ran:#?}"
            );
        }
    }
}

#[test]
fn one_by_one_each_is_a_question_of_its_own() {
    let (world, reference) = world();
    let mut terminal = Terminal::go(&world, &["add", &reference], &[]);
    terminal.wait_for(QUESTION);
    terminal.types("c\n");
    for (question, answer) in [
        ("change files  src/**  [y/N]: ", "y\n"),
        ("reach         https://api.example.com/*  [y/N]: ", "\n"),
        ("read files    everything in the worktree  [y/N]: ", "y\n"),
    ] {
        terminal.wait_for(question);
        terminal.types(answer);
    }
    let ran = terminal.end();
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(lock_of(&world).ends_with("[skill.grant]\nread = [\"**\"]\nwrite = [\"src/**\"]\n"), "{}", lock_of(&world));
    assert!(ran.stdout.contains("Not granted: reach"), "{ran:#?}");
}

#[test]
fn o_07_a_yes_that_was_typed_before_grants_nothing() {
    let (world, reference) = world();
    let mut terminal = Terminal::start(&world, &["add", &reference], &[]);
    terminal.types("y\n");
    // The terminal has it, as its echo shows, and only now the program begins.
    terminal.wait_for("y\r\n");
    std::fs::write(world.home().join("go"), "").unwrap();
    terminal.wait_for(QUESTION);
    terminal.types("\n");
    assert_eq!(terminal.end().code, Some(4));
    assert!(!has_lock(&world));
}

#[test]
fn a_quiet_question_shows_all_the_same_what_it_is_about_and_no_prompt_asks_nothing() {
    let (world, reference) = world();
    let mut terminal = Terminal::go(&world, &["add", &reference, "-q"], &[]);
    terminal.wait_for(QUESTION);
    assert!(
        terminal.seen().contains("! change files") && terminal.seen().contains("Together, "),
        "{}",
        terminal.seen()
    );
    terminal.types("n\n");
    assert_eq!(terminal.end().code, Some(4));
    let ran = Terminal::go(&world, &["add", &reference, "--no-prompt"], &[]).end();
    assert!(ran.code == Some(4) && !ran.stdout.contains(QUESTION), "{ran:#?}");
}

#[test]
fn an_update_asks_for_the_news_alone() {
    let (world, reference) = world();
    world.run(&["add", &reference, "--grant", "read=**"]).failed(0, &[]);
    publish(&world, "l.wasm", &manifest_of(NAME, "1.3.0", &format!("{ASKS}\nask = true")));
    let mut terminal = Terminal::go(&world, &["update"], &[]);
    terminal.wait_for(QUESTION);
    let seen = terminal.seen();
    assert!(seen.contains("+ ask you") && !seen.contains("+ reach"), "{seen}");
    terminal.types("y\n");
    assert_eq!(terminal.end().code, Some(0));
    assert!(lock_of(&world).ends_with("[skill.grant]\nread = [\"**\"]\nask = true\n"), "{}", lock_of(&world));
}

const TRUST: &str = "Trust this signer with it from now on? [y/N]: ";
const TAKE: &str = "Take what is there now? [y/N]: ";
const GO_BACK: &str = "Go back to it? [y/N]: ";
const READ: &str = "read = [\"**\"]";

/// A skill of the first publisher's is locked, and another version lies in its place.
fn offered(version: &str, which: u8, asks: &str) -> World {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", READ));
    sign_file(&world, "l.wasm", 1);
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    publish(&world, "l.wasm", &manifest_of(NAME, version, asks));
    sign_file(&world, "l.wasm", which);
    world
}

#[test]
fn what_holds_an_update_back_is_asked_with_what_it_may_mean_and_no_is_the_default() {
    let signers = [1, 2].map(|which| key(which).signer().to_string());
    let [first, second] = signers.each_ref().map(String::as_str);
    let less = format!("{READ}\n# another build");
    let told_of_signer = [
        "licence-check 1.2.0 → 1.3.0 · another signer",
        "licence-check is signed by another than before:",
        first,
        second,
        "Whoever vouched for it until now does not vouch for this one",
        "It gets what the one before was granted",
        "read files    everything in the worktree",
    ];
    let told_of_content = [
        "1.2.0 → 1.2.0 · signer unchanged",
        "licence-check 1.2.0 is another component than the one that is locked:",
        "somebody may have put another in its place",
    ];
    let told_of_version = ["1.2.0 → 1.1.0", "1.1.0 is older than 1.2.0, which is locked", "flaws that were mended"];
    for (version, which, asks, question, told, held) in [
        ("1.3.0", 2, READ, TRUST, &told_of_signer[..], "signed by another than before"),
        ("1.2.0", 1, &less, TAKE, &told_of_content, "another component than the one that is locked"),
        ("1.1.0", 1, READ, GO_BACK, &told_of_version, "is older than 1.2.0"),
    ] {
        for (typed, is_taken) in [("y\n", true), ("YES\n", true), ("\n", false), ("yep\n", false), ("\u{4}", false)] {
            let world = offered(version, which, asks);
            let (before, digest) = (lock_of(&world), digest_of(&world, "l.wasm").to_string());
            let mut terminal = Terminal::go(&world, &["update"], &[]);
            terminal.wait_for(question);
            let seen = terminal.seen();
            told.iter().for_each(|text| assert!(seen.contains(text), "{text} is not in {seen}"));
            terminal.types(typed);
            let ran = terminal.end();
            assert_eq!(ran.code, Some(if is_taken { 0 } else { 4 }), "{typed:?}: {ran:#?}");
            let lock = lock_of(&world);
            if is_taken {
                assert!(lock.contains(&digest) && lock.contains(&key(which).signer().to_string()), "{lock}");
            } else {
                assert!(lock == before && ran.stdout.contains(held) && ran.stdout.contains("held back"), "{ran:#?}");
            }
        }
        // Nobody is asked who doesn't want to be, or who said that nothing is to change; the command is told.
        for more in ["--no-prompt", "--locked"] {
            let world = offered(version, which, asks);
            let before = lock_of(&world);
            let ran = Terminal::go(&world, &["update", more], &[]).end();
            assert!(ran.code == Some(4) && !ran.stdout.contains("[y/N]") && lock_of(&world) == before, "{ran:#?}");
            assert!(ran.stdout.contains("if that is meant: skillhost update licence-check --"), "{ran:#?}");
        }
        // Whoever wants to hear little sees what it is about all the same.
        let world = offered(version, which, asks);
        let mut terminal = Terminal::go(&world, &["update", "-q"], &[]);
        terminal.wait_for(question);
        told[1..].iter().for_each(|text| assert!(terminal.seen().contains(text), "{text}: {}", terminal.seen()));
        terminal.types("\n");
        assert_eq!(terminal.end().code, Some(4));
    }
}

#[test]
fn each_doubt_is_a_question_of_its_own_and_the_gravest_comes_first() {
    for (answers, is_taken) in [(&["y\n", "y\n", "y\n"][..], true), (&["y\n", "\n"], false), (&["\n"], false)] {
        let world = offered("1.1.0", 2, &format!("{READ}\nask = true"));
        let before = lock_of(&world);
        let mut terminal = Terminal::go(&world, &["update"], &[]);
        for (question, answer) in [TRUST, GO_BACK, QUESTION].iter().zip(answers) {
            terminal.wait_for(question);
            terminal.types(answer);
        }
        let ran = terminal.end();
        assert_eq!(ran.code, Some(if is_taken { 0 } else { 4 }), "{ran:#?}");
        assert_eq!(lock_of(&world) == before, !is_taken, "{ran:#?}");
    }
}

#[test]
fn another_signature_over_the_same_bytes_is_held_back_and_pinned_once_it_is_named() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", READ));
    sign_file(&world, "l.wasm", 1);
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    sign_file(&world, "l.wasm", 2);
    let (before, second) = (lock_of(&world), key(2).signer().to_string());
    world.run(&["update"]).failed(4, &["signed by another than before", "--signer ed25519:"]);
    assert_eq!(lock_of(&world), before);
    world.run(&["update", NAME, "--signer", &second]).failed(0, &["another signer"]);
    assert!(lock_of(&world).contains(&second));
    world.run(&["update"]).failed(0, &["is the newest of", "skillhost.lock is as it was"]);
}
