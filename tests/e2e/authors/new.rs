//! `skillhost new`: a project that builds outside of this repository.

use super::{put, shared_target};
use crate::support::{Ran, World, ran};
use serde_json::json;
use std::fs;

fn new(world: &World, name: &str, more: &[&str]) -> Ran {
    world.run(&[&["new", name, "--lang", "rust"], more].concat())
}

#[test]
fn a_project_of_each_kind_builds_and_its_own_tests_pass() {
    let world = World::bare();
    for kind in ["tool", "spec", "review", "implement", "verify"] {
        let name = format!("my-{kind}");
        new(&world, &name, &["--kind", kind]).failed(0, &[&format!("Next: cd {name} && skillhost test")]);
        let folder = world.repo().join(&name);
        let mut build = world.command(&["build", "--format", "json", "-C", &name]);
        let built = ran(build.env("CARGO_TARGET_DIR", shared_target()).output().unwrap());
        assert_eq!(built.code, Some(0), "{built:#?}");
        let told = built.json();
        assert_eq!((&told["kind"], &told["name"], &told["tool_chain"]), (&json!(kind), &json!(name), &json!("Rust")));
        assert!(folder.join(format!("build/{name}.wasm")).is_file(), "{told}");
        let tested = world.run(&["test", "--no-build", "--format", "json", "-C", &name]);
        assert_eq!((tested.code, &tested.json()["failed"]), (Some(0), &json!(0)), "{tested:#?}");
        assert!(tested.json()["passed"].as_u64() >= Some(2), "{tested:#?}");
    }
    // Begun, entered, tested: three commands.
    new(&world, "three", &[]).failed(0, &["Next: cd three && skillhost test"]);
    let mut command = world.command(&["test"]);
    let tested = command.current_dir(world.repo().join("three")).env("CARGO_TARGET_DIR", shared_target());
    let tested = ran(tested.output().unwrap());
    assert!(tested.code == Some(0) && tested.stdout.ends_with("3 cases: 3 passed\n"), "{tested:#?}");
    // What was built can be used.
    put(&world, "a.txt", b"one\ntwo\n");
    let call = ["call", "./my-tool/build/my-tool.wasm", "--input", r#"{"path":"a.txt"}"#, "--grant", "read=**"];
    assert_eq!(world.run(&call).json(), json!({"lines": 2}));
    // The tests that came with it, as cargo runs them, with the versions that the SDK is tested with.
    let mut cargo = std::process::Command::new("cargo");
    cargo.args(["test", "--quiet", "--locked"]).current_dir(world.repo().join("my-tool"));
    let tested = ran(cargo.env("CARGO_TARGET_DIR", shared_target()).output().unwrap());
    assert!(tested.code == Some(0) && tested.stdout.contains("1 passed"), "{tested:#?}");
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let world = World::bare();
    put(&world, "full/notes.txt", b"mine");
    put(&world, "file", b"mine");
    std::os::unix::fs::symlink("elsewhere", world.repo().join("link")).unwrap();
    for name in ["full", "file", "link"] {
        new(&world, name, &[]).failed(2, &[&format!("{name} is there already, so nothing was written"), "hint: "]);
    }
    assert_eq!(fs::read(world.repo().join("full/notes.txt")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(world.repo().join("full")).unwrap().count(), 1);
    assert!(!world.repo().join("elsewhere").exists());
    // An empty folder is as good as none.
    fs::create_dir(world.repo().join("empty")).unwrap();
    let made = new(&world, "empty", &["--kind", "verify", "--format", "json"]);
    let told = made.json();
    assert_eq!(
        (&told["schema"], &told["kind"], &told["language"]),
        (&json!("skillhost.new/1"), &json!("verify"), &json!("rust"))
    );
    for file in told["files"].as_array().unwrap() {
        assert!(world.repo().join("empty").join(file.as_str().unwrap()).is_file(), "{file}");
    }
    new(&world, "empty", &[]).failed(2, &["empty is there already"]);
    let left: Vec<_> = fs::read_dir(world.repo()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".skillhost-new")), "{left:?}");
}

#[test]
fn names_languages_and_kinds_are_checked_and_completed() {
    let world = World::bare();
    for bad in ["Größe", "../x", "a/b", "", "-x", "A", "a b", &"a".repeat(65)] {
        let refused = world.run(&["new", "--lang", "rust", "--", bad]);
        refused.failed(2, &["a skill's name is"]);
    }
    new(&world, "x", &["--kind", "poem"]).failed(2, &["possible values: spec, review, implement, verify, tool"]);
    world.run(&["new", "x", "--lang", "cobol"]).failed(2, &["possible values: rust"]);
    world.run(&["new", "x"]).failed(2, &["--lang <LANGUAGE>"]);
    assert_eq!(fs::read_dir(world.repo()).unwrap().count(), 0);
    let completions = world.run(&["completions", "bash"]).stdout;
    assert!(completions.contains("spec review implement verify tool"), "kinds are completed");
}
