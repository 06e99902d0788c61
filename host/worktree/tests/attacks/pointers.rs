//! Row G-06: what `.git` stands for. The look and libgit2 have to find the same directory.

use crate::fixture::{Fixture, fifo, put};
use crate::{answers, do_everything};
use skillhost_worktree::{Repository, WorktreeError};
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::Path;

/// A repository whose git directory is called `real` and lies beside its files.
fn with_pointer(text: &[u8]) -> Fixture {
    let fixture = Fixture::new();
    fs::rename(fixture.dir.join(".git"), fixture.dir.join("real")).unwrap();
    fs::write(fixture.dir.join(".git"), text).unwrap();
    fixture
}

fn open(dir: &Path) -> Result<Repository, WorktreeError> {
    let dir = dir.to_owned();
    answers(move || Repository::open(&dir))
}

#[test]
fn g_06_a_git_file_is_read_as_libgit2_reads_it() {
    for text in ["gitdir:real", "gitdir:  real\n", "gitdir:\t\u{b}real\u{b}\r\n", "gitdir: ./real/../real/\n\n"] {
        let fixture = with_pointer(text.as_bytes());
        let repository = open(&fixture.dir).unwrap();
        assert_eq!(repository.workdir(), fs::canonicalize(&fixture.dir).unwrap(), "{text:?}");
        fifo(&fixture.dir.join("real/packed-refs"));
        let error = open(&fixture.dir).unwrap_err();
        assert!(matches!(error, WorktreeError::Irregular { .. }), "{text:?}: {error}");
    }
    // What names no git directory is not passed over: neither the files beside it nor the directory above are tried.
    for text in ["real", "", "gitdir:", "gitdir: \n", "Gitdir: real", " gitdir: real", "gitdir: nowhere", "gitdir: src"]
    {
        let fixture = with_pointer(text.as_bytes());
        let error = open(&fixture.dir.join("src")).unwrap_err();
        assert!(matches!(&error, WorktreeError::Malformed { path } if path.ends_with(".git")), "{text:?}: {error}");
        assert!(error.hint().is_some());
    }
}

#[test]
fn g_06_a_nul_hides_nothing_from_the_look() {
    for text in ["gitdir: real\0", "gitdir: real\0/nowhere\n", "gitdir:\0real"] {
        let error = open(&with_pointer(text.as_bytes()).dir).unwrap_err();
        assert!(matches!(error, WorktreeError::Malformed { .. }), "{text:?}: {error}");
    }
    // For who reads lines, other object directories, other files, and another git directory than for who reads to the NUL.
    for (file, text) in [
        ("objects/info/alternates", "../../outside\0beside\n"),
        ("config", "[core]\n\tbare = false\n[include]\n\tpath = ../pipe\0x\n"),
        ("config.worktree", "\0"),
        ("commondir", ".\0"),
    ] {
        let fixture = Fixture::new();
        fifo(&fixture.dir.join("outside/00/1234"));
        fifo(&fixture.dir.join("pipe"));
        put(&fixture.dir.join(".git").join(file), text);
        let error = open(&fixture.dir).unwrap_err();
        assert!(matches!(&error, WorktreeError::Malformed { path } if path.ends_with(file)), "{file}: {error}");
    }
    let fixture = Fixture::new();
    fifo(&fixture.dir.join("pipe"));
    put(&fixture.dir.join("more"), "[include]\n\tpath = pipe\0x\n");
    fixture.git(&["config", "include.path", "../more"]);
    assert!(matches!(open(&fixture.dir), Err(WorktreeError::Malformed { .. })));
}

#[test]
fn g_06_the_working_directory_is_never_taken_for_a_git_directory() {
    // `.git` is there and is none, and what was committed looks like one.
    type Spoil = fn(&Path);
    let ways: [Spoil; 3] = [
        |git| fs::create_dir(git).unwrap(),
        |git| put(&git.join("HEAD"), "ref: refs/heads/main\n"),
        |git| symlink("nowhere", git).unwrap(),
    ];
    for spoil in ways {
        let fixture = Fixture::new();
        let dir = fixture.temporary.path().join("evil");
        fixture.git(&["clone", "-q", "--bare", ".", &dir.display().to_string()]);
        fixture.git(&["--git-dir", &dir.display().to_string(), "config", "core.bare", "false"]);
        spoil(&dir.join(".git"));
        let error = open(&dir).unwrap_err();
        assert!(matches!(error, WorktreeError::Bare { .. }), "{error}");
    }
    // What only tells that there is a bare repository reads nothing of it.
    let fixture = Fixture::new();
    let bare = fixture.temporary.path().join("bare");
    fixture.git(&["clone", "-q", "--bare", ".", &bare.display().to_string()]);
    fifo(&bare.join("gitdir"));
    assert!(matches!(open(&bare.join("refs")), Err(WorktreeError::Bare { .. })));
}

#[test]
fn g_06_checkouts_of_modules_and_separate_git_directories_work() {
    let module = Fixture::new();
    let source = module.dir.display().to_string();
    let add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", &source, "vendor/module"];
    let fixture = Fixture::new();
    fixture.git(&add);
    assert!(fixture.dir.join("vendor/module/.git").is_file());
    do_everything(&Fixture { dir: fixture.dir.join("vendor/module"), ..fixture }, "run1");

    let fixture = Fixture::new();
    let apart = fixture.temporary.path().join("apart");
    fixture.git(&["init", "-q", "--separate-git-dir", &apart.display().to_string()]);
    assert!(fixture.dir.join(".git").is_file());
    do_everything(&fixture, "run1");
}

#[test]
fn g_06_what_leads_to_a_git_directory_is_the_users_own_too() {
    const NOBODY: Option<u32> = Some(65_534);
    let fixture = with_pointer(b"gitdir: real\n");
    assert!(open(&fixture.dir).is_ok());
    // Who may give files away is root, and the check is the same for all.
    if chown(fixture.dir.join(".git"), NOBODY, None).is_ok() {
        let error = open(&fixture.dir).unwrap_err();
        assert!(matches!(error, WorktreeError::Ownership { .. }) && error.hint().is_some(), "{error}");
    }
}
