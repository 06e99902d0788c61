//! Looks at a git directory by its path. Nothing that could block is opened.

#![allow(clippy::disallowed_methods, reason = "this is an ambient module")]

use crate::error::WorktreeError;
use rustix::fs::OFlags;
use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Longest file that names another git directory.
const MAX_POINTER_BYTES: u64 = 8 << 10;
/// White space in C, and none in Rust.
const VERTICAL_TAB: u8 = 0x0b;

/// The user's home, as libgit2 knows it.
pub(super) fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from)
}

/// The one spelling of a path; none where nothing stands there.
pub(super) fn canonical(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

pub(super) fn is_directory(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// A directory that no link leads to.
pub(super) fn is_real_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir())
}

/// A file, or a link to one.
pub(super) fn is_regular(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

pub(super) fn is_link_to_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) && is_directory(path)
}

/// What the file system says about an entry of a directory without being asked about it by itself.
pub(super) struct Child {
    pub(super) path: PathBuf,
    /// A file, and no link to one.
    pub(super) is_plain_file: bool,
}

/// What is in a directory; nothing where it is none.
pub(super) fn children(directory: &Path) -> impl Iterator<Item = Child> {
    let is_directory = is_directory(directory);
    let entries = is_directory.then(|| fs::read_dir(directory).ok()).flatten();
    entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| Child { path: entry.path(), is_plain_file: entry.file_type().is_ok_and(|kind| kind.is_file()) })
}

/// Refuses what is neither a file of at most `max_bytes`, nor a link to one, nor a directory, nor absent.
pub(super) fn require_file(path: &Path, max_bytes: u64) -> Result<(), WorktreeError> {
    match fs::metadata(path) {
        Err(_) => Ok(()),
        // A socket (git's own file monitor has one there) can't be opened at all.
        Ok(metadata) if metadata.is_dir() || metadata.file_type().is_socket() => Ok(()),
        Ok(metadata) if !metadata.is_file() => Err(WorktreeError::Irregular { path: path.to_owned() }),
        Ok(metadata) if metadata.len() > max_bytes => {
            Err(WorktreeError::TooLargeForGit { path: path.to_owned(), limit: max_bytes })
        }
        Ok(_) => Ok(()),
    }
}

/// The directory that a file names behind a prefix, in its one spelling; none where there is no such file. Relative is
/// to the file's directory. Read as libgit2 does: whatever blanks are around the name are none of it.
pub(super) fn read_pointer(file: &Path, prefix: &str) -> Result<Option<PathBuf>, WorktreeError> {
    let Some(bytes) = read_whole(file, MAX_POINTER_BYTES)? else { return Ok(None) };
    let named = bytes.strip_prefix(prefix.as_bytes()).and_then(|named| {
        let is_text = |b: &u8| !(b.is_ascii_whitespace() || *b == VERTICAL_TAB);
        // Without a prefix, what is in front of the name is a part of it.
        let start = if prefix.is_empty() { 0 } else { named.iter().position(is_text)? };
        let end = named.iter().rposition(is_text)?;
        let named = OsString::from_vec(named[start..=end].to_vec());
        canonical(&file.parent()?.join(named)).filter(|named| is_directory(named))
    });
    named.map(Some).ok_or_else(|| WorktreeError::Malformed { path: file.to_owned() })
}

/// Reads a file, or the one that a link leads to; none where there is none.
///
/// # Errors
/// Also where a NUL is in it: whoever reads it as a text of C's sees another one than whoever reads all of it.
pub(super) fn read_whole(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
    require_file(path, max_bytes)?;
    if !is_regular(path) {
        return Ok(None);
    }
    let error = |e| WorktreeError::io("read", path, e);
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(error)?;
    let mut bytes = Vec::new();
    file.take(max_bytes).read_to_end(&mut bytes).map_err(error)?;
    match bytes.contains(&0) {
        true => Err(WorktreeError::Malformed { path: path.to_owned() }),
        false => Ok(Some(bytes)),
    }
}
