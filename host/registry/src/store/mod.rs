//! Components by digest, shared by all projects of a user: `components/sha256/HEX`, with its signatures beside.
//!
//! A file is there whole or not at all, is never written again, and counts only while its bytes have the digest that it
//! is named after. Processes don't wait for each other: who writes the same component writes the same bytes. Only the
//! removal of components waits, for whoever is between keeping one and naming it in a lock ([`Store::hold`]). All that is
//! written in the cache folder is written under a hold, so that a draft that the removal finds is nobody's.

pub(crate) mod ambient;
mod attached;
#[cfg(test)]
mod tests;

use crate::fetched::{Attached, Fetched, MAX_COMPONENT_BYTES};
use crate::projects;
use crate::signature::Signed;
use skillhost_core::digest::{Digest, Digested};
use skillhost_core::signer::Signer;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Largest note, in bytes.
const MAX_NOTE_BYTES: u64 = 256;

/// The store in a cache folder. Nothing is made before something is kept.
#[derive(Debug, Clone)]
pub struct Store {
    cache: PathBuf,
    folder: PathBuf,
}

/// Why the store doesn't give or keep a component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// What is kept under a digest has another one.
    #[error("{path} is not what it was: its digest is {found}")]
    Altered {
        /// The file.
        path: PathBuf,
        /// The digest of what is in it.
        found: Digest,
    },
    /// A file of the store can't be read.
    #[error("{0} can't be read")]
    Unreadable(PathBuf, #[source] io::Error),
    /// The store can't be written.
    #[error("{0} can't be written")]
    Unwritable(PathBuf, #[source] io::Error),
}

impl StoreError {
    /// Whether nothing can be kept there, by this user or at all: then things are used from memory. A full disk is not
    /// such a case, since there is something to do about it.
    pub fn is_read_only(&self) -> bool {
        use io::ErrorKind::{NotADirectory, NotFound, PermissionDenied, ReadOnlyFilesystem};
        let kinds = [PermissionDenied, ReadOnlyFilesystem, NotADirectory, NotFound];
        matches!(self, Self::Unwritable(_, error) if kinds.contains(&error.kind()))
    }
}

/// While it lives, nothing is removed from the store. Without a store that can be written there is nothing to hold.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "its lock is what counts")] Option<File>);

/// While it lives, nobody holds the store.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "its lock is what counts")] File);

/// A component that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size_bytes: u64,
}

impl Store {
    /// The store of a cache folder.
    pub fn new(cache: &Path) -> Self {
        Self { cache: cache.to_owned(), folder: cache.join("components/sha256") }
    }

    /// Where a component is kept.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.hex())
    }

    /// The component of this digest, whose bytes were just checked; none where it isn't kept.
    ///
    /// # Errors
    /// Where something else is kept under its name, or it can't be read.
    pub fn load(&self, digest: &Digest) -> Result<Option<Digested<Vec<u8>>>, StoreError> {
        let path = self.path(digest);
        let component = match ambient::read(&path, MAX_COMPONENT_BYTES) {
            Ok(Some(bytes)) => Digested::new(bytes),
            Ok(None) => return Ok(None),
            Err(error) => return Err(StoreError::Unreadable(path, error)),
        };
        match *component.digest() {
            found if found != *digest => Err(StoreError::Altered { path, found }),
            _ => Ok(Some(component)),
        }
    }

    /// The signatures that are kept with a component: that of one signer, or all. They held when they were kept; whoever
    /// can write the store can exchange them, so they are verified again.
    pub fn attached(&self, digest: &Digest, of: Option<&Signer>) -> Vec<Attached> {
        let path = self.path(digest);
        of.map_or_else(|| attached::all(&path), |signer| attached::of(&path, signer).into_iter().collect())
    }

    /// Keeps a component, and the signature for which it was accepted. That is there before the component is, so that
    /// nobody finds a signed component without it. Another signer's stays.
    ///
    /// # Errors
    /// Where the disk is full or the store can't be written; nothing is kept then.
    pub fn keep(&self, fetched: &Fetched, signed: Option<&Signed>, _hold: &Hold) -> Result<(), StoreError> {
        let path = self.path(&fetched.digest);
        let failed = |error| StoreError::Unwritable(path.clone(), error);
        ambient::make_folder(&self.folder).map_err(failed)?;
        signed.map_or(Ok(()), |signed| attached::write(&path, signed)).map_err(failed)?;
        if self.load(&fetched.digest).is_ok_and(|kept| kept.is_some()) {
            return Ok(());
        }
        // Whatever was there was not this component: it is replaced.
        ambient::write(&path, &fetched.component).map_err(failed)
    }

    /// What this host noted about a component and one of its signers; whoever can write the cache may have written it.
    pub fn noted(&self, digest: &Digest, signer: &Signer) -> Option<Vec<u8>> {
        ambient::read(&self.note_file(digest, signer), MAX_NOTE_BYTES).ok().flatten()
    }

    /// Notes something about a component and a signer that can be found out again, in place of what was noted before. One
    /// for each signer, so that projects that expect different ones don't take each other's away.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn note(&self, digest: &Digest, signer: &Signer, note: &[u8], _hold: &Hold) -> io::Result<()> {
        ambient::make_folder(&self.notes())?;
        ambient::note(&self.note_file(digest, signer), note)
    }

    /// Keeps others from removing components until the hold is dropped.
    pub fn hold(&self) -> Hold {
        self.hold_or(|| {})
    }

    /// The same; `waits` is called where somebody removes components for so long that it is noticed.
    pub fn hold_or(&self, waits: impl FnOnce()) -> Hold {
        let lock = ambient::make_folder(&self.folder).and_then(|()| ambient::lock(&self.lock_file(), false, waits));
        Hold(lock.ok())
    }

    /// Waits for whoever [holds](Store::hold) the store, and keeps others from it until it is dropped. Gives nothing where
    /// there is no store.
    ///
    /// # Errors
    /// Where the store can't be written.
    pub fn alone(&self) -> Result<Option<Alone>, StoreError> {
        if !ambient::is_there(&self.folder) {
            return Ok(None);
        }
        let failed = |error| StoreError::Unwritable(self.folder.clone(), error);
        ambient::lock(&self.lock_file(), true, || {}).map(|file| Some(Alone(file))).map_err(failed)
    }

    /// Removes what `is_needed` says isn't, and what was noted about it, and the drafts of whoever was ended in the
    /// middle. Gives which components were removed; to whoever isn't alone, which would be.
    ///
    /// # Errors
    /// Where the store can't be listed, or a component not be removed.
    pub fn sweep(&self, alone: Option<&Alone>, is_needed: impl Fn(&Digest) -> bool) -> Result<Vec<Kept>, StoreError> {
        let failed = |error| StoreError::Unwritable(self.folder.clone(), error);
        if !ambient::is_there(&self.folder) {
            return Ok(Vec::new());
        }
        let mut removed = Vec::new();
        for (name, size_bytes) in ambient::list(&self.folder).map_err(failed)? {
            let Some((digest, is_component)) = named_after(&name).filter(|(digest, _)| !is_needed(digest)) else {
                continue;
            };
            if alone.is_some() {
                ambient::remove(&self.folder.join(&name)).map_err(failed)?;
            }
            if is_component {
                removed.push(Kept { digest, size_bytes });
            }
        }
        if alone.is_some() {
            for (name, _) in ambient::list(&self.notes()).unwrap_or_default() {
                if named_after(&name).is_some_and(|(digest, _)| !is_needed(&digest)) {
                    ambient::remove(&self.notes().join(&name)).map_err(failed)?;
                }
            }
            let folders = [self.folder.clone(), self.notes(), self.cache.join(projects::FOLDER)];
            folders.iter().try_for_each(|folder| ambient::remove_drafts(folder)).map_err(failed)?;
        }
        removed.sort_by_key(|kept| kept.digest);
        Ok(removed)
    }

    fn notes(&self) -> PathBuf {
        self.cache.join("verified")
    }

    fn note_file(&self, digest: &Digest, signer: &Signer) -> PathBuf {
        self.notes().join(format!("{}.{}", digest.hex(), signer.digits()))
    }

    fn lock_file(&self) -> PathBuf {
        self.folder.join(".lock")
    }
}

/// The component that a file is named after, and whether it is the component itself.
fn named_after(name: &str) -> Option<(Digest, bool)> {
    let stem = name.split('.').next().unwrap_or_default();
    let digest = format!("sha256:{stem}").parse().ok()?;
    Some((digest, name == stem))
}
