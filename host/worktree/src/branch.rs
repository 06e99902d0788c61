//! The refs of one run: which names are its own, and how they move.
//!
//! Two refs hold an agent's work: its branch, and a ref under `refs/skillhost/keep/` that nobody else writes. The
//! second moves first, but when they are made, and what it holds stands: a branch that is one commit behind it, after a
//! kill or while another is at it, is moved on. A branch that is elsewhere was moved by somebody else, and is left alone.

use crate::error::WorktreeError;
use crate::objects;
use crate::record::WorktreeRecord;
use crate::tree::is_missing;
use git2::{ErrorCode, Oid, Repository};
use skillhost_core::branch::MAX_BRANCH_BYTES;
use skillhost_core::name::RunId;

/// Checks that a name is a branch of this run.
pub(crate) fn check_name(run: &RunId, name: &str) -> Result<(), WorktreeError> {
    skillhost_core::branch::check_name(run, name)
        .map_err(|rule| WorktreeError::Branch { name: name.chars().take(MAX_BRANCH_BYTES).collect(), rule })
}

/// Where an agent's two refs were when they were looked at: what a commit is made on, and what it may replace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tip {
    pub(crate) branch: Oid,
    kept: Option<Oid>,
}

/// The tip of an agent's branch, if it is where the host left it. A commit that was kept and didn't reach it does now.
pub(crate) fn tip(git: &Repository, record: &WorktreeRecord) -> Result<Tip, WorktreeError> {
    let (branch, tip) = look(git, record)?;
    if branch != tip.branch {
        follow(git, record, branch, tip.branch)?;
    }
    Ok(tip)
}

/// Where the branch is, and where it has to be.
fn look(git: &Repository, record: &WorktreeRecord) -> Result<(Oid, Tip), WorktreeError> {
    let moved = || WorktreeError::BranchMoved { name: record.branch.clone() };
    let kept = target(git, &record.keep_reference())?;
    let branch = target(git, &reference(&record.branch))?.ok_or_else(moved)?;
    let is_behind = |kept| objects::commit(git, kept).is_ok_and(|commit| commit.parent_ids().next() == Some(branch));
    match kept {
        Some(kept) if kept != branch && !is_behind(kept) => Err(moved()),
        kept => Ok((branch, Tip { branch: kept.unwrap_or(branch), kept })),
    }
}

/// Moves the branch to what is kept already; it may have been moved there meanwhile.
fn follow(git: &Repository, record: &WorktreeRecord, old: Oid, kept: Oid) -> Result<(), WorktreeError> {
    let name = reference(&record.branch);
    swap(git, record, &name, old, kept).or_else(|error| match target(git, &name) {
        Ok(Some(now)) if now == kept => Ok(()),
        _ => Err(error),
    })
}

/// The commit that holds most of an agent's work, whatever became of its branch. No ref moves.
pub(crate) fn last_known(git: &Repository, record: &WorktreeRecord) -> Result<Tip, WorktreeError> {
    if let Ok((_, tip)) = look(git, record) {
        return Ok(tip);
    }
    let kept = target(git, &record.keep_reference())?;
    Ok(Tip { branch: kept.unwrap_or(record.base.oid()), kept })
}

/// Makes both refs at the base; neither may exist, but those that a kill left there. Where one can't be made, the other
/// isn't there either.
pub(crate) fn create(git: &Repository, record: &WorktreeRecord, has_branch: bool) -> Result<(), WorktreeError> {
    let exists = || WorktreeError::BranchExists { name: record.branch.clone() };
    let base = record.base.oid();
    let branch = match git.reference(&reference(&record.branch), base, false, "skillhost: base") {
        Ok(branch) => Some(branch),
        Err(e) if e.code() == ErrorCode::Exists && has_branch => None,
        Err(e) if e.code() == ErrorCode::Exists => return Err(exists()),
        Err(e) => return Err(e.into()),
    };
    let kept = match git.reference(&record.keep_reference(), base, false, "skillhost: base") {
        Ok(_) => Ok(()),
        Err(e) if e.code() == ErrorCode::Exists => match target(git, &record.keep_reference()) {
            Ok(Some(kept)) if kept == base => Ok(()),
            _ => Err(exists()),
        },
        Err(e) => Err(e.into()),
    };
    if let (Err(_), Some(mut branch)) = (&kept, branch) {
        // The first error is the one that tells why. This one is deleted only where it still is what was just made.
        let _ = branch.delete();
    }
    kept
}

/// The branch in whose place a directory is needed for one of this name: `a/b` can't stand beside `a`.
pub(crate) fn collision(git: &Repository, name: &str) -> Option<String> {
    let above = name.match_indices('/').map(|(at, _)| &name[..at]);
    above.filter(|above| exists(git, above)).map(str::to_owned).next()
}

/// Whether a branch of this name is there, in whatever form.
pub(crate) fn exists(git: &Repository, name: &str) -> bool {
    !matches!(git.find_reference(&reference(name)), Err(e) if is_missing(&e))
}

/// Moves both refs from where they were seen to `new`, by compare-and-swap. Whoever comes second moves none.
pub(crate) fn advance(git: &Repository, record: &WorktreeRecord, seen: Tip, new: Oid) -> Result<(), WorktreeError> {
    put(git, record, &record.keep_reference(), seen.kept, new)?;
    follow(git, record, seen.branch, new)
}

/// Moves a ref of the run, or makes it where it wasn't there; not where somebody else did so meanwhile.
pub(crate) fn put(
    git: &Repository,
    record: &WorktreeRecord,
    name: &str,
    old: Option<Oid>,
    new: Oid,
) -> Result<(), WorktreeError> {
    match old {
        Some(old) => swap(git, record, name, old, new),
        None => match git.reference(name, new, false, "skillhost: commit") {
            Err(e) if e.code() == ErrorCode::Exists => Err(WorktreeError::BranchMoved { name: record.branch.clone() }),
            made => Ok(made.map(drop)?),
        },
    }
}

fn swap(git: &Repository, record: &WorktreeRecord, name: &str, old: Oid, new: Oid) -> Result<(), WorktreeError> {
    match git.reference_matching(name, new, true, old, "skillhost: commit") {
        Ok(_) => Ok(()),
        Err(e) if matches!(e.code(), ErrorCode::Modified | ErrorCode::NotFound) => {
            Err(WorktreeError::BranchMoved { name: record.branch.clone() })
        }
        Err(e) => Err(e.into()),
    }
}

/// What a ref points at; none where it isn't there, or is a link to another ref, which is never followed.
pub(crate) fn target(git: &Repository, name: &str) -> Result<Option<Oid>, WorktreeError> {
    match git.find_reference(name) {
        Ok(reference) => Ok(reference.target()),
        Err(e) if is_missing(&e) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

fn reference(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn g_07_a_branch_carries_its_runs_id() {
        let run: RunId = "k3x9p2ab".parse().unwrap();
        for good in ["skillhost/lead-capture-k3x9p2ab", "k3x9p2ab/x", "feat/k3x9p2ab", "skillhost/a-k3x9p2ab.step-1"] {
            assert!(check_name(&run, good).is_ok(), "{good}");
        }
        for bad in [
            "main",
            "k3x9p2ab",
            "skillhost/other",
            "x-k3x9p2abc",
            "-k3x9p2ab",
            "a..k3x9p2ab",
            "a/k3x9p2ab.lock",
            "a k3x9p2ab",
            "a\u{7}-k3x9p2ab",
            "a\u{202e}-k3x9p2ab",
            "refs/../k3x9p2ab",
            "a@{k3x9p2ab",
            "",
            "/k3x9p2ab",
            "a~k3x9p2ab",
            "x\\k3x9p2ab",
        ] {
            assert!(check_name(&run, bad).is_err(), "{bad:?}");
        }
        // A run that is called like a branch doesn't own the branch.
        assert!(check_name(&"main".parse().unwrap(), "main").is_err());
    }
}
