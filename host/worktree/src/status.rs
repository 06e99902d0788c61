//! Telling what differs between a tree and a commit.

use crate::beneath::{self, Stamp};
use crate::checkout::may_be_linked;
use crate::error::WorktreeError;
use crate::objects;
use crate::snapshot::{Entry, EntryKind, Snapshot};
use crate::stat_cache::StatCache;
use crate::walk::Listing;
use git2::{ObjectType, Oid};
use rustix::fs::FileType;
use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;

/// Largest file that is read: what the large forges take.
pub(crate) const MAX_BLOB_BYTES: u64 = 100 << 20;

/// One path that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// What the commit has.
    pub(crate) before: Option<Entry>,
    /// What the tree has; its content was not read where the path is new.
    pub(crate) after: Option<Stamp>,
    /// Set-up made it, and nobody changed it since.
    pub(crate) by_set_up: bool,
}

/// All paths that differ. Files of the commit are compared by content, new ones are only listed.
pub(crate) fn differences(
    git: &git2::Repository,
    root: BorrowedFd<'_>,
    listing: &Listing,
    commit: &Snapshot,
    cache: &StatCache,
) -> Result<BTreeMap<Vec<u8>, Difference>, WorktreeError> {
    let mut differences = BTreeMap::new();
    for (path, entry) in &commit.entries {
        let stamp = listing.files.get(path);
        let differs = match stamp {
            None => match entry.kind {
                // A directory, empty or not; only a file in its place is a difference.
                EntryKind::Submodule => false,
                // One that leads out was never made.
                EntryKind::Link => may_be_linked(git, path, entry.blob)?,
                EntryKind::File | EntryKind::Executable => true,
            },
            Some(stamp) => kind_of(stamp) != entry.kind || differs(git, root, path, stamp, entry.blob, cache)?,
        };
        if differs {
            differences
                .insert(path.clone(), Difference { before: Some(*entry), after: stamp.copied(), by_set_up: false });
        }
    }
    for (path, stamp) in &listing.files {
        if !commit.entries.contains_key(path) {
            differences.insert(path.clone(), Difference { before: None, after: Some(*stamp), by_set_up: false });
        }
    }
    Ok(differences)
}

pub(crate) fn kind_of(stamp: &Stamp) -> EntryKind {
    if stamp.kind() == FileType::Symlink {
        EntryKind::Link
    } else if stamp.is_executable() {
        EntryKind::Executable
    } else {
        EntryKind::File
    }
}

fn differs(
    git: &git2::Repository,
    root: BorrowedFd<'_>,
    path: &[u8],
    stamp: &Stamp,
    blob: Oid,
    cache: &StatCache,
) -> Result<bool, WorktreeError> {
    if let Some(known) = cache.blob(path, stamp) {
        return Ok(known != blob);
    }
    // A file is read only where it could be the same: a command can make any number of large ones that cost it nothing.
    if objects::size(git, blob)? != stamp.size {
        return Ok(true);
    }
    match beneath::read(root, path, MAX_BLOB_BYTES) {
        Ok((content, _)) => Ok(Oid::hash_object(ObjectType::Blob, &content)? != blob),
        // Too large to be read is too large to be committed; whoever selects says so.
        Err(WorktreeError::TooLarge { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}
