//! The question at a terminal: it shows what is asked for, and only a person's yes grants it.

use super::{ASKS, NAME, has_lock, lock_of, manifest_of, publish};
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
