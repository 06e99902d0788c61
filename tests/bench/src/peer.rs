//! The peer: ACT, which calls tools in components too. Its program comes from PyPI, into a folder of its own; the
//! component is `act-hello`, since each host has its own interfaces.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const PACKAGE: &str = "act-cli==0.14.6";

/// An installed peer and a component that it can call.
pub(crate) struct Peer {
    program: PathBuf,
    component: PathBuf,
}

impl Peer {
    /// Installs and builds what is missing.
    ///
    /// # Errors
    /// Where this machine has no Python with venv, or packages can't be fetched: then there is nothing to compare with.
    pub(crate) fn prepare(folder: &Path) -> Result<Self> {
        let (environment, built) = (folder.join("act"), folder.join("act-hello"));
        let program = environment.join("bin/act");
        if !program.exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
            run(Command::new(environment.join("bin/pip")).args(["install", "--quiet", PACKAGE]))?;
        }
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("act-hello/Cargo.toml");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        run(Command::new(cargo)
            .args(["build", "--quiet", "--release", "--target", "wasm32-wasip2"])
            .arg("--manifest-path")
            .arg(manifest)
            .arg("--target-dir")
            .arg(&built))?;
        Ok(Self { program, component: built.join("wasm32-wasip2/release/act_hello.wasm") })
    }

    /// One call from the command line.
    pub(crate) fn greet(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("call").arg(&self.component).args(["greet", "--args", r#"{"name":"x"}"#]);
        command
    }
}

fn run(command: &mut Command) -> Result<()> {
    let name = Path::new(command.get_program()).display().to_string();
    let output = command.output().with_context(|| format!("{name} could not be started"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed: {}", complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default());
    }
    Ok(())
}
