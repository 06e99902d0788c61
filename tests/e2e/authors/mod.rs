//! Writing a skill: from a tool chain's output, or from sources, to a file that somebody else can install.

mod compiled;
mod component;
mod conformance;
mod diagnostics;
mod javascript;
mod new;
pub mod project;
mod python;
mod rules_for_make;
mod todo_report;
mod told_tools;
mod toolchains;
mod traps_and_traces;

use crate::support::{World, root, wait_until};
use skillhost_core::manifest;
use skillhost_test_support::sections::{CUSTOM, Section, join, split};
use std::fs;
use std::path::{Path, PathBuf};

/// The manifest of a skill that greets, and asks for this.
pub fn greeter(capabilities: &str) -> String {
    let text = fs::read_to_string(root().join("tests/guests/hello/skill.toml")).unwrap();
    text.replace("[[tool]]", &format!("[capabilities]\n{capabilities}\n[[tool]]"))
}

/// What a tool chain left of a guest: the component without its manifest.
pub fn left_of(guest: &str) -> Vec<u8> {
    let built = root().join(format!("target/guests/{guest}.wasm"));
    let built = fs::read(&built).unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask test` builds it", built.display()));
    let (header, mut sections) = split(&built).unwrap();
    let embedded = Section::custom(manifest::SECTION, b"");
    sections.retain(|section| !(section.id == CUSTOM && section.content.starts_with(&embedded.content)));
    join(&header, &sections)
}

/// A file of the repository.
pub fn put(world: &World, file: &str, bytes: &[u8]) {
    let path = world.repo().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Where cargo builds what these tests build: in one place, so that dependencies are built once.
pub fn shared_target() -> PathBuf {
    root().join("target/authors")
}

/// Copies a folder of sources, without what was installed and built in it.
fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            if name != "node_modules" && name != "build" && name != "__pycache__" {
                copy_sources(&entry.path(), &to.join(name));
            }
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// A Makefile that starts a process which outlives any test, and waits for it.
pub const SLEEPS: &[u8] = b"all:\n\t@sleep 3600 & echo $$! >new; mv new sleeper; wait\n";

/// Waits until that process is at work, and gives its id.
pub fn sleeper(world: &World) -> String {
    let told = || fs::read_to_string(world.repo().join("sleeper")).unwrap_or_default().trim().to_owned();
    // It is named before it is what it becomes.
    wait_until("the tool chain is at work", || sleeps(&told()));
    told()
}

/// Whether it is, still.
pub fn sleeps(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| stat.contains("(sleep) S"))
}
