//! Tries the fourth wall: a repository whose configuration and hooks execute something, used as a run uses one.

use crate::ambient;
use crate::commit::CommitRequest;
use crate::create::NewWorktree;
use crate::error::WorktreeError;
use crate::repository::Repository;
use skillhost_core::measured::Measured;
use skillhost_core::name::{AgentId, RunId};
use skillhost_core::path::SkillPath;
use std::collections::BTreeSet;
use std::path::Path;

/// Keys whose values git executes.
const KEYS: [&str; 8] = [
    "core.fsmonitor",
    "core.sshCommand",
    "core.editor",
    "core.askPass",
    "credential.helper",
    "gpg.program",
    "filter.evil.clean",
    "filter.evil.smudge",
];
const HOOKS: [&str; 6] =
    ["pre-commit", "commit-msg", "post-commit", "post-checkout", "reference-transaction", "post-index-change"];

/// Makes such a repository in `folder`, creates a worktree from it, commits there, and checks that commit out.
pub fn measure(folder: &Path) -> Measured {
    let tried = format!("use a repository with {} keys and {} hooks that execute", KEYS.len(), HOOKS.len());
    match attempt(folder) {
        Ok(None) => Measured::new(tried, false, "not tried: the script leaves no trace when it is executed"),
        Ok(Some(false)) => {
            Measured::new(tried, true, "a worktree, a commit and a checkout were made; nothing was executed")
        }
        Ok(Some(true)) => Measured::new(tried, false, "something was executed"),
        Err(error) => Measured::new(tried, false, error.to_string()),
    }
}

/// Whether something was executed; none where that could not be told.
fn attempt(folder: &Path) -> Result<Option<bool>, WorktreeError> {
    let (dir, trace) = (folder.join("repository"), folder.join("executed"));
    let script = folder.join("script");
    let text = format!("#!/bin/sh\necho \"$0\" >> '{}'\ncat\n", trace.display());
    ambient::write_program(&script, text.as_bytes())?;
    // What executes it leaves a trace, or that there is none would say nothing.
    ambient::run_own_script(&script)?;
    if ambient::kind_of(&trace).is_none() {
        return Ok(None);
    }
    ambient::remove_file(&trace)?;
    prepare(&dir, &script, &text)?;
    let repository = Repository::open(&dir)?;
    let (run, agent) = (RunId::from_random([0; 8]), AgentId::main());
    let branch = format!("skillhost/doctor-{run}");
    let base = repository.resolve("HEAD")?;
    let worktree = repository.create_worktree(NewWorktree { run, agent, base, branch, dir: folder.join("tree") })?;
    let file = SkillPath::root().join("file").map_err(|_| git2::Error::from_str("no path"))?;
    worktree.write_file(&file, b"changed\n")?;
    let written = BTreeSet::from([file]);
    worktree.changes(&written)?;
    let author = Some(("Doctor".to_owned(), "doctor@localhost".to_owned()));
    let request = CommitRequest { author, ..CommitRequest::new("A change", &written) };
    if let Some(commit) = worktree.commit(request)?.commit {
        repository.checkout(&commit, &folder.join("gate"))?;
    }
    Ok(Some(ambient::kind_of(&trace).is_some()))
}

/// One commit with a file and the attributes that name the filters, then everything that executes.
fn prepare(dir: &Path, script: &Path, text: &str) -> Result<(), WorktreeError> {
    let git = ambient::init_user_repository(dir)?;
    let mut tree = git.treebuilder(None)?;
    for (name, content) in [("file", "text\n"), (".gitattributes", "* filter=evil\n")] {
        tree.insert(name, git.blob(content.as_bytes())?, 0o100_644)?;
    }
    let tree = git.find_tree(tree.write()?)?;
    let who = git2::Signature::new("Doctor", "doctor@localhost", &git2::Time::new(0, 0))?;
    git.commit(Some("HEAD"), &who, &who, "First", &tree, &[])?;
    let mut config = git.config()?.open_level(git2::ConfigLevel::Local)?;
    for key in KEYS {
        config.set_str(key, &script.display().to_string())?;
    }
    for hook in HOOKS {
        ambient::write_program(&dir.join(".git/hooks").join(hook), text.as_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;

    #[test]
    fn g_01_g_02_g_03_what_would_execute_for_git_does_not_here() {
        let folder = tempfile::tempdir().unwrap();
        let measured = measure(folder.path());
        assert!(measured.holds, "{measured:?}");
        // For git itself it does, so there was something to execute.
        let git = |arguments: &[&str]| {
            let mut command = std::process::Command::new("git");
            command
                .args(arguments)
                .current_dir(folder.path().join("repository"))
                .env("HOME", folder.path())
                .output()
                .unwrap()
        };
        git(&["checkout", "--quiet", "--", "file"]);
        git(&["status"]);
        assert!(folder.path().join("executed").exists());
    }
}
