//! Rows F-12 to F-17 and X-06: trees that were tampered with.

use crate::fixture::{Fixture, commit, executable, names, path, put, set};
use skillhost_worktree::{LeftOutReason, Skipped, SweepAction, SweepWhat};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

#[test]
fn f_15_links_out_of_the_tree_are_neither_made_nor_committed() {
    let fixture = Fixture::new();
    symlink("/etc/passwd", fixture.dir.join("absolute")).unwrap();
    symlink("../../../up", fixture.dir.join("src/up")).unwrap();
    symlink("lib.rs", fixture.dir.join("src/fine")).unwrap();
    fixture.git(&["add", "-A"]);
    fixture.git(&["commit", "-q", "-m", "links"]);
    let worktree = fixture.worktree("run1");
    assert_eq!(
        worktree.skipped(),
        [Skipped::EscapingLink("absolute".to_owned()), Skipped::EscapingLink("src/up".to_owned())]
    );
    assert_eq!(names(&worktree.dir().join("src")), ["deep", "fine", "lib.rs"]);
    assert!(worktree.changes(&set(&[])).unwrap().is_empty());
    symlink("/etc/shadow", worktree.dir().join("src/new")).unwrap();
    fs::remove_dir_all(worktree.dir().join("src/deep")).unwrap();
    symlink("/etc", worktree.dir().join("src/deep")).unwrap();
    let committed = commit(&worktree, &["src/new", "src/deep", "src/deep/passwd"]);
    assert_eq!(committed.included, [path("src/deep/a.txt")]);
    assert_eq!(committed.findings.iter().filter(|f| f.what == SweepWhat::EscapingLink).count(), 2);
    assert!(committed.left_out.iter().all(|left| left.reason == LeftOutReason::EscapingLink));
    assert_eq!(worktree.read_file(&path("src/deep/passwd"), 10_000).unwrap(), None);
    assert!(worktree.write_file(&path("src/deep/skillhost-test"), b"").is_err());
    // The links of the base are in the commit still.
    assert!(fixture.git(&["ls-tree", worktree.branch(), "absolute"]).starts_with("120000"));
}

#[test]
fn f_14_f_16_f_17_a_planted_git_directory_is_removed_and_nothing_executes() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    let canary = fixture.temporary.path().join("canary");
    let script = format!("#!/bin/sh\ntouch {}\n", canary.display());
    let hostile = format!("[core]\n\tfsmonitor = touch {}\n\tbare = false\n", canary.display());
    for place in [".git", "vendor/x/.GIT", "src/git~1", "src/.git ", "src/.g\u{200c}it"] {
        executable(&worktree.dir().join(place).join("hooks/pre-commit"), &script);
        put(&worktree.dir().join(place).join("config"), &hostile);
        put(&worktree.dir().join(place).join("HEAD"), "ref: refs/heads/main\n");
    }
    put(&worktree.dir().join("src/deep/.git"), "gitdir: /tmp/attacker\n");
    put(&worktree.dir().join("vendor/x/file"), "x");
    fs::remove_file(worktree.dir().join("README.md")).unwrap();
    for fifo in ["README.md", "target-fifo"] {
        assert!(Command::new("mkfifo").arg(worktree.dir().join(fifo)).status().unwrap().success());
    }
    put(&worktree.dir().join("src/Lib.rs"), "a twin");
    put(&worktree.dir().join(".envrc"), "evil");
    let committed = commit(&worktree, &["vendor/x/file", "src/Lib.rs", ".envrc"]);
    assert!(!canary.exists());
    assert_eq!(committed.included.len(), 3);
    let found = |what, action| {
        committed
            .findings
            .iter()
            .filter(|f| f.what == what && f.action == action)
            .map(|f| f.path.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(SweepWhat::GitName, SweepAction::Removed).len(), 6);
    assert_eq!(found(SweepWhat::Special, SweepAction::Refused), ["README.md"]);
    assert_eq!(found(SweepWhat::Special, SweepAction::Removed), ["target-fifo"]);
    assert_eq!(found(SweepWhat::Twin, SweepAction::Reported), ["src/Lib.rs", "src/lib.rs"]);
    assert_eq!(found(SweepWhat::ExecutesByItself, SweepAction::Reported), [".envrc"]);
    assert!(committed.left_out.iter().any(|l| l.path == "README.md" && l.reason == LeftOutReason::Special));
    assert_eq!(names(worktree.dir()), [".envrc", "README.md", "src", "vendor"]);
    // It went to the recorded repository.
    assert_eq!(fixture.git(&["show", &format!("{}:vendor/x/file", worktree.branch())]), "x");
    fixture.check_integrity();
}

#[test]
fn f_16_a_sweep_alone_removes_what_a_command_left() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    put(&worktree.dir().join("node_modules/x/.git/config"), "[core]\n");
    let outside = fixture.temporary.path().join("outside");
    put(&outside.join("keep"), "keep");
    symlink(&outside, worktree.dir().join(".Git")).unwrap();
    let findings = worktree.sweep(&set(&[])).unwrap();
    assert_eq!(findings.len(), 2);
    assert!(findings.iter().all(|f| f.what == SweepWhat::GitName && f.action == SweepAction::Removed));
    assert_eq!(names(worktree.dir()), ["README.md", "node_modules", "src"]);
    assert_eq!(names(&outside), ["keep"]);
    assert!(worktree.sweep(&set(&[])).unwrap().is_empty());
}

#[test]
fn a_file_that_was_given_its_old_times_back_is_still_found() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    let file = worktree.dir().join("src/lib.rs");
    let times = fs::metadata(&file).unwrap().modified().unwrap();
    fs::write(&file, "ONE\ntwo\nthree\n").unwrap();
    fs::File::options().write(true).open(&file).unwrap().set_modified(times).unwrap();
    assert_eq!(worktree.changes(&set(&[])).unwrap().len(), 1);
}

#[test]
fn f_12_what_is_nested_too_deep_is_swept_and_keeps_nothing_from_being_cleaned() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    let nest = || fs::create_dir_all(worktree.dir().join("d/".repeat(300))).unwrap();
    nest();
    let findings = worktree.sweep(&set(&[])).unwrap();
    assert_eq!(findings.len(), 1);
    assert_eq!((findings[0].what, findings[0].action), (SweepWhat::Deep, SweepAction::Removed));
    assert_eq!(worktree.sweep(&set(&[])).unwrap(), []);
    put(&worktree.dir().join("x"), "x");
    nest();
    assert!(commit(&worktree, &["x"]).commit.is_some());
    nest();
    put(&worktree.dir().join("y"), "y");
    fixture.open().remove_worktree(&worktree.record()).unwrap();
    assert_eq!(fixture.git(&["show", "refs/skillhost/rescue/run1-main:y"]), "y");
}

#[test]
fn x_06_trees_that_an_ordinary_user_can_not_simply_remove_are_removed() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    const PLACE: &str = "SKILLHOST_TEST_PLACE";
    if let Some(place) = std::env::var_os(PLACE) {
        let tree = std::path::Path::new(&place).join("tree");
        let modes = [0o555, 0o500, 0o444, 0o400, 0o300, 0o000];
        for (number, mode) in modes.into_iter().enumerate() {
            let closed = tree.join(number.to_string());
            fs::create_dir_all(closed.join("below/empty")).unwrap();
            put(&closed.join("below/file"), "x");
            for dir in [closed.join("below/empty"), closed.join("below"), closed] {
                fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        skillhost_worktree::remove_directory(&tree).unwrap();
        assert!(!tree.exists());
        return;
    }
    // A program of its own, as a user for whom modes count, in a place that this user can reach.
    let place = tempfile::tempdir().unwrap();
    let program = place.path().join("test");
    // By another process, since a program that one of this one's threads may hold open for writing can't be started.
    assert!(Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap().success());
    let mut child = Command::new(&program);
    child.args(["--exact", "trees::x_06_trees_that_an_ordinary_user_can_not_simply_remove_are_removed"]);
    child.env(PLACE, place.path()).current_dir("/");
    if rustix::process::geteuid().is_root() {
        use std::os::unix::process::CommandExt as _;
        const NOBODY: u32 = 65_534;
        chown(place.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        child.uid(NOBODY).gid(NOBODY);
    }
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
