//! What people and projects call a commit: a branch, a tag, a ref, an id or its beginning, and ancestors of these.
//!
//! Libgit2 takes much more: texts to search history for, entries of logs, paths. It reads whatever these lead to, and
//! any file of the git directory that a name or another ref names. So names are followed here, among the refs alone.

use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::objects::{commit, commit_of};
use crate::reader::Reader;
use crate::tree::is_missing;
use git2::{ErrorCode, Oid};

/// Longest chain of refs that lead to refs, as git's.
const MAX_LINKS: usize = 5;
/// Most ancestors that are gone back.
const MAX_STEPS: usize = 100_000;
/// Fewest digits of an id that git takes for one.
const MIN_ID_DIGITS: usize = 4;
/// Where a short name is looked for, first to last.
const PLACES: [(&str, &str); 5] =
    [("refs/", ""), ("refs/tags/", ""), ("refs/heads/", ""), ("refs/remotes/", ""), ("refs/remotes/", "/HEAD")];

impl Reader {
    /// The commit that a revision names: a branch, a tag, another ref, an id or its beginning; `~N` and `^N` behind it
    /// lead to ancestors.
    ///
    /// # Errors
    /// Where it names none, or in another way.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, WorktreeError> {
        let short = || revision.chars().take(80).collect();
        let end = revision.find(['~', '^']).unwrap_or(revision.len());
        let (name, suffix) = revision.split_at(end);
        let steps = steps(suffix).filter(|_| is_plain(name));
        let steps = steps.ok_or_else(|| WorktreeError::RevisionForm { revision: short() })?;
        let git = self.head();
        let found = match named(git, name)? {
            Some(id) => commit_of(git, id).or_else(|error| if is_gone(&error) { Ok(None) } else { Err(error) })?,
            None => None,
        };
        let found = found.map(|found| ancestor(git, found.oid(), &steps)).transpose()?.flatten();
        found.map(CommitId::from).ok_or_else(|| {
            // A linked worktree's own directory doesn't tell.
            let shallow = self.git.is_shallow();
            WorktreeError::Revision { revision: short(), shallow }
        })
    }
}

/// Whether it is a name, and nothing that git would search by.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains("@{") && !name.contains("..") && !name.contains([':', '?', '*', '[', '\\'])
}

/// Which parent is gone to, step by step.
fn steps(mut suffix: &str) -> Option<Vec<usize>> {
    let mut steps = Vec::new();
    while !suffix.is_empty() {
        let (goes_back, rest) = match suffix.strip_prefix('~') {
            Some(rest) => (true, rest),
            None => (false, suffix.strip_prefix('^')?),
        };
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: usize = if digits == 0 { 1 } else { rest[..digits].parse().ok()? };
        let (parent, times) = if goes_back { (1, number) } else { (number, 1) };
        if times > MAX_STEPS - steps.len() {
            return None;
        }
        steps.extend(std::iter::repeat_n(parent, times));
        suffix = &rest[digits..];
    }
    Some(steps)
}

/// The object that a name stands for, which need not be there.
fn named(git: &git2::Repository, name: &str) -> Result<Option<Oid>, WorktreeError> {
    if let Ok(id) = name.parse::<CommitId>() {
        return Ok(Some(id.oid()));
    }
    let name = if name == "@" { "HEAD" } else { name };
    // Directly in the git directory there are `HEAD` and its kin, and files that are no refs.
    let is_head = name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let whole = (is_head || name.starts_with("refs/")).then(|| name.to_owned());
    let places = PLACES.iter().map(|(before, behind)| format!("{before}{name}{behind}"));
    for place in whole.into_iter().chain(places) {
        if let Some(id) = follow(git, &place)? {
            return Ok(Some(id));
        }
    }
    let is_id = name.len() >= MIN_ID_DIGITS && name.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_id || name.len() > 40 {
        return Ok(None);
    }
    // One that several objects begin with names none.
    let id = Oid::from_str(name)?;
    Ok(git.odb()?.exists_prefix(id, name.len()).ok())
}

/// What a ref leads to, over other refs too; none where it isn't there.
pub(crate) fn follow(git: &git2::Repository, name: &str) -> Result<Option<Oid>, WorktreeError> {
    let mut name = name.to_owned();
    for _ in 0..=MAX_LINKS {
        let reference = match git.find_reference(&name) {
            Ok(reference) => reference,
            Err(e) if is_missing(&e) || e.code() == ErrorCode::InvalidSpec => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        if let Some(id) = reference.target() {
            return Ok(Some(id));
        }
        match reference.symbolic_target_bytes().and_then(|to| std::str::from_utf8(to).ok()) {
            Some(to) if to.starts_with("refs/") => name = to.to_owned(),
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn ancestor(git: &git2::Repository, mut id: Oid, steps: &[usize]) -> Result<Option<Oid>, WorktreeError> {
    for number in steps {
        let Some(parent) = number.checked_sub(1) else { continue };
        let parent = commit(git, id)?.parent_ids().nth(parent);
        match parent {
            // Not there where the clone is shallow.
            Some(parent) if git.odb()?.exists(parent) => id = parent,
            _ => return Ok(None),
        }
    }
    Ok(Some(id))
}

fn is_gone(error: &WorktreeError) -> bool {
    matches!(error, WorktreeError::Git(error) if is_missing(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_leads_to_ancestors_and_nowhere_else() {
        for (suffix, expected) in
            [("", &[][..]), ("^", &[1]), ("~", &[1]), ("~2", &[1, 1]), ("^2~1^0", &[2, 1, 0]), ("~0", &[])]
        {
            assert_eq!(steps(suffix).as_deref(), Some(expected), "{suffix}");
        }
        for bad in ["^{tree}", "~x", "^-", "~1x", "~100001", "~99999^^", "~99999999999999999999", "^{/x}", "~é", "^1é"]
        {
            assert_eq!(steps(bad), None, "{bad}");
        }
        for bad in ["", "main@{1}", "@{-1}", ":/text", "main:file", "a..b", "a...b", "v*"] {
            assert!(!is_plain(bad), "{bad}");
        }
        assert!(["main", "@", "v1.0", "feature/x", "a@b"].iter().all(|name| is_plain(name)));
    }
}
