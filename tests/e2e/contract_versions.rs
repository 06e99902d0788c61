//! Released versions of the contract: what was released stays as it is, and skills that were written for it still run.

use crate::authors::project::with_tools;
use crate::support::{Ran, World, copy, ran, root};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

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
    let has_skill = |folder: &Path, language: &str| folder.join(language).join("skill.toml").is_file();
    let missing: Vec<_> = released()
        .iter()
        .flat_map(|(version, folder)| {
            let without = known.split(", ").filter(|language| !has_skill(folder, language));
            without.map(|language| format!("{version}/{language}")).collect::<Vec<_>>()
        })
        .collect();
    assert!(missing.is_empty(), "tests/fixtures/contract has no skill in {}", missing.join(", "));
}

#[test]
fn a_skill_of_each_released_version_still_runs() {
    let mut skills: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
    for (version, folder) in released() {
        for entry in fs::read_dir(&folder).unwrap().flatten().filter(|entry| entry.file_name() != "wit") {
            let language = entry.file_name().to_string_lossy().into_owned();
            let wit = folder.join("wit");
            skills.entry(language).or_default().push(Kept { version: version.clone(), sources: entry.path(), wit });
        }
    }
    // Languages side by side. The versions of one follow each other, since what it builds in has their common name.
    let wrong: Vec<String> = thread::scope(|scope| {
        let each: Vec<_> = skills
            .values()
            .map(|versions| scope.spawn(|| versions.iter().filter_map(|kept| kept.runs().err()).collect::<Vec<_>>()))
            .collect();
        each.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A skill in some language, as it was written for a version.
struct Kept {
    version: String,
    sources: PathBuf,
    wit: PathBuf,
}

impl Kept {
    /// Builds it in a copy that has its version's WIT beside it and nothing else of the repository, and calls it.
    fn runs(&self) -> Result<(), String> {
        let language = self.sources.file_name().unwrap().to_string_lossy();
        let wrong = |what: &str, ran: &Ran| Err(format!("the skill in {language} for {} {what}: {ran:#?}", self.version));
        let world = World::bare();
        let project = world.home().join("project");
        copy(&self.sources, &project);
        copy(&self.wit, &project.join("wit"));
        let mut build = Command::new(env!("CARGO_BIN_EXE_skillhost"));
        build.arg("--state-dir").arg(world.state()).arg("build").current_dir(&project);
        let built = ran(with_tools(&mut build).output().unwrap());
        if built.code != Some(0) {
            return wrong("can't be built", &built);
        }
        fs::write(world.repo().join("witness.txt"), "seen").unwrap();
        let file = project.join("build/witness.wasm");
        let file = file.to_str().unwrap();
        let called = world.run(&["call", file, "--grant", "read=**", "--grant", "ask"]);
        if called.code != Some(0) || !called.stderr.contains("a witness speaks") {
            return wrong("does not run", &called);
        }
        let expected = json!([
            "name: ok witness",
            "read: ok seen",
            "ask: ok yes",
            "model: denied",
            "exec: denied",
            "changes: denied",
            "commands: ok 0",
        ]);
        if called.json() != expected {
            return wrong("sees something else", &called);
        }
        let inspected = world.run(&["inspect", file, "--format", "json"]);
        if inspected.json()["contract"] != json!(self.version) {
            return wrong("is for another version", &inspected);
        }
        Ok(())
    }
}
