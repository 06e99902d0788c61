//! `skillhost new`: a project that builds outside of this repository.

use super::project::{Project, call, with_tools};
use super::put;
use crate::support::{Ran, World, ran, root};
use serde_json::json;
use std::fs;

fn new(world: &World, name: &str, more: &[&str]) -> Ran {
    world.run(&[&["new", name], more].concat())
}

/// The tool that a language begins with, which is the same in each.
fn counts_lines(language: &'static str) -> (Project, World) {
    let project = Project::new(language, "tool");
    let manifest = project.read("skill.toml");
    let world = project.at_work(&[("a.txt", "one\ntwo"), ("b.txt", "ü\n\n"), ("empty.txt", "")]);
    assert_eq!(project.read("skill.toml"), manifest, "{language}: what is written is what the build writes");
    project.tests_pass();
    project.cases_pass();
    let count = |path: &str, grant: &str| call(&world, "count-lines", &json!({ "path": path }), &[grant]);
    for (file, lines) in [("a.txt", 2), ("b.txt", 2), ("empty.txt", 0)] {
        assert_eq!(count(file, "read=**").json(), json!({ "lines": lines }), "{language}: {file}");
    }
    count("none.txt", "read=**").failed(1, &["none.txt"]);
    count("a.txt", "read=src/**").failed(4, &["denied: read a.txt"]);
    (project, world)
}

/// Begun, entered, tested.
#[test]
fn three_commands_lead_to_a_first_test_that_passes() {
    let world = World::bare();
    new(&world, "three", &["--lang", "rust"]).failed(0, &["Next: cd three && skillhost test"]);
    let mut test = world.command(&["test"]);
    let tested = ran(with_tools(test.current_dir(world.repo().join("three"))).output().unwrap());
    assert!(tested.code == Some(0) && tested.stdout.ends_with("3 cases: 3 passed\n"), "{tested:#?}");
}

#[test]
fn a_project_of_each_kind_builds_in_rust() {
    let (mut project, _world) = counts_lines("rust");
    for kind in ["spec", "review", "implement", "verify"] {
        project.becomes(kind);
        let told = project.tries_to_build();
        assert_eq!(told.code, Some(0), "{kind}: {told:#?}");
        assert_eq!((&told.json()["kind"], &told.json()["tool_chain"]), (&json!(kind), &json!("Rust")));
        project.tests_pass();
        project.cases_pass();
    }
}

// Those that have templates of all kinds make pull requests with them, in the files of each language. The tool in Python is
// what its quick start builds.

#[test]
fn a_project_builds_in_javascript_and_typescript() {
    counts_lines("javascript");
    counts_lines("typescript");
}

#[test]
fn a_project_builds_in_c_and_cpp() {
    counts_lines("c");
    counts_lines("cpp");
}

#[test]
fn a_project_builds_in_go() {
    counts_lines("go");
}

#[test]
fn the_sdk_in_a_project_has_its_licences_and_no_dead_links() {
    let world = World::bare();
    for language in ["rust", "javascript", "typescript", "python", "c", "cpp", "go"] {
        let name = format!("in-{language}");
        new(&world, &name, &["--lang", language]).failed(0, &[]);
        let sdk = world.repo().join(&name).join("sdk");
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert_eq!(fs::read(sdk.join(licence)).unwrap(), fs::read(root().join(licence)).unwrap(), "{language}");
        }
        let folder = if language == "rust" { sdk.join("rust") } else { sdk };
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        for target in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(target.contains("://") || folder.join(target).exists(), "{language}: {target}");
        }
    }
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let world = World::bare();
    put(&world, "full/notes.txt", b"mine");
    put(&world, "file", b"mine");
    std::os::unix::fs::symlink("elsewhere", world.repo().join("link")).unwrap();
    for name in ["full", "file", "link"] {
        new(&world, name, &["--lang", "rust"])
            .failed(2, &[&format!("{name} is there already, so nothing was written"), "hint: "]);
    }
    assert_eq!(fs::read(world.repo().join("full/notes.txt")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(world.repo().join("full")).unwrap().count(), 1);
    assert!(!world.repo().join("elsewhere").exists());
    // An empty folder is as good as none.
    fs::create_dir(world.repo().join("empty")).unwrap();
    let made = new(&world, "empty", &["--lang", "rust", "--kind", "verify", "--format", "json"]);
    let told = made.json();
    assert_eq!(
        (&told["schema"], &told["kind"], &told["language"]),
        (&json!("skillhost.new/1"), &json!("verify"), &json!("rust"))
    );
    for file in told["files"].as_array().unwrap() {
        assert!(world.repo().join("empty").join(file.as_str().unwrap()).is_file(), "{file}");
    }
    new(&world, "empty", &["--lang", "rust"]).failed(2, &["empty is there already"]);
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
    new(&world, "x", &["--lang", "rust", "--kind", "poem"])
        .failed(2, &["possible values: spec, review, implement, verify, tool"]);
    world
        .run(&["new", "x", "--lang", "cobol"])
        .failed(2, &["possible values: rust, javascript, typescript, python, c, cpp, go"]);
    world.run(&["new", "x"]).failed(2, &["--lang <LANGUAGE>"]);
    assert_eq!(fs::read_dir(world.repo()).unwrap().count(), 0);
    let completions = world.run(&["completions", "bash"]).stdout;
    assert!(completions.contains("spec review implement verify tool"), "kinds are completed");
}
