//! Making an agent's tree.
//!
//! The files come first, the refs last, so that a kill in between leaves nothing in the user's repository. A marker
//! beside the tree tells what such a kill left from a tree that is somebody's.

use crate::ambient;
use crate::branch;
use crate::checkout::{remove_directory, write_snapshot};
use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::record::WorktreeRecord;
use crate::repository::Repository;
use crate::snapshot::Snapshot;
use crate::worktree::Worktree;
use skillhost_core::name::{AgentId, RunId};
use std::path::PathBuf;

/// What a new worktree is for.
#[derive(Debug, Clone)]
pub struct NewWorktree {
    /// The run.
    pub run: RunId,
    /// The agent, unique within the run.
    pub agent: AgentId,
    /// The commit that it begins from.
    pub base: CommitId,
    /// The branch to make, without `refs/heads/`. The run's id is a word of it.
    pub branch: String,
    /// Where the tree goes: a directory that does not exist, in one that does.
    pub dir: PathBuf,
}

impl Repository {
    /// A worktree that is not there yet, so that what has to be remembered can be written down before anything is made.
    ///
    /// # Errors
    /// Where the name is no branch of the run, or the directory would lie in one that isn't there or has a name that is
    /// no text.
    pub fn plan_worktree(&self, new: NewWorktree) -> Result<Worktree, WorktreeError> {
        branch::check_name(&new.run, &new.branch)?;
        let (Some(parent), Some(name)) = (new.dir.parent(), new.dir.file_name()) else {
            return Err(WorktreeError::Record { path: new.dir });
        };
        let record = WorktreeRecord {
            dir: ambient::canonical(parent)?.join(name),
            run: new.run,
            agent: new.agent,
            base: new.base,
            branch: new.branch,
            git_directory: self.common_directory().to_owned(),
        };
        ambient::require_text(&record.dir)?;
        Ok(Worktree::new(record, Vec::new()))
    }

    /// Makes an agent's tree and its branch. Any number of processes can do so at once.
    ///
    /// # Errors
    /// Where the branch or the directory exists, or the base has entries that are unsafe to write. Nothing is then
    /// left of it.
    pub fn create_worktree(&self, new: NewWorktree) -> Result<Worktree, WorktreeError> {
        let record = self.plan_worktree(new)?.record();
        let git = self.open_git()?;
        let is_left_over = clear_left_overs(&record)?;
        let reference = format!("refs/heads/{}", record.branch);
        let has_branch = branch::exists(&git, &record.branch);
        if has_branch && !(is_left_over && branch::target(&git, &reference)? == Some(record.base.oid())) {
            return Err(WorktreeError::BranchExists { name: record.branch });
        }
        if let Some(with) = branch::collision(&git, &record.branch) {
            return Err(WorktreeError::BranchCollides { name: record.branch, with });
        }
        let snapshot = Snapshot::of_commit(&git, record.base)?;
        ambient::write_atomically(&record.marker(), b"", false)?;
        let made = || -> Result<Worktree, WorktreeError> {
            ambient::create_new_directory(&record.dir)?;
            let (cache, skipped) = write_snapshot(self, &snapshot, &record.dir)?;
            cache.store(&record.stat_cache())?;
            branch::create(&git, &record, has_branch)?;
            Ok(Worktree::new(record.clone(), skipped))
        };
        let made = made();
        if made.is_err() {
            // The first error is the one that tells why.
            let _ = remove_directory(&record.dir);
            let _ = ambient::remove_file(&record.stat_cache());
        }
        ambient::remove_file(&record.marker())?;
        made
    }
}

/// Removes what a kill left of an earlier attempt; tells whether there was one.
fn clear_left_overs(record: &WorktreeRecord) -> Result<bool, WorktreeError> {
    if ambient::kind_of(&record.marker()).is_none() {
        return match ambient::kind_of(&record.dir) {
            Some(_) => Err(WorktreeError::Exists { path: record.dir.clone() }),
            None => Ok(false),
        };
    }
    remove_directory(&record.dir)?;
    ambient::remove_file(&record.stat_cache())?;
    Ok(true)
}
