//! A clean container: the program with its libraries, a repository and nothing else; no home, no terminal, no standard
//! input, no variable at all, as a user other than root.

use crate::installing;
use crate::scripts::{greeting, project};
use crate::support::{Ran, World, copy, ran, root};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What every container has.
const DEVICES: [&str; 2] = ["null", "urandom"];
/// Who works in it.
const USER: &str = "65534";

/// The root of a file system of its own.
struct Container {
    folder: TempDir,
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// A program and the libraries that it is linked with, each at its own place.
fn install(program: &Path, at: &Path, folder: &Path) {
    let output = Command::new("ldd").arg(program).output().unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let libraries = listed.split_whitespace().filter(|word| word.starts_with('/')).map(PathBuf::from);
    for (from, to) in libraries.map(|library| (library.clone(), library)).chain([(program.to_owned(), at.to_owned())]) {
        let to = folder.join(to.strip_prefix("/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        // A name of a library leads to its file.
        let from = from.canonicalize().unwrap();
        if !to.exists() && fs::hard_link(&from, &to).is_err() {
            fs::copy(&from, &to).unwrap();
        }
    }
}

impl Container {
    /// With a project as its checkout, which is read-only where a test doesn't say otherwise.
    fn new() -> Self {
        Self::of(&World::with(&project()))
    }

    fn of(world: &World) -> Self {
        let folder = TempDir::with_prefix_in("container-", env!("CARGO_TARGET_TMPDIR")).unwrap();
        let at = folder.path();
        mode(at, 0o755);
        for name in ["proc", "dev", "tmp", "bin"] {
            fs::create_dir(at.join(name)).unwrap();
        }
        mode(&at.join("tmp"), 0o1777);
        for name in DEVICES {
            fs::write(at.join("dev").join(name), "").unwrap();
        }
        install(Path::new(env!("CARGO_BIN_EXE_skillhost")), Path::new("/skillhost"), at);
        for name in ["sh", "grep"] {
            let program = ["/bin", "/usr/bin"].map(|bin| Path::new(bin).join(name)).into_iter().find(|it| it.exists());
            install(&program.unwrap().canonicalize().unwrap(), &Path::new("/bin").join(name), at);
        }
        if !at.join("usr").exists() {
            fs::create_dir(at.join("usr")).unwrap();
        }
        symlink("/bin", at.join("usr/bin")).unwrap();
        fs::copy(root().join("target/guests/probe.wasm"), at.join("probe.wasm")).unwrap();
        copy(&world.repo(), &at.join("repo"));
        fs::write(at.join("script.jsonl"), greeting().text()).unwrap();
        let container = Self { folder };
        container.give("repo");
        container.give("tmp");
        container
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder that the user owns.
    fn give(&self, name: &str) {
        fs::create_dir_all(self.path(name)).unwrap();
        if is_root() {
            let owner = format!("{USER}:{USER}");
            let given = Command::new("chown").args(["-R", &owner]).arg(self.path(name)).status().unwrap();
            assert!(given.success());
        }
    }

    /// Runs the program in it, with these variables and no other; `written` are the folders that can be written to.
    fn run(&self, written: &[&str], variables: &[&str], arguments: &[&str]) -> Ran {
        // The whole file system is read-only, and each of those folders is put over it again.
        const IN_IT: &str = r#"
            root=$1 user=$2; shift 2
            mount --bind "$root" "$root" || exit 99
            for name in null urandom; do mount --bind /dev/$name "$root/dev/$name" || exit 99; done
            while [ "$1" != -- ]; do mount --bind "$root/$1" "$root/$1" || exit 99; shift; done; shift
            mount -o remount,bind,ro "$root" || exit 99
            exec env -i "$@" "#;
        let as_user: &[&str] = if is_root() { &["--setgid", USER, "--setuid", USER] } else { &[] };
        let mut command = Command::new("unshare");
        command.args(if is_root() { &["--mount"][..] } else { &["--map-root-user", "--mount"] });
        command.args(["sh", "-c", &format!("{IN_IT} 0<&-"), "sh"]).arg(self.folder.path()).arg(USER);
        command.args(written).arg("--").args(variables);
        command.args(["unshare", "--pid", "--fork", "--mount-proc", "--wd", "/repo", "--root"]).arg(self.folder.path());
        command.args(as_user).arg("/skillhost").args(arguments).current_dir("/");
        let ran = ran(command.stdin(Stdio::null()).output().unwrap());
        assert_ne!(ran.code, Some(99), "{ran:#?}");
        ran
    }

    /// The checkout as it is.
    fn footprint(&self) -> Vec<PathBuf> {
        self.all_in("repo")
    }

    /// What is in a folder of it, or in all of it.
    fn all_in(&self, name: &str) -> Vec<PathBuf> {
        let mut found = vec![self.path(name)];
        let mut at = 0;
        while at < found.len() {
            if found[at].is_dir() && !found[at].is_symlink() {
                found.extend(fs::read_dir(&found[at]).unwrap().map(|entry| entry.unwrap().path()));
            }
            at += 1;
        }
        found.sort();
        found
    }
}

/// Whoever isn't root is root in a space of their own; there, the program runs as them.
fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim() == "0"
}

const ANSWER: &str = r#"{"how": "answer"}"#;
const READ: &str = r#"{"how": "read", "path": "/repo/AGENTS.md"}"#;
const WRITE: &str = r#"{"how": "write", "path": "/repo/new.txt"}"#;
const STATE: &str = "--state-dir";

#[test]
fn a_call_works_and_says_what_it_can_not_keep() {
    let container = Container::new();
    let before = container.footprint();
    let ran = container.run(&["tmp"], &[], &["call", "/probe.wasm", "--input", ANSWER]);
    assert_eq!((ran.code, ran.json()), (Some(0), serde_json::json!({"ok": true})), "{ran:#?}");
    let told =
        ["warning: there is no folder for the state", "this call's log is in /tmp/skillhost-", "--state-dir DIR"];
    assert!(told.iter().all(|text| ran.stderr.contains(text)), "{ran:#?}");
    let log = ran.stderr.split("log is in /tmp/").nth(1).unwrap().split(';').next().unwrap();
    assert!(fs::read_dir(container.path("tmp").join(log).join("sessions")).unwrap().count() > 0, "the log is there");

    let read = ["call", "/probe.wasm", "--input", READ, "--grant", "read=**"];
    let ran = container.run(&["tmp"], &[], &read);
    assert_eq!((ran.code, ran.json()["text"].as_str().is_some()), (Some(0), true), "{ran:#?}");
    // The checkout can't be written: that is the skill's to tell, and nothing of it changes.
    let ran = container.run(&["tmp"], &[], &["call", "/probe.wasm", "--input", WRITE, "--grant", "write=**"]);
    ran.failed(1, &["Read-only file system"]);
    assert_eq!(container.footprint(), before);
    // With a place that is named, everything is kept there, and nothing has to be said.
    container.give("kept");
    let ran = container.run(&["kept"], &[], &["call", "/probe.wasm", "--input", ANSWER, STATE, "/kept/state"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:#?}");
    // A cache that can't be written is replaced, and what isn't writable at all is an error with what to do.
    let cache = ["XDG_CACHE_HOME=/nowhere", "HOME=/kept"];
    let ran = container.run(&["kept"], &cache, &["call", "/probe.wasm", "--input", ANSWER]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains("warning: the cache /nowhere/skillhost can't be used"), "{ran:#?}");
    for variables in [&[][..], &["HOME=/nowhere"]] {
        let ran = container.run(&[], variables, &["call", "/probe.wasm", "--input", ANSWER]);
        ran.failed(3, &["error: there is no folder for the state", "hint: name one with --state-dir DIR"]);
    }
    let ran = container.run(&[], &[], &["call", "/probe.wasm", "--input", ANSWER, STATE, "/kept/state"]);
    ran.failed(3, &["error: the state folder /kept/state can't be used", "hint: name one with --state-dir DIR"]);
}

#[test]
fn a_lock_is_checked_and_its_skill_is_called() {
    let world = World::with(&project());
    installing::release(&world, "1.2.0", "");
    world.run(&["add", "./vendor/licence-check.wasm", "--grant", "read=**"]).failed(0, &["licence-check 1.2.0"]);
    fs::remove_file(world.repo().join("vendor/licence-check.wasm")).unwrap();
    world.commit(&[("src/a.rs", "fn a() {}\n")]);
    let container = Container::of(&world);
    copy(&world.home().join(".cache/skillhost"), &container.path("kept/skillhost"));
    container.give("kept");
    container.give("new");
    let before = container.footprint();
    let (with_store, without) = (["XDG_CACHE_HOME=/kept"], ["XDG_CACHE_HOME=/new"]);
    let check = ["sync", "--check", STATE, "/new/state"];
    let call = ["call", "licence-check", "check", STATE, "/new/state"];
    // The store itself may be read-only, too.
    for written in [&["kept", "new"][..], &["new"]] {
        container.run(written, &with_store, &check).failed(0, &[]);
        let ran = container.run(written, &with_store, &call);
        assert_eq!(ran.code, Some(0), "{written:?}: {ran:#?}");
    }
    container.run(&["new"], &without, &check).failed(6, &["is not in the store", "hint: skillhost sync"]);
    container.run(&["new"], &without, &call).failed(6, &["is not in the store", "hint: is the path right"]);
    container.run(&["new"], &without, &["sync", STATE, "/new/state"]).failed(3, &["can't be read"]);
    assert_eq!(container.footprint(), before);
}

#[test]
fn what_only_looks_at_a_lock_needs_no_home_and_writes_nothing() {
    let world = World::with(&project());
    installing::release(&world, "1.2.0", "");
    world.run(&["add", "./vendor/licence-check.wasm", "--grant", "read=**"]).failed(0, &["licence-check 1.2.0"]);
    world.commit(&[]);
    let container = Container::of(&world);
    copy(&world.home().join(".cache/skillhost"), &container.path("kept/skillhost"));
    container.give("kept");
    let before = container.all_in("");
    let (check, list) = (["sync", "--check"], ["list"]);
    // Where nothing can be written, and where all could be.
    for written in [&[][..], &["repo", "tmp", "kept"]] {
        for variables in [&["XDG_CACHE_HOME=/kept"][..], &["XDG_CACHE_HOME=/kept", "HOME=/nowhere"]] {
            let ran = container.run(written, variables, &check);
            assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), "1 skill checked\n"), "{ran:#?}");
            let ran = container.run(written, variables, &list);
            assert!(ran.code == Some(0) && ran.stdout.contains("  yes  ") && ran.stderr.is_empty(), "{ran:#?}");
        }
        // Without a store, that is what is wrong; the lock can be listed all the same.
        let told =
            ["licence-check 1.2.0 is not in the store", "there is no store: HOME and XDG_CACHE_HOME name no folder"];
        container.run(written, &[], &check).failed(6, &[&told[..], &["hint: name one with XDG_CACHE_HOME"]].concat());
        let ran = container.run(written, &[], &list);
        assert!(ran.code == Some(0) && ran.stdout.contains("licence-check  1.2.0"), "{ran:#?}");
        // A folder that is named is not made, and holds a store where it has one.
        let named = [&check[..], &[STATE, "/tmp/state"]].concat();
        container.run(written, &[], &named).failed(6, &["is not in the store", "hint: skillhost sync fetches it"]);
        assert_eq!(container.all_in(""), before);
    }
    // What changes something needs a place to record it.
    for arguments in [&["sync"][..], &["update"], &["remove", "licence-check"], &["add", "./vendor/licence-check.wasm"]]
    {
        let ran = container.run(&["repo", "tmp", "kept"], &["XDG_CACHE_HOME=/kept"], arguments);
        ran.failed(3, &["there is no folder for the state", "hint: name one with --state-dir DIR"]);
    }
    assert_eq!(container.all_in(""), before);
}

#[test]
fn a_run_needs_a_place_and_a_repository_that_it_can_write_to() {
    let container = Container::new();
    container.give("kept");
    let run = ["run", "Greet everybody", "--model", "replay:/script.jsonl", "--dangerously-unsandboxed"];
    for (variables, text) in [
        (&[][..], "there is no folder for the state"),
        (&["HOME=/nowhere"], "the state folder /nowhere/.local/state/skillhost can't be used"),
    ] {
        container.run(&["tmp"], variables, &run).failed(3, &[text, "hint: name one with --state-dir DIR"]);
    }
    let kept = [&run[..], &[STATE, "/kept/state"]].concat();
    let before = container.footprint();
    let ran = container.run(&["tmp", "kept"], &[], &kept);
    ran.failed(3, &["error: ", "hint: "]);
    assert_eq!(container.footprint(), before);
    // With a repository of one's own, all of it works.
    let ran = container.run(&["repo", "kept", "tmp"], &["PATH=/bin"], &[&kept[..], &["--format", "json"]].concat());
    assert_eq!((ran.code, &ran.json()["runs"][0]["state"]), (Some(0), &"ready".into()), "{ran:#?}");
}

/// Every command ends by itself with a code of its own, and none of them asks, shows live lines or panics.
#[test]
fn every_command_answers_without_a_terminal() {
    let container = Container::new();
    let help = container.run(&["tmp"], &[], &["--help"]);
    let listed = help.stdout.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: Vec<&str> = listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let known: [(&[&str], &[i32], &str); 14] = [
        (&["init", "--print"], &[0], "[commands"),
        (&["init"], &[3], "--force"),
        (&["run", "x"], &[3], "--state-dir"),
        (&["runs"], &[3], "--state-dir"),
        (&["show", "x"], &[3], "--state-dir"),
        (&["gc"], &[3], "--state-dir"),
        (&["call", "builtin:verify"], &[2], "is not a brief"),
        (&["call", "absent"], &[2], "skillhost.lock"),
        (&["call", "/probe.wasm", "--input", "-"], &[2], "--input is not JSON"),
        (&["inspect", "builtin:spec"], &[0], "spec"),
        (&["inspect", "/probe.wasm"], &[0], "probe"),
        (&["completions", "bash"], &[0], "skillhost"),
        // What a machine can enforce differs; that it is told does not.
        (&["doctor"], &[0, 1], "command sandbox"),
        (&["help"], &[0], "Commands:"),
    ];
    // What is not named here ends by itself, too.
    for command in commands.iter().filter(|command| !known.iter().any(|(arguments, ..)| arguments[0] == **command)) {
        for more in [&[][..], &["x"], &["--check"], &["--help"]] {
            is_plain(&container.run(&["tmp"], &[], &[&[*command], more].concat()));
        }
    }
    for (arguments, codes, text) in known {
        let ran = container.run(&["tmp"], &[], arguments);
        let said = [ran.stdout.as_str(), &ran.stderr].concat();
        assert!(ran.code.is_some_and(|code| codes.contains(&code)) && said.contains(text), "{arguments:?} {ran:#?}");
        is_plain(&ran);
    }
}

/// It ended with a code of its own, without live lines or colours, and where something is missing it says what to do.
fn is_plain(ran: &Ran) {
    assert!(matches!(ran.code, Some(0..=6)), "{ran:#?}");
    let said = [ran.stdout.as_str(), &ran.stderr].concat();
    assert!(!said.contains('\u{1b}') && !said.contains('\r') && !said.contains("panicked"), "{ran:#?}");
    assert!(!matches!(ran.code, Some(3)) || ran.stderr.contains("\nhint: "), "{ran:#?}");
}

/// As git does it: what is in somebody else's repository is not for one's own programs, until that is said.
#[test]
fn a_checkout_of_another_user_is_told() {
    // Without root, everything belongs to one user.
    let owner = if is_root() { "0:0" } else { return };
    let container = Container::new();
    assert!(Command::new("chown").args(["-R", owner]).arg(container.path("repo")).status().unwrap().success());
    for arguments in [&["run", "x", STATE, "/tmp/state"][..], &["init", "--print"], &["call", "builtin:verify"]] {
        container.run(&["tmp"], &[], arguments).failed(3, &["belongs to another user", "hint: ", "safe.directory"]);
    }
    // A file needs no repository.
    let ran = container.run(&["tmp"], &[], &["call", "/probe.wasm", "--input", READ, "--grant", "read=**"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}
