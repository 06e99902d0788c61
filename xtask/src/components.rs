//! Building components from source, with their manifests embedded.

use crate::process::{cargo, root, run};
use crate::setup;
use anyhow::{Context, Result};
use skillhost_core::manifest;
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
    setup::add_test_target()?;
    let built = compile(&[&format!("guest-{PREVIEW1_GUEST}")], "wasm32-wasip1")?;
    let module = built.join(format!("guest_{}.wasm", PREVIEW1_GUEST.replace('-', "_")));
    let bytes = fs::read(&module).with_context(|| module.display().to_string())?;
    write_if_changed(&root().join("target/guests").join(format!("{PREVIEW1_GUEST}.core.wasm")), &bytes)
}

fn build(packages: &[(String, String, PathBuf)], into: &Path) -> Result<()> {
    let names: Vec<&str> = packages.iter().map(|(package, _, _)| package.as_str()).collect();
    let built = compile(&names, "wasm32-wasip2")?;
    fs::create_dir_all(into)?;
    for (package, name, folder) in packages {
        let file = built.join(format!("{}.wasm", package.replace('-', "_")));
        let component = fs::read(&file).with_context(|| file.display().to_string())?;
        let manifest = folder.join("skill.toml");
        let text = fs::read_to_string(&manifest).with_context(|| manifest.display().to_string())?;
        let whole = manifest::embed(&component, &text).with_context(|| manifest.display().to_string())?;
        write_if_changed(&into.join(format!("{name}.wasm")), &whole)?;
    }
    Ok(())
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
