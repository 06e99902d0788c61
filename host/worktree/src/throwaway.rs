//! A small repository of its own, for commands that need git: version stamps, tests of what changed.
//!
//! It has one commit with the files of the named one and nothing else: no remotes, no hooks, no history, no link to the
//! user's repository. It is made once for a commit; each command gets a copy of its own, since a hook, a moved `HEAD` or a
//! changed configuration would otherwise reach the next one.

use crate::ambient;
use crate::checkout::{check_sizes, remove_directory};
use crate::commit;
use crate::error::WorktreeError;
use crate::id::CommitId;
use crate::objects;
use crate::repository::Repository;
use crate::snapshot::Snapshot;
use git2::Index;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A copy of a throwaway repository, for one command. It is removed when this is dropped.
#[derive(Debug)]
pub struct CommandRepository(PathBuf);

impl CommandRepository {
    /// Copies a repository that only the host has written to, to a place beside it.
    ///
    /// # Errors
    /// Where the disk fails; what was written is then removed.
    pub fn copy_of(original: &Path) -> Result<Self, WorktreeError> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut name = original.as_os_str().to_owned();
        name.push(format!("-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let copy = Self(name.into());
        ambient::copy_directory(original, &copy.0)?;
        Ok(copy)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for CommandRepository {
    fn drop(&mut self) {
        // What can't be removed now lies in the run's own folder, and goes with what else is left there.
        let _ = remove_directory(&self.0);
    }
}

/// All of its configuration.
const CONFIG: &[u8] = b"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tfilemode = true\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";

impl Repository {
    /// Makes a git directory at a path that must not exist. Its branch `base` has one commit, with the files of
    /// `commit`.
    ///
    /// # Errors
    /// Where objects of the commit are missing, or the disk fails; what was written is then removed.
    pub fn throwaway_repository(&self, commit: &CommitId, git_directory: &Path) -> Result<(), WorktreeError> {
        if ambient::kind_of(git_directory).is_some() {
            return Err(WorktreeError::Exists { path: git_directory.to_owned() });
        }
        let filled = self.fill(*commit, git_directory);
        if filled.is_err() {
            // The first error is the one that tells why.
            let _ = remove_directory(git_directory);
        }
        filled
    }

    fn fill(&self, commit: CommitId, dir: &Path) -> Result<(), WorktreeError> {
        let git = self.open_git()?;
        // What is packed is read whole, beneath every directory.
        check_sizes(&git, &Snapshot::of_commit(&git, commit)?)?;
        let tree = objects::commit(&git, commit.oid())?.tree_id();
        // What `init` writes is replaced, so that only the host's words are in it.
        drop(ambient::init_git_directory(dir)?);
        ambient::write_atomically(&dir.join("config"), CONFIG, false)?;
        remove_directory(&dir.join("hooks"))?;
        ambient::remove_file(&dir.join("description"))?;
        let mut pack = git.packbuilder()?;
        pack.insert_tree(tree)?;
        pack.write(&dir.join("objects/pack"), 0o444)?;

        let copy = ambient::open_git_directory(dir)?;
        let only = commit::write(&copy, tree, &[], &format!("Files of {commit}\n"), None)?;
        copy.reference("refs/heads/base", only, false, "skillhost: base")?;
        let mut index = Index::open(&dir.join("index"))?;
        index.read_tree(&objects::tree(&copy, tree)?)?;
        index.write()?;
        Ok(())
    }
}
