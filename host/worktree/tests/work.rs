//! The usual life of a worktree.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]

mod fixture;

use fixture::{Fixture, commit, executable, names, path, paths, put, set, try_commit};
use skillhost_worktree::{
    ChangeKind, CommandRepository, LeftOutReason, NewWorktree, Repository, Worktree, WorktreeError,
};
use std::fs;

#[test]
fn a_worktree_is_a_plain_tree_and_the_user_sees_nothing_of_it() {
    let fixture = Fixture::new();
    put(&fixture.dir.join("dirty.txt"), "the user's own");
    let before = fixture.state();
    let worktree = fixture.worktree("run1");
    assert_eq!(names(worktree.dir()), ["README.md", "src"]);
    assert!(worktree.changes(&set(&[])).unwrap().is_empty());
    assert!(commit(&worktree, &[]).commit.is_none());

    worktree.write_file(&path("specs/goal.md"), b"# Goal\n").unwrap();
    put(&worktree.dir().join("src/lib.rs"), "one\n2\nthree\n");
    let committed = commit(&worktree, &["specs/goal.md"]);
    assert_eq!(committed.included, paths(&["specs/goal.md", "src/lib.rs"]));
    assert!(committed.left_out.is_empty() && committed.findings.is_empty());
    let head = committed.commit.unwrap();
    assert_eq!(worktree.head().unwrap(), head);
    assert_eq!(fixture.open().branch_tip(worktree.branch()).unwrap(), head);
    assert_eq!(fixture.git(&["show", &format!("{head}:src/lib.rs")]), "one\n2\nthree");
    assert_eq!(
        fixture.git(&["log", "-1", "--format=%an <%ae> %s %(trailers:key=Skillhost-Run,valueonly)", &head.to_string()]),
        "Ada <ada@example.com> A change run1"
    );
    assert_eq!(fixture.git(&["rev-parse", "refs/skillhost/keep/run1"]), head.to_string());
    assert!(!worktree.is_dirty(&set(&["specs/goal.md"])).unwrap());
    assert_eq!(fixture.state(), before);
    fixture.check_integrity();
}

#[test]
fn a_checkout_can_have_some_files_of_another_commit() {
    let fixture =
        Fixture::with(&[("src/a", "old"), ("tests/a", "old"), ("tests/gone", "x"), ("t", "a file"), ("u/v", "x")]);
    let worktree = fixture.worktree("run1");
    for (file, text) in [("src/a", "new"), ("tests/a", "new"), ("tests/b", "new")] {
        put(&worktree.dir().join(file), text);
    }
    for file in ["tests/gone", "t", "u/v", "u"] {
        let path = worktree.dir().join(file);
        if path.is_dir() { fs::remove_dir(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    put(&worktree.dir().join("t/deep/c"), "new");
    executable(&worktree.dir().join("u"), "new");
    let now = commit(&worktree, &["src/a", "tests/a", "tests/b", "t/deep/c", "u"]).commit.unwrap();
    let dir = fixture.dir.with_file_name("mixed");
    let over = paths(&["tests/a", "tests/b", "tests/gone", "t/deep/c", "u", "never/there"]);
    fixture.open().checkout_with(worktree.base(), (&now, &over), &dir).unwrap();
    let read = |file: &str| fs::read_to_string(dir.join(file)).unwrap();
    assert_eq!(names(&dir), ["src", "t", "tests", "u"]);
    assert_eq!((names(&dir.join("src")), read("src/a").as_str()), (vec!["a".to_owned()], "old"));
    assert_eq!(names(&dir.join("tests")), ["a", "b"]);
    for file in ["tests/a", "tests/b", "t/deep/c", "u"] {
        assert_eq!(read(file), "new", "{file}");
    }
}

#[test]
fn git_agrees_with_the_tree_that_was_written() {
    let fixture = Fixture::with(&[("a", "a\r\n"), ("dir/b", "b"), ("dir2/c", "c"), (".gitattributes", "* -text\n")]);
    executable(&fixture.dir.join("run.sh"), "#!/bin/sh\n");
    std::os::unix::fs::symlink("dir/b", fixture.dir.join("link")).unwrap();
    fixture.git(&["add", "-A"]);
    fixture.git(&["commit", "-q", "-m", "more"]);
    let worktree = fixture.worktree("run1");
    let git_directory = format!("--git-dir={}", fixture.dir.join(".git").display());
    let (ok, text) = fixture.try_git(worktree.dir(), &[&git_directory, "--work-tree=.", "diff", "--raw", "HEAD"]);
    assert!(ok && text.is_empty(), "{text}");
    // A file in the place of a directory, and the other way; a deletion; modes.
    fs::remove_dir_all(worktree.dir().join("dir")).unwrap();
    put(&worktree.dir().join("dir"), "now a file");
    fs::remove_file(worktree.dir().join("a")).unwrap();
    put(&worktree.dir().join("a/b/c"), "now a directory");
    fs::remove_file(worktree.dir().join("dir2/c")).unwrap();
    executable(&worktree.dir().join(".gitattributes"), "* -text\n");
    let head = commit(&worktree, &["dir", "a/b/c"]).commit.unwrap().to_string();
    let listed = fixture.git(&["ls-tree", "-r", "--format=%(objectmode) %(path)", &head]);
    assert_eq!(listed, "100755 .gitattributes\n100644 a/b/c\n100644 dir\n120000 link\n100755 run.sh");
    assert!(!worktree.is_dirty(&set(&["dir", "a/b/c"])).unwrap());
    fixture.check_integrity();
}

#[test]
fn changes_count_lines_and_find_renames() {
    let long: String = (0..50).map(|n| format!("line {n}\n")).collect();
    let fixture = Fixture::with(&[("old.txt", &long), ("edit.txt", "a\nb\nc\n"), ("gone.txt", "x\n"), ("same", "")]);
    let worktree = fixture.worktree("run1");
    fs::rename(worktree.dir().join("old.txt"), worktree.dir().join("new.txt")).unwrap();
    put(&worktree.dir().join("edit.txt"), "a\nB\nc\nd\n");
    fs::remove_file(worktree.dir().join("gone.txt")).unwrap();
    put(&worktree.dir().join("added.txt"), "1\n2\n");
    put(&worktree.dir().join("target/output"), "not the skill's");
    let written = set(&["new.txt", "added.txt"]);
    let expected = [
        ("added.txt", ChangeKind::Added, 2, 0),
        ("edit.txt", ChangeKind::Modified, 2, 1),
        ("gone.txt", ChangeKind::Deleted, 0, 1),
        ("new.txt", ChangeKind::Renamed, 0, 0),
    ];
    let seen = |changes: Vec<skillhost_worktree::Change>| {
        changes.iter().map(|c| (c.path.to_string(), c.kind, c.added, c.removed)).collect::<Vec<_>>()
    };
    let expected: Vec<_> = expected.iter().map(|(p, k, a, r)| ((*p).to_owned(), *k, *a, *r)).collect();
    assert_eq!(seen(worktree.changes(&written).unwrap()), expected);
    assert!(worktree.committed_changes().unwrap().is_empty());
    commit(&worktree, &["new.txt", "added.txt"]);
    assert_eq!(seen(worktree.committed_changes().unwrap()), expected);
    assert_eq!(seen(worktree.changes(&written).unwrap()), expected);

    let diff = worktree.diff(&paths(&["edit.txt"]), 10_000).unwrap();
    assert!(diff.contains("-b\n+B\n c\n+d\n") && !diff.contains("added.txt"), "{diff}");
    assert!(matches!(worktree.diff(&[], 10), Err(WorktreeError::TooLarge { bytes, limit: 10 }) if bytes > 10));
    assert_eq!(worktree.original(&path("edit.txt"), 2, 3).unwrap().unwrap(), b"b\nc");
    assert_eq!(worktree.original(&path("edit.txt"), 99, 3).unwrap().unwrap(), b"");
    assert_eq!(worktree.original(&path("added.txt"), 0, 3).unwrap(), None);
    // Comparing wrote nothing to the user's repository.
    put(&worktree.dir().join("edit.txt"), "only in memory\n");
    worktree.changes(&written).unwrap();
    let id = fixture.git(&["hash-object", &worktree.dir().join("edit.txt").display().to_string()]);
    assert!(!fixture.try_git(&fixture.dir, &["cat-file", "-e", &id]).0);
}

#[test]
fn what_is_outside_the_grant_or_nobodys_is_left_out() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    put(&worktree.dir().join("README.md"), "changed by a command");
    put(&worktree.dir().join("src/new.rs"), "written");
    put(&worktree.dir().join("src/other.rs"), "output");
    for n in 0..5 {
        put(&worktree.dir().join(format!("target/debug/{n}")), "output");
        put(&worktree.dir().join(format!("dist/{n}")), "named");
    }
    let may_write = |path: &skillhost_core::path::SkillPath| !path.as_str().ends_with("README.md");
    let committed = try_commit(&worktree, &["src/new.rs", "src/never-written"], &["dist"], &may_write).unwrap();
    assert_eq!(committed.included, paths(&["dist/0", "dist/1", "dist/2", "dist/3", "dist/4", "src/new.rs"]));
    let left: Vec<_> = committed.left_out.iter().map(|l| (l.path.as_str(), l.reason, l.files)).collect();
    assert_eq!(
        left,
        [
            ("README.md", LeftOutReason::OutsideGrant, 1),
            ("src/other.rs", LeftOutReason::UntrackedOutput, 1),
            ("target/", LeftOutReason::UntrackedOutput, 5),
        ]
    );
}

#[test]
fn what_set_up_changed_is_nobodys_change() {
    let fixture = Fixture::with(&[("lock", "1\n"), ("gone", "x\n"), ("both", "a\n"), ("src", "s\n")]);
    let mut worktree = fixture.worktree("run1");
    for (name, text) in [("lock", "2\n"), ("both", "b\n")] {
        put(&worktree.dir().join(name), text);
    }
    fs::remove_file(worktree.dir().join("gone")).unwrap();
    worktree.accept_set_up().unwrap();
    let none = set(&[]);
    assert!(worktree.changes(&none).unwrap().is_empty() && !worktree.is_dirty(&none).unwrap());
    assert_eq!(worktree.diff(&[], 10_000).unwrap(), "");

    // What is changed further counts, and so does what set-up left alone.
    put(&worktree.dir().join("both"), "c\n");
    put(&worktree.dir().join("src"), "t\n");
    put(&worktree.dir().join("lock"), "2\n");
    let committed = commit(&worktree, &["lock"]);
    assert_eq!(committed.included, paths(&["both", "src"]));
    let left: Vec<_> = committed.left_out.iter().map(|l| (l.path.as_str(), l.reason)).collect();
    assert_eq!(left, [("gone", LeftOutReason::SetUp), ("lock", LeftOutReason::SetUp)]);
    assert_eq!(fixture.git(&["show", &format!("{}:lock", worktree.branch())]), "1");
    // Before the tree is removed, all of it is saved.
    let saved = fixture.open().rescue(&worktree.record(), 1 << 20).unwrap().save().unwrap().commit().unwrap();
    assert_eq!(fixture.git(&["show", &format!("{saved}:lock")]), "2");
}

#[test]
fn a_tree_that_was_still_being_made_holds_nobodys_work() {
    let fixture = Fixture::new();
    let planned = fixture.open().plan_worktree(fixture.new_worktree("run1")).unwrap();
    let record = planned.record();
    assert_eq!(record, fixture.worktree("run1").record());
    // A kill in the middle leaves the marker, and a part of the files.
    let mut marker = record.dir.clone().into_os_string();
    marker.push(".making");
    put(std::path::Path::new(&marker), "");
    fs::remove_file(record.dir.join("README.md")).unwrap();
    assert_eq!(fixture.open().rescue(&record, 1 << 20).unwrap().reference(), None);
    fixture.open().remove_worktree(&record).unwrap();
    assert!(!record.dir.exists());
}

#[test]
fn a_worktree_is_found_again_by_its_record() {
    let fixture = Fixture::new();
    let worktree = fixture.worktree("run1");
    let record = worktree.record();
    let text = serde_json::to_string(&record).unwrap();
    let again = Worktree::open(&serde_json::from_str(&text).unwrap()).unwrap();
    again.write_file(&path("x"), b"x").unwrap();
    assert!(commit(&again, &["x"]).commit.is_some());
    assert_eq!(again.read_file(&path("x"), 1).unwrap().unwrap(), b"x");
    assert_eq!(again.read_file(&path("src"), 1).unwrap(), None);
    assert!(matches!(again.read_file(&path("src/lib.rs"), 1), Err(WorktreeError::TooLarge { .. })));
    assert!(matches!(again.write_file(&path("src"), b""), Err(WorktreeError::NotAFile { .. })));
    assert!(matches!(again.write_file(&path("README.md/x"), b""), Err(WorktreeError::NotAFile { .. })));
    fs::remove_dir_all(again.dir()).unwrap();
    assert!(matches!(Worktree::open(&record), Err(WorktreeError::Record { .. })));
}

#[test]
fn a_checkout_and_a_throwaway_repository_match() {
    let fixture = Fixture::new();
    let repository = fixture.open();
    let base = repository.resolve("main").unwrap();
    let dir = fixture.trees.join("gate");
    repository.checkout(&base, &dir).unwrap();
    assert_eq!(names(&dir), ["README.md", "src"]);
    assert!(repository.checkout(&base, &dir).is_err());
    let git_directory = fixture.trees.join("gate.git");
    repository.throwaway_repository(&base, &git_directory).unwrap();
    fs::rename(&git_directory, dir.join(".git")).unwrap();
    let run = |arguments: &[&str]| fixture.try_git(&dir, arguments);
    assert_eq!(run(&["status", "--porcelain"]), (true, String::new()));
    assert_eq!(run(&["rev-list", "--count", "HEAD"]), (true, "1".to_owned()));
    assert_eq!(run(&["rev-parse", "--abbrev-ref", "HEAD"]), (true, "base".to_owned()));
    assert!(run(&["fsck", "--strict"]).0);
    assert_eq!(run(&["remote"]), (true, String::new()));
}

#[test]
fn what_one_command_does_to_its_repository_does_not_reach_the_next() {
    let fixture = Fixture::new();
    let repository = fixture.open();
    let original = fixture.trees.join("repository");
    repository.throwaway_repository(&repository.resolve("main").unwrap(), &original).unwrap();
    let first = CommandRepository::copy_of(&original).unwrap();
    executable(&first.path().join("hooks/pre-commit"), "#!/bin/sh\n");
    put(&first.path().join("HEAD"), "ref: refs/heads/elsewhere\n");
    for pack in names(&first.path().join("objects/pack")) {
        fs::remove_file(first.path().join("objects/pack").join(pack)).unwrap();
    }
    let second = CommandRepository::copy_of(&original).unwrap();
    assert!(!second.path().join("hooks").exists());
    let git_directory = format!("--git-dir={}", second.path().display());
    assert_eq!(fixture.git(&[&git_directory, "rev-parse", "--abbrev-ref", "HEAD"]), "base");
    assert!(fixture.try_git(&fixture.dir, &[&git_directory, "fsck", "--strict"]).0);
    drop((first, second));
    assert_eq!(names(&fixture.trees), ["repository"]);
}

/// The number of this process among those that the test below starts.
const NUMBER: &str = "SKILLHOST_TEST_NUMBER";

#[test]
fn several_processes_make_trees_at_once() {
    const PROCESSES: usize = 6;
    if let (Some(number), Ok(dir)) = (std::env::var_os(NUMBER), std::env::current_dir()) {
        let run = format!("run{}", number.display());
        let repository = Repository::open(&dir).unwrap();
        let (base, trees) = (repository.resolve("main").unwrap(), dir.parent().unwrap().join("trees"));
        let branch = format!("skillhost/goal-{run}");
        let new = NewWorktree {
            run: run.parse().unwrap(),
            agent: "main".parse().unwrap(),
            base,
            branch,
            dir: trees.join(&run),
        };
        let worktree = repository.create_worktree(new).unwrap();
        put(&worktree.dir().join("own"), &run);
        assert!(commit(&worktree, &["own"]).commit.is_some());
        return;
    }
    let fixture = Fixture::new();
    let start = |number: usize| {
        let mut process = std::process::Command::new(std::env::current_exe().unwrap());
        process.args(["--exact", "several_processes_make_trees_at_once"]).current_dir(&fixture.dir);
        process.env(NUMBER, number.to_string()).stdout(std::process::Stdio::piped()).spawn().unwrap()
    };
    for process in (0..PROCESSES).map(start).collect::<Vec<_>>() {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    for number in 0..PROCESSES {
        let own = fixture.git(&["show", &format!("skillhost/goal-run{number}:own")]);
        assert_eq!(own, format!("run{number}"));
    }
    fixture.check_integrity();
}

#[test]
fn nothing_is_removed_before_it_is_saved() {
    let fixture = Fixture::with(&[("a", "a"), (".gitignore", "/target/\n")]);
    let repository = fixture.open();
    let worktree = fixture.worktree("run1");
    let record = worktree.record();
    let rescue = |bytes| repository.rescue(&record, bytes);
    assert_eq!(rescue(1_000).unwrap().reference(), None);
    put(&worktree.dir().join("a"), "changed");
    put(&worktree.dir().join("notes"), "untracked");
    put(&worktree.dir().join("target/small"), "ignored");
    put(&worktree.dir().join("target/large"), &"x".repeat(2_000));
    assert!(matches!(rescue(10), Err(WorktreeError::Unsaved { count: 1, .. })));
    // Looking saves nothing.
    assert_eq!(rescue(1_000).unwrap().reference().unwrap(), "refs/skillhost/rescue/run1-main");
    assert!(!fixture.git(&["for-each-ref"]).contains("rescue"));
    let saved = rescue(1_000).unwrap().save().unwrap().commit().unwrap();
    assert_eq!(rescue(1_000).unwrap().save().unwrap().commit().unwrap(), saved);
    let listed = fixture.git(&["ls-tree", "-r", "--name-only", "refs/skillhost/rescue/run1-main"]);
    assert_eq!(listed, ".gitignore\na\nnotes\ntarget/small");
    put(&worktree.dir().join("notes"), &"y".repeat(70 << 20));
    assert!(matches!(repository.remove_worktree(&record), Err(WorktreeError::Unsaved { .. })));
    assert!(worktree.dir().join("a").exists());
    put(&worktree.dir().join("notes"), "later");
    repository.remove_worktree(&record).unwrap();
    assert_eq!(names(&fixture.trees), Vec::<String>::new());
    assert_eq!(fixture.git(&["show", "refs/skillhost/rescue/run1-main:notes"]), "later");
    assert_eq!(fixture.git(&["show", &format!("{saved}:notes")]), "untracked");
    fixture.git(&["branch", "-D", "skillhost/goal-run1"]);
    fixture.git(&["gc", "-q", "--prune=now"]);
    assert_eq!(fixture.git(&["show", "refs/skillhost/rescue/run1-main:target/large"]).len(), 2_000);
    fixture.check_integrity();
    repository.remove_worktree(&record).unwrap();
}

#[test]
fn uncommitted_changes_of_tracked_files_are_noticed() {
    let fixture = Fixture::new();
    let is_dirty = || fixture.open().has_uncommitted_changes().unwrap();
    assert!(!is_dirty());
    put(&fixture.dir.join("untracked.txt"), "not looked for\n");
    assert!(!is_dirty());
    // Written anew with the same content: only its time differs.
    put(&fixture.dir.join("README.md"), "hello\n");
    assert!(!is_dirty());
    put(&fixture.dir.join("README.md"), "hallo\n");
    assert!(is_dirty());
    fixture.git(&["add", "README.md"]);
    assert!(is_dirty(), "staged");
    fixture.git(&["commit", "-q", "-m", "second"]);
    assert!(!is_dirty());
    std::fs::remove_file(fixture.dir.join("src/deep/a.txt")).unwrap();
    assert!(is_dirty(), "removed");
}
