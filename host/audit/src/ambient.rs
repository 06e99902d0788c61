//! The only place of this crate that touches files by path, the clocks and the random source.

#![allow(clippy::disallowed_methods, reason = "this is the ambient module")]

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::Path,
    time::{Instant, SystemTime},
};

use rustix::fs::{FlockOperation, flock};

use crate::AuditError;

const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_DIR: u32 = 0o700;

/// What the name of a file ends with that isn't whole yet.
const DRAFT: &str = "draft";

/// Microseconds since 1970. A clock before that counts as 1970: order comes from `seq`.
pub(crate) fn now_us() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// For durations.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// `N` bytes from the system's random source.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], AuditError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| AuditError::Random(e.into()))?;
    Ok(bytes)
}

/// Makes a folder and its parents; new ones are open to the owner alone.
pub(crate) fn create_private_dir(path: &Path) -> Result<(), AuditError> {
    DirBuilder::new().recursive(true).mode(PRIVATE_DIR).create(path).map_err(AuditError::file("create", path))?;
    is_private_dir(path).map(drop)
}

/// Whether there is a folder; one that others could write to is refused.
pub(crate) fn is_private_dir(path: &Path) -> Result<bool, AuditError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(AuditError::file("look at", path)(e)),
    };
    if !metadata.is_dir() {
        return Err(AuditError::FileUnexpected { path: path.into(), reason: "is not a folder" });
    }
    check_owner(&metadata, 0o022, path).map(|()| true)
}

/// Opens a log for reading and appending, and makes it where it is missing.
pub(crate) fn open_log(path: &Path) -> Result<File, AuditError> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(PRIVATE_FILE);
    open_private(&mut options, path).map_err(|e| e.into_error("open", path))
}

/// Opens a private file for reading; `None` where there is none.
pub(crate) fn open_existing(path: &Path) -> Result<Option<File>, AuditError> {
    match open_private(OpenOptions::new().read(true), path) {
        Ok(file) => Ok(Some(file)),
        Err(OpenError::Io(e)) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e.into_error("open", path)),
    }
}

/// Reads a private file of at most `limit` bytes; `None` where there is none.
pub(crate) fn read_private(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, AuditError> {
    let Some(file) = open_existing(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(AuditError::file("read", path))?;
    if bytes.len() as u64 > limit {
        return Err(AuditError::FileUnexpected { path: path.into(), reason: "is larger than it can be" });
    }
    Ok(Some(bytes))
}

/// Writes a new file that appears whole or not at all, and with `flush` reaches the disk. Of several processes
/// that do this at once one wins, and the others get `false`. Meanwhile the folder is held: see [`remove_drafts`].
pub(crate) fn create_private(path: &Path, bytes: &[u8], flush: bool) -> Result<bool, AuditError> {
    // A file system that has no such locks is one on which nothing is tidied up either.
    let _held = path.parent().and_then(|folder| hold(folder, FlockOperation::LockShared).ok());
    let draft = write_draft(path, bytes, flush)?;
    let linked = fs::hard_link(&draft, path);
    let removed = fs::remove_file(&draft);
    match linked {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
        Err(e) => return Err(AuditError::file("create", path)(e)),
    }
    removed.map_err(AuditError::file("remove", &draft))?;
    if flush {
        sync_parent(path)?;
    }
    Ok(true)
}

/// Writes a file that appears whole or not at all, over what is there. Not flushed to disk.
pub(crate) fn replace_private(path: &Path, bytes: &[u8]) -> Result<(), AuditError> {
    let draft = write_draft(path, bytes, false)?;
    fs::rename(&draft, path).map_err(|e| {
        let _ = fs::remove_file(&draft);
        AuditError::file("create", path)(e)
    })
}

/// Removes the drafts in a folder of whoever was ended in the middle. While somebody writes there, all of them stay.
pub(crate) fn remove_drafts(folder: &Path) -> Result<(), AuditError> {
    let Ok(_alone) = hold(folder, FlockOperation::NonBlockingLockExclusive) else { return Ok(()) };
    let failed = AuditError::file("tidy up", folder);
    let drafts = fs::read_dir(folder).and_then(|entries| {
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == DRAFT));
        Ok(paths)
    });
    for draft in drafts.map_err(failed)? {
        // Not overwritten: it may be the key itself by another name.
        fs::remove_file(&draft).map_err(AuditError::file("remove", &draft))?;
    }
    Ok(())
}

fn hold(folder: &Path, operation: FlockOperation) -> io::Result<File> {
    let folder = File::open(folder)?;
    flock(&folder, operation)?;
    Ok(folder)
}

/// Overwrites and removes a small file; `false` where there was none.
pub(crate) fn destroy(path: &Path) -> Result<bool, AuditError> {
    let mut file = match open_private(OpenOptions::new().write(true), path) {
        Ok(file) => file,
        Err(OpenError::Io(e)) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e.into_error("open", path)),
    };
    let overwrite = |file: &mut File| {
        let length = file.metadata()?.len();
        io::copy(&mut io::repeat(0).take(length), file)?;
        file.sync_all()
    };
    overwrite(&mut file).map_err(AuditError::file("overwrite", path))?;
    fs::remove_file(path).map_err(AuditError::file("remove", path))?;
    sync_parent(path)?;
    Ok(true)
}

/// Brings a file to disk, with its folder's entry for it.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

/// Brings a folder's entry for `path` to disk.
pub(crate) fn sync_parent(path: &Path) -> Result<(), AuditError> {
    let Some(parent) = path.parent() else { return Ok(()) };
    File::open(parent).and_then(|dir| dir.sync_all()).map_err(AuditError::file("flush", parent))
}

enum OpenError {
    Io(io::Error),
    Untrusted(AuditError),
}

impl OpenError {
    fn into_error(self, operation: &'static str, path: &Path) -> AuditError {
        match self {
            Self::Io(e) => AuditError::file(operation, path)(e),
            Self::Untrusted(e) => e,
        }
    }
}

/// Never follows a link, never waits (a FIFO), and refuses what is not the user's own regular file.
fn open_private(options: &mut OpenOptions, path: &Path) -> Result<File, OpenError> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = options.custom_flags(flags.bits().cast_signed()).open(path).map_err(|e| {
        if e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            OpenError::Untrusted(AuditError::FileUnexpected { path: path.into(), reason: "is a link" })
        } else {
            OpenError::Io(e)
        }
    })?;
    let metadata = file.metadata().map_err(OpenError::Io)?;
    if !metadata.is_file() {
        let reason = "is not a regular file";
        return Err(OpenError::Untrusted(AuditError::FileUnexpected { path: path.into(), reason }));
    }
    check_owner(&metadata, 0o077, path).map_err(OpenError::Untrusted)?;
    Ok(file)
}

fn check_owner(metadata: &fs::Metadata, forbidden_mode: u32, path: &Path) -> Result<(), AuditError> {
    let reason = if metadata.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if metadata.mode() & forbidden_mode != 0 {
        "is open to other users"
    } else {
        return Ok(());
    };
    Err(AuditError::FileUntrusted { path: path.into(), reason })
}

fn write_draft(path: &Path, bytes: &[u8], flush: bool) -> Result<std::path::PathBuf, AuditError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.{DRAFT}", hex::encode(random::<8>()?)));
    let draft = path.with_file_name(name);
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_FILE).open(&draft)?;
        file.write_all(bytes)?;
        if flush { file.sync_all() } else { Ok(()) }
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&draft);
        AuditError::file("write", &draft)(e)
    })?;
    Ok(draft)
}
