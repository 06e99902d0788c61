//! Sixteen worktrees at once, against `git worktree add` one after the other (at once, it fails on its own locks).

use crate::figures::Figures;
use crate::rounds::{alternate, time};
use anyhow::{Context, Result, anyhow, ensure};
use skillhost_core::name::AgentId;
use skillhost_worktree::{CommitId, NewWorktree, Repository};
use std::path::Path;
use std::process::Command;

const ROUNDS: usize = 5;
const TREES: usize = 16;
const FOLDERS: usize = 50;
const FILES_PER_FOLDER: usize = 100;

pub(crate) fn measure(figures: &mut Figures) -> Result<()> {
    let temporary = crate::memory_folder()?;
    let repository = temporary.path().join("repository");
    make_repository(&repository)?;
    let ours = Repository::open(&repository)?;
    let base = ours.resolve("main")?;
    let trees = temporary.path().join("trees");

    let mut round = 0;
    let [host, git] = alternate(
        ROUNDS,
        [
            &mut || {
                round += 1;
                std::fs::create_dir(&trees)?;
                let took = time(|| create_at_once(&ours, &base, &trees, round))?;
                count_files(&trees.join("tree-0"))?;
                std::fs::remove_dir_all(&trees)?;
                Ok(took)
            },
            &mut || {
                std::fs::create_dir(&trees)?;
                let took = time(|| add_one_by_one(&repository, &trees))?;
                count_files(&trees.join("tree-0"))?;
                std::fs::remove_dir_all(&trees)?;
                git_in(&repository, &["worktree", "prune"])?;
                Ok(took)
            },
        ],
    )?;
    figures.ratio("worktrees.vs_git_ratio", 1.0, ("worktrees.host_ms", host), ("worktrees.git_ms", git));
    Ok(())
}

fn create_at_once(repository: &Repository, base: &CommitId, trees: &Path, round: usize) -> Result<()> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TREES)
            .map(|n| {
                scope.spawn(move || -> Result<()> {
                    let run = format!("r{round:03}t{n:02}");
                    repository.create_worktree(NewWorktree {
                        branch: format!("bench/{run}"),
                        run: run.parse()?,
                        agent: AgentId::main(),
                        base: *base,
                        dir: trees.join(format!("tree-{n}")),
                    })?;
                    Ok(())
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?)
    })
}

fn add_one_by_one(repository: &Path, trees: &Path) -> Result<()> {
    for n in 0..TREES {
        let tree = trees.join(format!("tree-{n}"));
        let tree = tree.to_str().context("the folder's name is not UTF-8")?;
        git_in(repository, &["worktree", "add", "--quiet", "--detach", tree, "main"])?;
    }
    Ok(())
}

fn count_files(tree: &Path) -> Result<()> {
    let mut count = 0;
    for n in 0..FOLDERS {
        count += std::fs::read_dir(tree.join(format!("folder-{n:02}")))?.count();
    }
    ensure!(count == FOLDERS * FILES_PER_FOLDER, "a worktree has {count} files");
    Ok(())
}

fn make_repository(folder: &Path) -> Result<()> {
    for n in 0..FOLDERS {
        let inner = folder.join(format!("folder-{n:02}"));
        std::fs::create_dir_all(&inner)?;
        for m in 0..FILES_PER_FOLDER {
            let line = format!("line {m} of folder {n}\n");
            std::fs::write(inner.join(format!("file-{m:03}.txt")), line.repeat(m + 1))?;
        }
    }
    git_in(folder, &["init", "--quiet", "--initial-branch", "main"])?;
    git_in(folder, &["add", "--all"])?;
    git_in(folder, &["commit", "--quiet", "--message", "files"])
}

/// Git as it is without anybody's configuration.
fn git_in(folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new("git")
        .current_dir(folder)
        .args(["-c", "user.name=bench", "-c", "user.email=bench@example.com"])
        .args(arguments)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .context("git could not be started")?;
    ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
