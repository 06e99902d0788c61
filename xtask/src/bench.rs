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
    eprintln!("Setting up   what building needs, and the bundled skills");
    setup::run()?;
    if let Err(error) = setup::add_peer_tools() {
        eprintln!("Without a peer to compare with: {error}");
    }
    components::build_guests()?;
    let target = root().join("target");
    eprintln!("Building     skillhost and the benchmarks (minutes the first time: Wasmtime is large)");
    start(
        cargo()
            .args([
                "build",
                "--locked",
                "--quiet",
                "--release",
                "--package",
                "skillhost",
                "--package",
                "skillhost-bench",
            ])
            .arg("--target-dir")
            .arg(&target),
    )?;
    let mut bench = Command::new(target.join("release/skillhost-bench"));
    bench.current_dir(root());
    if let Some(file) = &json {
        bench.arg("--json").arg(file);
    }
    start(&mut bench)?;
    if let Some(file) = &json {
        eprintln!("Written      {}", file.display());
    }
    Ok(())
}
