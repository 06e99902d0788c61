//! Case files, folders of tests and skills that mean harm, or change while they are played.

use super::{GREETS, probe, test, untimed, world};
use crate::authors::put;
use crate::support::{World, ran, wait_until};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

fn with(more: &str) -> String {
    format!("[[case]]\nname = \"a\"\ninput = {{ name = \"Ada\" }}\n{more}\n")
}

fn fifo(world: &World, path: &str) {
    assert!(Command::new("mkfifo").arg(world.repo().join(path)).status().unwrap().success());
}

#[test]
fn two_files_that_can_not_be_side_by_side_are_named_before_any_is_played() {
    let world = world("hello", &format!("{GREETS}{}", with("folder = \"app\"\nfiles.\"a/b\" = \"\"")));
    put(&world, "tests/app/a", b"");
    let ran = test(&world, &[]);
    ran.failed(
        3,
        &["tests/cases.toml:5: the case \"a\" can't be played", "a/b can't lie beneath a, which is a file, too"],
    );
    assert_eq!(ran.stdout, "");
    put(&world, "tests/cases.toml", with("files.a = \"\"\nfiles.\"a/b\" = \"\"").as_bytes());
    test(&world, &[]).failed(3, &["tests/cases.toml:1: a/b can't lie beneath a, which is a file, too"]);
}

#[test]
fn what_is_no_file_is_neither_waited_for_nor_followed() {
    let world = world("hello", &with("files.x = { from = \"pipe\" }"));
    fifo(&world, "tests/pipe");
    test(&world, &[]).failed(3, &["tests/pipe can't be read", "\"pipe\" is not a regular file"]);
    put(&world, "tests/cases.toml", with("folder = \"app\"").as_bytes());
    put(&world, "tests/app/deep/x", b"");
    fifo(&world, "tests/app/deep/pipe");
    test(&world, &[]).failed(3, &["tests/app can't be read", "\"app/deep/pipe\" is not a regular file"]);
    fs::remove_file(world.repo().join("tests/app/deep/pipe")).unwrap();
    symlink("..", world.repo().join("tests/app/deep/round")).unwrap();
    test(&world, &[]).failed(3, &["\"app/deep/round\" is not a regular file"]);
    fs::remove_file(world.repo().join("tests/app/deep/round")).unwrap();
    // Names that no worktree has.
    for (name, told) in [
        ("\u{1b}[2J", "\"\\u{1b}[2J\" is no name for a file here"),
        (".git", "\".git\" is no name for a file here: git's own directory is out of reach"),
    ] {
        put(&world, &format!("tests/app/{name}/x"), b"");
        let ran = test(&world, &[]);
        ran.failed(3, &[told]);
        assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");
        fs::remove_dir_all(world.repo().join("tests/app").join(name)).unwrap();
    }
    test(&world, &["--update"]).failed(0, &[]);
    fifo(&world, "tests/more.toml");
    test(&world, &[]).failed(3, &["tests/more.toml can't be read", "not a regular file"]);
    fs::remove_file(world.repo().join("tests/more.toml")).unwrap();
    // What editors leave for a moment is no case file.
    symlink("nobody@nowhere", world.repo().join("tests/.#cases.toml")).unwrap();
    test(&world, &[]).failed(0, &[]);
    put(&world, "tests/\u{1b}[2J.toml", GREETS.as_bytes());
    let ran = test(&world, &[]);
    ran.failed(3, &["the cases in tests/ can't be read", "\"\\u{1b}[2J.toml\" is no name for a file here"]);
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");
}

#[test]
fn bounds_hold_and_are_told() {
    let deep = |open: &str, close: &str| format!("input = {}1{}", open.repeat(50_000), close.repeat(50_000));
    for (more, told) in [
        (deep("[", "]"), "recursion"),
        (deep("{a=", "}"), "recursion"),
        (format!("input{} = 1", ".a".repeat(100_000)), "recursion"),
        (format!("[case.expect.answer{}]", ".a".repeat(100_000)), "recursion"),
        (format!("limits = {{ time = \"{}s\" }}", "9".repeat(400)), "tests/cases.toml:4: "),
        (format!("files.\"{}\" = \"\"", "a/".repeat(200)), "too long or too deep"),
        ("files.\"a\\u0000b\" = \"\"".to_owned(), "a character that file names may not have"),
        ("reply = 1".to_owned(), "tests/cases.toml:4: invalid type"),
        ("reply = [{ tool_calls = [{ name = 1 }] }]".to_owned(), "tests/cases.toml:4: invalid type"),
    ] {
        let text = with(&more).replace("input = { name = \"Ada\" }", "");
        let ran = test(&world("hello", &text), &[]);
        ran.failed(3, &["error: tests/cases.toml:", told]);
        assert!(ran.stderr.len() < 2000, "{ran:#?}");
    }
    // One large file that is many.
    let files: Vec<_> = (0..5).map(|at| format!("files.f{at} = {{ from = \"large.bin\" }}")).collect();
    let world = world("hello", &with(&files.join("\n")));
    fs::File::create(world.repo().join("tests/large.bin")).unwrap().set_len(30 << 20).unwrap();
    test(&world, &[])
        .failed(3, &["the case \"a\" can't be played", "its files have more than 134217728 bytes together"]);
    // Many names.
    put(&world, "tests/cases.toml", with("folder = \"many\"").as_bytes());
    for at in 0..10_001 {
        put(&world, &format!("tests/many/{at}"), b"");
    }
    test(&world, &[]).failed(3, &["tests/many can't be read", "more than 10000 files"]);
}

#[test]
fn a_skill_that_floods_is_told_within_bounds() {
    let line = probe("read", "files.a = { from = \"line\" }\nexpect.answer = { text = \"\" }")
        .replace("how = \"read\"", "how = \"read\", path = \"/repo/a\"");
    let denied = probe("flood-denials", "grants = {}\nexpect.answer_has = {}");
    let world = world("probe", &format!("{line}{denied}"));
    put(&world, "tests/line", "x".repeat(1 << 20).as_bytes());
    let ran = test(&world, &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stdout.contains(" more bytes\n") && ran.stdout.len() < 100_000, "{}", ran.stdout.len());
    assert!(!ran.stdout.contains('\u{1b}'));
}

/// Tests, until the first case is at work; then something is done meanwhile.
fn meanwhile(world: &World, more: &[&str], change: impl FnOnce()) -> crate::support::Ran {
    let folder = world.home().join("tmp");
    fs::create_dir_all(&folder).unwrap();
    let mut command = world.command(&[&["test", "--component", "skill.wasm"], more].concat());
    let child = command.env("TMPDIR", &folder).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let names = || fs::read_dir(&folder).unwrap().map(|it| it.unwrap().path()).collect::<Vec<_>>();
    wait_until("a case has a worktree", || names().iter().any(|path| path.join("script.jsonl").exists()));
    change();
    let ran = ran(child.wait_with_output().unwrap());
    assert_eq!(names(), [] as [std::path::PathBuf; 0]);
    ran
}

#[test]
fn what_was_played_is_told_where_the_next_case_can_not_be() {
    let first = probe("spin", "limits = { cpu = \"1s\" }\nexpect.answer_has = {}");
    let second = probe("answer", "files.a = { from = \"a.txt\" }\nexpect.answer_has = {}");
    let text = format!("{first}{second}{}", probe("count", "expect.answer_has = {}"));
    let world = world("probe", &text);
    let run = |more: &[&str]| {
        put(&world, "tests/a.txt", b"");
        meanwhile(&world, more, || fs::remove_file(world.repo().join("tests/a.txt")).unwrap())
    };
    let ran = run(&[]);
    ran.failed(3, &["error: tests/cases.toml:6: the case \"answer\" can't be played", "tests/a.txt can't be read"]);
    let shown = untimed(&ran.stdout);
    assert!(shown.starts_with("FAILED spin") && shown.ends_with("3 cases: 1 failed, 2 not played\n"), "{ran:#?}");
    let ran = run(&["--format", "json", "--report", "junit=report.xml"]);
    assert_eq!(ran.code, Some(3), "{ran:#?}");
    let told = ran.json();
    assert_eq!(
        (&told["failed"], &told["not_played"], &told["failure"]["exit_code"]),
        (&1.into(), &2.into(), &3.into())
    );
    let report = fs::read_to_string(world.repo().join("report.xml")).unwrap();
    assert!(report.matches("<skipped").count() == 2 && report.contains("classname=\"skillhost.case\""), "{report}");
    // Nothing is accepted of what was not played to its end.
    run(&["--update"]).failed(3, &["the case \"answer\" can't be played"]);
    assert_eq!(super::cases(&world), text);
}

#[test]
fn a_folder_that_is_swapped_for_a_link_is_not_written_through() {
    let write = "input = { how = \"write\", path = \"/repo/a\" }\nexpect = { answer_has = {}, files.a = { from = \"sub/a.txt\" } }";
    let text = format!(
        "{}[[case]]\nname = \"w\"\n{write}\n",
        probe("spin", "limits = { cpu = \"1s\" }\nexpect.answer_has = {}")
    );
    let world = world("probe", &text);
    put(&world, "tests/sub/a.txt", b"old");
    put(&world, "elsewhere/a.txt", b"mine");
    let ran = meanwhile(&world, &["--update"], || {
        let sub = world.repo().join("tests/sub");
        fs::rename(&sub, world.repo().join("tests/kept")).unwrap();
        symlink("../elsewhere", sub).unwrap();
    });
    ran.failed(3, &["\"sub/a.txt\" is no directory, or leads through a link"]);
    assert_eq!(fs::read(world.repo().join("elsewhere/a.txt")).unwrap(), b"mine");
    assert_eq!(super::cases(&world), text);
}
