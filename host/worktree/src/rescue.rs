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
use crate::objects;
use crate::record::WorktreeRecord;
use crate::repository::{Repository, read_from};
use crate::snapshot::Entry;
use crate::status::{Difference, kind_of};
use crate::tree::{Updates, write_tree};
use crate::walk::Forbidden;
use crate::worktree::{Look, Worktree};
use git2::ObjectType;
use std::os::fd::AsFd as _;
use std::path::Path;

/// What is saved of a tree before it is removed, in bytes.
pub const MAX_RESCUE_BYTES: u64 = 64 << 20;
/// Largest ignore file that is respected.
const MAX_IGNORE_BYTES: u64 = 1 << 20;

/// Paths that are saved, with what differs there.
type Chosen = Vec<(Vec<u8>, Difference)>;

/// What a tree holds and no commit does: found, and not saved yet.
pub struct Rescue {
    record: WorktreeRecord,
    look: Look,
    chosen: Chosen,
    dropped: u64,
    max_bytes: u64,
}

/// A tree in which nothing is that isn't saved elsewhere.
#[must_use = "the tree is still there"]
pub struct Saved {
    record: WorktreeRecord,
    commit: Option<CommitId>,
}

impl Repository {
    /// Looks for all that the tree holds and no commit does. Nothing is written yet, and nothing is left to look for
    /// where the tree is gone.
    ///
    /// # Errors
    /// Where files can't be read, or those that are not ignored exceed `max_bytes`.
    pub fn rescue(&self, record: &WorktreeRecord, max_bytes: u64) -> Result<Rescue, WorktreeError> {
        let worktree = Worktree::new(record.clone(), Vec::new());
        let git = worktree.open_git()?;
        let look = worktree.look_from(branch::last_known(&git, record)?)?;
        let (chosen, dropped) = match ambient::kind_of(&record.marker()) {
            None => choose(&look, record, max_bytes)?,
            // It was still being made: what is there is the base's, and not all of it.
            Some(_) => (Vec::new(), 0),
        };
        Ok(Rescue { record: record.clone(), look, chosen, dropped, max_bytes })
    }

    /// Rescues what is uncommitted, then removes the tree and what the host remembers about it. The branch and the
    /// kept ref stay.
    ///
    /// # Errors
    /// Where not everything could be saved: nothing is removed then.
    pub fn remove_worktree(&self, record: &WorktreeRecord) -> Result<(), WorktreeError> {
        if ambient::kind_of(&record.dir).is_none() {
            return Saved { record: record.clone(), commit: None }.remove_tree();
        }
        self.rescue(record, MAX_RESCUE_BYTES)?.save()?.remove_tree()
    }
}

impl Rescue {
    /// The ref that it will be saved under; none where there is nothing to save.
    pub fn reference(&self) -> Option<String> {
        (!self.chosen.is_empty()).then(|| self.record.rescue_reference())
    }

    /// Saves it.
    ///
    /// # Errors
    /// Where a file can't be read or stored any more, or somebody else moved the ref.
    pub fn save(self) -> Result<Saved, WorktreeError> {
        let commit = if self.chosen.is_empty() { None } else { Some(self.write()?) };
        Ok(Saved { record: self.record, commit })
    }

    fn write(&self) -> Result<CommitId, WorktreeError> {
        let git = &self.look.git;
        let odb = git.odb()?;
        let mut updates = Updates::new();
        for (path, difference) in &self.chosen {
            let entry = match difference.after {
                None => None,
                Some(_) => {
                    let (content, stamp) = beneath::read(self.look.root.as_fd(), path, self.max_bytes)?;
                    Some(Entry { kind: kind_of(&stamp), blob: odb.write(ObjectType::Blob, &content)? })
                }
            };
            updates.insert(path.clone(), entry);
        }
        let tree = write_tree(git, objects::commit(git, self.look.head)?.tree_id(), &updates)?;
        let name = self.record.rescue_reference();
        let earlier = branch::target(git, &name)?;
        if let Some(earlier) = earlier
            && objects::commit(git, earlier)?.tree_id() == tree
        {
            return Ok(earlier.into());
        }
        // What was rescued before stays reachable.
        let parents: Vec<_> = [Some(self.look.head), earlier].into_iter().flatten().collect();
        let message = format!(
            "Uncommitted work of {} in run {}\n\nNot saved, since too large and ignored, or nested too deep: {}\n",
            self.record.agent, self.record.run, self.dropped
        );
        let saved = commit::write(git, tree, &parents, &message, None)?;
        branch::put(git, &self.record, &name, earlier, saved)?;
        Ok(saved.into())
    }
}

impl Saved {
    /// The commit that holds what was saved; none where there was nothing.
    pub fn commit(&self) -> Option<CommitId> {
        self.commit
    }

    /// Removes the tree, and what the host remembers about it.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn remove_tree(self) -> Result<(), WorktreeError> {
        remove_directory(&self.record.dir)?;
        ambient::remove_file(&self.record.stat_cache())?;
        ambient::remove_file(&self.record.marker())
    }
}

/// What is saved, smallest first; and how many are not, since they are ignored and there is no room.
fn choose(look: &Look, record: &WorktreeRecord, max_bytes: u64) -> Result<(Chosen, u64), WorktreeError> {
    // Without the rules that stand in the git directory itself, which nobody reviewed.
    let git = ambient::open_objects(&record.git_directory)?;
    let base = objects::tree_of(&git, record.base.oid())?;
    if let Some(rules) = read_from(&git, &base, ".gitignore", MAX_IGNORE_BYTES)? {
        // Rules that libgit2 can't read ignore nothing.
        let _ = git.add_ignore_rule(&String::from_utf8_lossy(&rules).replace('\0', ""));
    }
    let mut found: Vec<(bool, u64, &Vec<u8>, &Difference)> = Vec::new();
    for (path, difference) in &look.differences {
        let ignored = difference.before.is_none() && is_ignored(&git, path);
        found.push((ignored, difference.after.map_or(0, |stamp| stamp.size), path, difference));
    }
    found.sort_by_key(|(ignored, size, path, _)| (*ignored, *size, *path));
    let (mut chosen, mut unsaved) = (Vec::new(), Vec::new());
    let mut dropped = look.listing.forbidden.values().filter(|forbidden| **forbidden == Forbidden::Deep).count() as u64;
    let mut room = max_bytes;
    for (ignored, size, path, difference) in found {
        if size <= room {
            room -= size;
            chosen.push((path.clone(), *difference));
        } else if ignored {
            dropped += 1;
        } else {
            unsaved.push(path);
        }
    }
    match unsaved.first() {
        Some(first) => Err(WorktreeError::Unsaved {
            path: record.dir.clone(),
            count: unsaved.len() as u64,
            first: beneath::lossy(first),
        }),
        None => Ok((chosen, dropped)),
    }
}

fn is_ignored(git: &git2::Repository, path: &[u8]) -> bool {
    std::str::from_utf8(path).is_ok_and(|path| git.is_path_ignored(Path::new(path)).unwrap_or(false))
}
