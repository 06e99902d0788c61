//! The sweep: what must not be in a tree before anything from it becomes part of a commit, or before a skill sees it
//! again.
//!
//! A spelling of `.git` turns the directory that holds it into a repository for whoever runs git there, with hooks and
//! a configuration that execute: it is removed, wherever it stands. Devices and FIFOs block or act when they are opened:
//! in the place of a file that would be committed they are refused, elsewhere removed. So are directories that are nested
//! deeper than any path can name. Links that lead out of the tree,
//! names that some file systems take for one, and files that other tools execute by themselves are reported.

use crate::beneath::{self, io_error, lossy};
use crate::error::WorktreeError;
use crate::links::stays_inside;
use crate::snapshot::Snapshot;
use crate::walk::{Forbidden, Listing, walk};
use crate::worktree::Worktree;
use rustix::fs::FileType;
use rustix::io::Errno;
use skillhost_core::path::SkillPath;
use std::collections::BTreeSet;
use std::fmt;
use std::os::fd::{AsFd as _, BorrowedFd};

/// Most findings in one report; the rest is counted.
const MAX_FINDINGS: usize = 1_000;
/// Longest target of a link that is looked at.
const MAX_TARGET_BYTES: u64 = 4_096;

/// One finding of the sweep.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SweepFinding {
    /// Relative to the tree's root; not escaped.
    pub path: String,
    /// What was found.
    pub what: SweepWhat,
    /// What was done about it.
    pub action: SweepAction,
}

/// What the sweep looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SweepWhat {
    /// A file or directory that some file system takes for `.git`.
    GitName,
    /// A device, a FIFO or a socket.
    Special,
    /// A directory nested so deep that nothing beneath it can be named or committed.
    Deep,
    /// A link that leads out of the tree, or that some system may read so.
    EscapingLink,
    /// A name that differs from another one only by case or Unicode form.
    Twin,
    /// A new file that other tools execute by themselves.
    ExecutesByItself,
}

/// What became of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SweepAction {
    /// It is there, and was not committed.
    Refused,
    /// It was removed.
    Removed,
    /// It is there.
    Reported,
}

impl fmt::Display for SweepFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.what {
            SweepWhat::GitName => "a spelling of .git",
            SweepWhat::Deep => "a directory that is nested too deep",
            SweepWhat::Special => "a device, a FIFO or a socket",
            SweepWhat::EscapingLink => "a link that leads out of the tree",
            SweepWhat::Twin => "a name that differs from another one only by case or Unicode form",
            SweepWhat::ExecutesByItself => "a file that other tools execute by themselves",
        };
        let action = match self.action {
            SweepAction::Refused => "left out",
            SweepAction::Removed => "removed",
            SweepAction::Reported => "there",
        };
        write!(f, "{}: {what} ({action})", self.path)
    }
}

impl Worktree {
    /// Sweeps the tree without committing: after every command, before a skill sees the tree again. `written` is what
    /// the skill wrote through the guard.
    ///
    /// # Errors
    /// Where the tree can't be read or is over a limit, or what is forbidden can't be removed.
    pub fn sweep(&self, written: &BTreeSet<SkillPath>) -> Result<Vec<SweepFinding>, WorktreeError> {
        let head = Snapshot::of_commit(&self.open_git()?, self.head()?)?;
        let root = self.open_root()?;
        let listing = walk(root.as_fd())?;
        sweep(root.as_fd(), &listing, &head, &|path| written.contains(path))
    }
}

/// Sweeps what a walk has found. `chosen` is what the skill wrote and named itself.
pub(crate) fn sweep(
    root: BorrowedFd<'_>,
    listing: &Listing,
    head: &Snapshot,
    chosen: &dyn Fn(&SkillPath) -> bool,
) -> Result<Vec<SweepFinding>, WorktreeError> {
    let mut findings = Findings::default();
    let is_committed =
        |path: &[u8]| head.entries.contains_key(path) || skill_path(path).is_some_and(|path| chosen(&path));
    for (path, forbidden) in &listing.forbidden {
        match forbidden {
            // In the place of a file that would be committed, it stays as evidence of what went wrong there.
            Forbidden::Special if is_committed(path) => {
                findings.push(path, SweepWhat::Special, SweepAction::Refused);
            }
            Forbidden::Special => {
                remove(root, path).map_err(|e| io_error("remove", path, e))?;
                findings.push(path, SweepWhat::Special, SweepAction::Removed);
            }
            Forbidden::GitName | Forbidden::Deep => {
                remove(root, path).map_err(|e| io_error("remove", path, e))?;
                let is_deep = *forbidden == Forbidden::Deep;
                findings.push(path, if is_deep { SweepWhat::Deep } else { SweepWhat::GitName }, SweepAction::Removed);
            }
        }
    }
    for (path, stamp) in &listing.files {
        if stamp.kind() == FileType::Symlink && link_escapes(root, path)? {
            findings.push(path, SweepWhat::EscapingLink, SweepAction::Reported);
        }
    }
    for path in &listing.twins {
        findings.push(path, SweepWhat::Twin, SweepAction::Reported);
    }
    findings.0.sort();
    Ok(findings.0)
}

#[derive(Default)]
struct Findings(Vec<SweepFinding>);

impl Findings {
    /// What was done comes first, so what is cut off was only reported.
    fn push(&mut self, path: &[u8], what: SweepWhat, action: SweepAction) {
        if self.0.len() < MAX_FINDINGS {
            self.0.push(SweepFinding { path: lossy(path), what, action });
        }
    }
}

/// Whether a link leads out of the tree, or can't be read.
pub(crate) fn link_escapes(root: BorrowedFd<'_>, path: &[u8]) -> Result<bool, WorktreeError> {
    match beneath::read(root, path, MAX_TARGET_BYTES) {
        Ok((target, stamp)) => Ok(stamp.kind() == FileType::Symlink && !stays_inside(path, &target)),
        Err(WorktreeError::Io { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

pub(crate) fn parent_of(path: &[u8]) -> &[u8] {
    path.iter().rposition(|b| *b == b'/').map_or(b"", |at| &path[..at])
}

pub(crate) fn skill_path(path: &[u8]) -> Option<SkillPath> {
    // A path that only becomes another one by normalisation is not that other one.
    let text = std::str::from_utf8(path).ok()?;
    SkillPath::parse(text).ok().filter(|parsed| parsed.as_str() == text)
}

fn remove(root: BorrowedFd<'_>, path: &[u8]) -> Result<(), Errno> {
    let (parent, name) = beneath::open_parent(root, path)?;
    beneath::remove_all(parent, name)
}
