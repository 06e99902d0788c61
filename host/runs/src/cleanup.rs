//! Removing what no run needs. Nothing that is not saved elsewhere is ever lost: what a tree holds uncommitted is saved
//! in the user's repository first, and a tree that can't be saved stays.

use crate::ambient;
use crate::ledger::{AgentRow, Ledger, LedgerError, RunState, Sealer, list};
use skillhost_audit::Keyring;
use skillhost_core::name::RunId;
use skillhost_worktree::Repository;
use std::path::{Path, PathBuf};

/// What was done with one tree.
#[derive(Debug)]
pub enum Removed {
    /// It is gone, or would be.
    Tree {
        /// Where it was.
        path: PathBuf,
        /// The ref that holds what was not committed.
        rescued: Option<String>,
    },
    /// It stays, for this reason.
    Kept(String),
}

/// Removes the trees of runs that ended.
///
/// # Errors
/// Where the list of runs can't be read.
pub fn clean(runs: &Path, keyring: &Keyring, dry_run: bool) -> Result<Vec<(RunId, Removed)>, LedgerError> {
    let mut outcomes = Vec::new();
    for listed in list(runs, |run| Sealer::existing(keyring, run))? {
        let run = match listed.run {
            Ok(run) => run,
            Err(error) => {
                outcomes.push((listed.id, Removed::Kept(format!("its ledger can't be read: {error}"))));
                continue;
            }
        };
        if run.state == RunState::Running {
            outcomes.push((listed.id, Removed::Kept("it is at work".to_owned())));
            continue;
        }
        let agents = Sealer::existing(keyring, &listed.id)
            .and_then(|sealer| Ledger::open(&listed.folder, sealer))
            .and_then(|ledger| ledger.agents());
        for agent in agents? {
            if ambient::is_there(&agent.worktree.dir) {
                let removed = remove(&agent, Path::new(&run.repository), dry_run).unwrap_or_else(Removed::Kept);
                outcomes.push((listed.id.clone(), removed));
            }
        }
        if !dry_run {
            // Made anew where they are needed, from what is in git.
            for folder in ambient::folders(&listed.folder)? {
                let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                if name == "repository" || name.starts_with("gates-") {
                    ambient::remove_folder(&folder)?;
                }
            }
        }
    }
    Ok(outcomes)
}

fn remove(agent: &AgentRow, repository: &Path, dry_run: bool) -> Result<Removed, String> {
    let path = agent.worktree.dir.clone();
    if dry_run {
        return Ok(Removed::Tree { path, rescued: None });
    }
    let repository = Repository::open(repository).map_err(|e| format!("its repository can't be opened: {e}"))?;
    let saved = repository
        .rescue(&agent.worktree, skillhost_worktree::MAX_RESCUE_BYTES)
        .map_err(|e| format!("what is in it can't be saved: {e}"))?;
    repository.remove_worktree(&agent.worktree).map_err(|e| format!("it can't be removed: {e}"))?;
    let reference = format!("refs/skillhost/rescue/{}-{}", agent.worktree.run, agent.worktree.agent);
    Ok(Removed::Tree { path, rescued: saved.map(|_| reference) })
}
