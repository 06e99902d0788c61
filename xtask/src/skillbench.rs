//! The measure of quality: builds the program as the tests do, and lets `skillhost-skillbench` run its tasks.

use crate::process::{cargo, root, run as start};
use crate::setup;
use anyhow::{Context, Result};
use serde_json::{Map, Value};
use std::process::Command;

/// All scripts, or a real model; the words are for the program.
pub(crate) fn run(words: &[&str]) -> Result<()> {
    prepare()?;
    start(program().args(words))
}

/// The figures of all scripts.
pub(crate) fn figures() -> Result<Map<String, Value>> {
    prepare()?;
    let file = root().join("target/skillbench/figures.json");
    start(program().arg("--json").arg(&file))?;
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    Ok(serde_json::from_str(&text)?)
}

fn prepare() -> Result<()> {
    setup::run()?;
    setup::add_test_tools()?;
    // As the tests build it: another set of features would build Wasmtime once more.
    let tests = ["--test", "suite", "--test", "e2e"];
    start(
        cargo()
            .args(["test", "--locked", "--quiet", "--workspace", "--exclude", "guest-*", "--no-run"])
            .args(tests)
            .arg("--target-dir")
            .arg(root().join("target")),
    )
}

/// Starts where the user is: paths in its arguments are the user's.
fn program() -> Command {
    Command::new(root().join("target/debug/skillhost-skillbench"))
}
