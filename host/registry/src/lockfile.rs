//! `skillhost.lock` in a project's folder: read, and edited so that nobody's entries are lost.
//!
//! Who edits it holds the folder's lock from the reading to the writing, so that two at once both end in it. The file is
//! replaced as a whole: whoever is killed leaves it as it was, or as it was to be.

use crate::store::ambient::{self, Draft};
use skillhost_core::document::{self, DocumentError, MAX_DOCUMENT_BYTES};
use skillhost_core::lock::{FILE, Lock, LockError, Unsettled, settle};
use std::io;
use std::path::{Path, PathBuf};

/// The file that a new text is written to before it is the lock's.
const DRAFT: &str = ".skillhost.lock.draft";

/// The lock of a folder.
#[derive(Debug, Clone)]
pub struct LockFile {
    folder: PathBuf,
}

/// Why a lock can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockFileError {
    /// It is no lock.
    #[error(transparent)]
    Invalid(#[from] LockError),
    /// Git left a conflict in it that a person has to settle.
    #[error("{FILE} holds both sides of a merge, and they can't be put together")]
    Unsettled(#[from] Unsettled),
    /// It would be larger than it can be read.
    #[error("{FILE} would be larger than {MAX_DOCUMENT_BYTES} bytes")]
    TooLarge,
    /// It can't be read.
    #[error("{0} can't be read")]
    Unreadable(PathBuf, #[source] io::Error),
    /// It can't be written.
    #[error("{0} can't be written")]
    Unwritable(PathBuf, #[source] io::Error),
}

/// What stands in a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its entries: the union of both sides where it holds a conflict.
    pub lock: Lock,
    /// Its text; none where there is no file.
    pub text: Option<String>,
    /// Whether git left a conflict in it, which was settled.
    pub was_settled: bool,
}

impl Found {
    /// Whether the file is what this program writes for its entries.
    pub fn is_as_written(&self) -> bool {
        self.text.as_ref().is_none_or(|text| self.lock.first_difference(text).is_none())
    }
}

impl LockFile {
    /// The lock of this folder, which is there.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder: relative sources begin there.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its path.
    pub fn path(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Reads it. A conflict that git left is settled in what is given, not in the file.
    ///
    /// # Errors
    /// Where it is no lock, or can't be read; a link in its place is not followed.
    pub fn read(&self) -> Result<Found, LockFileError> {
        let bytes = ambient::read(&self.path(), MAX_DOCUMENT_BYTES as u64).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => LockError::from(DocumentError::whole(FILE, error.to_string())).into(),
            _ => LockFileError::Unreadable(self.path(), error),
        })?;
        let Some(bytes) = bytes else {
            return Ok(Found { lock: Lock::default(), text: None, was_settled: false });
        };
        let text = document::text(FILE, bytes).map_err(LockError::from)?;
        let (lock, was_settled) = match Lock::parse(FILE, &text) {
            Ok(lock) => (lock, false),
            Err(LockError::Conflict { .. }) => (settle(&text)?, true),
            Err(error) => return Err(error.into()),
        };
        Ok(Found { lock, text: Some(text), was_settled })
    }

    /// Changes it: `change` sees what is there now, and nobody else writes until it is done. Gives what `change` gave,
    /// and whether the file is another one now.
    ///
    /// # Errors
    /// What `change` says, and where it can't be read or written; the file is then as it was.
    pub fn edit<T, E: From<LockFileError>>(
        &self,
        change: impl FnOnce(&mut Found) -> Result<T, E>,
    ) -> Result<(T, bool), E> {
        self.edit_with(change, || Ok(()))
    }

    /// The same, with something that has to be so before the file says it: it is done once the new text is on disk, and
    /// nothing but its name is missing. So where the file can't be written, it is not done either.
    ///
    /// # Errors
    /// As [`LockFile::edit`], and what `first` says.
    pub fn edit_with<T, E: From<LockFileError>>(
        &self,
        change: impl FnOnce(&mut Found) -> Result<T, E>,
        first: impl FnOnce() -> Result<(), E>,
    ) -> Result<(T, bool), E> {
        let unwritable = |error| LockFileError::Unwritable(self.path(), error);
        let _alone = ambient::lock_folder(&self.folder).map_err(unwritable)?;
        let mut found = self.read()?;
        let done = change(&mut found)?;
        let text = found.lock.to_text();
        if found.text.as_ref() == Some(&text) {
            first()?;
            return Ok((done, false));
        }
        if text.len() > MAX_DOCUMENT_BYTES {
            return Err(LockFileError::TooLarge.into());
        }
        let (path, draft) = (self.path(), self.folder.join(DRAFT));
        let draft = Draft::write(&draft, &path, text.as_bytes()).map_err(unwritable)?;
        first()?;
        draft.put(&path).map_err(unwritable)?;
        Ok((done, true))
    }

    /// Takes away what a writer left who was ended. One who is at work holds the folder, and is not waited for.
    ///
    /// # Errors
    /// Where it can't be removed.
    pub fn tidy(&self) -> io::Result<()> {
        let draft = self.folder.join(DRAFT);
        if !ambient::is_there(&draft) {
            return Ok(());
        }
        match ambient::lock_free_folder(&self.folder)? {
            Some(_alone) => ambient::remove(&draft),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;
    use skillhost_core::capability::Capabilities;
    use skillhost_core::digest::Digest;
    use skillhost_core::lock::Locked;
    use std::fs;
    use tempfile::TempDir;

    fn entry(name: &str) -> Locked {
        Locked {
            name: name.parse().unwrap(),
            version: "1.0.0".to_owned().try_into().unwrap(),
            source: "file:./x.wasm".parse().unwrap(),
            digest: Digest::of(name.as_bytes()),
            signer: None,
            grant: Capabilities::default(),
        }
    }

    fn put(file: &LockFile, name: &str) -> Result<((), bool), LockFileError> {
        file.edit(|found| {
            found.lock.put(entry(name));
            Ok(())
        })
    }

    #[test]
    fn everybody_who_writes_at_once_ends_in_it() {
        let folder = TempDir::new().unwrap();
        let file = LockFile::new(folder.path());
        assert_eq!(file.read().unwrap().text, None);
        std::thread::scope(|scope| {
            for index in 0..16 {
                let file = &file;
                scope.spawn(move || put(file, &format!("skill-{index}")).unwrap());
            }
        });
        let found = file.read().unwrap();
        assert!(found.lock.skills.len() == 16 && found.is_as_written());
        assert!(!put(&file, "skill-3").unwrap().1, "nothing changed, so nothing is written");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_an_interrupted_writer_left_is_in_nobodys_way() {
        let folder = TempDir::new().unwrap();
        let file = LockFile::new(folder.path());
        put(&file, "a").unwrap();
        let draft = folder.path().join(DRAFT);
        fs::write(&draft, "half a lo").unwrap();
        assert_eq!(file.read().unwrap().lock.skills.len(), 1);
        let alone = ambient::lock_folder(folder.path()).unwrap();
        file.tidy().unwrap();
        assert!(draft.exists(), "whoever holds the folder may be writing it");
        drop(alone);
        file.tidy().unwrap();
        assert!(!draft.exists());
        file.tidy().unwrap();
        fs::write(&draft, "half a lo").unwrap();
        put(&file, "b").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(file.read().unwrap().lock.skills.len(), 2);
    }

    #[test]
    fn what_has_to_be_so_first_is_done_where_the_file_can_be_written_and_only_there() {
        let folder = TempDir::new().unwrap();
        let file = LockFile::new(folder.path());
        let add = |found: &mut Found| {
            found.lock.put(entry("a"));
            Ok(())
        };
        let failed = || Err(LockFileError::TooLarge);
        assert!(matches!(file.edit_with(add, failed), Err(LockFileError::TooLarge)));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no lock, and no draft");
        // Something that can't be replaced by a file.
        fs::create_dir(folder.path().join(DRAFT)).unwrap();
        let never = || -> Result<(), LockFileError> { unreachable!("the lock can't be written") };
        assert!(matches!(file.edit_with(add, never), Err(LockFileError::Unwritable(..))));
        fs::remove_dir(folder.path().join(DRAFT)).unwrap();
        let lock_is_there = std::cell::Cell::new(true);
        let look = || -> Result<(), LockFileError> {
            lock_is_there.set(file.path().exists());
            Ok(())
        };
        assert!(file.edit_with(add, look).unwrap().1 && !lock_is_there.get() && file.path().exists());
    }

    #[test]
    fn a_link_is_not_followed_and_a_wrong_lock_is_left_as_it_is() {
        let folder = TempDir::new().unwrap();
        let file = LockFile::new(folder.path());
        let victim = folder.path().join("victim");
        fs::write(&victim, "version = 1\n").unwrap();
        std::os::unix::fs::symlink(&victim, file.path()).unwrap();
        assert!(matches!(put(&file, "a"), Err(LockFileError::Unreadable(..))));
        fs::remove_file(file.path()).unwrap();
        for wrong in
            ["version = 2\n", "version = 1\nkey = 1\n", "<<<<<<< a\nversion = 1\n", &"#".repeat(MAX_DOCUMENT_BYTES + 1)]
        {
            fs::write(file.path(), wrong).unwrap();
            assert!(matches!(put(&file, "a"), Err(LockFileError::Invalid(_) | LockFileError::Unsettled(_))), "{wrong}");
            assert_eq!(fs::read_to_string(file.path()).unwrap(), wrong);
        }
        assert_eq!(fs::read_to_string(&victim).unwrap(), "version = 1\n");
    }
}
