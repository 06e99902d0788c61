//! Released versions of the contract: what was released stays as it is, and skills that were written for it still run.

use crate::authors::project::with_tools;
use crate::support::{Ran, World, copy, each, ran, root};
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Each released version, with its folder.
fn released() -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(root().join("tests/fixtures/contract")).unwrap();
    let folders = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut all: Vec<_> =
        folders.map(|folder| (folder.file_name().unwrap().to_string_lossy().into_owned(), folder)).collect();
    all.sort();
    assert!(!all.is_empty());
    all
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read_to_string(entry.path()).unwrap()))
        .collect()
}

#[test]
fn a_released_version_never_changes() {
    let now = files(&root().join("wit"));
    let version = now["tool.wit"].lines().find_map(|line| line.strip_prefix("package skillhost:skill@")).unwrap();
    let version = version.trim_end_matches(';');
    let (_, folder) = released()
        .into_iter()
        .find(|(released, _)| released == version)
        .unwrap_or_else(|| panic!("tests/fixtures/contract has no {version}: copy wit/ there"));
    let then = files(&folder.join("wit"));
    assert_eq!(
        now.keys().collect::<Vec<_>>(),
        then.keys().collect::<Vec<_>>(),
        "{version} was released with other files"
    );
    for (file, text) in &now {
        assert_eq!(*text, then[file], "wit/{file} is not what {version} was released with; give it another version");
    }
}

#[test]
fn every_language_has_a_skill_of_each_released_version() {
    let told = World::bare().run(&["new", "x", "--lang", "none"]).stderr;
    let (_, known) = told.split_once("possible values: ").unwrap();
    let (known, _) = known.split_once(']').unwrap();
    let mut missing = vec![];
    for (version, folder) in released() {
        let without = known.split(", ").filter(|language| !folder.join(language).join("skill.toml").is_file());
        missing.extend(without.map(|language| format!("{version}/{language}")));
    }
    assert!(missing.is_empty(), "tests/fixtures/contract has no skill in {}", missing.join(", "));
}

#[test]
fn a_skill_of_each_released_version_still_runs() {
    let mut skills: BTreeMap<OsString, Vec<(String, PathBuf)>> = BTreeMap::new();
    for (version, folder) in released() {
        for entry in fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.file_name() != "wit") {
            skills.entry(entry.file_name()).or_default().push((version.clone(), entry.path()));
        }
    }
    // The versions of one language follow each other: cargo builds all of them under one name.
    let wrong = each(skills.into_values(), |skills: Vec<(String, PathBuf)>| -> Vec<String> {
        skills.iter().filter_map(|(version, sources)| still_runs(version, sources).err()).collect()
    })
    .concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Builds a skill in a copy that has its version's WIT in it and nothing else of the repository, and calls it.
fn still_runs(version: &str, sources: &Path) -> Result<(), String> {
    let language = sources.file_name().unwrap().display();
    let unless = |holds: bool, what: &str, ran: &Ran| {
        holds.then_some(()).ok_or_else(|| format!("the skill of {version} in {language} {what}: {ran:#?}"))
    };
    let world = World::bare();
    let project = world.home().join("project");
    copy(sources, &project);
    copy(&sources.with_file_name("wit"), &project.join("wit"));
    let mut build = Command::new(env!("CARGO_BIN_EXE_skillhost"));
    build.arg("--state-dir").arg(world.state()).arg("build").current_dir(&project);
    let built = ran(with_tools(&mut build).output().unwrap());
    unless(built.code == Some(0), "can't be built", &built)?;

    fs::write(world.repo().join("witness.txt"), "seen").unwrap();
    let file = project.join("build/witness.wasm");
    let file = file.to_str().unwrap();
    let called = world.run(&["call", file, "--grant", "read=**", "--grant", "ask"]);
    unless(called.code == Some(0) && called.stderr.contains("a witness speaks"), "does not run", &called)?;
    let expected = json!([
        "name: ok witness",
        "read: ok seen",
        "ask: ok yes",
        "model: denied",
        "exec: denied",
        "changes: denied",
        "commands: ok 0",
    ]);
    unless(called.json() == expected, "answers something else", &called)?;
    let inspected = world.run(&["inspect", file, "--format", "json"]);
    unless(inspected.code == Some(0), "can't be inspected", &inspected)?;
    unless(inspected.json()["contract"] == version, "names another version", &inspected)
}
