//! Reading objects, which a hostile repository made: its commits, directories, files and tags, and only here.
//!
//! Libgit2 reads objects whole. So each is asked for its size first, and read within what that size allows.

use crate::allocator;
use crate::error::WorktreeError;
use crate::id::CommitId;
use git2::{Blob, Commit, ObjectType, Oid, Repository, Tree};

/// Largest commit, or single directory of one, that is read. A directory with a million files has some 40 MB.
const MAX_OBJECT_BYTES: u64 = 128 << 20;
/// What may be unfolded on the way to an object: this, and so many times its size. Git makes chains of 50 differences,
/// each to an object of much the same size.
const UNFOLDED_BYTES: u64 = 1 << 30;
const UNFOLDED_SIZES: u64 = 64;
/// Longest chain of tags that name tags.
const MAX_TAGS: usize = 16;

/// How large an object is.
pub(crate) fn size(git: &Repository, id: Oid) -> Result<u64, WorktreeError> {
    Ok(git.odb()?.read_header(id)?.0 as u64)
}

/// A file's content.
///
/// # Errors
/// Where it is larger than `max_bytes`, and as [`within`].
pub(crate) fn blob(git: &Repository, id: Oid, max_bytes: u64) -> Result<Blob<'_>, WorktreeError> {
    let bytes = size(git, id)?;
    if bytes > max_bytes {
        return Err(WorktreeError::TooLarge { bytes, limit: max_bytes });
    }
    within(bytes, || git.find_blob(id))
}

/// A directory.
///
/// # Errors
/// As [`within`], and where it is too large.
pub(crate) fn tree(git: &Repository, id: Oid) -> Result<Tree<'_>, WorktreeError> {
    within(readable_size(git, id)?, || git.find_tree(id))
}

/// A commit.
///
/// # Errors
/// As [`within`], and where it is too large.
pub(crate) fn commit(git: &Repository, id: Oid) -> Result<Commit<'_>, WorktreeError> {
    within(readable_size(git, id)?, || git.find_commit(id))
}

/// A commit's directory.
///
/// # Errors
/// As [`within`], and where one of them is too large.
pub(crate) fn tree_of(git: &Repository, commit_id: Oid) -> Result<Tree<'_>, WorktreeError> {
    tree(git, commit(git, commit_id)?.tree_id())
}

/// The commit that an object is, or that it names as a tag, or as a tag of a tag; none where it is something else.
///
/// # Errors
/// As [`within`], and where one of them is too large.
pub(crate) fn commit_of(git: &Repository, mut id: Oid) -> Result<Option<CommitId>, WorktreeError> {
    for _ in 0..MAX_TAGS {
        let bytes = readable_size(git, id)?;
        match git.odb()?.read_header(id)?.1 {
            ObjectType::Commit => return Ok(Some(CommitId::from(id))),
            ObjectType::Tag => id = within(bytes, || git.find_tag(id))?.target_id(),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn readable_size(git: &Repository, id: Oid) -> Result<u64, WorktreeError> {
    let bytes = size(git, id)?;
    if bytes > MAX_OBJECT_BYTES {
        return Err(WorktreeError::CommitTooLarge { limit: MAX_OBJECT_BYTES, what: "bytes in one object" });
    }
    Ok(bytes)
}

/// Reads an object of this size.
///
/// # Errors
/// Where it can't be read, or more has to be unfolded for it than for any that git packs.
fn within<T>(bytes: u64, read: impl FnOnce() -> Result<T, git2::Error>) -> Result<T, WorktreeError> {
    let limit = UNFOLDED_BYTES + UNFOLDED_SIZES * bytes;
    match allocator::within(usize::try_from(limit).unwrap_or(usize::MAX - 1), read) {
        Some(read) => Ok(read?),
        None => Err(WorktreeError::CommitTooLarge { limit, what: "bytes to unfold for one object" }),
    }
}
