//! Several reads of a repository that is opened once, since opening costs more than most reads.

use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::objects;
use crate::repository::{Repository, read_from};
use crate::revision::follow;
use std::path::Path;

/// The files of a commit.
pub struct Files<'a> {
    git: &'a git2::Repository,
    tree: git2::Tree<'a>,
    commit: CommitId,
}

/// A repository, held open for as long as the reads take.
pub struct Reader {
    of: Repository,
    /// Objects and refs.
    pub(crate) git: git2::Repository,
    /// What holds `HEAD`, where that is another directory.
    own: Option<git2::Repository>,
}

impl Repository {
    /// Opens it for reading.
    ///
    /// # Errors
    /// Where it is gone, or no longer a repository.
    pub fn reader(&self) -> Result<Reader, WorktreeError> {
        let own = self.is_linked().then(|| self.open_head()).transpose()?;
        Ok(Reader::new(self.clone(), self.open_git()?, own))
    }

    /// The branch that is checked out; none where `HEAD` is detached or on no branch.
    pub fn head_branch(&self) -> Option<String> {
        self.reader().ok()?.head_branch()
    }

    /// The tip of a local branch, if there is one.
    pub fn branch_tip(&self, name: &str) -> Option<CommitId> {
        self.reader().ok()?.branch_tip(name)
    }

    /// The commit that a revision names: a branch, a tag, another ref, an id or its beginning; `~N` and `^N` behind it
    /// lead to ancestors.
    ///
    /// # Errors
    /// Where it names none, or in another way.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, WorktreeError> {
        self.reader()?.resolve(revision)
    }

    /// Reads a regular file of a commit; none where it has no such file.
    ///
    /// # Errors
    /// Where the file is larger than `max_bytes`, or the commit can't be read.
    pub fn read_file(&self, commit: &CommitId, path: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
        self.reader()?.read_file(commit, path, max_bytes)
    }
}

impl Reader {
    pub(crate) fn new(of: Repository, git: git2::Repository, own: Option<git2::Repository>) -> Self {
        Self { of, git, own }
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.of
    }

    /// The user's working directory: the one that holds `.git`.
    pub fn workdir(&self) -> &Path {
        self.of.workdir()
    }

    /// What holds `HEAD`; refs are found through it too.
    pub(crate) fn head(&self) -> &git2::Repository {
        self.own.as_ref().unwrap_or(&self.git)
    }

    /// The branch that is checked out; none where `HEAD` is detached or on no branch.
    pub fn head_branch(&self) -> Option<String> {
        let head = self.head().find_reference("HEAD").ok()?;
        let target = String::from_utf8(head.symbolic_target_bytes()?.to_vec()).ok()?;
        target.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// The tip of a local branch, if there is one.
    pub fn branch_tip(&self, name: &str) -> Option<CommitId> {
        let target = follow(&self.git, &format!("refs/heads/{name}")).ok()??;
        objects::commit_of(&self.git, target).ok()?
    }

    /// Reads a regular file of a commit; none where it has no such file.
    ///
    /// # Errors
    /// Where the file is larger than `max_bytes`, or the commit can't be read.
    pub fn read_file(&self, commit: &CommitId, path: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
        self.files(*commit)?.read(path, max_bytes)
    }

    /// The files of a commit, to read several of them.
    ///
    /// # Errors
    /// Where the commit can't be read.
    pub fn files(&self, commit: CommitId) -> Result<Files<'_>, WorktreeError> {
        Ok(Files { git: &self.git, tree: objects::tree_of(&self.git, commit.oid())?, commit })
    }
}

impl Files<'_> {
    /// The commit.
    pub fn commit(&self) -> &CommitId {
        &self.commit
    }

    /// Reads a regular file; none where there is no such file.
    ///
    /// # Errors
    /// Where the file is larger than `max_bytes`, or can't be read.
    pub fn read(&self, path: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
        read_from(self.git, &self.tree, path, max_bytes)
    }
}
