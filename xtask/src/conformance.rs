//! How the guarded file system behaves, against stock WASI: builds the guests and the program that runs them.

use crate::process::{cargo, root, run as start};
use crate::{components, setup};
use anyhow::Result;
use std::process::Command;

pub(crate) fn run(cases: &[&str]) -> Result<()> {
    setup::run()?;
    components::build_guests()?;
    let target = root().join("target");
    // As the tests build it: another set of features would build Wasmtime once more.
    start(
        cargo()
            .args([
                "test",
                "--locked",
                "--quiet",
                "--workspace",
                "--exclude",
                "guest-*",
                "--no-run",
                "--test",
                "guarded",
            ])
            .arg("--target-dir")
            .arg(&target),
    )?;
    let mut conformance = Command::new(target.join("debug/skillhost-conformance"));
    if cases.is_empty() {
        conformance.arg("--write");
    }
    start(conformance.args(cases).current_dir(root()))
}
