//! A repository in a directory of this machine: a working directory with `.git`, or a bare one.

use crate::ambient;
use crate::git_directory;
use crate::remote::error::RemoteError;
use crate::remote::fetch::Names;
use crate::revision::follow;
use crate::settings::check_format;
use std::path::{Path, PathBuf};

/// One that was looked at before libgit2 sees it.
pub(super) struct Directory {
    common: PathBuf,
}

impl Directory {
    /// Looks at it. Whatever its configuration says, nothing of it is executed.
    pub(super) fn open(directory: &Path) -> Result<Self, RemoteError> {
        let none = || crate::error::WorktreeError::NoRepository { path: directory.to_owned() };
        // `.git` first, as git does; a bare repository has none.
        let dot_git = directory.join(".git");
        let looked = match ambient::kind_of(&dot_git) {
            Some(_) => git_directory::check(&dot_git)?,
            None if git_directory::is_one(directory) => git_directory::check(directory)?,
            None => None,
        };
        let looked = looked.ok_or_else(none)?;
        check_format(&looked.common)?;
        ambient::require_text(&looked.common)?;
        Ok(Self { common: looked.common })
    }

    /// Where its packs are.
    pub(super) fn packs(&self) -> PathBuf {
        self.common.join("objects/pack")
    }

    /// Opens it, bare and with an empty configuration.
    pub(super) fn git(&self) -> Result<git2::Repository, RemoteError> {
        Ok(ambient::open_git_directory(&self.common)?)
    }
}

/// What the first of these names stands for that is there.
pub(super) fn named(git: &git2::Repository, names: &Names) -> Result<Option<git2::Oid>, RemoteError> {
    let refs = match names {
        Names::Id(id) => return Ok(Some(id.oid())),
        Names::Refs(refs) => refs,
    };
    for name in refs {
        if let Some(id) = follow(git, name)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
