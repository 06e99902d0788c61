//! `changes`: the agent's own change, and checkpoints on its branch.

use crate::error::RunError;
use crate::host::Equipped;
use crate::state::State;
use crate::worktree::AgentTree;
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_audit::{Auditor, Class, Event as Entry, Kind as Deed, Outcome, Status};
use skillhost_core::capability::Effective;
use skillhost_core::glob::Globs;
use skillhost_core::kind::Kind;
use skillhost_core::path::SkillPath;
use skillhost_core::project::Project;
use skillhost_engine::Skill;
use skillhost_engine::contract::{Error, changes as wit};
use skillhost_engine::ports::{Changes, Touched};
use skillhost_worktree::{ChangeKind, CommitRequest, WorktreeError};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Largest diff that a skill is handed.
const MAX_DIFF_BYTES: u64 = 256 << 10;
/// Most of an original file that a skill is handed at once.
const ORIGINAL_BYTES: u64 = 1 << 20;

pub(crate) struct ChangesPort {
    tree: AgentTree,
    touched: Arc<Mutex<BTreeSet<SkillPath>>>,
    capabilities: Arc<Effective>,
    protected: Globs,
    trailers: Vec<(&'static str, String)>,
    author: Option<(String, String)>,
    auditor: Auditor,
    /// Judges what is proposed: what commands left in the tree beside that is nobody's change.
    judges: bool,
}

impl ChangesPort {
    pub(crate) fn new(state: &State, equipped: &Equipped, kind: Kind) -> Self {
        let digest = equipped.skill.inspection().digest;
        Self {
            tree: state.tree.clone(),
            touched: Arc::clone(&state.touched),
            capabilities: Arc::clone(&equipped.capabilities),
            protected: state.host.project.protect.paths.clone(),
            trailers: vec![
                ("Skillhost-Run", state.id.to_string()),
                ("Skillhost-Agent", state.agent.to_string()),
                ("Skillhost-Skill", format!("{} {digest}", equipped.name())),
            ],
            author: state.tree.author(),
            auditor: state.auditor(),
            judges: judges(kind),
        }
    }

    /// The same outside of a run.
    pub(crate) fn on_stage(tree: AgentTree, skill: &Skill, capabilities: Arc<Effective>, auditor: Auditor) -> Self {
        Self {
            tree,
            touched: Arc::default(),
            capabilities,
            protected: Project::default().protect.paths,
            trailers: Vec::new(),
            author: None,
            auditor,
            judges: judges(skill.inspection().manifest.skill.kind),
        }
    }

    /// What the run's calls wrote so far, and what this one did.
    fn touched(&self, by_call: Touched) -> BTreeSet<SkillPath> {
        let mut touched = self.touched.lock().map(|touched| touched.clone()).unwrap_or_default();
        touched.extend(by_call.written.into_iter().chain(by_call.removed));
        touched
    }
}

/// Whether a skill of this kind reads what others propose.
fn judges(kind: Kind) -> bool {
    matches!(kind, Kind::Review | Kind::Verify)
}

impl Changes for ChangesPort {
    fn entries(&self, touched: Touched) -> BoxFuture<'_, Result<Vec<wit::Entry>, Error>> {
        let (touched, judges) = (self.touched(touched), self.judges);
        async move {
            let listed = self.tree.with(move |worktree| {
                let mut changes = worktree.changes(&touched)?;
                if judges {
                    let committed: BTreeSet<_> = worktree.committed_changes()?.into_iter().map(|it| it.path).collect();
                    changes.retain(|change| committed.contains(&change.path));
                }
                Ok(changes)
            });
            let changes = listed.await.map_err(failed)?;
            let entry = |change: skillhost_worktree::Change| wit::Entry {
                path: change.path.to_string(),
                kind: match change.kind {
                    ChangeKind::Added => wit::Kind::Added,
                    ChangeKind::Modified => wit::Kind::Modified,
                    ChangeKind::Deleted => wit::Kind::Deleted,
                    ChangeKind::Renamed => wit::Kind::Renamed,
                },
            };
            Ok(changes.into_iter().map(entry).collect())
        }
        .boxed()
    }

    fn diff(&self, paths: Vec<SkillPath>) -> BoxFuture<'_, Result<String, Error>> {
        async move { self.tree.with(move |worktree| Ok(worktree.diff(&paths, MAX_DIFF_BYTES)?)).await.map_err(failed) }
            .boxed()
    }

    fn original(&self, path: SkillPath, offset: u64) -> BoxFuture<'_, Result<Vec<u8>, Error>> {
        async move {
            let found = self.tree.with(move |worktree| Ok(worktree.original(&path, offset, ORIGINAL_BYTES)?)).await;
            found.map_err(failed)?.ok_or_else(|| Error::Invalid("the base commit has no such file".to_owned()))
        }
        .boxed()
    }

    fn checkpoint(
        &self,
        message: String,
        also: Vec<SkillPath>,
        touched: Touched,
    ) -> BoxFuture<'_, Result<String, Error>> {
        let written = self.touched(touched);
        if let Ok(mut all) = self.touched.lock() {
            all.extend(written.iter().cloned());
        }
        let (capabilities, protected) = (Arc::clone(&self.capabilities), self.protected.clone());
        let (trailers, author) = (self.trailers.clone(), self.author.clone());
        async move {
            let branch = self.auditor.commit(Class::Ref, self.tree.record().branch.as_bytes());
            let event = Entry::granted(Class::Ref, Deed::Update).on(branch);
            let intent = self.auditor.intent(event).map_err(unaudited)?;
            let (title, body) = message.split_once('\n').unwrap_or((message.as_str(), ""));
            let (title, body) = (title.to_owned(), body.trim().to_owned());
            let committed = self
                .tree
                .with(move |worktree| {
                    let may_write = |path: &SkillPath| {
                        capabilities.write.matches(path) && (capabilities.protected || !protected.matches(path))
                    };
                    let request = CommitRequest {
                        title: &title,
                        body: &body,
                        trailers: &trailers,
                        written: &written,
                        also: &also,
                        may_write: &may_write,
                        author,
                    };
                    Ok(worktree.commit(request)?)
                })
                .await;
            let status = if committed.is_ok() { Status::Done } else { Status::Failed };
            intent.outcome(Outcome::of(status)).map_err(unaudited)?;
            let committed = committed.map_err(failed)?;
            if let Some(commit) = committed.commit {
                self.tree.committed(commit);
            }
            Ok(self.tree.head())
        }
        .boxed()
    }
}

fn unaudited(error: skillhost_audit::AuditError) -> Error {
    Error::Failed(format!("it could not be audited, so nothing was done: {error}"))
}

/// What a skill may know: no path of the host.
fn failed(error: RunError) -> Error {
    match error {
        RunError::Worktree(WorktreeError::TooLarge { bytes, .. }) => Error::TooLarge(bytes),
        RunError::Worktree(_) => Error::Failed("git could not do it; the host's log says why".to_owned()),
        _ => Error::Failed("the host could not do it".to_owned()),
    }
}
