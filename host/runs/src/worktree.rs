//! The agent's tree as the phases use it: git's work is done on threads that may block, and its names are the run's.

use crate::error::RunError;
use crate::host::Equipped;
use crate::phases::file_change;
use crate::pull_request::File;
use crate::state::State;
use crate::tree::Tree;
use skillhost_audit::{Class, Event as Entry, Kind as Deed, Outcome, Status};
use skillhost_core::path::SkillPath;
use skillhost_core::text::escape_terminal;
use skillhost_worktree::{CommitId, CommitRequest, Committed, NewWorktree, Repository, Worktree, WorktreeRecord};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

/// Largest file that a quote is looked for in.
const MAX_QUOTED_BYTES: u64 = 2 << 20;

/// An agent's tree, with the repository that its commits go to. Clones are the same tree.
#[derive(Clone)]
pub(crate) struct AgentTree {
    repository: Arc<Repository>,
    worktree: Arc<Mutex<Worktree>>,
    record: WorktreeRecord,
    /// The newest commit that was seen on the branch, for when the branch can't be read any more.
    head: Arc<Mutex<CommitId>>,
    commits: Arc<AtomicU64>,
    /// Held by whoever works in the tree, so that it is removed after the last of them.
    _folder: Option<Arc<TempDir>>,
}

/// What is to be committed, and in whose name.
pub(crate) struct Commit<'a> {
    pub(crate) title: &'a str,
    pub(crate) body: &'a str,
    pub(crate) skill: &'a Equipped,
    pub(crate) touched: &'a BTreeSet<SkillPath>,
    pub(crate) also: &'a [SkillPath],
}

/// What came of it.
pub(crate) struct Done {
    /// Paths that were left out, with the reason.
    pub(crate) left_out: Vec<(String, String)>,
}

impl AgentTree {
    /// A tree that is not there yet.
    pub(crate) fn plan(repository: Arc<Repository>, new: NewWorktree) -> Result<Self, RunError> {
        let worktree = repository.plan_worktree(new)?;
        Ok(Self::of(repository, worktree, None))
    }

    /// One that is there, in a folder that goes with it.
    pub(crate) fn of(repository: Arc<Repository>, worktree: Worktree, folder: Option<Arc<TempDir>>) -> Self {
        let record = worktree.record();
        Self {
            repository,
            worktree: Arc::new(Mutex::new(worktree)),
            head: Arc::new(Mutex::new(record.base)),
            record,
            commits: Arc::default(),
            _folder: folder,
        }
    }

    /// Makes it, and its branch.
    pub(crate) async fn create(&self) -> Result<(), RunError> {
        let WorktreeRecord { run, agent, base, branch, dir, .. } = self.record();
        let new = NewWorktree { run, agent, base, branch, dir };
        let repository = Arc::clone(&self.repository);
        self.with(move |worktree| {
            *worktree = repository.create_worktree(new)?;
            Ok(())
        })
        .await
    }

    /// Removes it; what is in it and in no commit is saved first.
    pub(crate) async fn remove(&self) -> Result<(), RunError> {
        let (repository, record) = (Arc::clone(&self.repository), self.record());
        blocking(move || Ok(repository.remove_worktree(&record)?)).await
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.record.dir
    }

    pub(crate) fn record(&self) -> WorktreeRecord {
        self.record.clone()
    }

    pub(crate) fn base(&self) -> String {
        self.record.base.to_string()
    }

    /// The newest commit of the branch; the last one that was known where somebody else changed the branch.
    pub(crate) fn head(&self) -> String {
        let mut last = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(head) = self.lock().head() {
            *last = head;
        }
        last.to_string()
    }

    /// The same, as an id.
    pub(crate) fn head_id(&self) -> CommitId {
        self.head();
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What its commits go to.
    pub(crate) fn repository(&self) -> Arc<Repository> {
        Arc::clone(&self.repository)
    }

    /// In whose name commits are made: the user's, as git knows them.
    pub(crate) fn author(&self) -> Option<(String, String)> {
        self.repository.identity()
    }

    /// What people should know of this repository.
    pub(crate) fn notes(&self) -> Vec<String> {
        self.repository.notes()
    }

    /// The texts of a file, as the tree has it and as the base had it.
    pub(crate) fn versions(&self, path: &SkillPath) -> Vec<String> {
        let worktree = self.lock();
        let now = worktree.read_file(path, MAX_QUOTED_BYTES).ok().flatten();
        let before = worktree.original(path, 0, MAX_QUOTED_BYTES).ok().flatten();
        now.into_iter().chain(before).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
    }

    /// The files of the base commit, with what is in them.
    pub(crate) async fn at_base(&self) -> Result<CommitTree, RunError> {
        self.at(&self.base()).await
    }

    /// The files of a commit, with what is in them.
    pub(crate) async fn at(&self, commit: &str) -> Result<CommitTree, RunError> {
        CommitTree::open(Arc::clone(&self.repository), parse(commit)?).await
    }

    /// The files of a commit.
    pub(crate) async fn files(&self, commit: &str) -> Result<BTreeSet<SkillPath>, RunError> {
        let (repository, commit) = (Arc::clone(&self.repository), parse(commit)?);
        blocking(move || Ok(repository.list_files(&commit)?.into_iter().collect())).await
    }

    pub(crate) async fn checkout(&self, commit: &str, dir: &Path) -> Result<(), RunError> {
        let (repository, dir, commit) = (Arc::clone(&self.repository), dir.to_owned(), parse(commit)?);
        blocking(move || Ok(repository.checkout(&commit, &dir).map(drop)?)).await
    }

    /// A checkout of the base commit with some files of another.
    pub(crate) async fn checkout_base_with(
        &self,
        other: &str,
        paths: &[SkillPath],
        dir: &Path,
    ) -> Result<(), RunError> {
        let (repository, base, dir) = (Arc::clone(&self.repository), self.record.base, dir.to_owned());
        let (other, paths) = (parse(other)?, paths.to_vec());
        blocking(move || Ok(repository.checkout_with(&base, (&other, &paths), &dir)?)).await
    }

    /// A small repository of its own for commands that need git; nothing of the real one is in it.
    pub(crate) async fn throwaway_repository(&self, commit: &str, dir: &Path) -> Result<(), RunError> {
        let (repository, dir, commit) = (Arc::clone(&self.repository), dir.to_owned(), parse(commit)?);
        blocking(move || Ok(repository.throwaway_repository(&commit, &dir).map(drop)?)).await
    }

    pub(crate) async fn write_file(&self, path: &SkillPath, bytes: &[u8]) -> Result<(), RunError> {
        let (path, bytes) = (path.clone(), bytes.to_vec());
        self.with(move |worktree| Ok(worktree.write_file(&path, &bytes)?)).await
    }

    /// Every file that differs between base and branch, and the number of commits.
    pub(crate) async fn committed_changes(&self) -> Result<(Vec<File>, u64), RunError> {
        let commits = self.commits.load(Relaxed);
        self.with(move |worktree| {
            let changes = worktree.committed_changes()?;
            let file = |change: skillhost_worktree::Change| File {
                path: change.path.to_string(),
                from: change.from.map(|from| from.to_string()),
                kind: file_change(change.kind),
                added: change.added,
                removed: change.removed,
                protected: false,
            };
            Ok((changes.into_iter().map(file).collect(), commits))
        })
        .await
    }

    /// A commit was made.
    pub(crate) fn committed(&self, commit: CommitId) {
        self.commits.fetch_add(1, Relaxed);
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = commit;
    }

    /// Does something with the tree, on a thread that may block.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worktree) -> Result<T, RunError> + Send + 'static,
    ) -> Result<T, RunError> {
        let tree = self.clone();
        blocking(move || work(&mut tree.lock())).await
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Worktree> {
        self.worktree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Commits within the skill's write grant.
    pub(crate) async fn commit(&self, commit: Commit<'_>) -> Result<Done, RunError> {
        let granted = Arc::clone(&commit.skill.capabilities);
        let protected = self.host.project.protect.paths.clone();
        self.commit_where(commit, move |path| {
            granted.write.matches(path) && (granted.protected || !protected.matches(path))
        })
        .await
    }

    /// Commits one file of the host's own.
    pub(crate) async fn commit_only(&self, commit: Commit<'_>, path: &SkillPath) -> Result<Done, RunError> {
        let only = path.clone();
        self.commit_where(commit, move |path| *path == only).await
    }

    async fn commit_where(
        &self,
        commit: Commit<'_>,
        may_write: impl Fn(&SkillPath) -> bool + Send + 'static,
    ) -> Result<Done, RunError> {
        let inspection = commit.skill.skill.inspection();
        let trailers = vec![
            ("Skillhost-Run", self.id.to_string()),
            ("Skillhost-Agent", self.agent.to_string()),
            ("Skillhost-Skill", format!("{} {}", commit.skill.name(), inspection.digest)),
        ];
        let (title, body) = (commit.title.to_owned(), commit.body.to_owned());
        let (touched, also) = (commit.touched.clone(), commit.also.to_vec());
        let author = self.tree.author();
        let auditor = self.auditor();
        let branch = auditor.commit(Class::Ref, self.tree.record.branch.as_bytes());
        let intent = auditor.intent(Entry::granted(Class::Ref, Deed::Update).on(branch))?;
        let committed = self
            .tree
            .with(move |worktree| {
                Ok(worktree.commit(CommitRequest {
                    title: &title,
                    body: &body,
                    trailers: &trailers,
                    written: &touched,
                    also: &also,
                    may_write: &may_write,
                    author,
                })?)
            })
            .await;
        let status = if committed.is_ok() { Status::Done } else { Status::Failed };
        intent.outcome(Outcome::of(status))?;
        let committed = committed?;
        if let Some(commit) = committed.commit {
            self.tree.committed(commit);
        }
        self.report(&committed);
        let head = self.tree.head();
        self.save(|row| row.head = Some(head))?;
        Ok(Done { left_out: committed.left_out.iter().map(|out| (out.path.clone(), out.reason.to_string())).collect() })
    }

    fn report(&self, committed: &Committed) {
        for finding in &committed.findings {
            self.warn(&escape_terminal(&finding.to_string(), 300).to_string());
        }
    }
}

/// The files of one commit, as conventions and detection see them.
pub struct CommitTree {
    repository: Arc<Repository>,
    commit: CommitId,
    files: Vec<SkillPath>,
}

impl CommitTree {
    /// Looks at a commit.
    ///
    /// # Errors
    /// Where it can't be read.
    pub async fn open(repository: Arc<Repository>, commit: CommitId) -> Result<Self, RunError> {
        blocking(move || {
            let files = repository.list_files(&commit)?;
            Ok(Self { repository, commit, files })
        })
        .await
    }
}

impl Tree for CommitTree {
    fn list(&self) -> Vec<SkillPath> {
        self.files.clone()
    }

    fn read(&self, path: &SkillPath, max_bytes: usize) -> Option<Vec<u8>> {
        // Whole, up to a size that no text file has; then its beginning.
        let most = MAX_QUOTED_BYTES.max(max_bytes as u64);
        let mut bytes = self.repository.read_file(&self.commit, path.as_str(), most).ok()??;
        bytes.truncate(max_bytes);
        Some(bytes)
    }
}

/// Opens the user's repository.
pub(crate) async fn open(path: &Path) -> Result<Arc<Repository>, RunError> {
    let path = path.to_owned();
    blocking(move || Ok(Arc::new(Repository::open(&path)?))).await
}

pub(crate) fn parse(commit: &str) -> Result<CommitId, RunError> {
    commit.parse().map_err(|_| RunError::Bug("a commit's id is not one".to_owned()))
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, RunError> + Send + 'static,
) -> Result<T, RunError> {
    tokio::task::spawn_blocking(work).await.map_err(|e| RunError::Bug(e.to_string()))?
}
