//! The benchmarks: builds what they measure, in release, and runs them in one go.

use crate::process::{cargo, root, run as start};
use crate::{components, setup};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

pub(crate) fn run(options: &[&str]) -> Result<()> {
    let json = match options {
        [] => None,
        // Absolute: programs are started in the workspace's root.
        ["--json", file] => Some(std::path::absolute(Path::new(file)).context("--json")?),
        _ => bail!("usage: cargo xtask bench [--json FILE]"),
    };
    setup::run()?;
    components::build_guests()?;
    let target = root().join("target");
    start(
        cargo()
            .args(["build", "--release", "--package", "skillhost", "--package", "skillhost-bench"])
            .arg("--target-dir")
            .arg(&target),
    )?;
    let mut bench = Command::new(target.join("release/skillhost-bench"));
    bench.current_dir(root());
    if let Some(file) = json {
        bench.arg("--json").arg(file);
    }
    start(&mut bench)
}
