//! `skillhost dev`: again at each change, until it is interrupted.

use super::{GREETS, made, probe, world};
use crate::authors::{SLEEPS, left_of, put, sleeper, sleeps};
use crate::support::{World, root, signal, wait_until};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

/// The program at work, and what it has printed so far, both streams as one.
struct Dev {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
    seen: usize,
}

/// Puts a whole file in another's place: what is written in steps may be seen in steps.
fn swap(world: &World, file: &str, bytes: &[u8]) {
    let whole = world.home().join("whole");
    fs::write(&whole, bytes).unwrap();
    fs::rename(whole, world.repo().join(file)).unwrap();
}

impl Dev {
    fn start(world: &World, more: &[&str]) -> Self {
        let folder = world.home().join("tmp");
        fs::create_dir_all(&folder).unwrap();
        let mut command = world.command(&[&["dev"], more].concat());
        command.env("TMPDIR", folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let lines = Arc::clone(&lines);
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines() {
                    lines.lock().unwrap().push(line.unwrap());
                }
            });
        }
        Self { child, lines, seen: 0 }
    }

    /// Waits until all of these lines were printed, and it waits for a change; gives what was printed since the last time.
    fn until(&mut self, texts: &[&str]) -> String {
        let (lines, seen) = (Arc::clone(&self.lines), self.seen);
        let printed = || lines.lock().unwrap()[seen..].to_vec();
        let is_idle = |lines: &[String]| lines.iter().any(|line| line == "waiting for a change; Ctrl-C ends");
        wait_until(&format!("{texts:?}: {:?}", printed()), || {
            let lines = printed();
            is_idle(&lines) && texts.iter().all(|text| lines.iter().any(|line| line.contains(text)))
        });
        let lines = printed();
        self.seen += lines.len();
        lines.join("\n")
    }

    /// Waits until so many rounds ended since it was started, and all of these lines were printed.
    fn rounds(&mut self, rounds: usize, texts: &[&str]) -> String {
        let lines = Arc::clone(&self.lines);
        let is_end = |line: &&String| line.as_str() == "waiting for a change; Ctrl-C ends";
        wait_until(&format!("{rounds} rounds"), || lines.lock().unwrap().iter().filter(is_end).count() >= rounds);
        self.until(texts)
    }

    fn end(mut self) {
        signal(&self.child, "INT");
        assert_eq!(self.child.wait().unwrap().code(), Some(130));
    }
}

/// One that a test which failed left at work would go on.
impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[test]
fn each_change_is_built_and_tested_until_an_interrupt() {
    let world = World::bare();
    made(&world, GREETS);
    fs::write(world.repo().join(".gitignore"), "/ignored\n").unwrap();
    let mut dev = Dev::start(&world, &[]);
    dev.until(&["running make", "ok it greets", "1 case: 1 passed"]);
    // A case that fails ends nothing.
    swap(&world, "tests/cases.toml", GREETS.replace("Hello", "Bye").as_bytes());
    let shown = dev.until(&["changed: tests/cases.toml", "FAILED it greets", "1 case: 1 failed"]);
    assert!(shown.contains("-  \"greeting\": \"Bye, Ada!\""), "{shown}");
    // A build that fails, neither; nor a case file that is none.
    let makefile = fs::read(world.repo().join("Makefile")).unwrap();
    swap(&world, "Makefile", b"all:\n\t@false\n");
    dev.until(&["changed: Makefile", "error: `make` failed"]);
    swap(&world, "Makefile", &makefile);
    dev.until(&["changed: Makefile", "1 case: 1 failed"]);
    swap(&world, "tests/cases.toml", b"[[case]");
    dev.until(&["error: tests/cases.toml:1: "]);
    // What is ignored, what tool chains write, and what holds the same is no change: only the last of these is one.
    put(&world, "ignored/x", b"1");
    put(&world, "target/x", b"1");
    put(&world, "build/x", b"1");
    swap(&world, "skill.toml", &fs::read(world.repo().join("skill.toml")).unwrap());
    swap(&world, "tests/cases.toml", GREETS.as_bytes());
    let shown = dev.until(&["ok it greets"]);
    assert_eq!(shown.matches("──── changed: tests/cases.toml ────").count(), 1, "{shown}");
    // Folders that are new are watched, too.
    put(&world, "src/deep/a.txt", b"1");
    dev.until(&["changed: src/deep/a.txt", "ok it greets"]);
    swap(&world, "src/deep/a.txt", b"2");
    dev.until(&["changed: src/deep/a.txt", "ok it greets"]);
    fs::remove_dir_all(world.repo().join("src")).unwrap();
    dev.until(&["changed: src/deep/a.txt", "ok it greets"]);
    dev.end();
}

#[test]
fn a_filter_chooses_and_json_is_refused() {
    let world = World::bare();
    made(&world, &format!("{GREETS}\n[[case]]\nname = \"other\"\n"));
    world.run(&["dev", "--format", "json"]).failed(2, &["hint: skillhost test --format json gives one document"]);
    let mut dev = Dev::start(&world, &["greets"]);
    dev.until(&["1 case: 1 passed"]);
    dev.end();
}

#[test]
fn an_interrupt_ends_a_test_and_nothing_is_left_of_it() {
    let world = world("probe", &probe("sleep", "expect.answer_has = {}"));
    let folder = world.home().join("tmp");
    fs::create_dir(&folder).unwrap();
    let sessions = || fs::read_dir(world.state().join("sessions")).map_or(0, Iterator::count);
    let before = sessions();
    let names = || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut command = world.command(&["test", "--component", "skill.wasm"]);
    let mut child = command.env("TMPDIR", &folder).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("the case has a worktree", || names().iter().any(|path| path.join("tree").exists()));
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(names(), [] as [std::path::PathBuf; 0]);
    // Nothing of it is in the user's state, either.
    assert_eq!(sessions(), before);
}

#[test]
fn an_interrupt_ends_a_case_of_dev_and_nothing_is_left_of_it() {
    let world = World::bare();
    made(&world, &probe("sleep", "expect.answer_has = {}"));
    put(&world, "skill.toml", &fs::read(root().join("tests/guests/probe/skill.toml")).unwrap());
    put(&world, "left.wasm", &left_of("probe"));
    let dev = Dev::start(&world, &[]);
    let names = || fs::read_dir(world.home().join("tmp")).unwrap().map(|it| it.unwrap().path()).collect::<Vec<_>>();
    wait_until("the case has a worktree", || names().iter().any(|path| path.join("tree").exists()));
    // Once is enough: a second time would not wait for what has to be removed.
    dev.end();
    assert_eq!(names(), [] as [std::path::PathBuf; 0]);
}

#[test]
fn an_interrupt_ends_a_build_of_dev_with_what_it_started() {
    let world = World::bare();
    made(&world, GREETS);
    put(&world, "Makefile", SLEEPS);
    let dev = Dev::start(&world, &[]);
    let process = sleeper(&world);
    let lines = Arc::clone(&dev.lines);
    dev.end();
    wait_until("what the tool chain started is gone", || !sleeps(&process));
    wait_until("it is told", || lines.lock().unwrap().iter().any(|line| line == "error: interrupted"));
}

#[test]
fn what_each_build_changes_begins_no_rounds_for_ever_and_what_is_saved_during_one_does() {
    let world = World::bare();
    made(&world, GREETS);
    // It writes something else each time; and once, it is as if an editor saved meanwhile.
    let make = "all:\n\t@cp left.wasm build/component.wasm\n\t@echo x >> stamp.txt\n\
        \t@if [ -e saved.toml ]; then mv saved.toml tests/cases.toml; fi\n";
    put(&world, "Makefile", make.as_bytes());
    let mut dev = Dev::start(&world, &[]);
    let named = "warning: each build changes stamp.txt, which begins no more rounds: put it into .gitignore";
    dev.rounds(3, &[named]);
    // The round of an edit is the next one, and no other follows by itself.
    let manifest = fs::read(world.repo().join("skill.toml")).unwrap();
    swap(&world, "skill.toml", &[&manifest[..], b"\n"].concat());
    dev.rounds(4, &["changed: skill.toml ", "ok it greets"]);
    // Saved while it builds: tested all the same.
    swap(&world, "saved.toml", GREETS.replace("it greets", "it was saved").as_bytes());
    let shown = dev.rounds(6, &["changed: saved.toml ", "changed: saved.toml, tests/cases.toml ", "ok it was saved"]);
    // It is named once more where no round follows: whoever saved it meanwhile has to know.
    assert!(!shown.contains("changed: stamp.txt") && shown.contains(named), "{shown}");
    // What a person edits is as any other.
    swap(&world, "stamp.txt", b"edited\n");
    dev.rounds(9, &["changed: stamp.txt ", named]);
    // Ignored, it is nothing.
    swap(&world, ".gitignore", b"/stamp.txt\n");
    dev.rounds(10, &["changed: .gitignore", "ok it was saved"]);
    let lines = Arc::clone(&dev.lines);
    dev.end();
    let builds = lines.lock().unwrap().iter().filter(|line| line.starts_with("running make")).count();
    assert_eq!(builds, 10, "{lines:#?}");
}
