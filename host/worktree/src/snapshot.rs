//! The files of one commit, flattened: path to mode and blob. Checked once here, so that whoever writes them to disk
//! or compares with them needs no second look.

use crate::beneath::lossy;
use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::objects;
use git2::{Oid, Repository};
use skillhost_core::path::{SkillPath, is_git_name};
use std::collections::{BTreeMap, HashSet};

/// Most files that one commit may have. Large monorepositories have around half of it.
pub(crate) const MAX_FILES: usize = 1_000_000;
/// Deepest directory: as deep as a path that a skill can name.
pub(crate) const MAX_DEPTH: usize = 128;
/// Longest path, in bytes.
const MAX_PATH_BYTES: usize = 4_000;
/// Most entries of directories that are read. A directory can stand in its own tree many times over, so that a few
/// objects unfold to more than a machine can ever visit.
const MAX_ENTRIES: usize = 2 * MAX_FILES;
/// Most bytes of all paths together: what a million files with paths of 250 bytes have.
const MAX_PATHS_BYTES: usize = 250 << 20;

/// What an entry of a commit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    File,
    Executable,
    Link,
    Submodule,
}

impl EntryKind {
    pub(crate) fn mode(self) -> u32 {
        match self {
            Self::File => 0o100_644,
            Self::Executable => 0o100_755,
            Self::Link => 0o120_000,
            Self::Submodule => 0o160_000,
        }
    }

    fn from_mode(mode: i32) -> Option<Self> {
        match mode {
            0o100_755 => Some(Self::Executable),
            // 0664 stands in commits that very old versions of git made.
            0o100_644 | 0o100_664 => Some(Self::File),
            0o120_000 => Some(Self::Link),
            0o160_000 => Some(Self::Submodule),
            _ => None,
        }
    }
}

/// One entry of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: EntryKind,
    pub(crate) blob: Oid,
}

/// All entries of a commit, by path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) entries: BTreeMap<Vec<u8>, Entry>,
}

impl Snapshot {
    /// Reads a commit's tree.
    ///
    /// # Errors
    /// Where it has an entry that can't be written to disk without harm, or is over a limit.
    pub(crate) fn of_commit(repository: &Repository, commit: CommitId) -> Result<Self, WorktreeError> {
        Self::of_tree(repository, objects::commit(repository, commit.oid())?.tree_id())
    }

    pub(crate) fn of_tree(repository: &Repository, tree: Oid) -> Result<Self, WorktreeError> {
        let mut snapshot = Self::default();
        let mut pending = vec![(Vec::new(), tree, 0)];
        let (mut entries, mut path_bytes) = (0, 0);
        let over = |limit: usize, what| WorktreeError::CommitTooLarge { limit: limit as u64, what };
        while let Some((prefix, tree, depth)) = pending.pop() {
            if depth > MAX_DEPTH {
                return Err(over(MAX_DEPTH, "nested directories"));
            }
            let tree = objects::tree(repository, tree)?;
            entries += tree.len();
            if entries > MAX_ENTRIES {
                return Err(over(MAX_ENTRIES, "entries"));
            }
            let mut names = HashSet::with_capacity(tree.len());
            let mut before = Vec::new();
            for index in 0..tree.len() {
                let Some(entry) = tree.get(index) else { continue };
                let path = [&prefix[..], entry.name_bytes()].concat();
                path_bytes += path.len();
                if path_bytes > MAX_PATHS_BYTES {
                    return Err(over(MAX_PATHS_BYTES, "bytes of paths"));
                }
                if let Some(rule) = unsafe_name(entry.name_bytes(), &path) {
                    return Err(WorktreeError::UnsafeTree { path: lossy(&path), rule });
                }
                // A name that is a link and a directory at once would lead what is written beneath it elsewhere.
                if !names.insert(entry.name_bytes().to_vec()) {
                    return Err(WorktreeError::UnsafeTree { path: lossy(&path), rule: "its name stands there twice" });
                }
                // Git looks entries up by halving, so that in another order they are found by one way and not by another.
                let place = order(entry.name_bytes(), entry.filemode());
                if place < before {
                    return Err(WorktreeError::UnsafeTree {
                        path: lossy(&path),
                        rule: "it is not where git looks for it",
                    });
                }
                before = place;
                if entry.filemode() == 0o040_000 {
                    pending.push(([&path[..], b"/"].concat(), entry.id(), depth + 1));
                } else {
                    let Some(kind) = EntryKind::from_mode(entry.filemode()) else {
                        return Err(WorktreeError::UnsafeTree { path: lossy(&path), rule: "its mode is unknown" });
                    };
                    if snapshot.entries.len() == MAX_FILES {
                        return Err(over(MAX_FILES, "files"));
                    }
                    snapshot.entries.insert(path, Entry { kind, blob: entry.id() });
                }
            }
        }
        Ok(snapshot)
    }

    /// Takes over what `other` has at these paths, or that it has nothing there. What stands in the way of it goes.
    pub(crate) fn take_over(&mut self, other: &Self, paths: &[SkillPath]) {
        for path in paths.iter().map(|path| path.as_str().as_bytes()) {
            self.entries.remove(path);
            let Some(entry) = other.entries.get(path) else { continue };
            // A file in the place of one of its directories, and files beneath a directory in its own.
            for (end, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
                self.entries.remove(&path[..end]);
            }
            let beneath = [path, b"/"].concat();
            let first = |entries: &BTreeMap<Vec<u8>, Entry>| {
                let (next, _) = entries.range(beneath.clone()..).next()?;
                next.starts_with(&beneath).then(|| next.clone())
            };
            while let Some(other) = first(&self.entries) {
                self.entries.remove(&other);
            }
            self.entries.insert(path.to_vec(), *entry);
        }
    }
}

/// What entries of a directory are ordered by: directories as if a `/` were behind their names.
fn order(name: &[u8], mode: i32) -> Vec<u8> {
    let behind: &[u8] = if mode == 0o040_000 { b"/" } else { b"" };
    [name, behind].concat()
}

/// Why a name in a commit is not written to disk.
fn unsafe_name(name: &[u8], path: &[u8]) -> Option<&'static str> {
    if name.is_empty() || name == b"." || name == b".." {
        return Some("it leads out of its directory");
    }
    if name.iter().any(|b| matches!(b, b'/' | 0)) {
        return Some("its name holds a separator");
    }
    if is_git_name(name) {
        return Some("its name is a spelling of `.git`");
    }
    (path.len() > MAX_PATH_BYTES || name.len() > 255).then_some("its name is too long")
}
