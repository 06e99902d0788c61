//! The outer loop's touch with the machine: clocks, ids, its own folders.

#![allow(clippy::disallowed_methods, reason = "this is the place for them")]

use crate::ledger::Process;
use skillhost_core::name::RunId;
use skillhost_worktree::WorktreeError;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// Whether there is a file, links followed.
pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Unix time, in milliseconds.
pub(crate) fn unix_ms() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

pub(crate) fn now() -> Instant {
    Instant::now()
}

/// An id that nobody can guess or has used.
pub(crate) fn new_run_id() -> io::Result<RunId> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(RunId::from_random(bytes))
}

/// Makes a private folder, and its parents.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a new, empty, private file.
pub(crate) fn make_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
}

/// Opens a database that is there.
pub(crate) fn open_database(file: &Path, flags: rusqlite::OpenFlags) -> rusqlite::Result<rusqlite::Connection> {
    rusqlite::Connection::open_with_flags(file, flags)
}

/// A folder's place without links.
pub(crate) fn real_folder(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// The folders in a folder; none where it doesn't exist.
pub(crate) fn folders(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        // One that vanished meanwhile is none.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a file of the host's own.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    std::fs::read_to_string(path)
}

/// Writes a file so that readers see all of it or nothing.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, bytes).and_then(|()| std::fs::rename(&draft, path)).inspect_err(|_| {
        let _ = std::fs::remove_file(&draft);
    })
}

/// Less than this is left of a disk that just was full: what failed may have been taken away again.
const ROOM_BYTES: u64 = 1 << 20;

/// Whether the disk that holds a folder is full.
pub(crate) fn is_full(folder: &Path) -> bool {
    rustix::fs::statvfs(folder).is_ok_and(|disk| {
        disk.f_bavail.saturating_mul(disk.f_frsize) < ROOM_BYTES || (disk.f_files > 0 && disk.f_favail == 0)
    })
}

/// Removes a folder that the host made, links in it untouched. One that is gone is fine. What a command left in it may
/// be nested deeper than there are descriptors, or closed to its owner.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    skillhost_worktree::remove_directory(path).map_err(|error| match error {
        WorktreeError::Io { source, .. } => source,
        error => io::Error::other(error),
    })
}

/// Whether somebody holds the lock on a file; the kernel lets it go with its process, whatever namespace that is in.
pub(crate) fn is_locked(path: &Path) -> bool {
    let lock = std::fs::File::open(path).map(|file| file.try_lock_shared());
    matches!(lock, Ok(Err(std::fs::TryLockError::WouldBlock)))
}

/// Whether something is there, whatever it is.
pub(crate) fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// This process.
pub(crate) fn own_process() -> Process {
    let pid = std::process::id();
    Process { pid, start: process_start(pid).unwrap_or(0) }
}

/// When a process started, in the kernel's ticks.
fn process_start(pid: u32) -> Option<u64> {
    // Bytes, since the name, in parentheses, may hold anything; the fields after it are plain.
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Waits.
pub(crate) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
