//! What a case file may be, what is said of one that isn't, and how results are shown.

use super::{GREETS, cases, made, probe, test, untimed, world};
use crate::authors::{left_of, put};
use crate::support::World;
use serde_json::json;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

#[test]
fn cases_are_played_and_counted() {
    let second = "\n[[case]]\nname = \"größer: niemand\"\ntool = \"greet\"\ninput = { name = \"Größe\" }\nexpect.answer_has = {}\n";
    let world = world("hello", &format!("{GREETS}{second}"));
    let all = test(&world, &[]);
    all.failed(0, &[]);
    assert_eq!(untimed(&all.stdout), "ok it greets\nok größer: niemand\n2 cases: 2 passed\n");
    assert!(!all.stdout.contains('\u{1b}'), "{all:#?}");
    // A part of the name chooses.
    assert_eq!(untimed(&test(&world, &["größer", "zzz"]).stdout), "ok größer: niemand\n1 case: 1 passed\n");
    test(&world, &["zzz"]).failed(2, &["no case has zzz in its name", "hint: there is: it greets, größer: niemand"]);
    // For programs, and for a build system.
    let ran = test(&world, &["--format", "json", "--report", "junit=report.xml"]);
    let told = ran.json();
    assert_eq!(
        (&told["schema"], &told["skill"], &told["passed"], &told["failed"]),
        (&json!("skillhost.test/1"), &json!("hello"), &json!(2), &json!(0))
    );
    let first = &told["cases"][0];
    assert_eq!((&first["name"], &first["file"]), (&json!("it greets"), &json!("tests/cases.toml")));
    assert_eq!((&first["line"], &first["outcome"]), (&json!(1), &json!("passed")));
    let report = fs::read_to_string(world.repo().join("report.xml")).unwrap();
    assert!(report.contains("<testcase name=\"it greets\" classname=\"skillhost.case\""), "{report}");
    assert_eq!(report.matches("<testcase ").count(), 2, "{report}");
}

#[test]
fn what_differs_is_shown() {
    let other = GREETS.replace("Hello, Ada!", "Hello, Bob!");
    let world = world("hello", &format!("# mine\n{other}"));
    let ran = test(&world, &[]);
    ran.failed(1, &["Where what came is right: skillhost test --update"]);
    let expected = "\
FAILED it greets tests/cases.toml:2
  another answer
    --- expected
    +++ came
    @@ -1,3 +1,3 @@
     {
    -  \"greeting\": \"Hello, Bob!\"
    +  \"greeting\": \"Hello, Ada!\"
     }
1 case: 1 failed
";
    assert_eq!(untimed(&ran.stdout), expected);
    let coloured = test(&world, &["--color", "always"]).stdout;
    assert!(coloured.contains("\u{1b}[31m    -  \"greeting\""), "{coloured}");
    let told = test(&world, &["--format", "json", "--report", "junit=report.xml"]);
    assert_eq!(told.code, Some(1));
    let told = told.json();
    let difference = &told["cases"][0]["differences"][0];
    assert_eq!(difference["what"], "another answer");
    assert_eq!(difference["came"], "{\n  \"greeting\": \"Hello, Ada!\"\n}\n");
    let report = fs::read_to_string(world.repo().join("report.xml")).unwrap();
    assert!(
        report.contains("failures=\"1\"")
            && report.contains("<failure message=\"another answer\"")
            && report.contains("+  &quot;greeting&quot;"),
        "{report}"
    );
}

#[test]
fn what_a_skill_prints_can_not_forge_a_line() {
    let world = world("probe", &probe("panic", "expect.answer_has = {}"));
    let ran = test(&world, &[]);
    ran.failed(1, &[]);
    assert!(ran.stdout.contains("it ended without an answer: it trapped: "), "{ran:#?}");
    assert!(ran.stdout.contains("    | ") && ran.stdout.contains("on purpose"), "{ran:#?}");
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains('\u{1b}'), "{ran:#?}");
}

#[test]
fn a_key_that_is_not_known_is_told_with_its_line() {
    for (cases, told) in [
        ("[[case]]\nname = \"a\"\nanwers = []\n", "tests/cases.toml:3: unknown field `anwers`"),
        ("[[case]]\nname = \"a\"\n[case.expect]\nanswr = 1\n", "tests/cases.toml:4: unknown field `answr`"),
        ("[[case]]\nname = \"a\"\nfiles.\"../x\" = \"\"\n", "tests/cases.toml:3: "),
        ("[[case]]\nname = \"a\"\nfiles.\"/etc/x\" = \"\"\n", "tests/cases.toml:3: "),
        (
            "[[case]]\nname = \"a\"\n[[case.http]]\nurl = \"https://a.example/\"\nstatus = 42\n",
            "tests/cases.toml:5: `status` is a number from 200 to 999, and not 42",
        ),
        ("[[case]]\nname = \"a\"\nfolder = \"../..\"\n", "tests/cases.toml:3: "),
        ("[[case]]\nname = \"\\u001b[2J\"\n[x", "tests/cases.toml:3: "),
    ] {
        let ran = test(&world("hello", cases), &[]);
        ran.failed(3, &[told]);
        assert!(!ran.stderr.contains('\u{1b}'), "{ran:#?}");
    }
    let world = world("hello", GREETS);
    put(&world, "tests/cases.toml", b"[[case]]\n# \xff\xfe\n");
    test(&world, &[]).failed(3, &["tests/cases.toml:2: it is not UTF-8 text"]);
    put(&world, "tests/cases.toml", "x".repeat(300 << 10).as_bytes());
    test(&world, &[])
        .failed(3, &["tests/cases.toml can't be read", "handled at once", "hint: large texts go into files"]);
    // One for another kind of skill, or another tool.
    for (more, told) in [
        ("brief = { goal = \"x\" }", "`brief` is not for a skill of kind `tool`"),
        ("tool = \"shout\"", "the skill has no tool `shout`; it has greet"),
        ("input = \"{\"", "its input is no JSON"),
        ("files = { a = { from = \"gone.txt\" } }", "tests/gone.txt can't be read"),
    ] {
        put(&world, "tests/cases.toml", format!("[[case]]\nname = \"a\"\n{more}\n").as_bytes());
        test(&world, &[]).failed(3, &["tests/cases.toml:1: the case \"a\" can't be played", told]);
        // It is told before any is played.
        put(&world, "tests/a.toml", GREETS.as_bytes());
        let ran = test(&world, &[]);
        ran.failed(3, &["tests/cases.toml:1: the case \"a\" can't be played", told]);
        assert_eq!(ran.stdout, "");
        fs::remove_file(world.repo().join("tests/a.toml")).unwrap();
    }
}

#[test]
fn without_cases_it_is_told_how_one_is_written() {
    let world = world("hello", GREETS);
    for take in ["tests/cases.toml", "tests"] {
        let path = world.repo().join(take);
        if path.is_dir() {
            fs::remove_dir(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
        let ran = test(&world, &[]);
        ran.failed(
            3,
            &[
                "there are no cases: no file tests/*.toml",
                "hint: write tests/cases.toml, as in\n    [[case]]\n    name = ",
            ],
        );
        // What it shows is a case file.
        let example: String =
            ran.stderr.lines().filter_map(|line| Some(format!("{}\n", line.strip_prefix("    ")?))).collect();
        let shown = super::world("hello", &example.replace("NAME", "greet").replace("key", "name"));
        test(&shown, &["--update"]).failed(0, &["updated tests/cases.toml: what it does"]);
        test(&shown, &[]).failed(0, &[]);
    }
    // A file with none in it is an error of its own.
    put(&world, "tests/cases.toml", b"# nothing yet\n");
    test(&world, &[]).failed(3, &["tests/cases.toml:1: it has no [[case]]"]);
}

#[test]
fn a_name_is_that_of_one_case() {
    let world = world("hello", GREETS);
    put(&world, "tests/more.toml", format!("\n{GREETS}").as_bytes());
    test(&world, &[]).failed(3, &["tests/more.toml:2: the name \"it greets\" is that of tests/cases.toml:1 already"]);
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let with = |more: &str| format!("[[case]]\nname = \"a\"\n{more}\n");
    let world = world("hello", &with("files.a = { from = \"link.txt\" }"));
    put(&world, "secret.txt", b"secret");
    put(&world, "elsewhere/x.txt", b"secret");
    let tests = world.repo().join("tests");
    symlink("../secret.txt", tests.join("link.txt")).unwrap();
    symlink("../elsewhere", tests.join("linked")).unwrap();
    put(&world, "tests/app/ok.txt", b"ok");
    symlink("../../secret.txt", tests.join("app/link.txt")).unwrap();
    test(&world, &[])
        .failed(3, &["can't be played", "tests/link.txt can't be read", "\"link.txt\" is not a regular file"]);
    for (more, told) in [
        ("files.a = { from = \"linked/x.txt\" }", "\"linked/x.txt\" is no directory, or leads through a link"),
        ("folder = \"linked\"", "\"linked\" is no directory, or leads through a link"),
        ("folder = \"app\"", "\"app/link.txt\" is not a regular file"),
    ] {
        put(&world, "tests/cases.toml", with(more).as_bytes());
        test(&world, &[]).failed(3, &["can't be played", told]);
    }
    fs::remove_file(tests.join("cases.toml")).unwrap();
    fs::rename(world.repo().join("skill.wasm"), world.repo().join("kept.wasm")).unwrap();
    put(&world, "mine.toml", GREETS.as_bytes());
    symlink("../mine.toml", tests.join("cases.toml")).unwrap();
    test(&world, &[]).failed(3, &["tests/cases.toml can't be read"]);
    fs::rename(&tests, world.repo().join("moved")).unwrap();
    symlink("moved", &tests).unwrap();
    test(&world, &[])
        .failed(3, &["the cases in tests/ can't be read", "\"tests\" is no directory, or leads through a link"]);
}

#[test]
fn large_files_are_bounded() {
    let world = world("hello", "[[case]]\nname = \"a\"\nfiles.a = { from = \"large.bin\" }\n");
    let large = fs::File::create(world.repo().join("tests/large.bin")).unwrap();
    large.set_len(100 << 20).unwrap();
    test(&world, &[]).failed(
        3,
        &[
            "the case \"a\" can't be played",
            "tests/large.bin can't be read",
            "hint: the files beside a case have 67108864 bytes together, at most",
        ],
    );
    put(&world, "tests/cases.toml", b"[[case]]\nname = \"a\"\nfolder = \"many\"\n");
    for at in 0..3 {
        put(&world, &format!("tests/many/{at}"), b"");
        fs::File::create(world.repo().join(format!("tests/many/{at}"))).unwrap().set_len(30 << 20).unwrap();
    }
    test(&world, &[])
        .failed(3, &["tests/many/", "hint: the files beside a case have 67108864 bytes together, at most"]);
    // What is compared is bounded, too, also where one file fills many.
    large.set_len(4 << 20).unwrap();
    let files: Vec<_> = (10..28).map(|at| format!("f{at} = {{ from = \"large.bin\" }}")).collect();
    let files = files.join(", ");
    let case = format!(
        "[[case]]\nname = \"a\"\ninput = {{ name = \"x\" }}\nfiles = {{ {files} }}\nexpect = {{ answer_has = {{}}, files = {{ {files} }} }}\n"
    );
    put(&world, "tests/cases.toml", case.as_bytes());
    let ran = test(&world, &[]);
    ran.failed(1, &[]);
    assert!(!ran.stdout.contains("f25 is") && ran.stdout.contains("f26 is larger than what is compared"), "{ran:#?}");
}

#[test]
fn the_skill_is_built_first() {
    let world = World::bare();
    for command in ["test", "dev"] {
        world.run(&[command]).failed(3, &["there is no skill.toml here", "hint: test in a skill's folder (-C DIR)"]);
    }
    made(&world, GREETS);
    world.run(&["test", "--no-build"]).failed(2, &["build/hello.wasm is not there", "hint: leave --no-build away"]);
    // What is wrong around it is told before a tool chain works.
    put(&world, "policy.toml", b"[capabilties]\n");
    let ran = world.run(&["test", "--policy", "policy.toml"]);
    ran.failed(3, &["policy.toml"]);
    assert!(!ran.stderr.contains("running make"), "{ran:#?}");
    let ran = world.run(&["test"]);
    ran.failed(0, &["running make", "built build/hello.wasm, "]);
    assert_eq!(untimed(&ran.stdout), "ok it greets\n1 case: 1 passed\n");
    // As it was built.
    fs::remove_file(world.repo().join("Makefile")).unwrap();
    assert!(!world.run(&["test", "--no-build"]).failed(0, &[]).stderr.contains("is newer than"));
    world.run(&["test"]).failed(3, &["nothing here tells which tool chain builds this skill"]);
    put(&world, "Makefile", b"all:\n\t@echo no; exit 3\n");
    let ran = world.run(&["test", "--report", "junit=built.xml"]);
    ran.failed(1, &["`make` failed"]);
    assert_eq!(ran.stdout, "");
    // No case failed, and the report doesn't look as if nothing did.
    let report = fs::read_to_string(world.repo().join("built.xml")).unwrap();
    assert!(report.contains("tests=\"1\"") && report.contains("failures=\"1\""), "{report}");
    // Whatever its file is called.
    let name = OsStr::from_bytes(b"s\xff.wasm");
    fs::copy(world.repo().join("build/hello.wasm"), world.repo().join(name)).unwrap();
    assert_eq!(world.command(&["test", "--component"]).arg(name).output().unwrap().status.code(), Some(0));
    // What isn't a skill.
    put(&world, "skill.wasm", &left_of("hello"));
    test(&world, &[])
        .failed(3, &["can't be loaded", "hint: skillhost build --component FILE embeds skill.toml in a component"]);
    test(&world, &["--no-build"]).failed(2, &["cannot be used with"]);
    assert_eq!(cases(&world), GREETS);
}

#[test]
fn a_source_that_is_newer_than_what_is_tested_is_named() {
    let world = World::bare();
    made(&world, GREETS);
    put(&world, "src/a.c", b"");
    put(&world, ".gitignore", b"/left.wasm\n");
    let beside = ["report.xml", "calls.jsonl", "answer.json", "LICENSE-MIT", "README.md", "src/README.md"];
    beside.iter().for_each(|file| put(&world, file, b""));
    world.run(&["build"]).failed(0, &[]);
    let since_then = |file: &str, seconds: u64| {
        let built = fs::metadata(world.repo().join("build/hello.wasm")).unwrap().modified().unwrap();
        let file = fs::File::options().append(true).open(world.repo().join(file)).unwrap();
        file.set_modified(built + std::time::Duration::from_secs(seconds)).unwrap();
    };
    // What makes no skill, what is ignored, and what is as old.
    ["tests/cases.toml", "left.wasm", ".gitignore"].iter().chain(&beside).for_each(|file| since_then(file, 5));
    since_then("skill.toml", 0);
    let tested = world.run(&["test", "--no-build"]);
    assert!(!tested.failed(0, &[]).stderr.contains("warning"), "{tested:#?}");
    since_then("skill.toml", 1);
    since_then("src/a.c", 2);
    // Where it fails to build, the old one stays.
    put(&world, "Makefile", b"all:\n\t@false\n");
    since_then("Makefile", 1);
    world.run(&["build"]).failed(1, &["`make` failed"]);
    world.run(&["test", "--no-build"]).failed(0, &["warning: src/a.c is newer than build/hello.wasm"]);
}
