//! Released versions of the contract: what was released stays as it is, and skills that were written for it still run.

use crate::support::{World, root};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

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
fn a_skill_of_each_released_version_still_runs() {
    for (version, folder) in released() {
        let languages = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.file_name());
        let languages: Vec<_> = languages.filter(|name| name != "wit").collect();
        assert!(!languages.is_empty(), "{version} has no skill");
        for language in languages {
            let language = language.to_string_lossy();
            let file = root().join(format!("target/guests/contract-{version}-{language}.wasm"));
            let file = file.to_str().unwrap();
            let world = World::bare();
            fs::write(world.repo().join("witness.txt"), "seen").unwrap();
            let called = world.run(&["call", file, "--grant", "read=**", "--grant", "ask"]);
            called.failed(0, &["a witness speaks"]);
            let expected = json!([
                "name: ok witness",
                "read: ok seen",
                "ask: ok yes",
                "model: denied",
                "exec: denied",
                "changes: denied",
                "commands: ok 0",
            ]);
            assert_eq!(called.json(), expected, "{version} {language}: {called:#?}");
            let told = world.run(&["inspect", file, "--format", "json"]).json();
            assert_eq!(told["contract"], json!(version));
        }
    }
}
