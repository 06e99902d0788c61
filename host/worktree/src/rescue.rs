//! Removing a worktree without losing what is in it.
//!
//! All that no commit holds is saved as a commit under `refs/skillhost/rescue/`: tracked files, untracked ones, and
//! ignored ones, smallest first, up to a size. Only ignored files, by the rules of the base, may be dropped for want of
//! room: build output and installed packages would otherwise make the user's repository grow without end.

use crate::ambient;
use crate::beneath;
use crate::branch;
use crate::checkout::remove_directory;
use crate::commit;
use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::record::WorktreeRecord;
use crate::repository::{Repository, read_from};
use crate::snapshot::Entry;
use crate::status::{Difference, kind_of};
use crate::tree::{Updates, write_tree};
use crate::worktree::{Look, Worktree};
use git2::ObjectType;
use std::os::fd::AsFd as _;
use std::path::Path;

/// What is saved of a tree before it is removed, in bytes.
pub const MAX_RESCUE_BYTES: u64 = 64 << 20;
/// Largest ignore file that is respected.
const MAX_IGNORE_BYTES: u64 = 1 << 20;

impl Repository {
    /// Saves all that the tree holds and no commit does. The commit that holds it now; none where there is nothing.
    ///
    /// # Errors
    /// Where files can't be read, or those that are not ignored exceed `max_bytes`.
    pub fn rescue(&self, record: &WorktreeRecord, max_bytes: u64) -> Result<Option<CommitId>, WorktreeError> {
        if ambient::kind_of(&record.marker()).is_some() {
            // It was still being made: what is there is the base's, and not all of it.
            return Ok(None);
        }
        let worktree = Worktree::new(record.clone(), Vec::new());
        let git = worktree.open_git()?;
        let look = worktree.look_from(branch::last_known(&git, record)?)?;
        let Saved { updates, dropped } = save(&git, &look, record, max_bytes)?;
        if updates.is_empty() {
            return Ok(None);
        }
        let tree = write_tree(&git, git.find_commit(look.head)?.tree_id(), &updates)?;
        let name = record.rescue_reference();
        let earlier = branch::target(&git, &name)?;
        if let Some(earlier) = earlier
            && git.find_commit(earlier)?.tree_id() == tree
        {
            return Ok(Some(earlier.into()));
        }
        // What was rescued before stays reachable.
        let parents: Vec<_> = [Some(look.head), earlier].into_iter().flatten().collect();
        let message = format!(
            "Uncommitted work of {} in run {}\n\nIgnored files that were too large to save: {dropped}\n",
            record.agent, record.run
        );
        let saved = commit::write(&git, tree, &parents, &message, None)?;
        git.reference(&name, saved, true, "skillhost: rescue")?;
        Ok(Some(saved.into()))
    }

    /// Rescues what is uncommitted, then removes the tree and what the host remembers about it. The branch and the
    /// kept ref stay.
    ///
    /// # Errors
    /// Where not everything could be saved: nothing is removed then.
    pub fn remove_worktree(&self, record: &WorktreeRecord) -> Result<(), WorktreeError> {
        if ambient::kind_of(&record.dir).is_some() {
            self.rescue(record, MAX_RESCUE_BYTES)?;
            remove_directory(&record.dir)?;
        }
        ambient::remove_file(&record.stat_cache())?;
        ambient::remove_file(&record.marker())
    }
}

struct Saved {
    updates: Updates,
    dropped: u64,
}

fn save(git: &git2::Repository, look: &Look, record: &WorktreeRecord, max_bytes: u64) -> Result<Saved, WorktreeError> {
    let base = git.find_commit(record.base.oid())?.tree()?;
    if let Some(rules) = read_from(git, &base, ".gitignore", MAX_IGNORE_BYTES)? {
        // Rules that libgit2 can't read ignore nothing.
        let _ = git.add_ignore_rule(&String::from_utf8_lossy(&rules).replace('\0', ""));
    }
    let mut saved = Saved { updates: Updates::new(), dropped: 0 };
    let mut unsaved: Vec<&[u8]> = Vec::new();
    let mut room = max_bytes;
    let mut found: Vec<(bool, u64, &Vec<u8>, &Difference)> = Vec::new();
    for (path, difference) in &look.differences {
        let ignored = difference.before.is_none() && is_ignored(git, path);
        found.push((ignored, difference.after.map_or(0, |stamp| stamp.size), path, difference));
    }
    found.sort_by_key(|(ignored, size, path, _)| (*ignored, *size, *path));
    for (ignored, size, path, difference) in found {
        if difference.after.is_none() {
            saved.updates.insert(path.clone(), None);
        } else if size <= room {
            let (content, stamp) = beneath::read(look.root.as_fd(), path, room)?;
            room -= (content.len() as u64).min(room);
            let blob = git.odb()?.write(ObjectType::Blob, &content)?;
            saved.updates.insert(path.clone(), Some(Entry { kind: kind_of(&stamp), blob }));
        } else if ignored {
            saved.dropped += 1;
        } else {
            unsaved.push(path);
        }
    }
    if let Some(first) = unsaved.first() {
        return Err(WorktreeError::Unsaved {
            path: record.dir.clone(),
            count: unsaved.len() as u64,
            first: beneath::lossy(first),
        });
    }
    Ok(saved)
}

fn is_ignored(git: &git2::Repository, path: &[u8]) -> bool {
    std::str::from_utf8(path).is_ok_and(|path| git.is_path_ignored(Path::new(path)).unwrap_or(false))
}
