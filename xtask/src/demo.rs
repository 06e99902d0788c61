//! The main job on a sample application, with a scripted model: no key, no network.

use crate::process::{cargo, data, output, root, run as start};
use crate::setup;
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which program it shows.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    /// As users get it, built here.
    Release,
    /// As the tests have built it already.
    Dev,
}

pub(crate) fn run() -> Result<()> {
    run_with(Profile::Release)
}

pub(crate) fn run_with(profile: Profile) -> Result<()> {
    eprintln!("Setting up   what building needs, and the bundled skills");
    setup::run()?;
    let program = match profile {
        Profile::Release => {
            eprintln!("Building     skillhost (minutes the first time: Wasmtime is large)");
            start(cargo().args(["build", "--locked", "--quiet", "--release", "--package", "skillhost"]))?;
            root().join("target/release/skillhost")
        }
        Profile::Dev => root().join("target/debug/skillhost"),
    };
    present(&program, &new_folder()?)
}

fn present(program: &Path, folder: &Path) -> Result<()> {
    show(program, folder).with_context(|| {
        format!(
            "the demo did not end as it should; the lines above say why, `{} doctor` what this machine lacks, and what \
             there is stays in {}",
            program.display(),
            folder.display()
        )
    })
}

fn show(program: &Path, folder: &Path) -> Result<()> {
    let repository = folder.join("app");
    make_repository(&repository)?;
    eprintln!("Demo         a sample web application in {}", repository.display());
    eprintln!(
        "             the model is scripted: it plays back tests/fixtures/demo/script.jsonl, no key, no network\n"
    );
    let script = root().join("tests/fixtures/demo/script.jsonl");
    let mut command = Command::new(program);
    command
        .arg("-C")
        .arg(&repository)
        .arg("--state-dir")
        .arg(folder.join("state"))
        .args(["run", "Add a lead-capture page that records consent"])
        .arg("--model")
        .arg(format!("replay:{}", script.display()));
    // Progress goes to the terminal as it comes; the data is the pull request's place.
    let pull_request = data(&mut command)?;
    let branch = output(git(&repository).args(["branch", "--list", "skillhost/*", "--format=%(refname:short)"]))?;
    let branch = branch.trim();
    let spec = output(git(&repository).args(["ls-tree", "-r", "--name-only", branch, "specs/"]))?;
    println!("pull request   {}", pull_request.trim());
    println!("repository     {}", repository.display());
    println!("branch         {branch}");
    println!("spec           {branch}:{}", spec.trim());
    println!("look           git -C {} log --stat main..{branch}", repository.display());
    Ok(())
}

/// A new folder that stays, so that people can look at it.
fn new_folder() -> Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("skillhost-demo-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    Ok(fs::canonicalize(folder)?)
}

fn make_repository(repository: &Path) -> Result<()> {
    copy(&root().join("tests/fixtures/demo/app"), repository)?;
    start(git(repository).args(["init", "--quiet", "--initial-branch=main"]))?;
    start(git(repository).args(["add", "--all"]))?;
    start(git(repository).args(["commit", "--quiet", "--message", "A small shop"]))
}

/// git, with an identity of its own and nobody's configuration.
fn git(repository: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(["-c", "user.name=Demo", "-c", "user.email=demo@localhost"]);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    command
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                copy(&entry.path(), &target)?;
            }
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests::Empty;

    #[test]
    fn a_demo_that_fails_says_what_to_do() {
        let machine = Empty::new().with_program("skillhost", "exit 4");
        let folder = machine.programs();
        let error = present(&folder.join("skillhost"), &folder).expect_err("it ended with 4");
        let said = error.to_string();
        for text in ["the lines above say why", "skillhost doctor", folder.to_str().expect("a text")] {
            assert!(said.contains(text), "{text}: {said}");
        }
        assert!(format!("{error:#}").contains("exit status: 4"), "{error:#}");
        assert!(folder.join("app/src/main.rs").is_file(), "what there is stays");
    }
}
