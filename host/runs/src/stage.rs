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
use tempfile::TempDir;

/// A tree, with the change in it so far committed. It is removed with its folder once nobody works in it any more.
pub struct Stage {
    tree: AgentTree,
    folder: Arc<TempDir>,
}

impl Stage {
    /// Makes it beneath a private folder, from the files at base and what was changed since; none is a file that was
    /// removed. Where nobody waits for it any more, it is left off, and the folder is removed.
    ///
    /// # Errors
    /// Where a file can't be where it is named, or the disk fails.
    pub async fn set(
        folder: TempDir,
        base: BTreeMap<SkillPath, Vec<u8>>,
        change: BTreeMap<SkillPath, Option<Vec<u8>>>,
    ) -> Result<Self, RunError> {
        let folder = Arc::new(folder);
        let shared = Arc::clone(&folder);
        // All at once, on a thread that holds the folder: what removed it meanwhile would miss what is still written.
        let tree = crate::worktree::blocking(move || make(&shared, &base, change)).await?;
        Ok(Self { tree, folder })
    }

    /// The private folder, for what else belongs to the stage.
    pub fn folder(&self) -> &Path {
        self.folder.path()
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

fn make(
    folder: &Arc<TempDir>,
    base: &BTreeMap<SkillPath, Vec<u8>>,
    change: BTreeMap<SkillPath, Option<Vec<u8>>>,
) -> Result<AgentTree, RunError> {
    let is_wanted = || Arc::strong_count(folder) > 1;
    let run = ambient::new_run_id().map_err(|e| RunError::Bug(e.to_string()))?;
    let repository = Repository::stage(&folder.path().join("repository"), base.iter().take_while(|_| is_wanted()))?;
    if !is_wanted() {
        return Err(RunError::Folder(std::io::ErrorKind::Interrupted.into()));
    }
    let (commit, branch) = (repository.resolve("HEAD")?, format!("case/{run}"));
    let dir = folder.path().join("tree");
    let new = NewWorktree { run, agent: AgentId::main(), base: commit, branch, dir };
    let worktree = repository.create_worktree(new)?;
    for (path, content) in change.iter().take_while(|_| is_wanted()) {
        match content {
            Some(bytes) => worktree.write_file(path, bytes)?,
            None => worktree.remove_file(path)?,
        }
    }
    worktree.commit(CommitRequest::new("The change so far", &change.into_keys().collect()))?;
    Ok(AgentTree::of(Arc::new(repository), worktree, Some(Arc::clone(folder))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_nobody_waits_for_any_more_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let name = |at: u32| SkillPath::parse(&format!("d{}/f{at}", at % 10)).unwrap();
        let base = (0..500).map(|at| (name(at), vec![b'x'; 1000])).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            tokio::select! {
                biased;
                _ = Stage::set(folder, base, BTreeMap::new()) => {}
                () = std::future::ready(()) => {}
            }
        });
        // It ends once its threads have.
        drop(runtime);
        assert!(!ambient::exists(&path));
    }
}
