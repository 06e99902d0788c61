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

/// What the file system says about an entry of a directory without being asked about it by itself.
pub(super) struct Child {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

impl Child {
    /// Its name; empty where that is no text.
    pub(super) fn name(&self) -> &str {
        self.path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }

    pub(super) fn is_link_to_directory(&self) -> bool {
        self.kind == Kind::Other && is_directory(&self.path)
    }
}

/// What a child is by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file, and no link to one.
    File,
    /// A directory, and no link to one.
    Directory,
    /// A link, or something that isn't read but for that.
    Other,
}

/// What is in a directory; nothing where it is none.
pub(super) fn children(directory: &Path) -> impl Iterator<Item = Child> {
    // Reading fails at once where it is none.
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| {
        let kind = match entry.file_type() {
            Ok(kind) if kind.is_file() => Kind::File,
            Ok(kind) if kind.is_dir() => Kind::Directory,
            _ => Kind::Other,
        };
        Child { path: entry.path(), kind }
    })
}

/// Refuses what is neither a file of at most `max_bytes`, nor a link to one, nor a directory, nor absent.
pub(super) fn require_file(path: &Path, max_bytes: u64) -> Result<(), WorktreeError> {
    fs::metadata(path).map_or(Ok(()), |metadata| require(path, &metadata, max_bytes))
}

fn require(path: &Path, metadata: &fs::Metadata, max_bytes: u64) -> Result<(), WorktreeError> {
    // A socket (git's own file monitor has one there) can't be opened at all.
    if metadata.is_dir() || metadata.file_type().is_socket() {
        return Ok(());
    }
    if !metadata.is_file() {
        return Err(WorktreeError::Irregular { path: path.to_owned() });
    }
    match metadata.len() > max_bytes {
        true => Err(WorktreeError::TooLargeForGit { path: path.to_owned(), limit: max_bytes }),
        false => Ok(()),
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
    let Ok(metadata) = fs::metadata(path) else { return Ok(None) };
    require(path, &metadata, max_bytes)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    let error = |e| WorktreeError::io("read", path, e);
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = fs::OpenOptions::new().read(true).custom_flags(flags).open(path).map_err(error)?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
    file.take(max_bytes).read_to_end(&mut bytes).map_err(error)?;
    match bytes.contains(&0) {
        true => Err(WorktreeError::Malformed { path: path.to_owned() }),
        false => Ok(Some(bytes)),
    }
}
