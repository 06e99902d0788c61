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
    test(&world, &["--update"]).failed(3, &["tests/sub is no folder, or a link to one"]);
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
