//! Committing what belongs to an agent's branch.
//!
//! The tree is swept first. Then blobs and directories are written in-process, without filters, from what the host
//! itself read; the refs move last, by compare-and-swap.

use crate::ambient;
use crate::beneath;
use crate::branch;
use crate::error::WorktreeError;
use crate::executes::executes_by_itself;
use crate::id::CommitId;
use crate::message::compose;
use crate::objects;
use crate::selection::{LeftOut, Rules, select};
use crate::settings::person;
use crate::snapshot::Entry;
use crate::stat_cache::StatCache;
use crate::status::{Difference, MAX_BLOB_BYTES, kind_of};
use crate::sweep::{SweepAction, SweepFinding, SweepWhat, sweep};
use crate::tree::{Updates, write_tree};
use crate::worktree::{Look, Worktree};
use git2::{ObjectType, Oid};
use skillhost_core::path::SkillPath;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd as _;

/// Who commits: always the host.
const COMMITTER: (&str, &str) = ("skillhost", "skillhost@localhost");

/// What is to be committed.
#[derive(Clone)]
pub struct CommitRequest<'a> {
    /// The first line; cut to 72 characters.
    pub title: &'a str,
    /// The text below it; may be empty.
    pub body: &'a str,
    /// The host's own statements, at the end of the message.
    pub trailers: &'a [(&'a str, String)],
    /// What the skill wrote or removed through the guard.
    pub written: &'a BTreeSet<SkillPath>,
    /// Untracked files, or directories of them, that the skill named.
    pub also: &'a [SkillPath],
    /// The write grant.
    pub may_write: &'a dyn Fn(&SkillPath) -> bool,
    /// Name and address of the author; the host where there is none.
    pub author: Option<(String, String)>,
}

impl<'a> CommitRequest<'a> {
    /// All that was written, in the host's own name.
    #[must_use]
    pub fn new(title: &'a str, written: &'a BTreeSet<SkillPath>) -> Self {
        Self { title, body: "", trailers: &[], written, also: &[], may_write: &|_| true, author: None }
    }
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Committed {
    /// The new commit; none where nothing differs.
    pub commit: Option<CommitId>,
    /// The files that are in it: written, changed or deleted.
    pub included: Vec<SkillPath>,
    /// What differs and is not in it.
    pub left_out: Vec<LeftOut>,
    /// What the sweep found.
    pub findings: Vec<SweepFinding>,
}

impl Worktree {
    /// Commits to the agent's branch: what the skill wrote, tracked files that its commands changed, and what it named,
    /// each within the grant.
    ///
    /// # Errors
    /// Where the tree can't be read or swept, or the branch was moved by somebody else: nothing has moved then.
    pub fn commit(&self, request: CommitRequest<'_>) -> Result<Committed, WorktreeError> {
        let look = self.look()?;
        let root = look.root.as_fd();
        let rules = Rules { written: request.written, also: request.also, may_write: request.may_write };
        let mut findings = sweep(root, &look.listing, &look.snapshot, &|path| rules.chooses(path))?;
        let forbidden = &look.listing.forbidden;
        let selection = select(root, &look.snapshot.entries, forbidden, &look.differences, &rules)?;
        for (path, difference) in &selection.included {
            if difference.after.is_some() && executes_by_itself(path) {
                let path = path.to_string();
                findings.push(SweepFinding { path, what: SweepWhat::ExecutesByItself, action: SweepAction::Reported });
            }
        }
        let included: Vec<SkillPath> = selection.included.keys().cloned().collect();
        let mut committed = Committed { commit: None, included, left_out: selection.left_out, findings };
        if selection.included.is_empty() {
            return Ok(committed);
        }
        let mut cache = StatCache::load(&self.recorded().stat_cache());
        let updates = store(&look, &selection.included, &mut cache)?;
        let tree = write_tree(&look.git, objects::commit(&look.git, look.head)?.tree_id(), &updates)?;
        let message = compose(request.title, request.body, request.trailers);
        let commit = write(&look.git, tree, &[look.head], &message, request.author.as_ref())?;
        branch::advance(&look.git, self.recorded(), look.tip, commit)?;
        // Without it the next look takes longer; the commit stands.
        let _ = cache.store(&self.recorded().stat_cache());
        committed.commit = Some(commit.into());
        Ok(committed)
    }
}

/// Writes the blobs of what is included.
fn store(
    look: &Look,
    included: &BTreeMap<SkillPath, Difference>,
    cache: &mut StatCache,
) -> Result<Updates, WorktreeError> {
    let odb = look.git.odb()?;
    let mut updates = Updates::new();
    for (path, difference) in included {
        let bytes = path.as_str().as_bytes();
        let entry = match difference.after {
            None => None,
            Some(_) => {
                let (content, stamp) = beneath::read(look.root.as_fd(), bytes, MAX_BLOB_BYTES)?;
                let blob = odb.write(ObjectType::Blob, &content)?;
                cache.insert(bytes.to_vec(), stamp, blob);
                Some(Entry { kind: kind_of(&stamp), blob })
            }
        };
        updates.insert(bytes.to_vec(), entry);
    }
    Ok(updates)
}

/// Writes a commit object; no ref moves.
pub(crate) fn write(
    git: &git2::Repository,
    tree: Oid,
    parents: &[Oid],
    message: &str,
    author: Option<&(String, String)>,
) -> Result<Oid, WorktreeError> {
    let time = git2::Time::new(ambient::now_s(), 0);
    let committer = git2::Signature::new(COMMITTER.0, COMMITTER.1, &time)?;
    let author = author
        .and_then(|(name, email)| Some((person(name)?, person(email)?)))
        .and_then(|(name, email)| git2::Signature::new(&name, &email, &time).ok());
    let tree = objects::tree(git, tree)?;
    let parents = parents.iter().map(|id| objects::commit(git, *id)).collect::<Result<Vec<_>, _>>()?;
    let parents: Vec<_> = parents.iter().collect();
    Ok(git.commit(None, author.as_ref().unwrap_or(&committer), &committer, message, &tree, &parents)?)
}
