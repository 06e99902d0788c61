//! What has to be remembered to find a worktree again.

use crate::id::CommitId;
use serde::{Deserialize, Serialize};
use skillhost_core::name::{AgentId, RunId};
use std::path::PathBuf;

/// A worktree as the ledger remembers it. It holds the git directory that was in use when the tree was made, so that
/// nothing which appears in the tree later can put another one in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorktreeRecord {
    /// The run that it belongs to.
    pub run: RunId,
    /// The agent that works in it.
    pub agent: AgentId,
    /// The commit that it was made from.
    pub base: CommitId,
    /// Its branch, without `refs/heads/`.
    pub branch: String,
    /// The tree's directory.
    pub dir: PathBuf,
    /// The git directory that its commits go to: the user's own, shared one.
    pub git_directory: PathBuf,
}

impl WorktreeRecord {
    /// Where the host remembers what the files looked like when it wrote them: beside the tree, never in it.
    pub(crate) fn stat_cache(&self) -> PathBuf {
        self.beside(".files")
    }

    /// There while the tree is being made: what a kill leaves is told by it from a tree that is somebody's.
    pub(crate) fn marker(&self) -> PathBuf {
        self.beside(".making")
    }

    /// The ref that keeps the run's work from the user's own `git gc`, whatever happens to the branch.
    pub(crate) fn keep_reference(&self) -> String {
        format!("refs/skillhost/keep/{}", self.owner())
    }

    /// The ref that uncommitted work is saved under before the tree is removed.
    pub(crate) fn rescue_reference(&self) -> String {
        format!("refs/skillhost/rescue/{}-{}", self.run, self.agent)
    }

    /// The run, for its main agent; the run and the agent for any other.
    fn owner(&self) -> String {
        if self.agent == AgentId::main() { self.run.to_string() } else { format!("{}-{}", self.run, self.agent) }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.dir.clone().into_os_string();
        path.push(ending);
        path.into()
    }
}
