//! An agent's tree outside of a run: what a case of a skill's tests is played on. It is a real one, of a repository made
//! for it, so that a skill sees there what it would see in a run.

use crate::ambient;
use crate::error::RunError;
use crate::ports::ChangesPort;
use crate::worktree::AgentTree;
use skillhost_audit::Auditor;
use skillhost_core::capability::Effective;
use skillhost_core::name::AgentId;
use skillhost_core::path::SkillPath;
use skillhost_engine::Skill;
use skillhost_engine::ports::Changes;
use skillhost_worktree::{CommitRequest, NewWorktree, Repository};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// A tree, with the change in it so far committed.
pub struct Stage {
    tree: AgentTree,
}

impl Stage {
    /// Makes it beneath a private folder, from the files at base and what was changed since; none is a file that was
    /// removed.
    ///
    /// # Errors
    /// Where a file can't be where it is named, or the disk fails.
    pub async fn set(
        folder: &Path,
        base: BTreeMap<SkillPath, Vec<u8>>,
        change: BTreeMap<SkillPath, Option<Vec<u8>>>,
    ) -> Result<Self, RunError> {
        let run = ambient::new_run_id().map_err(|e| RunError::Bug(e.to_string()))?;
        let at = folder.join("repository");
        let repository = Arc::new(crate::worktree::blocking(move || Ok(Repository::stage(&at, &base)?)).await?);
        let branch = format!("case/{run}");
        let dir = folder.join("tree");
        let commit = repository.resolve("HEAD")?;
        let new = NewWorktree { run, agent: AgentId::main(), base: commit, branch, dir };
        let tree = AgentTree::plan(repository, new)?;
        tree.create().await?;
        tree.with(move |worktree| {
            for (path, content) in &change {
                match content {
                    Some(bytes) => worktree.write_file(path, bytes)?,
                    None => worktree.remove_file(path)?,
                }
            }
            let written = change.into_keys().collect();
            let request = CommitRequest {
                title: "The change so far",
                body: "",
                trailers: &[],
                written: &written,
                also: &[],
                may_write: &|_| true,
                author: None,
            };
            worktree.commit(request)?;
            Ok(())
        })
        .await?;
        Ok(Self { tree })
    }

    /// The tree: what a skill sees as `/repo`.
    pub fn dir(&self) -> &Path {
        self.tree.dir()
    }

    /// The commit that it began from, in hex.
    pub fn base(&self) -> String {
        self.tree.base()
    }

    /// The change so far, for a skill that may do this; commits go to the stage's own branch.
    pub fn changes(&self, skill: &Skill, capabilities: Arc<Effective>, auditor: Auditor) -> Arc<dyn Changes> {
        Arc::new(ChangesPort::on_stage(self.tree.clone(), skill, capabilities, auditor))
    }

    /// A regular file as it is now; none where there is none.
    ///
    /// # Errors
    /// Where it is larger than `max_bytes`, or can't be read.
    pub async fn read(&self, path: &SkillPath, max_bytes: u64) -> Result<Option<Vec<u8>>, RunError> {
        let path = path.clone();
        self.tree.with(move |worktree| Ok(worktree.read_file(&path, max_bytes)?)).await
    }
}
