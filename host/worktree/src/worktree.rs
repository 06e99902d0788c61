//! One agent's tree: what the host itself reads and writes in it, and a look at all that is there.

use crate::ambient;
use crate::beneath::{self, io_error};
use crate::branch;
use crate::checkout::{Skipped, create_file};
use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::record::WorktreeRecord;
use crate::snapshot::{Entry, Snapshot};
use crate::stat_cache::StatCache;
use crate::status::{Difference, MAX_BLOB_BYTES, differences, kind_of};
use crate::walk::{Listing, walk};
use rustix::fs::{FileType, Mode};
use rustix::io::Errno;
use skillhost_core::path::SkillPath;
use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

/// An agent's tree, and the branch that its commits go to. No handle is open between two calls.
#[derive(Debug)]
pub struct Worktree {
    record: WorktreeRecord,
    skipped: Vec<Skipped>,
    /// What set-up made of tracked files, none where it removed one: no part of the agent's change.
    set_up: BTreeMap<Vec<u8>, Option<Entry>>,
}

impl Worktree {
    pub(crate) fn new(record: WorktreeRecord, skipped: Vec<Skipped>) -> Self {
        Self { record, skipped, set_up: BTreeMap::new() }
    }

    /// Finds a worktree again.
    ///
    /// # Errors
    /// Where its directory or its branch is gone.
    pub fn open(record: &WorktreeRecord) -> Result<Self, WorktreeError> {
        if !ambient::kind_of(&record.dir).is_some_and(|kind| kind.is_dir()) {
            return Err(WorktreeError::Record { path: record.dir.clone() });
        }
        let worktree = Self::new(record.clone(), Vec::new());
        worktree.head()?;
        Ok(worktree)
    }

    /// Takes tracked files as they are now for what set-up made of them: nothing that differs now is part of the agent's
    /// change, as long as it stays as it is. Known only to this value.
    ///
    /// # Errors
    /// Where the tree can't be read.
    pub fn accept_set_up(&mut self) -> Result<(), WorktreeError> {
        self.set_up.clear();
        let look = self.look()?;
        let tracked = look.differences.iter().filter(|(_, difference)| difference.before.is_some());
        for (path, difference) in tracked {
            match now(look.root.as_fd(), path, difference) {
                Ok(entry) => drop(self.set_up.insert(path.clone(), entry)),
                // Too large to be read is too large to be committed, whoever wrote it.
                Err(WorktreeError::TooLarge { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// What the ledger has to remember.
    pub fn record(&self) -> WorktreeRecord {
        self.record.clone()
    }

    pub(crate) fn recorded(&self) -> &WorktreeRecord {
        &self.record
    }

    /// The tree's directory.
    pub fn dir(&self) -> &Path {
        &self.record.dir
    }

    /// Its branch, without `refs/heads/`.
    pub fn branch(&self) -> &str {
        &self.record.branch
    }

    /// The commit that it was made from.
    pub fn base(&self) -> &CommitId {
        &self.record.base
    }

    /// Entries of the base that the tree doesn't have, at most 100; known only to who made the tree.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The tip of its branch.
    ///
    /// # Errors
    /// Where the branch is gone, or no longer what the host made of it.
    pub fn head(&self) -> Result<CommitId, WorktreeError> {
        Ok(branch::tip(&self.open_git()?, &self.record)?.branch.into())
    }

    pub(crate) fn open_git(&self) -> Result<git2::Repository, WorktreeError> {
        Ok(ambient::open_git_directory(&self.record.git_directory)?)
    }

    pub(crate) fn open_root(&self) -> Result<OwnedFd, WorktreeError> {
        ambient::open_directory(&self.record.dir)
    }

    /// Reads a regular file; none where there is no such file.
    ///
    /// # Errors
    /// Where it is larger than `max_bytes`, or can't be read.
    pub fn read_file(&self, path: &SkillPath, max_bytes: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
        let root = self.open_root()?;
        let path = path.as_str().as_bytes();
        let stamp =
            beneath::open_parent(root.as_fd(), path).and_then(|(parent, name)| beneath::stamp_of(&parent, name));
        match stamp {
            Ok(stamp) if stamp.kind() == FileType::RegularFile => {
                beneath::read(root.as_fd(), path, max_bytes).map(|(bytes, _)| Some(bytes))
            }
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(errno) => Err(io_error("read", path, errno)),
        }
    }

    /// Writes a file of the host's own, such as the spec. Whatever file or link stands there is replaced, not written
    /// through, and directories that are missing are made.
    ///
    /// # Errors
    /// Where a directory stands there, or something that is no directory stands in the way.
    pub fn write_file(&self, path: &SkillPath, content: &[u8]) -> Result<(), WorktreeError> {
        let not_a_file = || WorktreeError::NotAFile { path: path.to_string() };
        let name = path.name().ok_or_else(not_a_file)?.as_bytes();
        let error = |errno| io_error("write", path.as_str().as_bytes(), errno);
        let root = self.open_root()?;
        let mut parent = beneath::open_subdirectory(&root, b".").map_err(error)?;
        for component in path.parent().unwrap_or_else(SkillPath::root).components() {
            match rustix::fs::mkdirat(&parent, component, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(error(errno)),
            }
            parent = match beneath::open_subdirectory(&parent, component.as_bytes()) {
                Ok(directory) => directory,
                Err(Errno::NOTDIR | Errno::LOOP) => return Err(not_a_file()),
                Err(errno) => return Err(error(errno)),
            };
        }
        let mode = match beneath::stamp_of(&parent, name) {
            Ok(stamp) if stamp.kind() == FileType::Directory => return Err(not_a_file()),
            Ok(stamp) if stamp.kind() == FileType::RegularFile && stamp.is_executable() => 0o755,
            _ => 0o644,
        };
        beneath::remove_all(&parent, name).map_err(error)?;
        create_file(&parent, name, content, mode).map(drop).map_err(error)
    }

    /// Looks at the whole tree, and compares it with the tip of its branch.
    pub(crate) fn look(&self) -> Result<Look, WorktreeError> {
        let tip = branch::tip(&self.open_git()?, &self.record)?;
        self.look_from(tip)
    }

    /// The same, compared with another commit.
    pub(crate) fn look_from(&self, tip: branch::Tip) -> Result<Look, WorktreeError> {
        let git = self.open_git()?;
        let head = tip.branch;
        let snapshot = Snapshot::of_commit(&git, head.into())?;
        let root = self.open_root()?;
        let listing = walk(root.as_fd())?;
        let cache = StatCache::load(&self.record.stat_cache());
        let mut differences = differences(&git, root.as_fd(), &listing, &snapshot, &cache)?;
        for (path, made) in &self.set_up {
            if let Some(difference) = differences.get_mut(path) {
                difference.by_set_up = now(root.as_fd(), path, difference).is_ok_and(|now| now == *made);
            }
        }
        Ok(Look { git, head, tip, snapshot, root, listing, differences })
    }
}

/// What stands at a path that differs.
fn now(root: BorrowedFd<'_>, path: &[u8], difference: &Difference) -> Result<Option<Entry>, WorktreeError> {
    if difference.after.is_none() {
        return Ok(None);
    }
    let (content, stamp) = beneath::read(root, path, MAX_BLOB_BYTES)?;
    Ok(Some(Entry { kind: kind_of(&stamp), blob: git2::Oid::hash_object(git2::ObjectType::Blob, &content)? }))
}

/// What is in a tree, and how it differs from a commit.
pub(crate) struct Look {
    pub(crate) git: git2::Repository,
    pub(crate) head: git2::Oid,
    pub(crate) tip: branch::Tip,
    pub(crate) snapshot: Snapshot,
    pub(crate) root: OwnedFd,
    pub(crate) listing: Listing,
    pub(crate) differences: BTreeMap<Vec<u8>, Difference>,
}
