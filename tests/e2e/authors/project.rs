//! A skill's project as an author has it: outside of this repository, begun with `skillhost new`, built with
//! `skillhost build`, by the tool chains of its language and with this machine's own way to their registries.

use super::shared_target;
use crate::support::{Ran, World, copy, ran, root};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub struct Project {
    place: TempDir,
    pub language: &'static str,
    name: String,
}

impl Project {
    /// A new one, called `own-KIND`.
    pub fn new(language: &'static str, kind: &str) -> Self {
        Self::named(&format!("own-{kind}"), language, kind)
    }

    pub fn named(name: &str, language: &'static str, kind: &str) -> Self {
        let mut project = Self { place: TempDir::new().unwrap(), language, name: String::new() };
        project.become_one(name, kind);
        project
    }

    /// Lays a new project over what is there, so that what was set up for the language stays.
    pub fn becomes(&mut self, kind: &str) {
        self.become_one(&format!("own-{kind}"), kind);
    }

    fn become_one(&mut self, name: &str, kind: &str) {
        let begun = TempDir::new().unwrap();
        self.skillhost(begun.path(), &["new", name, "--lang", self.language, "--kind", kind]).failed(0, &[]);
        if self.folder().exists() {
            // npm has made a program of it, which a copy is not.
            fs::remove_dir_all(begun.path().join(name).join("sdk")).unwrap();
        }
        copy(&begun.path().join(name), &self.folder());
        name.clone_into(&mut self.name);
    }

    /// The example that every language has.
    pub fn todo_report(language: &'static str) -> Self {
        let project = Self::named("todo-report", language, "tool");
        let example = root().join("sdk").join(language).join("examples/todo-report");
        for part in ["skill.toml", "main.go", "main_test.go", "src", "test", "tests"] {
            let (from, to) = (example.join(part), project.folder().join(part));
            if from.is_dir() {
                copy(&from, &to);
            } else if from.exists() {
                fs::copy(from, to).unwrap();
            }
        }
        // One file for all of them.
        copy(&root().join("sdk/todo-report/tests"), &project.folder().join("tests"));
        project
    }

    pub fn folder(&self) -> PathBuf {
        self.place.path().join("project")
    }

    fn skillhost(&self, folder: &Path, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skillhost"));
        command.current_dir(folder).arg("--state-dir").arg(self.place.path().join("state")).args(arguments);
        ran(with_tools(&mut command).output().unwrap())
    }

    /// What `skillhost build` does in it.
    pub fn tries_to_build(&self) -> Ran {
        self.skillhost(&self.folder(), &["build", "--format", "json"])
    }

    /// The skill that it builds.
    pub fn build(&self) -> Vec<u8> {
        self.build_as(&self.name)
    }

    /// The same, where its manifest gives it another name by now.
    pub fn build_as(&self, name: &str) -> Vec<u8> {
        let built = self.tries_to_build();
        assert_eq!(built.code, Some(0), "{built:#?}");
        assert_eq!(built.json()["name"], name, "{built:#?}");
        fs::read(self.folder().join(format!("build/{name}.wasm"))).unwrap()
    }

    /// A world with these files, and with its skill as `skill.wasm`.
    pub fn at_work(&self, files: &[(&str, &str)]) -> World {
        let world = World::with(files);
        fs::write(world.repo().join("skill.wasm"), self.build()).unwrap();
        world
    }

    /// Runs a program in its folder that has to succeed.
    pub fn runs(&self, line: &[&str]) -> Ran {
        let ran = self.tries(line);
        assert_eq!(ran.code, Some(0), "{line:?}: {ran:#?}");
        ran
    }

    pub fn tries(&self, line: &[&str]) -> Ran {
        let mut command = Command::new(line[0]);
        let output = with_tools(command.args(&line[1..]).current_dir(self.folder())).output();
        ran(output.unwrap_or_else(|e| panic!("{line:?} could not be started, and this test needs it: {e}")))
    }

    /// Runs the tests that came with it, in its own language.
    pub fn tests_pass(&self) {
        match self.language {
            "rust" => {
                let tested = self.runs(&["cargo", "test", "--quiet", "--locked"]);
                assert!(tested.stdout.contains("passed") && !tested.stdout.contains(" 0 passed"), "{tested:#?}");
            }
            "python" => {
                let tested = self.runs(&[".venv/bin/python", "-m", "unittest", "discover", "tests"]);
                assert!(tested.stderr.contains("\nOK") && !tested.stderr.contains("Ran 0 tests"), "{tested:#?}");
            }
            "javascript" | "typescript" => {
                let tested = self.runs(&["npm", "test", "--silent"]);
                assert!(tested.stdout.contains("fail 0") && !tested.stdout.contains("pass 0"), "{tested:#?}");
            }
            "go" => {
                let tested = self.runs(&["make", "--silent", "test"]);
                assert!(tested.stdout.contains("ok ") && !tested.stdout.contains("no test files"), "{tested:#?}");
            }
            // These have no mock host: what they do is seen in the real one.
            _ => {}
        }
    }

    /// Plays the cases that are in it, with the skill that was built last.
    pub fn cases_pass(&self) {
        let tested = self.skillhost(&self.folder(), &["test", "--no-build", "--format", "json"]);
        assert_eq!(tested.code, Some(0), "{} {}: {tested:#?}", self.language, self.name);
        let told = tested.json();
        assert!(told["passed"].as_u64() >= Some(1) && told["failed"] == 0, "{} {}: {told:#}", self.language, self.name);
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.folder().join(file)).unwrap()
    }

    pub fn put(&self, file: &str, text: &str) {
        fs::write(self.folder().join(file), text).unwrap();
    }

    /// Puts another text in the place of one that is there.
    pub fn replace(&self, file: &str, old: &str, new: &str) {
        let before = self.read(file);
        assert!(before.contains(old), "{before}");
        self.put(file, &before.replace(old, new));
    }
}

/// With the tool chains that `cargo xtask test` puts into `target/tools/authors` first on the way to programs, and what they
/// keep for the next time in one place.
pub fn with_tools(command: &mut Command) -> &mut Command {
    let tools = root().join("target/tools/authors");
    assert!(tools.join("bin/python3").exists(), "{} is not there; `cargo xtask test` makes it", tools.display());
    let path = format!("{}:{}", tools.join("bin").display(), std::env::var("PATH").unwrap());
    command
        .env("PATH", path)
        .env("CARGO_TARGET_DIR", shared_target())
        .env("ZIG_GLOBAL_CACHE_DIR", tools.join("zig-cache"))
        .env("GOCACHE", tools.join("go-cache"))
        // No module is fetched for Go.
        .env("GOPROXY", "off")
}

/// Calls a tool of the skill in a world.
pub fn call(world: &World, tool: &str, input: &Value, grants: &[&str]) -> Ran {
    let input = input.to_string();
    let mut arguments = vec!["call", "./skill.wasm", tool, "--input", &input];
    arguments.extend(grants.iter().flat_map(|grant| ["--grant", grant]));
    world.run(&arguments)
}
