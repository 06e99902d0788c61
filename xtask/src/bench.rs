//! The benchmarks: builds what they measure, in release, and runs them in one go.

use crate::process::{cargo, root, run as start};
use crate::{attacks, components, setup, skillbench};
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};
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
    setup::add_registry_client()?;
    setup::add_author_tools()?;
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
    eprintln!("Measuring    attacks");
    let ran = attacks::run_all()?;
    println!(
        "attacks.count {}, of which {} tests hold all, in attacks.time_s {:.1}",
        ran.rows(),
        ran.tests,
        ran.time.as_secs_f64()
    );
    eprintln!("Measuring    skillbench");
    let quality = skillbench::figures()?;
    if let Some(file) = &json {
        let rounded = |value: f64| Value::from((value * 10.0).round() / 10.0);
        let attacks = [
            ("attacks.count", ran.rows() as f64),
            ("attacks.tests", ran.tests as f64),
            ("attacks.time_s", ran.time.as_secs_f64()),
        ];
        add(file, attacks.map(|(id, value)| (id.to_owned(), rounded(value))).into_iter().chain(quality))?;
        eprintln!("Written      {}", file.display());
    }
    Ok(())
}

/// Adds figures to those that were written.
fn add(file: &Path, figures: impl IntoIterator<Item = (String, Value)>) -> Result<()> {
    let text = std::fs::read_to_string(file)?;
    let mut all: Map<String, Value> = serde_json::from_str(&text)?;
    all.extend(figures);
    std::fs::write(file, format!("{:#}\n", Value::Object(all))).with_context(|| file.display().to_string())
}
