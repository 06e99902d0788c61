//! The user's repository: what is read from it.
//!
//! No handle stays open in it. Every operation opens the git directory that was found at the beginning, bare and with an
//! empty configuration, so that values of this type can be shared between threads, and nothing that changes in the
//! user's configuration later has an effect. Several reads in a row go through one [`Reader`], whose handle may be the one
//! that the repository was opened with: its configuration is emptied then, and its working directory the one that was found.

use crate::ambient;
use crate::error::WorktreeError;
use crate::git_directory::{self, Looked};
use crate::id::CommitId;
use crate::objects;
use crate::reader::Reader;
use crate::revision::follow;
use crate::settings::{Settings, check_format};
use crate::snapshot::{EntryKind, Snapshot};
use crate::sweep::skill_path;
use git2::{ErrorClass, ErrorCode, ObjectType};
use skillhost_core::path::SkillPath;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Largest `.gitattributes` that is looked at for LFS.
const MAX_ATTRIBUTES_BYTES: u64 = 1 << 20;

/// A repository with a working directory and at least one commit.
#[derive(Debug, Clone)]
pub struct Repository {
    workdir: PathBuf,
    /// Holds `HEAD` of the user's working directory.
    git_directory: PathBuf,
    /// Holds objects and refs; another one than `git_directory` where the user is in a linked worktree.
    common_directory: PathBuf,
    settings: Settings,
}

impl Repository {
    /// Opens the repository that `dir` lies in. Nothing in it is executed.
    ///
    /// # Errors
    /// Where there is none, or it can't be worked with; the hint says what to do.
    pub fn open(dir: &Path) -> Result<Self, WorktreeError> {
        Ok(Reader::open(dir)?.repository().clone())
    }
}

impl Reader {
    /// Opens the repository that `dir` lies in, for reading. Nothing in it is executed.
    ///
    /// # Errors
    /// As [`Repository::open`].
    pub fn open(dir: &Path) -> Result<Self, WorktreeError> {
        let start = ambient::canonical(dir)?;
        for workdir in start.ancestors() {
            let dot_git = workdir.join(".git");
            let Some(looked) = git_directory::check(&dot_git)? else { continue };
            // What names a directory belongs to whoever may lead the user there, which the directory doesn't tell.
            if looked.is_named && !ambient::is_trusted(workdir, &[workdir, &dot_git]) {
                return Err(WorktreeError::Ownership { path: workdir.to_owned() });
            }
            match ambient::open_user_repository(&looked.own) {
                Ok(git) => return Self::from_git(git, workdir, looked),
                Err(e) if e.code() == ErrorCode::NotFound && e.class() == ErrorClass::Repository => {
                    if looked.is_named {
                        return Err(WorktreeError::Malformed { path: dot_git });
                    }
                }
                Err(e) if e.code() == ErrorCode::Owner => {
                    return Err(WorktreeError::Ownership { path: workdir.to_owned() });
                }
                Err(e) => {
                    // Libgit2 has one message for every format that it doesn't know.
                    check_format(&looked.common)?;
                    return Err(match e.class() {
                        ErrorClass::Repository => WorktreeError::Extension { detail: e.message().to_owned() },
                        _ => e.into(),
                    });
                }
            }
        }
        if git_directory::surrounds(&start) {
            return Err(WorktreeError::Bare { path: start });
        }
        Err(WorktreeError::NoRepository { path: start })
    }

    fn from_git(git: git2::Repository, workdir: &Path, looked: Looked) -> Result<Self, WorktreeError> {
        let settings = Settings::of(&git)?;
        if git.is_bare() {
            return Err(WorktreeError::Bare { path: git.path().to_owned() });
        }
        let is_at = |path: &Path, expected: &Path| {
            Ok::<_, WorktreeError>(path == expected || ambient::canonical(path)? == expected)
        };
        if !is_at(git.path(), &looked.own)? || !is_at(git.commondir(), &looked.common)? {
            return Err(WorktreeError::Redirected { path: workdir.join(".git") });
        }
        ambient::require_text(&looked.common)?;
        let repository = Repository {
            // Not what `core.worktree` says: that is configuration, and may point anywhere.
            workdir: workdir.to_owned(),
            settings,
            git_directory: looked.own,
            common_directory: looked.common,
        };
        let reader = match repository.is_linked() {
            true => repository.reader()?,
            false => {
                ambient::forget_configuration(&git)?;
                git.set_workdir(&repository.workdir, false)?;
                Reader::new(repository, git, None)
            }
        };
        match reader.resolve("HEAD") {
            Err(WorktreeError::Revision { .. }) if reader.git.branches(None)?.next().is_none() => {
                return Err(WorktreeError::NoCommits);
            }
            Err(error) if error.is_limit() => return Err(error),
            _ => {}
        }
        Ok(reader)
    }
}

impl Repository {
    /// The user's working directory: the one that holds `.git`.
    pub fn workdir(&self) -> &Path {
        &self.workdir
    }

    /// Whether what holds `HEAD` isn't what holds the objects.
    pub(crate) fn is_linked(&self) -> bool {
        self.git_directory != self.common_directory
    }

    /// The git directory that holds the objects and refs.
    pub(crate) fn common_directory(&self) -> &Path {
        &self.common_directory
    }

    pub(crate) fn open_git(&self) -> Result<git2::Repository, WorktreeError> {
        Ok(ambient::open_git_directory(&self.common_directory)?)
    }

    /// The git directory that holds `HEAD` and the index.
    pub(crate) fn git_directory(&self) -> &Path {
        &self.git_directory
    }

    pub(crate) fn open_head(&self) -> Result<git2::Repository, WorktreeError> {
        Ok(ambient::open_git_directory(&self.git_directory)?)
    }

    /// The tips of all local branches, each once.
    ///
    /// # Errors
    /// Where the branches can't be listed.
    pub fn branch_tips(&self) -> Result<BTreeSet<CommitId>, WorktreeError> {
        let git = self.open_git()?;
        let mut tips = BTreeSet::new();
        for name in git.references_glob("refs/heads/*")?.names() {
            // One whose name is no text, or that leads nowhere, is no branch that anything starts from.
            let Ok(name) = name else { continue };
            if let Ok(Some(target)) = follow(&git, name)
                && let Ok(Some(commit)) = objects::commit_of(&git, target)
            {
                tips.insert(commit);
            }
        }
        Ok(tips)
    }

    /// The regular files of a commit, sorted. Those whose names a skill could not spell are left out.
    ///
    /// # Errors
    /// Where the commit can't be read, or has entries that are unsafe.
    pub fn list_files(&self, commit: &CommitId) -> Result<Vec<SkillPath>, WorktreeError> {
        let snapshot = Snapshot::of_commit(&self.open_git()?, *commit)?;
        let is_file = |kind| matches!(kind, EntryKind::File | EntryKind::Executable);
        let files = snapshot.entries.iter().filter(|(_, entry)| is_file(entry.kind));
        Ok(files.filter_map(|(path, _)| skill_path(path)).collect())
    }

    /// Name and address that the user's or the repository's configuration gives to authors.
    pub fn identity(&self) -> Option<(String, String)> {
        self.settings.identity.clone()
    }

    /// What people should know about this repository before a run: what trees won't have, and what commits won't.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let Ok(git) = self.open_git() else { return notes };
        if let Ok(snapshot) = self.resolve("HEAD").and_then(|head| Snapshot::of_commit(&git, head)) {
            let modules = snapshot.entries.values().filter(|entry| entry.kind == EntryKind::Submodule).count();
            if modules > 0 {
                notes.push(format!("{modules} submodules stay empty in agents' trees and in gates"));
            }
            if uses_lfs(&git, &snapshot) {
                notes.push("files in Git LFS are pointers in agents' trees and in gates".to_owned());
            }
        }
        if self.settings.signs_commits {
            notes.push(
                "commits are signed here by configuration; those of a run are not, so sign them on merge".to_owned(),
            );
        }
        if git.is_shallow() {
            notes.push("the clone is shallow: older commits can't be named as a base".to_owned());
        }
        notes
    }
}

/// Whether any `.gitattributes` hands files to Git LFS.
fn uses_lfs(git: &git2::Repository, snapshot: &Snapshot) -> bool {
    let attributes =
        snapshot.entries.iter().filter(|(path, _)| path.rsplit(|b| *b == b'/').next() == Some(b".gitattributes"));
    attributes.take(64).any(|(_, entry)| {
        objects::blob(git, entry.blob, MAX_ATTRIBUTES_BYTES)
            .is_ok_and(|blob| String::from_utf8_lossy(blob.content()).contains("filter=lfs"))
    })
}

/// Reads a regular file of a tree by its path.
pub(crate) fn read_from(
    git: &git2::Repository,
    tree: &git2::Tree<'_>,
    path: &str,
    max_bytes: u64,
) -> Result<Option<Vec<u8>>, WorktreeError> {
    if path.is_empty() || path.contains('\0') {
        return Ok(None);
    }
    let Some(entry) = entry_at(git, tree, path)? else { return Ok(None) };
    if !matches!(entry.filemode(), 0o100_644 | 0o100_755 | 0o100_664) {
        return Ok(None);
    }
    Ok(Some(objects::blob(git, entry.id(), max_bytes)?.content().to_vec()))
}

/// What a path leads to, directory by directory.
fn entry_at(
    git: &git2::Repository,
    tree: &git2::Tree<'_>,
    path: &str,
) -> Result<Option<git2::TreeEntry<'static>>, WorktreeError> {
    let mut tree = tree.clone();
    let mut rest = path;
    while let Some((directory, beneath)) = rest.split_once('/') {
        let entry = tree.get_name(directory).filter(|entry| entry.kind() == Some(ObjectType::Tree));
        let Some(id) = entry.map(|entry| entry.id()) else { return Ok(None) };
        (tree, rest) = (objects::tree(git, id)?, beneath);
    }
    Ok(tree.get_name(rest).map(|entry| entry.to_owned()))
}
