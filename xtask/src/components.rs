//! Building components from source, with their manifests embedded.

use crate::process::{cargo, root, run};
use crate::setup;
use anyhow::{Context, Result};
use skillhost_component::{Debug, make};
use std::fs;
use std::path::{Path, PathBuf};

/// The skills that ship with the host.
const SKILLS: [&str; 4] = ["spec", "review", "implement", "verify"];

/// Builds the bundled skills as `target/skills/NAME.wasm`.
pub(crate) fn build_skills() -> Result<()> {
    let folders = SKILLS.map(|name| (format!("skill-{name}"), name.to_owned(), root().join("skills").join(name)));
    build(&folders, &root().join("target/skills"))
}

/// The guest that is a module for preview 1, and made a component by those who run it.
const PREVIEW1_GUEST: &str = "conformance-p1";

/// Builds the guests that tests and benchmarks use as `target/guests/NAME.wasm`.
pub(crate) fn build_guests() -> Result<()> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root().join("tests/guests")).context("tests/guests")? {
        let folder = entry?.path();
        if let Some(name) = folder.file_name().and_then(|name| name.to_str())
            && folder.join("skill.toml").exists()
        {
            folders.push((format!("guest-{name}"), name.to_owned(), folder.clone()));
        }
    }
    folders.sort();
    build(&folders, &root().join("target/guests"))?;
    build_third_party()?;
    setup::add_test_target()?;
    let built = compile(&[&format!("guest-{PREVIEW1_GUEST}")], "wasm32-wasip1")?;
    let module = built.join(format!("guest_{}.wasm", PREVIEW1_GUEST.replace('-', "_")));
    let bytes = fs::read(&module).with_context(|| module.display().to_string())?;
    write_if_changed(&root().join("target/guests").join(format!("{PREVIEW1_GUEST}.core.wasm")), &bytes)
}

/// A skill of somebody else's, a project of its own.
const THIRD_PARTY: &str = "licence-check";

/// Builds it as `skillhost build` does, and where the tests of that command look for what is built already.
fn build_third_party() -> Result<()> {
    let folder = root().join("tests/fixtures").join(THIRD_PARTY);
    let target = root().join("target/authors");
    let mut command = cargo();
    command.current_dir(&folder).args(["build", "--locked", "--quiet", "--release", "--target", "wasm32-wasip2"]);
    run(command.arg("--target-dir").arg(&target))?;
    let left = target.join("wasm32-wasip2/release").join(format!("skill_{}.wasm", THIRD_PARTY.replace('-', "_")));
    embed(&left, &folder.join("skill.toml"), &root().join("target/guests").join(format!("{THIRD_PARTY}.wasm")))
}

fn build(packages: &[(String, String, PathBuf)], into: &Path) -> Result<()> {
    let names: Vec<&str> = packages.iter().map(|(package, _, _)| package.as_str()).collect();
    let built = compile(&names, "wasm32-wasip2")?;
    fs::create_dir_all(into)?;
    for (package, name, folder) in packages {
        let file = built.join(format!("{}.wasm", package.replace('-', "_")));
        embed(&file, &folder.join("skill.toml"), &into.join(format!("{name}.wasm")))?;
    }
    Ok(())
}

/// Makes a skill of what cargo left, and its manifest.
fn embed(left: &Path, manifest: &Path, into: &Path) -> Result<()> {
    let component = fs::read(left).with_context(|| left.display().to_string())?;
    let text = fs::read_to_string(manifest).with_context(|| manifest.display().to_string())?;
    let made = make(&component, &text, Debug::Strip).with_context(|| manifest.display().to_string())?;
    write_if_changed(into, &made.bytes)
}

/// Compiles packages for a target of WebAssembly; gives the folder that they are in.
fn compile(packages: &[&str], target: &str) -> Result<PathBuf> {
    let folder = root().join("target");
    let mut command = cargo();
    command
        .args(["build", "--locked", "--quiet", "--profile", "skill", "--target", target])
        .arg("--target-dir")
        .arg(&folder);
    for package in packages {
        command.args(["--package", package]);
    }
    run(&mut command)?;
    Ok(folder.join(target).join("skill"))
}

/// An unchanged file keeps its time, so that nothing that includes it is built again.
fn write_if_changed(file: &Path, bytes: &[u8]) -> Result<()> {
    if fs::read(file).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    fs::write(file, bytes).with_context(|| file.display().to_string())
}
