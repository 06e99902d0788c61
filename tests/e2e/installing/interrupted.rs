//! What is killed in the middle leaves everything as it was, or as it was to be. A command is killed before each call to
//! the system by which it changes something: by strace, at the first such call, the second, and so on until it is through.

use super::{NAME, digest_of, has_lock, kept, lock_of, manifest_of, publish, sign_file};
use crate::support::{World, copy, ran};
use skillhost_core::digest::Digest;
use skillhost_core::lock::Lock;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Calls by which a process changes files, as strace names them. A file that was only opened is what is there before the
/// first write to it.
const CHANGES: [&str; 6] = ["/^mkdir", WRITES, "/^f(data)?sync", "/^rename", "/^link", "/^unlink"];
const WRITES: &str = "/^p?write";
/// How often a step is looked for again that was jumped over.
const MOST_TRIES: usize = 10;
/// A skill that is added after each kill.
const NEXT: &str = "next";

/// A command, and the place as it is before the command.
struct Scene {
    world: World,
    command: Vec<String>,
}

impl Scene {
    fn new(world: World, command: &[&str]) -> Self {
        publish(&world, "next.wasm", &manifest_of(NEXT, "1.0.0", ""));
        // Compiled skills are nothing that these commands touch, and large.
        drop(fs::remove_dir_all(world.home().join(".cache/skillhost/compiled")));
        for place in Self::places(&world) {
            copy(&place, &Self::before(&place));
        }
        Self { world, command: command.iter().map(|&word| word.to_owned()).collect() }
    }

    fn places(world: &World) -> [PathBuf; 3] {
        [world.repo(), world.home(), world.state()]
    }

    fn before(place: &Path) -> PathBuf {
        place.with_extension("before")
    }

    fn reset(&self) {
        for place in Self::places(&self.world) {
            fs::remove_dir_all(&place).unwrap();
            copy(&Self::before(&place), &place);
        }
    }

    /// Runs the command, and kills it before the `nth` call of this kind. Gives what it was about to do; nothing where it
    /// was through before.
    fn kill_at(&self, calls: &str, nth: usize) -> Option<String> {
        let words: Vec<&str> = self.command.iter().map(String::as_str).collect();
        let program = self.world.command(&words);
        let trace = self.world.repo().with_extension("trace");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-y", "-qq", "-s", "0", "-e", &format!("trace={calls}")]);
        strace.args(["-e", &format!("inject={calls}:signal=KILL:when={nth}"), "-o"]).arg(&trace);
        strace.arg(program.get_program()).args(program.get_args()).current_dir(self.world.repo());
        strace.env_clear().envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = strace.output().expect("strace, which `cargo xtask test` installs");
        if output.status.signal() != Some(9) {
            ran(output).failed(0, &[]);
            return None;
        }
        let trace = fs::read_to_string(&trace).unwrap();
        // Where another thread was at work, too, the call begins in one line and ends in another.
        let has_begun = |line: &&str| line.ends_with("= ?") || line.ends_with("<unfinished ...>");
        let last = trace.lines().filter(|line| !line.contains("resumed>")).rfind(has_begun).unwrap();
        Some(self.step(last))
    }

    /// What a line of strace's is about: the call, and the place.
    fn step(&self, line: &str) -> String {
        let call = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').split('(').next().unwrap();
        let [repo, home, state] = Self::places(&self.world);
        let beneath = |folder: &Path, path: &str| folder.join(path).display().to_string();
        let known = [
            ("lock", beneath(&repo, ".skillhost.lock.draft")),
            ("signature", "sig\"".to_owned()),
            ("component", beneath(&home, ".cache/skillhost/components")),
            ("note", beneath(&home, ".cache/skillhost/verified")),
            ("project", beneath(&home, ".cache/skillhost/projects")),
            ("key", beneath(&state, "keys")),
            ("log", beneath(&state, "sessions")),
            ("folder", repo.display().to_string()),
        ];
        let place = known.iter().find(|(_, text)| line.contains(text)).map_or("other", |(place, _)| place);
        format!("{} {place}", call.trim_end_matches("at2").trim_end_matches("at"))
    }

    /// The lock, and the components that are needed for it are whole, or can be had by `sync`.
    fn check(&self) -> Option<String> {
        let lock = has_lock(&self.world).then(|| lock_of(&self.world));
        for digest in self.named() {
            if let Ok(component) = fs::read(kept(&self.world, &digest)) {
                assert_eq!(Digest::of(&component), digest, "what is in the store is whole");
            }
        }
        lock
    }

    /// What the lock names.
    fn named(&self) -> BTreeSet<Digest> {
        if !has_lock(&self.world) {
            return BTreeSet::new();
        }
        Lock::parse("lock", &lock_of(&self.world)).unwrap().skills.iter().map(|skill| skill.digest).collect()
    }

    fn in_store(&self) -> BTreeSet<Digest> {
        let folder = kept(&self.world, &Digest::of(b"")).parent().unwrap().to_owned();
        let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.filter_map(|name| format!("sha256:{}", name.to_str()?).parse().ok()).collect()
    }

    /// Kills the command everywhere. The lock is then as it was, or as it is after the command, and with `has_components`
    /// what it names is in the store. Each of `steps` has to be among those at which it was killed.
    fn walk(&self, has_components: bool, steps: &[&str]) {
        let before = self.check();
        self.world.run(&self.command.iter().map(String::as_str).collect::<Vec<_>>()).failed(0, &[]);
        let after = self.check();
        let (mut seen, mut locks, mut left) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut kill_at_each = |calls: &str, seen: &mut BTreeSet<String>| {
            for nth in 1.. {
                self.reset();
                let Some(step) = self.kill_at(calls, nth) else { break };
                let lock = self.check();
                assert!(lock == before || lock == after, "{step}: {lock:?}");
                if has_components {
                    assert!(self.in_store().is_superset(&self.named()), "{step}: what the lock names is there");
                }
                // Many a step leaves what another one left.
                if left.insert(self.left()) {
                    self.go_on(&step, lock.as_deref());
                }
                seen.insert(step);
                locks.insert(lock);
            }
        };
        CHANGES.iter().for_each(|calls| kill_at_each(calls, &mut seen));
        let missed = |seen: &BTreeSet<String>| -> Vec<_> {
            steps.iter().filter(|step| !seen.contains(**step)).map(|step| (*step).to_owned()).collect()
        };
        // Threads wake each other by a write, too, and not always as often: then a write to a file is another one's number.
        for _ in 0..MOST_TRIES {
            if missed(&seen).is_empty() {
                break;
            }
            kill_at_each(WRITES, &mut seen);
        }
        assert!(missed(&seen).is_empty(), "{:?} {seen:?}", missed(&seen));
        assert_eq!(locks, BTreeSet::from([before, after]), "{seen:?}");
    }

    /// What is there, with sizes, and without what is random in names.
    fn left(&self) -> Vec<(PathBuf, String, u64)> {
        let [_, _, state] = Self::places(&self.world);
        let files = Self::places(&self.world).into_iter().flat_map(|place| files(&place)).map(|file| {
            let name = match is_draft(&file) || file.starts_with(&state) {
                true => file.extension().unwrap_or_default(),
                false => file.file_name().unwrap(),
            };
            let size = file.symlink_metadata().unwrap().len();
            (file.parent().unwrap().to_owned(), format!("{} {}", is_draft(&file), name.display()), size)
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        files
    }

    /// Whoever comes next is in nobody's way, and `gc` leaves nothing of who was killed.
    fn go_on(&self, step: &str, lock: Option<&str>) {
        let ran = self.world.run(&["add", "./next.wasm"]);
        assert_eq!(ran.code, Some(0), "{step}: {ran:#?}");
        let with_next = lock_of(&self.world);
        for entry in lock.iter().flat_map(|lock| lock.split("\n\n").skip(1)) {
            assert!(with_next.contains(entry.trim_end()), "{step}: {entry} {with_next}");
        }
        self.world.run(&["sync", "--locked"]).failed(0, &[]);
        self.world.run(&["gc"]).failed(0, &[]);
        assert_eq!(self.in_store(), self.named(), "{step}");
        for place in Self::places(&self.world) {
            assert!(drafts(&place).is_empty(), "{step}: {:?}", drafts(&place));
        }
    }
}

/// What isn't whole yet, anywhere beneath a folder.
pub(super) fn drafts(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|file| is_draft(file)).collect()
}

fn is_draft(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().contains("draft"))
}

/// Every file and folder beneath a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let with_inner = |path: PathBuf| {
        let inner = if path.is_symlink() { Vec::new() } else { files(&path) };
        std::iter::once(path).chain(inner)
    };
    entries.flat_map(with_inner).collect()
}

/// A version of the skill that is signed, as the source offers it.
fn offer(world: &World, version: &str) -> String {
    let reference = publish(world, "l.wasm", &manifest_of(NAME, version, "read = [\"**\"]"));
    sign_file(world, "l.wasm", 1);
    reference
}

#[test]
fn an_add_that_is_killed_at_any_step_leaves_before_or_after() {
    let world = World::with(&[]);
    let reference = offer(&world, "1.2.0");
    Scene::new(world, &["-q", "add", &reference, "--grant-requested"]).walk(
        true,
        &[
            "mkdir component",
            "write project",
            "rename project",
            "rename signature",
            "write component",
            "fsync component",
            "rename component",
            "write note",
            "rename note",
            "write key",
            "link key",
            "unlink key",
            "write log",
            "write lock",
            "fsync lock",
            "rename lock",
            "fsync folder",
        ],
    );
}

#[test]
fn an_update_that_is_killed_at_any_step_leaves_before_or_after() {
    let world = World::with(&[]);
    let reference = offer(&world, "1.2.0");
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    offer(&world, "1.3.0");
    Scene::new(world, &["-q", "update", NAME])
        .walk(true, &["write component", "rename component", "rename note", "write log", "write lock", "rename lock"]);
}

#[test]
fn a_remove_that_is_killed_at_any_step_leaves_before_or_after() {
    let world = World::with(&[]);
    let reference = offer(&world, "1.2.0");
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    Scene::new(world, &["-q", "remove", NAME]).walk(true, &["write log", "write lock", "fsync lock", "rename lock"]);
}

#[test]
fn a_sync_that_is_killed_at_any_step_leaves_before_or_after() {
    let world = World::with(&[]);
    let reference = offer(&world, "1.2.0");
    let other = publish(&world, "m.wasm", &manifest_of("another", "1.0.0", "ask = true"));
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    world.run(&["add", &other, "--grant-requested"]).failed(0, &[]);
    // Another machine, and a lock that somebody wrote in another order.
    let lock = lock_of(&world);
    let (head, entries) = lock.split_once("\n[[skill]]").unwrap();
    let (first, second) = entries.split_once("\n[[skill]]").unwrap();
    world.write(&[("skillhost.lock", &format!("{head}\n[[skill]]{second}\n[[skill]]{first}"))]);
    fs::remove_dir_all(world.home().join(".cache")).unwrap();
    let scene = Scene::new(world, &["-q", "sync"]);
    scene.walk(false, &["mkdir component", "rename project", "rename component", "rename note", "rename lock"]);
}

#[test]
fn a_gc_that_is_killed_at_any_step_removes_nothing_that_is_needed() {
    let world = World::with(&[]);
    let reference = offer(&world, "1.2.0");
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &[]);
    let used = digest_of(&world, "l.wasm");
    offer(&world, "1.3.0");
    world.run(&["update"]).failed(0, &[]);
    assert!(kept(&world, &used).exists(), "that is what is removed");
    fs::write(world.repo().join(".skillhost.lock.draft"), "half a lo").unwrap();
    fs::write(world.state().join("keys/machine.key.0123456789abcdef.draft"), "half a k").unwrap();
    Scene::new(world, &["-q", "gc"]).walk(true, &["unlink component", "unlink lock", "unlink key"]);
}
