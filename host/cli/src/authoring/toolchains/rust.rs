//! Cargo. It says itself where it leaves what it built.

use super::{Programs, Take};
use crate::ambient::{absolute, exists};
use crate::failure::{Exit, Failure};
use serde::Deserialize;
use skillhost_component::Debug;
use std::path::{Path, PathBuf};

/// What skills are built for.
const TARGET: &str = "wasm32-wasip2";
/// What makes a trap able to tell lines, whatever the project's own profile says.
const WITH_LINES: [&str; 4] =
    ["--config", "profile.release.debug='line-tables-only'", "--config", "profile.release.strip='none'"];
/// How cargo comes to a machine.
pub(super) const INSTALL: &str = "rustup, from https://rustup.rs";

/// What cargo says of something that it built; every other line of it is not of this shape.
#[derive(Deserialize)]
struct Artifact {
    reason: String,
    manifest_path: PathBuf,
    target: Target,
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

pub(super) async fn build(programs: &mut Programs<'_>) -> Result<PathBuf, Failure> {
    find_target(programs).await?;
    let manifest = absolute(Path::new("Cargo.toml")).ok();
    let mut built = None;
    let mut line = vec!["cargo", "build", "--release", "--target", TARGET, "--message-format=json-render-diagnostics"];
    if programs.debug == Debug::Keep {
        line.extend(WITH_LINES);
    }
    let line: Vec<String> = line.into_iter().map(str::to_owned).collect();
    programs
        .run(&line, |line| {
            if !line.starts_with("{\"reason\":") {
                return Take::Show;
            }
            if let Ok(Artifact { reason, manifest_path, target, filenames }) = serde_json::from_str(line)
                && reason == "compiler-artifact"
                && target.kind.iter().any(|kind| kind == "cdylib")
                && absolute(&manifest_path).ok() == manifest
            {
                built = filenames
                    .into_iter()
                    .find(|file| file.extension().is_some_and(|end| end == "wasm"))
                    .or(built.take());
            }
            Take::Keep
        })
        .await?;
    built.ok_or_else(|| {
        Failure::new(Exit::Configuration, "cargo built nothing here that can be a skill")
            .hint("a skill is a library, with `crate-type = [\"cdylib\"]` under [lib] of its Cargo.toml")
    })
}

/// Says early, and with the command to run, that the target is missing: cargo says it with each crate.
async fn find_target(programs: &mut Programs<'_>) -> Result<(), Failure> {
    let folder = programs.ask(&["rustc", "--print", "target-libdir", "--target", TARGET]).await?;
    if exists(Path::new(&folder)) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Configuration,
        format!("Rust can't build for {TARGET} yet: its standard library is missing"),
    )
    .hint(format!("rustup target add {TARGET}")))
}
