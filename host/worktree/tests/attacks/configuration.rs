//! Rows G-01 to G-03 and G-12: what a repository configures is never executed, and never waited for.

use crate::fixture::{Fixture, commit, executable, fifo, path, put, set};
use crate::{answers, do_everything};
use skillhost_worktree::{Repository, WorktreeError};
use std::fs;
use std::path::PathBuf;

/// Every key by which a configuration names a program; `{}` is the program.
const EXECUTE: &str = include_str!("../../../../tests/fixtures/hostile.gitconfig");
/// Every name of `githooks(5)`.
const HOOKS: &str = include_str!("../../../../tests/fixtures/hooks.txt");

/// A program that leaves a trace of its being run, and the place of the trace.
fn canary(fixture: &Fixture) -> (String, PathBuf) {
    let (script, trace) = (fixture.temporary.path().join("script"), fixture.temporary.path().join("trace"));
    executable(&script, &format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", trace.display()));
    (script.display().to_string(), trace)
}

fn configuration(program: &str) -> String {
    EXECUTE.replace("{}", program)
}

fn add(fixture: &Fixture, file: &str, text: &str) {
    let file = fixture.dir.join(file);
    let before = fs::read_to_string(&file).unwrap_or_default();
    put(&file, &format!("{before}{text}"));
}

/// Nothing ran while the crate did all that it does; git itself would have.
fn nothing_runs(fixture: &Fixture, trace: &PathBuf) {
    let before = fixture.state();
    assert!(!trace.exists());
    do_everything(fixture, "run1");
    assert!(!trace.exists(), "{}", fs::read_to_string(trace).unwrap());
    assert_eq!(fixture.state(), before);
    assert_eq!(fixture.open().workdir(), fs::canonicalize(&fixture.dir).unwrap());
    put(&fixture.dir.join("README.md"), "touched\n");
    fixture.try_git(&fixture.dir, &["add", "README.md"]);
    fixture.try_git(&fixture.dir, &["commit", "-m", "by git", "README.md"]);
    assert!(trace.exists(), "the attack would not have worked at all");
}

#[test]
fn g_01_g_12_no_key_of_the_configuration_is_executed() {
    let fixture = Fixture::new();
    let (program, trace) = canary(&fixture);
    put(&fixture.dir.join(".gitattributes"), "* filter=evil diff=evil merge=evil text\n");
    fixture.git(&["add", "-A"]);
    fixture.git(&["commit", "-q", "-m", "attributes"]);
    // Redirections, too: to another tree, and to files of others.
    let elsewhere = "[core]\n\tworktree = /\n\tattributesFile = /etc/passwd\n\texcludesFile = /etc/passwd\n";
    add(&fixture, ".git/config", &format!("{}{elsewhere}", configuration(&program)));
    assert!(fixture.open().notes().iter().any(|note| note.contains("signed")));
    do_everything(&fixture, "run0");
    assert!(!trace.exists(), "{}", fs::read_to_string(&trace).unwrap());
    // Git needs its working directory back to be led astray.
    fixture.git(&["config", "--unset", "core.worktree"]);
    fs::remove_file(&trace).ok();
    nothing_runs(&fixture, &trace);
}

#[test]
fn g_01_nor_is_one_that_another_file_brings_in() {
    type Include = fn(&Fixture, &str);
    let ways: [Include; 4] = [
        |f, text| {
            put(&f.dir.join("evil.inc"), text);
            add(f, ".git/config", "[include]\n\tpath = ../evil.inc\n");
        },
        |f, text| {
            put(&f.temporary.path().join("evil.inc"), text);
            let file = f.temporary.path().join("evil.inc");
            add(f, ".git/config", &format!("[includeIf \"gitdir:/\"]\n\tpath = {}\n", file.display()));
        },
        |f, text| {
            put(&f.dir.join(".git/evil.inc"), text);
            add(f, ".git/config", "[includeIf \"onbranch:**\"]\n\tpath = \"evil.inc\"\n");
        },
        |f, text| {
            put(&f.dir.join(".git/config.worktree"), text);
            add(f, ".git/config", "[extensions]\n\tworktreeConfig = true\n");
        },
    ];
    for include in ways {
        let fixture = Fixture::new();
        let (program, trace) = canary(&fixture);
        include(&fixture, &configuration(&program));
        nothing_runs(&fixture, &trace);
    }
}

#[test]
fn g_01_what_a_configuration_includes_is_not_waited_for() {
    type Lead = fn(&Fixture);
    let ways: [Lead; 6] = [
        |f| add(f, ".git/config", "[include]\n\tpath = ../pipe\n"),
        // One file under two names, beside one of which the pipe stands.
        |f| {
            put(&f.dir.join("one/shared.inc"), "[include]\n\tpath = pipe\n");
            std::os::unix::fs::symlink("one/shared.inc", f.dir.join("two.inc")).unwrap();
            add(f, ".git/config", "[include]\n\tpath = ../one/shared.inc\n\tpath = ../two.inc\n");
        },
        |f| add(f, ".git/config", "[IncludeIf \"gitdir:/\"] PATH=\"../pi\\\npe\" ; comment\n"),
        |f| add(f, ".git/config", "[include]\n\tpath = /dev/zero\n"),
        |f| {
            put(&f.dir.join("one.inc"), "[include]\n\tpath = one.inc\n\tpath = pipe\n");
            add(f, ".git/config", "[include]\n\tpath = ../one.inc\n");
        },
        |f| {
            put(&f.dir.join(".git/config.worktree"), "[include]\n\tpath = ../pipe\n");
            add(f, ".git/config", "[extensions]\n\tworktreeConfig = true\n");
        },
    ];
    for lead in ways {
        let fixture = Fixture::new();
        fifo(&fixture.dir.join("pipe"));
        lead(&fixture);
        let dir = fixture.dir.clone();
        let error = answers(move || Repository::open(&dir)).unwrap_err();
        assert!(matches!(error, WorktreeError::Irregular { .. }) && error.hint().is_some(), "{error}");
    }
    // One that includes itself ends; one that names what is not there is as good as none.
    let fixture = Fixture::new();
    add(&fixture, ".git/config", "[include]\n\tpath = config\n\tpath = nowhere\n");
    let dir = fixture.dir.clone();
    let _ = answers(move || Repository::open(&dir));
    // Files that are read by a rule alone are not read at all.
    let fixture = Fixture::new();
    fifo(&fixture.dir.join("pipe"));
    add(
        &fixture,
        ".git/config",
        "[core]\n\tattributesFile = pipe\n\texcludesFile = pipe\n[commit]\n\ttemplate = pipe\n",
    );
    fs::rename(fixture.dir.join("pipe"), fixture.temporary.path().join("pipe")).unwrap();
    let config = fs::read_to_string(fixture.dir.join(".git/config")).unwrap();
    let pipe = fixture.temporary.path().join("pipe").display().to_string();
    put(&fixture.dir.join(".git/config"), &config.replace("= pipe", &format!("= {pipe}")));
    answers(move || do_everything(&fixture, "run1"));
}

#[test]
fn g_02_no_hook_of_any_name_is_executed() {
    // By default, and where the configuration puts them, which may be among the tree's own files.
    for (place, key) in [(".git/hooks", ""), ("src/hooks", "[core]\n\thooksPath = src/hooks\n")] {
        let fixture = Fixture::new();
        let (program, trace) = canary(&fixture);
        for name in HOOKS.split_whitespace() {
            executable(&fixture.dir.join(place).join(name), &fs::read_to_string(&program).unwrap());
        }
        add(&fixture, ".git/config", key);
        nothing_runs(&fixture, &trace);
    }
}

#[test]
fn g_03_no_driver_is_executed_and_no_attribute_changes_a_byte() {
    let attributes = "* filter=evil diff=evil merge=evil text eol=crlf ident export-subst\n\
                      odd.txt working-tree-encoding=UTF-16\n*.txt -diff binary\n[attr]binary -diff -merge\n";
    for place in [".gitattributes", "src/deep/.gitattributes", ".git/info/attributes", "outside"] {
        let fixture = Fixture::new();
        let (program, trace) = canary(&fixture);
        let file = if place == "outside" { fixture.temporary.path().join(place) } else { fixture.dir.join(place) };
        put(&file, attributes);
        fixture.git(&["add", "-A"]);
        fixture.git(&["commit", "-q", "--allow-empty", "-m", "attributes"]);
        let named = format!("[core]\n\tattributesFile = {}\n", file.display());
        add(&fixture, ".git/config", &format!("{}{named}", configuration(&program)));

        let worktree = fixture.worktree("bytes");
        let odd = b"$Id$ $Format:%H$\r\nline\nno end\xff\xfe";
        worktree.write_file(&path("src/deep/odd.txt"), odd).unwrap();
        assert_eq!(fs::read(worktree.dir().join("src/deep/a.txt")).unwrap(), b"a\n", "{place}");
        let head = commit(&worktree, &["src/deep/odd.txt"]).commit.unwrap();
        let written = fixture.open().read_file(&head, "src/deep/odd.txt", 1_000).unwrap().unwrap();
        assert_eq!(written, odd, "{place}");
        let gate = fixture.trees.join("gate-bytes");
        fixture.open().checkout(&head, &gate).unwrap();
        assert_eq!(fs::read(gate.join("src/deep/odd.txt")).unwrap(), odd, "{place}");
        // Nor is a change hidden from who reviews it.
        put(&worktree.dir().join("src/deep/a.txt"), "a\nrm -rf /\n");
        assert!(worktree.diff(&[], 10_000).unwrap().contains("+rm -rf /"), "{place}");
        let change =
            worktree.changes(&set(&[])).unwrap().into_iter().find(|change| change.path == path("src/deep/a.txt"));
        assert_eq!(change.map(|change| (change.added, change.removed)), Some((1, 0)), "{place}");
        nothing_runs(&fixture, &trace);
    }
}
