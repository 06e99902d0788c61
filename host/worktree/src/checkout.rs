//! Writing the files of a commit to an empty directory.
//!
//! Directories first, then files in several threads, links last: while files are written there is no link that could
//! lead one of them elsewhere. Nothing is ever overwritten. Submodules become empty directories, and links that lead
//! out of the tree are not made.

use crate::ambient;
use crate::beneath::{self, Stamp, io_error};
use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::links::stays_inside;
use crate::objects::{self, MAX_FILE_BYTES};
use crate::repository::Repository;
use crate::snapshot::{Entry, EntryKind, Snapshot};
use crate::stat_cache::StatCache;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use skillhost_core::path::SkillPath;
use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads for one checkout: several run at once, and the disk's queue takes no more.
const MAX_THREADS: usize = 2;
/// Below this many directories a second thread costs more than it brings.
const DIRECTORIES_PER_THREAD: usize = 16;
/// Most bytes of all files of a commit: a few compressed ones that are entered many times could fill any disk.
const MAX_CHECKOUT_BYTES: u64 = 16 << 30;
/// Longest target of a link: Linux's PATH_MAX.
const MAX_TARGET_BYTES: u64 = 4_096;
/// Most paths that are named.
const MAX_SKIPPED: usize = 100;

/// An entry of a commit that its tree doesn't have.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Skipped {
    /// A submodule: an empty directory is there.
    Submodule(String),
    /// A link that leads out of the tree: nothing is there.
    EscapingLink(String),
}

impl Repository {
    /// Writes the files of `commit` to `dir`, which must be empty or not exist. Nothing of git is in it.
    ///
    /// # Errors
    /// Where the commit has entries that are unsafe to write, or the disk fails; what was written is then removed.
    pub fn checkout(&self, commit: &CommitId, dir: &Path) -> Result<(), WorktreeError> {
        self.write_new(&Snapshot::of_commit(&self.open_git()?, *commit)?, dir)
    }

    /// The same with the files at `paths` as they are in the commit `over`: what it doesn't have there is not written, and
    /// what of `commit` stands in the way of a file isn't either.
    ///
    /// # Errors
    /// As [`Repository::checkout`], for either commit.
    pub fn checkout_with(
        &self,
        commit: &CommitId,
        (over, paths): (&CommitId, &[SkillPath]),
        dir: &Path,
    ) -> Result<(), WorktreeError> {
        let git = self.open_git()?;
        let mut snapshot = Snapshot::of_commit(&git, *commit)?;
        snapshot.take_over(&Snapshot::of_commit(&git, *over)?, paths);
        self.write_new(&snapshot, dir)
    }

    fn write_new(&self, snapshot: &Snapshot, dir: &Path) -> Result<(), WorktreeError> {
        if ambient::kind_of(dir).is_none() {
            ambient::create_new_directory(dir)?;
        } else if !ambient::names_in(dir, 1)?.is_empty() {
            return Err(WorktreeError::Record { path: dir.to_owned() });
        }
        let written = write_snapshot(self, snapshot, dir).map(drop);
        if written.is_err() {
            // The first error is the one that tells why.
            let _ = remove_directory(dir);
        }
        written
    }
}

/// Removes a directory of the host's own and everything beneath it, however deep it is and whatever its modes are. One
/// that is gone is fine; links are not followed.
///
/// # Errors
/// Where the file system refuses.
pub fn remove_directory(path: &Path) -> Result<(), WorktreeError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(WorktreeError::Record { path: path.to_owned() });
    };
    if ambient::kind_of(path).is_none() {
        return Ok(());
    }
    let parent = ambient::open_directory(parent)?;
    beneath::remove_all(&parent, name.as_encoded_bytes()).map_err(|e| WorktreeError::io("remove", path, e.into()))
}

/// Writes a snapshot to an empty directory.
pub(crate) fn write_snapshot(
    repository: &Repository,
    snapshot: &Snapshot,
    dir: &Path,
) -> Result<(StatCache, Vec<Skipped>), WorktreeError> {
    check_sizes(&repository.open_git()?, snapshot)?;
    let root = ambient::open_directory(dir)?;
    let mut skipped = Vec::new();
    let mut directories: BTreeSet<&[u8]> = BTreeSet::new();
    let mut files: BTreeMap<&[u8], Vec<(&[u8], Entry)>> = BTreeMap::new();
    let mut links = Vec::new();
    for (path, entry) in &snapshot.entries {
        let (parent, name) = split(path);
        note_parents(&mut directories, parent);
        match entry.kind {
            EntryKind::File | EntryKind::Executable => files.entry(parent).or_default().push((name, *entry)),
            EntryKind::Link => links.push((&path[..], entry.blob)),
            EntryKind::Submodule => {
                directories.insert(path);
                skipped.push(Skipped::Submodule(beneath::lossy(path)));
            }
        }
    }
    // Sorted, so that every directory comes after the one that holds it.
    for directory in directories {
        rustix::fs::mkdirat(&root, directory, Mode::from_raw_mode(0o755)).map_err(|e| create_error(directory, e))?;
    }
    let mut cache = StatCache::default();
    for (path, stamp, blob) in write_files(repository, root.as_fd(), &files)? {
        cache.insert(path, stamp, blob);
    }
    let git = repository.open_git()?;
    for (path, blob) in links {
        match write_link(&git, root.as_fd(), path, blob)? {
            Some(stamp) => cache.insert(path.to_vec(), stamp, blob),
            None => skipped.push(Skipped::EscapingLink(beneath::lossy(path))),
        }
    }
    skipped.truncate(MAX_SKIPPED);
    Ok((cache, skipped))
}

type Written = (Vec<u8>, Stamp, git2::Oid);

fn write_files(
    repository: &Repository,
    root: BorrowedFd<'_>,
    files: &BTreeMap<&[u8], Vec<(&[u8], Entry)>>,
) -> Result<Vec<Written>, WorktreeError> {
    let directories: Vec<_> = files.iter().collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<Written>, WorktreeError> {
        let git = repository.open_git()?;
        let mut written = Vec::new();
        while let Some((directory, files)) = directories.get(next.fetch_add(1, Ordering::Relaxed)) {
            let handle = open_beneath(root, directory).map_err(|e| io_error("open", directory, e))?;
            for (name, entry) in files.iter() {
                written.push(write_file(&git, &handle, directory, name, *entry)?);
            }
        }
        Ok(written)
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(MAX_THREADS).min(directories.len() / DIRECTORIES_PER_THREAD + 1);
    if threads == 1 {
        return work();
    }
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::new();
        for worker in workers {
            // A worker that panicked has written nothing that is relied upon: the checkout fails.
            let panicked = || WorktreeError::Limit { limit: threads as u64, what: "threads that work" };
            all.extend(worker.join().map_err(|_| panicked())??);
        }
        Ok(all)
    })
}

/// Refuses a commit whose files are too large, before the first of them is written.
pub(crate) fn check_sizes(git: &git2::Repository, snapshot: &Snapshot) -> Result<(), WorktreeError> {
    let mut total = 0_u64;
    // Files with the same content are written each, and looked at once.
    let mut sizes = HashMap::new();
    let is_file = |entry: &&Entry| matches!(entry.kind, EntryKind::File | EntryKind::Executable);
    for entry in snapshot.entries.values().filter(is_file) {
        let bytes = match sizes.entry(entry.blob) {
            Slot::Occupied(known) => *known.get(),
            Slot::Vacant(slot) => *slot.insert(objects::size(git, entry.blob)?),
        };
        total = total.saturating_add(bytes);
        if bytes > MAX_FILE_BYTES {
            return Err(WorktreeError::CommitTooLarge { limit: MAX_FILE_BYTES, what: "bytes in one file" });
        }
        if total > MAX_CHECKOUT_BYTES {
            return Err(WorktreeError::CommitTooLarge { limit: MAX_CHECKOUT_BYTES, what: "bytes in its files" });
        }
    }
    Ok(())
}

fn open_beneath(root: BorrowedFd<'_>, directory: &[u8]) -> Result<OwnedFd, Errno> {
    if directory.is_empty() {
        return beneath::open_subdirectory(root, b".");
    }
    let (parent, name) = beneath::open_parent(root, directory)?;
    beneath::open_subdirectory(parent, name)
}

fn write_file(
    git: &git2::Repository,
    handle: &OwnedFd,
    directory: &[u8],
    name: &[u8],
    entry: Entry,
) -> Result<Written, WorktreeError> {
    let path = if directory.is_empty() { name.to_vec() } else { [directory, b"/", name].concat() };
    let blob = objects::blob(git, entry.blob, MAX_FILE_BYTES)?;
    let mode = if entry.kind == EntryKind::Executable { 0o755 } else { 0o644 };
    let stamp = create_file(handle, name, blob.content(), mode).map_err(|e| create_error(&path, e))?;
    Ok((path, stamp, entry.blob))
}

/// Writes a file that must not exist.
pub(crate) fn create_file(parent: impl AsFd, name: &[u8], content: &[u8], mode: u32) -> Result<Stamp, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(parent, name, flags, Mode::from_raw_mode(mode))?;
    let mut rest = content;
    while !rest.is_empty() {
        let count = rustix::io::retry_on_intr(|| rustix::io::write(&file, rest))?;
        rest = &rest[count..];
    }
    rustix::fs::fstat(&file).map(|stat| Stamp::from(&stat))
}

/// Writes a link that must not exist; none where it would lead out of the tree.
fn write_link(
    git: &git2::Repository,
    root: BorrowedFd<'_>,
    path: &[u8],
    blob: git2::Oid,
) -> Result<Option<Stamp>, WorktreeError> {
    if !may_be_linked(git, path, blob)? {
        return Ok(None);
    }
    let target = objects::blob(git, blob, MAX_TARGET_BYTES)?;
    let write = || {
        let (parent, name) = beneath::open_parent(root, path)?;
        rustix::fs::symlinkat(target.content(), &parent, name)?;
        beneath::stamp_of(&parent, name)
    };
    write().map(Some).map_err(|e| create_error(path, e))
}

/// Whether a link of a commit is one that trees have.
pub(crate) fn may_be_linked(git: &git2::Repository, path: &[u8], blob: git2::Oid) -> Result<bool, WorktreeError> {
    let is_short = objects::size(git, blob)? < MAX_TARGET_BYTES;
    Ok(is_short && stays_inside(path, objects::blob(git, blob, MAX_TARGET_BYTES)?.content()))
}

/// Two names that this file system takes for one are the likely reason for an entry that is there already.
fn create_error(path: &[u8], errno: Errno) -> WorktreeError {
    if errno == Errno::EXIST {
        let rule = "another entry has the same name on this file system";
        return WorktreeError::UnsafeTree { path: beneath::lossy(path), rule };
    }
    io_error("create", path, errno)
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|b| *b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

fn note_parents<'a>(directories: &mut BTreeSet<&'a [u8]>, mut directory: &'a [u8]) {
    while !directory.is_empty() && directories.insert(directory) {
        directory = split(directory).0;
    }
}
