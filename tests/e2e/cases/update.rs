//! `--update`: cases expect what came, and nothing else is written.

use super::{GREETS, cases, probe, test, world};
use crate::authors::put;
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn what_came_is_accepted_with_comments_kept() {
    let text = "# Mine.\n[[case]] # first\nname = \"it greets\"\ninput = { name = \"größer\" }\n\n[case.expect] # what comes\nanswer = { greeting = 'other' } # behind\n\n# The second.\n[[case]]\nname = \"nothing expected\"\ninput = { name = \"Ada\" }\n";
    let world = world("hello", text);
    let ran = test(&world, &["--update"]);
    ran.failed(0, &["updated tests/cases.toml: it greets, nothing expected"]);
    assert!(ran.stdout.contains("updated it greets") && ran.stdout.ends_with("2 cases: 2 updated\n"), "{ran:#?}");
    let expected = text.replace("'other'", "\"Hello, größer!\"");
    let now = cases(&world);
    assert_eq!(now, format!("{expected}\n[case.expect]\nanswer = {{ greeting = \"Hello, Ada!\" }}\n"));
    // What passes stays as it is, to the byte.
    test(&world, &["--update"]).failed(0, &[]);
    assert_eq!(cases(&world), now);
    let other = now.replace("größer!", "kleiner!");
    put(&world, "tests/cases.toml", other.as_bytes());
    // Only what was chosen.
    test(&world, &["nothing", "--update"]).failed(0, &[]);
    assert_eq!(cases(&world), other);
    let told = test(&world, &["--update", "--format", "json"]).json();
    assert_eq!(told["updated"], 1);
    assert_eq!(cases(&world), now);
}

#[test]
fn files_denials_and_errors_are_accepted() {
    let write = "[[case]]\nname = \"writes\"\ninput = { how = \"write\", path = \"/repo/größe.md\" }\n";
    let denied = "[[case]]\nname = \"denied\"\ninput = { how = \"read\", path = \"/repo/a\" }\nfiles.a = \"x\"\ngrants = {}\nexpect.answer = { text = \"x\" }\n";
    let beside = "[[case]]\nname = \"beside\"\ninput = { how = \"write\", path = \"/repo/a\" }\nexpect = { answer_has = {}, files.a = { from = \"wanted/a.txt\" } }\n";
    let world = world("probe", &[write, denied, beside].concat());
    put(&world, "tests/wanted/a.txt", b"else");
    let ran = test(&world, &["--update"]);
    ran.failed(0, &["updated tests/cases.toml, tests/wanted/a.txt: writes, denied, beside"]);
    test(&world, &[]).failed(0, &[]);
    let now = cases(&world);
    for part in [
        "\"größe.md\" = \"written by the probe\"",
        "denials = [\"read a\"]",
        "error = \"failed\"",
        "from = \"wanted/a.txt\"",
    ] {
        assert!(now.contains(part), "{part}: {now}");
    }
    assert_eq!(fs::read(world.repo().join("tests/wanted/a.txt")).unwrap(), b"written by the probe");
}

#[test]
fn what_is_in_doubt_is_not_accepted_and_the_rest_is() {
    let good = probe("count", "");
    let text =
        [good.as_str(), &probe("trap", ""), &probe("log", "expect = { answer_has = {}, log = [\"zzz\"] }")].concat();
    let world = world("probe", &text);
    let ran = test(&world, &["--update"]);
    ran.failed(1, &["updated tests/cases.toml: count"]);
    assert!(ran.stdout.contains("3 cases: 1 updated, 2 failed"), "{ran:#?}");
    assert!(ran.stdout.contains("not updated: it ended without an answer"), "{ran:#?}");
    let now = cases(&world);
    assert!(now.contains("answer = { calls = 1 }") && now.contains("log = [\"zzz\"]"), "{now}");
}

#[test]
fn nothing_is_written_outside_of_the_folder() {
    let expect = "expect = { answer_has = {}, files.a = { from = \"sub/a.txt\" } }";
    let write = format!("[[case]]\nname = \"a\"\ninput = {{ how = \"write\", path = \"/repo/a\" }}\n{expect}\n");
    let world = world("probe", &write);
    put(&world, "elsewhere/a.txt", b"mine");
    symlink("../elsewhere", world.repo().join("tests/sub")).unwrap();
    test(&world, &["--update"]).failed(3, &["\"sub/a.txt\" is no directory, or leads through a link"]);
    assert_eq!(fs::read(world.repo().join("elsewhere/a.txt")).unwrap(), b"mine");
    assert_eq!(cases(&world), write);
    // Nothing but the case file is changed in the whole folder.
    let world = super::world("hello", &GREETS.replace("Hello", "Bye"));
    let before = fs::read(world.repo().join("skill.wasm")).unwrap();
    test(&world, &["--update"]).failed(0, &[]);
    assert_eq!(fs::read(world.repo().join("skill.wasm")).unwrap(), before);
    let mut left: Vec<_> = fs::read_dir(world.repo()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["skill.wasm", "tests"]);
    assert_eq!(fs::read_dir(world.repo().join("tests")).unwrap().count(), 1);
    assert_eq!(cases(&world), GREETS);
}

/// A case that writes to `a`, where something else is, and expects what a file beside the case file holds.
fn writes(name: &str, before: &str, from: &str) -> String {
    format!(
        "[[case]]\nname = \"{name}\"\ninput = {{ how = \"write\", path = \"/repo/a\" }}\n{before}\n\
         expect = {{ answer_has = {{}}, files.a = {{ from = \"{from}\" }} }}\n"
    )
}

#[test]
fn what_a_case_is_given_is_not_written() {
    let folder = "folder = \"before\"";
    let other = format!("{}[[case]]\nname = \"other\"\ninput = {{ how = \"answer\" }}\n", writes("a", "", "before/a"));
    for (text, from) in [
        (writes("a", "files.a = { from = \"in.txt\" }", "in.txt"), "in.txt"),
        (writes("a", "change.a = { from = \"in.txt\" }", "in.txt"), "in.txt"),
        (writes("a", folder, "before/a"), "before/a"),
        (writes("a", "folder = \".\"", "in.txt"), "in.txt"),
        // Of a case that was not chosen.
        (format!("{other}files.b = {{ from = \"before/a\" }}\n"), "before/a"),
        (format!("{other}{folder}\n"), "before/a"),
        (writes("a", "", "other.toml"), "other.toml"),
    ] {
        let world = world("probe", &text);
        put(&world, "tests/in.txt", b"mine");
        put(&world, "tests/before/a", b"mine");
        put(&world, "tests/other.toml", b"[[case]]\nname = \"z\"\n");
        let before = fs::read(world.repo().join("tests").join(from)).unwrap();
        let ran = test(&world, &["a", "--update"]);
        ran.failed(1, &[]);
        let told = format!("  not updated: tests/{from} is used by another case, or as an input\n");
        assert!(ran.stdout.contains(&told), "{text}: {ran:#?}");
        assert_eq!(fs::read(world.repo().join("tests").join(from)).unwrap(), before, "{text}");
        assert_eq!(cases(&world), text);
    }
}

#[test]
fn a_file_of_two_cases_is_written_where_the_same_came_of_both() {
    let other = "[[case]]\nname = \"two\"\ninput = { how = \"answer\" }\nfiles.a = \"old\"\n\
                 expect = { answer_has = {}, files.a = { from = \"a.txt\" } }\n";
    let one = writes("one", "", "a.txt");
    let world = world("probe", &format!("{one}{other}"));
    put(&world, "tests/a.txt", b"old");
    let kept = |filters: &[&str]| {
        let ran = test(&world, &[filters, &["--update"]].concat());
        assert!(ran.stdout.contains("not updated: tests/a.txt is used by another case, or as an input"), "{ran:#?}");
        fs::read(world.repo().join("tests/a.txt")).unwrap()
    };
    // The other passes as it is, whether it is played or not; or something else came of it.
    assert_eq!(kept(&[]), b"old");
    assert_eq!(kept(&["one"]), b"old");
    put(&world, "tests/a.txt", b"else");
    assert_eq!(kept(&[]), b"else");
    put(&world, "tests/cases.toml", one.as_bytes());
    put(&world, "tests/more.toml", writes("two", "", "a.txt").as_bytes());
    test(&world, &["--update"]).failed(0, &[]);
    test(&world, &[]).failed(0, &[]);
}
