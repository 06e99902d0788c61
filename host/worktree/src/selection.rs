//! Which differences become part of a commit, and why the others don't.
//!
//! In: what the skill wrote through the guard, tracked files that its commands changed, and untracked files that it
//! named; all of them only within its grant. Out, and listed: the rest.

use crate::beneath::lossy;
use crate::error::WorktreeError;
use crate::snapshot::{Entry, EntryKind};
use crate::status::{Difference, MAX_BLOB_BYTES};
use crate::sweep::{link_escapes, parent_of, skill_path};
use crate::walk::Forbidden;
use rustix::fs::FileType;
use skillhost_core::path::SkillPath;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::os::fd::BorrowedFd;

/// Most bytes that one commit takes in: what a forge would still accept.
const MAX_COMMIT_BYTES: u64 = 1 << 30;
/// Most entries in one list: it is for people.
const MAX_LEFT_OUT: usize = 1_000;

/// A file, or a directory of untracked files, that was not committed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// The file; or, ending in `/`, the outermost directory that holds no tracked file. Not escaped.
    pub path: String,
    /// Why it was left out.
    pub reason: LeftOutReason,
    /// How many files it stands for.
    pub files: u64,
}

/// Why a file was not committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LeftOutReason {
    /// A command made it, nobody tracks it, and the skill didn't name it.
    UntrackedOutput,
    /// Set-up changed it, and nobody else did: it is changed again wherever set-up runs.
    SetUp,
    /// The write grant doesn't cover it.
    OutsideGrant,
    /// A link that leads out of the tree.
    EscapingLink,
    /// Over 100 MiB, or one of so many large files that the commit would be over 1 GiB.
    TooLarge,
    /// Its name is not one that every system reads alike.
    Name,
    /// A device, a FIFO or a socket stands in its place.
    Special,
    /// It lies in a submodule, or where the commit keeps a file or a directory that stays.
    Occupied,
}

impl fmt::Display for LeftOutReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UntrackedOutput => "output of a command",
            Self::SetUp => "changed by set-up",
            Self::OutsideGrant => "outside the write grant, or protected",
            Self::EscapingLink => "a link that leads out of the tree",
            Self::TooLarge => "larger than 100 MiB, or than what is left of 1 GiB for one commit",
            Self::Name => "a name that not every system reads alike",
            Self::Special => "a device, a FIFO or a socket",
            Self::Occupied => "in the place of something else",
        })
    }
}

/// What a commit takes, judged by.
pub(crate) struct Rules<'a> {
    pub(crate) written: &'a BTreeSet<SkillPath>,
    pub(crate) also: &'a [SkillPath],
    pub(crate) may_write: &'a dyn Fn(&SkillPath) -> bool,
}

impl Rules<'_> {
    /// Whether the skill wrote this path, or named it or a directory above it.
    pub(crate) fn chooses(&self, path: &SkillPath) -> bool {
        self.written.contains(path) || self.also.iter().any(|also| !also.is_root() && path.starts_with(also))
    }
}

/// What goes in, and what stays out.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub(crate) included: BTreeMap<SkillPath, Difference>,
    pub(crate) left_out: Vec<LeftOut>,
}

/// Sorts the differences.
pub(crate) fn select(
    root: BorrowedFd<'_>,
    head: &BTreeMap<Vec<u8>, Entry>,
    forbidden: &BTreeMap<Vec<u8>, Forbidden>,
    differences: &BTreeMap<Vec<u8>, Difference>,
    rules: &Rules<'_>,
) -> Result<Selection, WorktreeError> {
    let mut selection = Selection::default();
    let mut left_out: BTreeMap<(Vec<u8>, LeftOutReason), u64> = BTreeMap::new();
    let mut leave = |path: &[u8], reason| {
        let shown = if reason == LeftOutReason::UntrackedOutput { roll_up(head, path) } else { path.to_vec() };
        *left_out.entry((shown, reason)).or_default() += 1;
    };
    let mut room = MAX_COMMIT_BYTES;
    for (path, difference) in differences {
        let judged = match forbidden.get(path) {
            Some(_) => Err(LeftOutReason::Special),
            None => judge(root, path, difference, rules)?,
        };
        let left = room.checked_sub(difference.after.map_or(0, |stamp| stamp.size));
        match judged.and_then(|named| left.map(|left| (named, left)).ok_or(LeftOutReason::TooLarge)) {
            Ok((named, left)) => {
                room = left;
                selection.included.insert(named, *difference);
            }
            Err(reason) => leave(path, reason),
        }
    }
    let occupied = find_occupied(head, &selection.included);
    for path in occupied {
        leave(path.as_str().as_bytes(), LeftOutReason::Occupied);
        selection.included.remove(&path);
    }
    let left_out = left_out.into_iter().map(|((path, reason), files)| LeftOut { path: lossy(&path), reason, files });
    selection.left_out = left_out.take(MAX_LEFT_OUT).collect();
    Ok(selection)
}

fn judge(
    root: BorrowedFd<'_>,
    path: &[u8],
    difference: &Difference,
    rules: &Rules<'_>,
) -> Result<Result<SkillPath, LeftOutReason>, WorktreeError> {
    if difference.by_set_up {
        return Ok(Err(LeftOutReason::SetUp));
    }
    let named = skill_path(path);
    if difference.before.is_none() && !named.as_ref().is_some_and(|path| rules.chooses(path)) {
        return Ok(Err(LeftOutReason::UntrackedOutput));
    }
    let Some(named) = named else { return Ok(Err(LeftOutReason::Name)) };
    if difference.before.is_some_and(|entry| entry.kind == EntryKind::Submodule) {
        return Ok(Err(LeftOutReason::Occupied));
    }
    if !(rules.may_write)(&named) {
        return Ok(Err(LeftOutReason::OutsideGrant));
    }
    if let Some(stamp) = difference.after {
        if stamp.kind() == FileType::Symlink && link_escapes(root, path)? {
            return Ok(Err(LeftOutReason::EscapingLink));
        }
        if stamp.size > MAX_BLOB_BYTES {
            return Ok(Err(LeftOutReason::TooLarge));
        }
    }
    Ok(Ok(named))
}

/// Additions that git could only take by dropping something else, which would be a change that nobody judged.
fn find_occupied(head: &BTreeMap<Vec<u8>, Entry>, included: &BTreeMap<SkillPath, Difference>) -> Vec<SkillPath> {
    let stays = |path: &[u8]| {
        let removed = skill_path(path).and_then(|p| included.get(&p)).is_some_and(|d| d.after.is_none());
        head.contains_key(path) && !removed
    };
    let is_occupied = |path: &[u8]| {
        let mut above = parent_of(path);
        while !above.is_empty() {
            if stays(above) {
                return true;
            }
            above = parent_of(above);
        }
        let beneath = [path, b"/"].concat();
        head.range(beneath.clone()..).take_while(|(p, _)| p.starts_with(&beneath)).any(|(p, _)| stays(p))
    };
    let added = included.iter().filter(|(_, difference)| difference.after.is_some());
    added.filter(|(path, _)| is_occupied(path.as_str().as_bytes())).map(|(path, _)| path.clone()).collect()
}

/// The outermost directory above `path` without a tracked file in it, ending in `/`; or the path itself.
fn roll_up(head: &BTreeMap<Vec<u8>, Entry>, path: &[u8]) -> Vec<u8> {
    for (at, _) in path.iter().enumerate().filter(|(_, b)| **b == b'/') {
        let directory = &path[..=at];
        let tracked = head.range(directory.to_vec()..).next().is_some_and(|(p, _)| p.starts_with(directory));
        if !tracked {
            return directory.to_vec();
        }
    }
    path.to_vec()
}
