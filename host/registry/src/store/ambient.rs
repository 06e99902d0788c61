//! The store's and the lock file's touch with the file system.
#![allow(clippy::disallowed_methods, reason = "ambient authority is gathered here")]

use rustix::fs::{FlockOperation, OFlags, flock};
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// What the name of a file begins with that isn't whole yet.
pub(crate) const DRAFT: &str = ".draft-";

/// Makes a folder that is the user's own, and its parents.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(crate) fn is_there(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// A regular file of at most `most_bytes`; none where nothing is there. A link is not followed, and nothing blocks. A
/// larger one is [`io::ErrorKind::InvalidData`].
pub(crate) fn read(path: &Path, most_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let refuse = || io::Error::other("it is not a regular file");
    // The kind is asked first, since to open a device can have an effect; then again of what was opened.
    let opened = match std::fs::symlink_metadata(path) {
        Ok(kind) if !kind.is_file() => return Err(refuse()),
        Ok(_) => OpenOptions::new().read(true).custom_flags(flags).open(path),
        Err(error) => Err(error),
    };
    let file = match opened {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(e),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(refuse());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(most_bytes)).unwrap_or(0));
    file.take(most_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes {
        // Not the kind that a full disk has, too.
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("larger than {most_bytes} bytes")));
    }
    Ok(Some(bytes))
}

/// Puts a file in place that nobody writes again. It is whole or not there, and on disk once this returns.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, true)
}

/// The same of what can be found out again: it is not waited for until it is on disk.
pub(crate) fn note(path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(path, bytes, false)
}

fn put(path: &Path, bytes: &[u8], flush: bool) -> io::Result<()> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let draft = folder.join(format!("{DRAFT}{}-{:016x}", std::process::id(), random()));
    let written = written(&draft, bytes, 0o444, flush).and_then(|()| std::fs::rename(&draft, path));
    if written.is_err() {
        // The first error is the one that tells why.
        let _ = std::fs::remove_file(&draft);
    }
    written.and_then(|()| if flush { flush_folder(folder) } else { Ok(()) })
}

/// What is going to replace a file that others read at any time: on disk already, beside it. Dropped, it is gone.
pub(crate) struct Draft<'a>(&'a Path);

impl<'a> Draft<'a> {
    /// Writes it, with the permissions of the file at `path`.
    pub(crate) fn write(draft: &'a Path, path: &Path, bytes: &[u8]) -> io::Result<Self> {
        let mode = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file);
        let mode = mode.map_or(0o644, |metadata| metadata.permissions().mode() & 0o777);
        // What an interrupted writer left: who writes now holds the folder's lock.
        remove(draft)?;
        let made = Self(draft);
        written(draft, bytes, mode, true)?;
        Ok(made)
    }

    /// Puts it in place of the file. A link there is replaced.
    pub(crate) fn put(self, path: &Path) -> io::Result<()> {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        std::fs::rename(self.0, path)?;
        // From here on there is nothing to take away.
        std::mem::forget(self);
        flush_folder(folder)
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0);
    }
}

fn written(path: &Path, bytes: &[u8], mode: u32, flush: bool) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    if flush { file.sync_all() } else { Ok(()) }
}

fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// How often, and how long each time, a lock is asked for again before it is told that it is waited for.
const ASKED_AGAIN: u32 = 20;
const PAUSE: Duration = Duration::from_millis(20);

/// Waits for the lock of a file, which is made where there is none: alone, or beside others. `waits` is called once where
/// that takes long enough to be noticed.
pub(crate) fn lock(path: &Path, alone: bool, waits: impl FnOnce()) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    let at_once = if alone { FlockOperation::NonBlockingLockExclusive } else { FlockOperation::NonBlockingLockShared };
    for _ in 0..ASKED_AGAIN {
        match flock(&file, at_once) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => std::thread::sleep(PAUSE),
            Err(error) => return Err(error.into()),
        }
    }
    waits();
    wait_for(file, alone)
}

/// Waits for the lock of a folder. It needs no file, so that nothing is left in it.
pub(crate) fn lock_folder(path: &Path) -> io::Result<File> {
    wait_for(open_folder(path)?, true)
}

/// The lock of a folder where nobody holds it.
pub(crate) fn lock_free_folder(path: &Path) -> io::Result<Option<File>> {
    let folder = open_folder(path)?;
    match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(folder)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn open_folder(path: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY.bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn wait_for(file: File, alone: bool) -> io::Result<File> {
    let operation = if alone { FlockOperation::LockExclusive } else { FlockOperation::LockShared };
    loop {
        match flock(&file, operation) {
            Err(rustix::io::Errno::INTR) => {}
            done => return done.map(|()| file).map_err(io::Error::from),
        }
    }
}

/// The regular files of a folder by name, with their sizes. A name that is no text is none of the store's.
pub(crate) fn list(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = match entry.metadata() {
            Ok(metadata) if metadata.is_file() => metadata,
            // Somebody else removed it, or it is none of the store's.
            _ => continue,
        };
        if let Ok(name) = entry.file_name().into_string() {
            files.push((name, metadata.len()));
        }
    }
    Ok(files)
}

/// Removes the drafts of a folder, whose writers are gone.
pub(crate) fn remove_drafts(folder: &Path) -> io::Result<()> {
    if !is_there(folder) {
        return Ok(());
    }
    list(folder)?
        .iter()
        .filter(|(name, _)| name.starts_with(DRAFT))
        .try_for_each(|(name, _)| remove(&folder.join(name)))
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

/// A number that other processes don't have.
fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish()
}
