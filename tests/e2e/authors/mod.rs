//! Skills that are written in other languages than Rust, each built with its own tools, outside of this repository.

mod javascript;

use crate::support::{Ran, ran};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Copies a folder of sources, without what was installed and built in it.
fn copy_sources(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if entry.file_type().unwrap().is_dir() {
            if name != "node_modules" && name != "build" {
                copy_sources(&entry.path(), &to.join(name));
            }
        } else {
            fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

/// Runs a tool of the language in a folder.
fn tool(folder: &Path, line: &[&str]) -> Ran {
    let output = Command::new(line[0]).args(&line[1..]).current_dir(folder).output();
    ran(output.unwrap_or_else(|e| panic!("{line:?} could not be started, and this test needs it: {e}")))
}

/// The same, where it has to succeed.
fn tool_succeeds(folder: &Path, line: &[&str]) -> Ran {
    let ran = tool(folder, line);
    assert_eq!(ran.code, Some(0), "{line:?} in {}: {ran:#?}", folder.display());
    ran
}
