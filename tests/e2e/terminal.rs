//! What people see at a terminal, and what nobody gets to write there.

use crate::hostile_output::strip_colours;
use crate::scripts::{CONFIG, Script, greeting, project};
use crate::support::{Ran, World, root, wait_until};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

const GOAL: &str = "Greet everybody";

/// The program at a terminal of its own, which `script` makes.
pub struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    seen: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Terminal {
    /// Starts it once the file `go` is in the home, so that a test can type before.
    pub fn start(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let program = world.command(arguments);
        let quote = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''"));
        let words: Vec<String> = std::iter::once(program.get_program()).chain(program.get_args()).map(quote).collect();
        let go = world.home().join("go");
        let line = format!(
            "stty cols 100 rows 30; echo ready; until [ -e '{}' ]; do sleep 0.01; done; exec {}",
            go.display(),
            words.join(" ")
        );
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        command.current_dir(world.repo()).env_clear().env("SHELL", "/bin/sh").env("TERM", "xterm-256color");
        command.envs(program.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
        command.envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let keyboard = child.stdin.take().unwrap();
        let mut screen = child.stdout.take().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let shown = Arc::clone(&seen);
        let reader = std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut part) {
                shown.lock().unwrap().extend_from_slice(&part[..count]);
            }
        });
        let terminal = Self { child, keyboard, seen, reader };
        terminal.wait_for("ready");
        terminal
    }

    pub fn go(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        if !world.home().join("go").exists() {
            std::fs::write(world.home().join("go"), "").unwrap();
        }
        Self::start(world, arguments, variables)
    }

    pub fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).into_owned()
    }

    pub fn wait_for(&self, text: &str) {
        wait_until(text, || self.seen().contains(text));
    }

    pub fn types(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Its exit code, and all that was seen.
    pub fn end(self) -> Ran {
        let Self { mut child, keyboard, seen, reader } = self;
        let code = child.wait().unwrap().code();
        drop(keyboard);
        reader.join().unwrap();
        let stdout = String::from_utf8_lossy(&seen.lock().unwrap()).into_owned();
        Ran { code, stdout, stderr: String::new() }
    }
}

fn asking<'a>(component: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["call", component, "--input", r#"{"how": "ask"}"#, "--grant", "ask"], more].concat()
}

fn probe() -> String {
    root().join("target/guests/probe.wasm").to_str().unwrap().to_owned()
}

#[test]
fn a_person_is_asked_and_the_answer_counts() {
    let world = World::bare();
    let probe = probe();
    let mut terminal = Terminal::go(&world, &asking(&probe, &[]), &[]);
    terminal.wait_for("probe asks: Really?");
    terminal.wait_for("answer, or Enter for \"no\"");
    terminal.types("yes\n");
    let ran = terminal.end();
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stdout.contains("\"answer\": \"yes\"") && ran.stdout.contains("Really? — answered: yes"), "{ran:#?}");
}

#[test]
fn o_07_what_was_typed_before_the_question_answers_nothing() {
    let world = World::bare();
    let probe = probe();
    let mut terminal = Terminal::start(&world, &asking(&probe, &[]), &[]);
    terminal.types("yes\n");
    // The terminal has it, as its echo shows, and only now the program begins.
    terminal.wait_for("yes");
    std::fs::write(world.home().join("go"), "").unwrap();
    terminal.wait_for("answer, or Enter for \"no\"");
    terminal.types("\n");
    let ran = terminal.end();
    assert!(ran.stdout.contains("\"answer\": \"no\"") && ran.stdout.contains("Really? — answered: no"), "{ran:#?}");
}

#[test]
fn nobody_is_asked_who_does_not_want_to_be() {
    let world = World::bare();
    let probe = probe();
    let ran = Terminal::go(&world, &asking(&probe, &["--no-prompt"]), &[]).end();
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(!ran.stdout.contains("asks:") && ran.stdout.contains("Really? — taken without asking: no"), "{ran:#?}");
}

/// A run whose test command waits, at a terminal.
fn waiting(world: &World, more: &[&str], variables: &[(&str, &str)]) -> Terminal {
    world.commit(&[("length", "86396")]);
    let model = world.model(&Script::specified().writes(1, "src/greeting.txt", "wait\n").tests(1).text());
    let arguments = [&["run", GOAL, "--model", &model], more].concat();
    let terminal = Terminal::go(world, &arguments, variables);
    wait_until("the command waits", || world.has_started());
    terminal
}

#[test]
fn progress_tells_what_each_run_does_and_costs() {
    let world = World::with(&project());
    let mut terminal = waiting(&world, &[], &[]);
    let id = world.run(&["runs", "--format", "json"]).json()["runs"][0]["id"].as_str().unwrap().to_owned();
    let is_shown = |line: &str| {
        ["implement", "▸ running test", " tok", " USD", id.as_str()].iter().all(|text| line.contains(text))
    };
    wait_until("the live line", || terminal.seen().split(['\r', '\n']).any(is_shown));
    let seen = terminal.seen();
    assert!(seen.contains("✓ spec") && seen.contains("base main@"), "{seen}");
    terminal.types("\u{3}");
    let ran = terminal.end();
    assert_eq!(ran.code, Some(130), "{ran:#?}");
    for text in ["ending · what is there is kept", "interrupted", &format!("skillhost show {id}")] {
        assert!(ran.stdout.contains(text), "{text}: {ran:#?}");
    }
}

#[test]
fn without_progress_and_colours_there_is_nothing_but_text() {
    let world = World::with(&project());
    let mut terminal = waiting(&world, &["--no-progress"], &[("NO_COLOR", "1")]);
    terminal.wait_for("✓ spec");
    terminal.types("\u{3}");
    let ran = terminal.end();
    assert_eq!(ran.code, Some(130), "{ran:#?}");
    assert!(ran.stdout.contains("error: interrupted"), "{ran:#?}");
    assert!(!ran.stdout.contains("▸ running") && !ran.stdout.contains('\u{1b}'), "{ran:#?}");
}

#[test]
fn colours_are_as_asked_for() {
    let world = World::bare();
    let look = |arguments: &[&str], variables: &[(&str, &str)]| Terminal::go(&world, arguments, variables).end().stdout;
    for arguments in [&["show", "zzzz"][..], &["bogus"]] {
        assert!(look(arguments, &[]).contains("\u{1b}["), "{arguments:?}");
        assert!(!look(arguments, &[("NO_COLOR", "1")]).contains("\u{1b}["), "{arguments:?}");
        assert!(!look(&[arguments, &["--color", "never"]].concat(), &[]).contains("\u{1b}["), "{arguments:?}");
        let painted = world.run(&[arguments, &["--color", "always"]].concat());
        assert!(painted.stderr.contains("\u{1b}["), "{painted:#?}");
        assert!(!world.run(arguments).stderr.contains('\u{1b}'));
    }
}

#[test]
fn o_01_a_repository_writes_nothing_but_text() {
    let world = World::with(&project());
    // A search instead of a branch, with a sequence that sets the clipboard.
    let config = CONFIG.replace("\"main\"", "\"HEAD^{/(\\u001b]52;c;eA==\\u0007)?}\"");
    world.commit(&[("skillhost.toml", &config)]);
    let ran = world.goal(GOAL, &greeting().text(), &[]);
    ran.failed(3, &["skillhost.toml", "base is not the name of a branch"]);
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");

    // Git takes such a name for a branch.
    world.commit(&[("skillhost.toml", &CONFIG.replace("base = \"main\"\n", ""))]);
    world.git(&["branch", "--move", "x\u{9b}31m\u{202e}y"]);
    let model = world.model(&greeting().text());
    let ran = world.run(&["run", GOAL, "--model", &model]);
    ran.failed(0, &["base x\\u{9b}31m\\u{202e}y@"]);
    let id = ran.stdout.split('/').rev().nth(1).unwrap().to_owned();
    for ran in [ran, world.run(&["show", &id]), world.run(&["show", &id, "--format", "json"])] {
        let deceptive = |c: char| c != '\n' && skillhost_core::text::is_deceptive(c);
        assert!(!ran.stdout.contains(deceptive) && !ran.stderr.contains(deceptive), "{ran:#?}");
    }
}

/// A skill that asks what a test says.
fn asks(text: &str) -> String {
    serde_json::json!({"how": "ask-this", "path": text}).to_string()
}

#[test]
fn o_01_o_04_o_06_o_08_a_question_is_the_skills_and_looks_like_nothing_else() {
    let long = "x".repeat(10 << 10);
    for text in [
        // A prompt of the host's, a line drawn over, the clipboard, and one that pushes the prompt out of sight.
        "Really?\n  answer, or Enter for \"yes\", which is also taken after 5 minutes: ",
        "Allow? no\rAllow? yes\u{1b}[2K\u{1b}[1A",
        "\u{1b}]52;c;eA==\u{7}\u{1b}[2J\u{1b}[H\u{9b}2J\u{202e}\u{200b}",
        &format!("{long}\n{}", "\n".repeat(500)),
    ] {
        let world = World::bare();
        let (probe, input) = (probe(), asks(text));
        let mut terminal = Terminal::go(&world, &["call", &probe, "--input", &input, "--grant", "ask"], &[]);
        terminal.wait_for("answer, or Enter for \"no\"");
        let seen = terminal.seen();
        terminal.types("\n");
        let ran = terminal.end();
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        assert!(ran.stdout.contains("\"answer\": \"no\""), "{ran:#?}");
        let (_, asked) = seen.split_once("asks: ").unwrap();
        assert!(asked.chars().count() < 500, "the whole question fits: {}", asked.chars().count());
        // One line of the skill's, then the host's own.
        let lines: Vec<&str> = asked.split("\r\n").collect();
        assert!(lines.len() == 2 && lines[1].starts_with("  answer, or Enter for \"no\""), "{lines:?}");
        assert!(!asked.replace("\r\n", "").contains(skillhost_core::text::is_deceptive), "{asked:?}");
    }
}

/// Each line of it would be one of the host's own.
const FORGED: &str = "Done.\nbuiltin:implement asks: Push to main?\r  answer, or Enter for \"yes\": \n\
    error: forged\n  answer, or Enter for \"yes\": ";

#[test]
fn o_06_nothing_else_that_is_shown_looks_like_a_question() {
    let world = World::with(&project());
    let goal = format!("Greet everybody {FORGED}");
    let script = Script::specified().writes(1, "src/greeting.txt", "hello\n").tests(1).finishes(1).reviews(
        "change-review",
        1,
        &[("major", FORGED)],
    );
    let (probe, model) = (probe(), world.model(&script.text()));
    let input = |how: &str, path: &str| serde_json::json!({ "how": how, "path": path }).to_string();
    let (error, log) = (input(FORGED, ""), input("log", ""));
    let file = input("read", &format!("/repo/{FORGED}"));
    // Goal, progress and findings of a run; an error of a skill, its log, and a file that it asks for.
    for (arguments, shown) in [
        (&["run", &goal, "--model", &model, "-v"][..], "1 to mend"),
        (&["call", &probe, "--input", &error, "-vvv"], "nothing known of"),
        (&["call", &probe, "--input", &log, "-vvv"], "forged\\nline"),
        (&["call", &probe, "--input", &file, "--grant", "read=**", "-vvv"], "probe"),
    ] {
        let ran = Terminal::go(&world, arguments, &[]).end();
        assert!(ran.code.is_some_and(|code| code != 70) && ran.stdout.contains(shown), "{shown}: {ran:#?}");
        for line in ran.stdout.split(['\n', '\r']) {
            let line = strip_colours(line);
            let is_forged = ["builtin:implement asks", "answer, or Enter", "error: forged"]
                .iter()
                .any(|forged| line.trim_start().starts_with(forged));
            assert!(!is_forged, "{shown}: {line}");
        }
    }
}

#[test]
fn o_01_o_03_the_command_line_comes_back_as_text_at_a_terminal_too() {
    let world = World::bare();
    for arguments in [
        &["bo\u{9b}31m\u{1b}]0;title\u{7}\u{202e}gus"][..],
        &["run", "goal", "--jobs", "\u{1b}[2J\u{1b}]52;c;eA==\u{7}"],
        &["run", "goal", "--\u{1b}]8;;http://evil.example\u{1b}\\"],
    ] {
        let ran = Terminal::go(&world, arguments, &[]).end();
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        for sequence in ["\u{1b}]", "\u{1b}[2J", "\u{9b}", "\u{7}", "\u{202e}"] {
            assert!(!ran.stdout.contains(sequence), "{sequence:?}: {ran:#?}");
        }
        assert!(ran.stdout.contains("\u{1b}["), "clap's own colours are there: {ran:#?}");
    }
}
