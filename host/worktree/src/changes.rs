//! What an agent changed, against the commit that its tree was made from.
//!
//! Comparing writes nothing: the working tree becomes git objects in memory alone.

use crate::ambient;
use crate::beneath;
use crate::error::WorktreeError;
use crate::objects;
use crate::repository::read_from;
use crate::snapshot::Entry;
use crate::status::{Difference, MAX_BLOB_BYTES, kind_of};
use crate::sweep::skill_path;
use crate::tree::{Updates, write_tree};
use crate::worktree::{Look, Worktree};
use git2::{Delta, Diff, DiffFindOptions, DiffFormat, DiffOptions, ObjectType, Oid};
use skillhost_core::path::SkillPath;
use std::collections::BTreeSet;
use std::os::fd::AsFd as _;

/// Libgit2's own backends have priorities below this, so that what is written stays in memory.
const MEMORY_PRIORITY: i32 = 1000;
/// Most bytes of changed files that one look reads: they are in memory together, twice.
const MAX_LOOK_BYTES: u64 = 128 << 20;
/// Largest file whose lines are compared; a larger one counts as binary.
const MAX_DIFFED_BYTES: i64 = 16 << 20;

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Where it is now; where it was, if it was deleted.
    pub path: SkillPath,
    /// Where it was, if it was renamed.
    pub from: Option<SkillPath>,
    /// What happened to it.
    pub kind: ChangeKind,
    /// Lines that were added; none are counted in a binary file.
    pub added: u64,
    /// Lines that were removed.
    pub removed: u64,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content or its mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another place, and possibly another content.
    Renamed,
}

impl Worktree {
    /// Every file that differs between the base and the working tree: tracked ones, and those of `written`.
    ///
    /// # Errors
    /// Where the tree can't be read.
    pub fn changes(&self, written: &BTreeSet<SkillPath>) -> Result<Vec<Change>, WorktreeError> {
        let look = self.look()?;
        let git = self.open_in_memory()?;
        let tree = write_working_tree(&git, &look, |path, difference| is_shown(path, difference, written))?;
        list(&compare(&git, self.base().oid(), tree, &[])?)
    }

    /// Every file that differs between the base and the tip of the branch.
    ///
    /// # Errors
    /// Where the branch can't be read.
    pub fn committed_changes(&self) -> Result<Vec<Change>, WorktreeError> {
        let git = self.open_in_memory()?;
        let tree = objects::commit(&git, self.head()?.oid())?.tree_id();
        list(&compare(&git, self.base().oid(), tree, &[])?)
    }

    /// Whether the tree holds something that no commit does: tracked files that differ, and files of `written`.
    ///
    /// # Errors
    /// Where the tree can't be read.
    pub fn is_dirty(&self, written: &BTreeSet<SkillPath>) -> Result<bool, WorktreeError> {
        let look = self.look()?;
        Ok(look.differences.iter().any(|(path, difference)| is_shown(path, difference, written)))
    }

    /// A unified diff of `paths` between the base and the working tree; of all tracked files where there are none.
    ///
    /// # Errors
    /// Where it is larger than `max_bytes`.
    pub fn diff(&self, paths: &[SkillPath], max_bytes: u64) -> Result<String, WorktreeError> {
        let look = self.look()?;
        let git = self.open_in_memory()?;
        let written = paths.iter().cloned().collect();
        let is_asked = |path: &[u8]| {
            let beneath = |path: SkillPath| paths.iter().any(|asked| path.starts_with(asked));
            paths.is_empty() || skill_path(path).is_some_and(beneath)
        };
        let tree =
            write_working_tree(&git, &look, |path, difference| is_asked(path) && is_shown(path, difference, &written))?;
        let diff = compare(&git, self.base().oid(), tree, paths)?;
        let (mut text, mut bytes) = (Vec::new(), 0_u64);
        diff.print(DiffFormat::Patch, |_, _, line| {
            let origin = matches!(line.origin(), '+' | '-' | ' ').then_some(line.origin() as u8);
            bytes += line.content().len() as u64 + u64::from(origin.is_some());
            if bytes <= max_bytes {
                text.extend(origin);
                text.extend(line.content());
            }
            true
        })?;
        if bytes > max_bytes {
            return Err(WorktreeError::TooLarge { bytes, limit: max_bytes });
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// A part of a file as it was at the base; none where it had no such file.
    ///
    /// # Errors
    /// Where the base can't be read.
    pub fn original(&self, path: &SkillPath, offset: u64, max: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
        let git = self.open_git()?;
        let tree = objects::tree_of(&git, self.base().oid())?;
        let Some(content) = read_from(&git, &tree, path.as_str(), MAX_BLOB_BYTES)? else { return Ok(None) };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let end = start.saturating_add(usize::try_from(max).unwrap_or(usize::MAX)).min(content.len());
        Ok(Some(content[start..end].to_vec()))
    }

    /// The repository's objects, with everything that is written kept in memory. There is no index in it and no file
    /// of attributes, so that nothing in a repository can have a change counted as binary and not shown.
    fn open_in_memory(&self) -> Result<git2::Repository, WorktreeError> {
        let git = ambient::open_objects(&self.recorded().git_directory)?;
        git.odb()?.add_new_mempack_backend(MEMORY_PRIORITY)?;
        Ok(git)
    }
}

/// Whether a difference is part of the change: other untracked files are output of commands, and what set-up made of
/// tracked ones is nobody's change.
fn is_shown(path: &[u8], difference: &Difference, written: &BTreeSet<SkillPath>) -> bool {
    let is_chosen = || skill_path(path).is_some_and(|path| written.contains(&path));
    !difference.by_set_up && (difference.before.is_some() || is_chosen())
}

/// The working tree as a git tree: the tip of the branch with what differs from it and is to be shown.
fn write_working_tree(
    git: &git2::Repository,
    look: &Look,
    is_shown: impl Fn(&[u8], &Difference) -> bool,
) -> Result<Oid, WorktreeError> {
    let odb = git.odb()?;
    let mut updates = Updates::new();
    let mut bytes = 0_u64;
    for (path, difference) in &look.differences {
        if !is_shown(path, difference) {
            continue;
        }
        let entry = match difference.after {
            None => None,
            Some(stamp) => {
                // A sparse file costs a command nothing, and whoever reads it all that it pretends to hold.
                bytes += if stamp.size > MAX_BLOB_BYTES { 0 } else { stamp.size };
                if bytes > MAX_LOOK_BYTES {
                    return Err(WorktreeError::TooLarge { bytes, limit: MAX_LOOK_BYTES });
                }
                let (content, stamp) = match beneath::read(look.root.as_fd(), path, MAX_BLOB_BYTES) {
                    Ok(read) => read,
                    // Shown by what it is: something that can't be committed.
                    Err(WorktreeError::TooLarge { .. }) => continue,
                    Err(error) => return Err(error),
                };
                Some(Entry { kind: kind_of(&stamp), blob: odb.write(ObjectType::Blob, &content)? })
            }
        };
        updates.insert(path.clone(), entry);
    }
    write_tree(git, objects::commit(git, look.head)?.tree_id(), &updates)
}

fn compare<'a>(
    git: &'a git2::Repository,
    base: Oid,
    tree: Oid,
    paths: &[SkillPath],
) -> Result<Diff<'a>, WorktreeError> {
    let mut options = DiffOptions::new();
    options.context_lines(3).disable_pathspec_match(true).indent_heuristic(true).max_size(MAX_DIFFED_BYTES);
    for path in paths.iter().filter(|path| !path.is_root()) {
        options.pathspec(path.as_str());
    }
    let (old, new) = (objects::tree_of(git, base)?, objects::tree(git, tree)?);
    let mut diff = git.diff_tree_to_tree(Some(&old), Some(&new), Some(&mut options))?;
    diff.find_similar(Some(DiffFindOptions::new().renames(true)))?;
    Ok(diff)
}

fn list(diff: &Diff<'_>) -> Result<Vec<Change>, WorktreeError> {
    let mut changes = Vec::new();
    for (index, delta) in diff.deltas().enumerate() {
        let (kind, file) = match delta.status() {
            Delta::Added | Delta::Copied => (ChangeKind::Added, delta.new_file()),
            Delta::Deleted => (ChangeKind::Deleted, delta.old_file()),
            Delta::Renamed => (ChangeKind::Renamed, delta.new_file()),
            Delta::Modified | Delta::Typechange => (ChangeKind::Modified, delta.new_file()),
            _ => continue,
        };
        let Some(path) = file.path_bytes().and_then(skill_path) else { continue };
        let (_, added, removed) = match git2::Patch::from_diff(diff, index)? {
            Some(patch) => patch.line_stats()?,
            None => (0, 0, 0),
        };
        let from = (kind == ChangeKind::Renamed).then(|| delta.old_file().path_bytes().and_then(skill_path)).flatten();
        changes.push(Change { path, from, kind, added: added as u64, removed: removed as u64 });
    }
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}
