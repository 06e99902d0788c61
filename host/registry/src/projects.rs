//! The projects of a store: whose locks keep its components. One small file for each, named after its lock's path.

use crate::store::{Alone, Hold, StoreError, ambient};
use skillhost_core::digest::Digest;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The folder in the cache folder.
pub(crate) const FOLDER: &str = "projects";
/// Longest path that is remembered, in bytes.
const MAX_PATH_BYTES: u64 = 4096;

/// The projects that a cache folder knows.
#[derive(Debug, Clone)]
pub struct Projects {
    folder: PathBuf,
}

impl Projects {
    /// Those of a cache folder.
    pub fn new(cache: &Path) -> Self {
        Self { folder: cache.join(FOLDER) }
    }

    /// Remembers a lock, by its absolute path, under a hold of the same cache folder. To be called before something is
    /// kept for it.
    ///
    /// # Errors
    /// Where it can't be written down: then nothing that is kept for it is safe from being removed.
    pub fn remember(&self, lock: &Path, _hold: &Hold) -> Result<(), StoreError> {
        let file = self.file(lock);
        if ambient::is_there(&file) {
            return Ok(());
        }
        let written =
            ambient::make_folder(&self.folder).and_then(|()| ambient::write(&file, lock.as_os_str().as_bytes()));
        written.map_err(|error| StoreError::Unwritable(file, error))
    }

    /// Forgets a lock. Whoever remembers it again at that moment waits, so that it is remembered afterwards.
    ///
    /// # Errors
    /// Where its file can't be removed.
    pub fn forget(&self, lock: &Path, _alone: &Alone) -> io::Result<()> {
        ambient::remove(&self.file(lock))
    }

    /// The paths of all locks.
    ///
    /// # Errors
    /// Where one of them can't be read: then nobody knows what is needed.
    pub fn all(&self) -> io::Result<Vec<PathBuf>> {
        if !ambient::is_there(&self.folder) {
            return Ok(Vec::new());
        }
        let mut locks = Vec::new();
        for (name, _) in ambient::list(&self.folder)? {
            if name.starts_with(ambient::DRAFT) {
                continue;
            }
            // Another process may just have forgotten it.
            let bytes = ambient::read(&self.folder.join(name), MAX_PATH_BYTES)?;
            locks.extend(bytes.map(|bytes| PathBuf::from(OsString::from_vec(bytes))));
        }
        locks.sort();
        Ok(locks)
    }

    fn file(&self, lock: &Path) -> PathBuf {
        self.folder.join(Digest::of(lock.as_os_str().as_bytes()).hex())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::store::Store;

    #[test]
    fn a_lock_is_remembered_once_until_it_is_forgotten() {
        let folder = tempfile::TempDir::new().unwrap();
        let projects = Projects::new(folder.path());
        let store = Store::new(folder.path());
        let hold = store.hold();
        assert!(projects.all().unwrap().is_empty());
        let locks = ["/a/skillhost.lock", "/b\n\u{1b}/skillhost.lock"].map(PathBuf::from);
        for lock in locks.iter().chain(&locks) {
            projects.remember(lock, &hold).unwrap();
        }
        assert_eq!(projects.all().unwrap(), locks);
        drop(hold);
        let alone = store.alone().unwrap().unwrap();
        projects.forget(&locks[0], &alone).unwrap();
        projects.forget(&locks[0], &alone).unwrap();
        assert_eq!(projects.all().unwrap(), locks[1..]);
    }
}
