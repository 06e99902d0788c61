//! Whether the user's working directory holds changes of tracked files that no commit has. Only for a notice, so it is
//! cheap: the index is believed where size and time of a file are as it says, and files that git doesn't track are not
//! looked for.

use crate::ambient;
use crate::beneath;
use crate::error::WorktreeError;
use crate::repository::Repository;
use crate::snapshot::Snapshot;
use crate::status::MAX_BLOB_BYTES;
use git2::{Index, IndexEntry, IndexEntryExtendedFlag, ObjectType, Oid};
use std::os::fd::{AsFd as _, BorrowedFd};

const SUBMODULE: u32 = 0o160_000;

impl Repository {
    /// Whether a tracked file differs from `HEAD`, staged or not.
    ///
    /// # Errors
    /// Where the index or the working directory can't be read.
    pub fn has_uncommitted_changes(&self) -> Result<bool, WorktreeError> {
        let file = self.git_directory().join("index");
        if !ambient::kind_of(&file).is_some_and(|kind| kind.is_file()) {
            return Ok(false);
        }
        let git = self.open_head()?;
        let index = Index::open(&file)?;
        let head = Snapshot::of_commit(&git, self.resolve("HEAD")?)?;
        let is_of_head = |entry: &IndexEntry| {
            head.entries
                .get(&entry.path)
                .is_some_and(|of_head| of_head.blob == entry.id && of_head.kind.mode() == entry.mode)
        };
        if index.len() != head.entries.len() || !index.iter().all(|entry| is_of_head(&entry)) {
            return Ok(true);
        }
        let root = ambient::open_directory(self.workdir())?;
        Ok(index.iter().any(|entry| differs(root.as_fd(), &entry)))
    }
}

fn differs(root: BorrowedFd<'_>, entry: &IndexEntry) -> bool {
    let flags = IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended);
    if entry.mode == SUBMODULE || flags.contains(IndexEntryExtendedFlag::SKIP_WORKTREE) {
        return false;
    }
    let stamp = beneath::open_parent(root, &entry.path).and_then(|(parent, name)| beneath::stamp_of(parent, name));
    let Ok(stamp) = stamp else { return true };
    let modified_ns = i128::from(entry.mtime.seconds()) * 1_000_000_000 + i128::from(entry.mtime.nanoseconds());
    if stamp.size == u64::from(entry.file_size) && stamp.modified_ns == modified_ns {
        return false;
    }
    // Touched, and perhaps the same.
    let is_same = |content: &[u8]| Oid::hash_object(ObjectType::Blob, content).is_ok_and(|blob| blob == entry.id);
    !beneath::read(root, &entry.path, MAX_BLOB_BYTES).is_ok_and(|(content, _)| is_same(&content))
}
