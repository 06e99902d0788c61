//! What a repository and its tasks are: one TOML file for each repository.

use crate::language::Language;
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use std::path::Path;
use std::sync::Arc;

/// Code that nobody here wrote, by its name, version and digest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repository {
    pub(crate) registry: Registry,
    pub(crate) name: String,
    pub(crate) version: String,
    /// SHA-256 of the archive as it came from the registry.
    pub(crate) sha256: String,
    /// The package's own licence; a permissive one.
    pub(crate) license: String,
    pub(crate) language: Language,
    /// What of the package is taken: files, and folders with all in them.
    pub(crate) keep: Vec<String>,
    /// What every test of a task begins with.
    prelude: String,
    /// What is laid over it: a manifest without what can't be had offline, and a first test.
    #[serde(default)]
    pub(crate) files: Vec<NewFile>,
    #[serde(rename = "task", default)]
    tasks: Vec<TaskData>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Registry {
    Cargo,
    Npm,
    Pypi,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A text that stands in a file once, and what stands there afterwards. No old text stands for a new file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    pub(crate) path: String,
    pub(crate) old: String,
    pub(crate) new: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskData {
    pub(crate) name: String,
    /// What a user would ask for.
    pub(crate) goal: String,
    /// What can be observed once it is done.
    pub(crate) criterion: String,
    /// Puts a bug into the package, where it has none.
    #[serde(default)]
    pub(crate) seed: Vec<Edit>,
    /// How somebody who knows what to do does it.
    pub(crate) solution: Vec<Edit>,
    /// The test that comes with the solution.
    visible: String,
    /// The tests that judge: they are added after the work is done, and nobody who works sees them.
    hidden: String,
}

/// A task with the repository that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) repository: Arc<Repository>,
    pub(crate) data: TaskData,
}

impl Task {
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.repository.short_name(), self.data.name)
    }

    pub(crate) fn language(&self) -> Language {
        self.repository.language
    }

    /// The author's test.
    pub(crate) fn visible_file(&self) -> String {
        self.language().test_file(&self.data.name)
    }

    pub(crate) fn visible(&self) -> String {
        format!("{}\n{}", self.repository.prelude, self.data.visible)
    }

    pub(crate) fn hidden(&self) -> String {
        format!("{}\n{}", self.repository.prelude, self.data.hidden)
    }

    /// The files that the solution changes, each once, in the order of the edits.
    pub(crate) fn changed(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = Vec::new();
        for edit in self.data.solution.iter().filter(|edit| !edit.is_new_file()) {
            if !paths.contains(&edit.path.as_str()) {
                paths.push(&edit.path);
            }
        }
        paths
    }
}

impl Edit {
    pub(crate) fn is_new_file(&self) -> bool {
        self.old.is_empty()
    }
}

impl Repository {
    /// The name without an organisation.
    pub(crate) fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }
}

/// All tasks, by repository and in the order in which they stand there.
pub(crate) fn all() -> Result<Vec<Task>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("repositories");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        files.push(entry?.path());
    }
    files.sort();
    let mut tasks = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        tasks.extend(parse(&text).with_context(|| file.display().to_string())?);
    }
    Ok(tasks)
}

fn parse(text: &str) -> Result<Vec<Task>> {
    let mut repository: Repository = toml::from_str(text)?;
    let tasks = std::mem::take(&mut repository.tasks);
    ensure!(repository.sha256.len() == 64, "sha256 is not one");
    ensure!(PERMISSIVE.contains(&repository.license.as_str()), "{} is not known as permissive", repository.license);
    let repository = Arc::new(repository);
    for task in &tasks {
        ensure!(!task.solution.is_empty(), "{}: no solution", task.name);
        ensure!(tasks.iter().filter(|other| other.name == task.name).count() == 1, "{} is there twice", task.name);
    }
    Ok(tasks.into_iter().map(|data| Task { repository: Arc::clone(&repository), data }).collect())
}

const PERMISSIVE: [&str; 7] =
    ["MIT", "MIT OR Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Unlicense", "ZPL-2.1"];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn tasks_are_many_in_four_languages_and_told_apart() {
        let tasks = all().unwrap();
        assert!(tasks.len() >= 40, "{}", tasks.len());
        for language in [Language::Rust, Language::JavaScript, Language::Python, Language::TypeScript] {
            let of_it = tasks.iter().filter(|task| task.language() == language).count();
            assert!(of_it >= 8, "{language:?}: {of_it}");
        }
        let mut ids: Vec<String> = tasks.iter().map(Task::id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), tasks.len());
    }

    #[test]
    fn nothing_but_the_repositorys_own_files_is_changed_by_a_solution() {
        for task in all().unwrap() {
            for edit in task.data.solution.iter().chain(&task.data.seed) {
                assert_ne!(edit.old, edit.new, "{}", task.id());
                assert_ne!(edit.path, task.visible_file(), "{}", task.id());
            }
        }
    }
}
