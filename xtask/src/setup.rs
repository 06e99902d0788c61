//! What building needs, installed where it can be, named with its command where it can't.

use crate::components;
use crate::process::{self, output};
use anyhow::{Result, bail};
use std::process::Command;

const TARGET: &str = "wasm32-wasip2";

pub(crate) fn run() -> Result<()> {
    add_tools(BUILD_TOOLS)?;
    add_target()?;
    components::build_skills()
}

/// What every build needs: a way to ask for it, and the packages that have it.
const BUILD_TOOLS: &[(&[&str], &str)] = &[(&["gcc", "--version"], "gcc libc6-dev"), (&["git", "--version"], "git")];

/// What the tests on real packages need beyond that.
const TEST_TOOLS: &[(&[&str], &str)] = &[
    (&["node", "--version"], "nodejs"),
    (&["npm", "--version"], "npm"),
    (&["python3", "-m", "pip", "--version"], "python3 python3-pip python3-setuptools python3-wheel"),
    (&["tar", "--version"], "tar"),
];

/// Installs what the tests need, where this user may, and says how otherwise.
pub(crate) fn add_test_tools() -> Result<()> {
    add_tools(TEST_TOOLS)
}

fn add_tools(tools: &[(&[&str], &str)]) -> Result<()> {
    let is_there = |ask: &[&str]| output(Command::new(ask[0]).args(&ask[1..])).is_ok();
    let missing: Vec<&str> = tools.iter().filter(|(ask, _)| !is_there(ask)).map(|(_, packages)| *packages).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    eprintln!("Setting up   {packages}, with apt-get");
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends"]).args(packages.split(' '));
    install.env("DEBIAN_FRONTEND", "noninteractive");
    // The list of packages may be old, or not there yet.
    let _ = Command::new("apt-get").args(["update", "--quiet"]).status();
    if process::run(&mut install).is_err() {
        bail!("these packages are missing; to install them, as root: apt-get install {packages}");
    }
    Ok(())
}

fn add_target() -> Result<()> {
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    if std::path::Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET).is_dir() {
        return Ok(());
    }
    eprintln!("Setting up   the {TARGET} target of rustc, with rustup");
    if process::run(Command::new("rustup").args(["target", "add", TARGET])).is_err() {
        bail!("the {TARGET} target is missing; to add it: rustup target add {TARGET}");
    }
    Ok(())
}
