//! What reports touch of the machine: files that the user named, and those that a build system named in the environment.

#![allow(clippy::disallowed_methods, reason = "this is an ambient module")]

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub(super) use crate::ambient::variable;

/// A file's place, in a folder that can be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place(PathBuf);

impl Place {
    /// Finds it, and tries it: something is written beside it, and taken away again.
    pub(super) fn find(file: &Path) -> io::Result<Self> {
        let name = file.file_name().ok_or_else(|| io::Error::other("it has no name of a file"))?;
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let place = std::fs::canonicalize(folder)?.join(name);
        match std::fs::symlink_metadata(&place) {
            Ok(kind) if !kind.is_file() => return Err(io::Error::other("something stands there that is no file")),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let trial = place.with_file_name(format!(".skillhost-{}", token()));
        crate::ambient::write_new(&trial, b"")?;
        std::fs::remove_file(&trial)?;
        Ok(Self(place))
    }

    /// Puts a whole file there; readers see all of it, or what was there before.
    pub(super) fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        crate::ambient::replace(&self.0, bytes)
    }
}

/// Appends to a file that is there, up to so many bytes in all; gives whether it had room.
pub(super) fn append(file: &Path, text: &str, most_bytes: u64) -> io::Result<bool> {
    let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file)?;
    let there = file.metadata()?.len();
    if there.saturating_add(text.len() as u64) > most_bytes {
        return Ok(false);
    }
    file.write_all(text.as_bytes()).and(Ok(true))
}

/// How long a file is; nothing where there is none.
pub(super) fn length(file: &Path) -> u64 {
    std::fs::metadata(file).map_or(0, |metadata| metadata.len())
}

/// A word that nobody can guess: each of its halves comes from a key that the system's source of random bytes made.
pub(super) fn token() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}
