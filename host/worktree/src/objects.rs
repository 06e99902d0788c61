//! Reading objects, which a hostile repository made: its commits, directories, files and tags, and only here.
//!
//! Libgit2 reads objects whole, and what it reads of a header alone can't be bounded: a difference whose base is a
//! difference to itself is followed for ever. So nothing asks for a header. An object is read within what the largest one
//! of its kind may cost, and refused where that was more than its own size allows.

use crate::allocator::{self, Excess, MAX_ALLOCATION_BYTES};
use crate::error::WorktreeError;
use crate::id::CommitId;
use git2::{Blob, Commit, ObjectType, Oid, Repository, Tree};

/// Largest commit, or single directory of one, that is read. A directory with a million files has some 40 MB.
const MAX_OBJECT_BYTES: u64 = 128 << 20;
/// Largest file of a commit that is written: it is in memory whole, in each thread. Above what the large forges take.
pub(crate) const MAX_FILE_BYTES: u64 = 256 << 20;
/// What may be unfolded on the way to an object: this, and so many times its size. Git makes chains of 50 differences,
/// each to an object of much the same size.
const UNFOLDED_BYTES: u64 = 1 << 30;
const UNFOLDED_SIZES: u64 = 64;
/// Longest chain of tags that name tags.
const MAX_TAGS: usize = 16;

/// How large a file is.
///
/// # Errors
/// As [`within`].
pub(crate) fn size(git: &Repository, id: Oid) -> Result<u64, WorktreeError> {
    Ok(header(git, id)?.1)
}

/// A file's content.
///
/// # Errors
/// Where it is larger than `max_bytes`, and as [`within`].
pub(crate) fn blob(git: &Repository, id: Oid, max_bytes: u64) -> Result<Blob<'_>, WorktreeError> {
    let (blob, bytes) = within(MAX_FILE_BYTES, || {
        let blob = git.find_blob(id)?;
        let bytes = blob.size() as u64;
        Ok((blob, bytes))
    })?;
    if bytes > max_bytes {
        return Err(WorktreeError::TooLarge { bytes, limit: max_bytes });
    }
    Ok(blob)
}

/// A directory.
///
/// # Errors
/// As [`within`], and where it is too large.
pub(crate) fn tree(git: &Repository, id: Oid) -> Result<Tree<'_>, WorktreeError> {
    let bytes = readable_size(git, id)?;
    Ok(within(bytes, || Ok((git.find_tree(id)?, bytes)))?.0)
}

/// A commit.
///
/// # Errors
/// As [`within`], and where it is too large.
pub(crate) fn commit(git: &Repository, id: Oid) -> Result<Commit<'_>, WorktreeError> {
    let bytes = readable_size(git, id)?;
    Ok(within(bytes, || Ok((git.find_commit(id)?, bytes)))?.0)
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
        match header(git, id)?.0 {
            ObjectType::Commit => return Ok(Some(CommitId::from(id))),
            ObjectType::Tag => id = within(bytes, || Ok((git.find_tag(id)?.target_id(), bytes)))?.0,
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

/// What an object is, and its size. A small one that is asked for again is not read again.
fn header(git: &Repository, id: Oid) -> Result<(ObjectType, u64), WorktreeError> {
    within(MAX_FILE_BYTES, || {
        let odb = git.odb()?;
        let object = odb.read(id)?;
        Ok((object.kind(), object.len() as u64))
    })
}

/// Reads an object of at most this size, and its size.
///
/// # Errors
/// Where it can't be read, or more has to be unfolded for it than for any of its size that git packs.
fn within<T>(max_bytes: u64, read: impl FnOnce() -> Result<(T, u64), git2::Error>) -> Result<(T, u64), WorktreeError> {
    let may_unfold = |bytes: u64| UNFOLDED_BYTES + UNFOLDED_SIZES * bytes;
    let too_much = |limit| WorktreeError::CommitTooLarge { limit, what: "bytes to unfold for one object" };
    let limit = may_unfold(max_bytes);
    match allocator::within(usize::try_from(limit).unwrap_or(usize::MAX), read) {
        Ok((read, unfolded)) => {
            let (read, bytes) = read?;
            if unfolded as u64 > may_unfold(bytes) {
                return Err(too_much(may_unfold(bytes)));
            }
            Ok((read, bytes))
        }
        Err(Excess::AtOnce) => Err(WorktreeError::CommitTooLarge {
            limit: MAX_ALLOCATION_BYTES as u64,
            what: "bytes in one object, or in what it is made of",
        }),
        Err(Excess::Altogether) => Err(too_much(limit)),
    }
}
