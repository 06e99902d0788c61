//! The only place of this crate that touches the environment and the file system.
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "ambient authority is gathered here")]

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::path::Path;

/// A variable of the host's environment.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A regular file of at most `max_bytes`, as text.
pub(crate) fn read_text(path: &Path, max_bytes: u64) -> io::Result<String> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut text = String::new();
    // The size may change while it is read, so the read itself is bounded too.
    file.take(max_bytes + 1).read_to_string(&mut text)?;
    if text.len() as u64 > max_bytes {
        return Err(io::Error::other(format!("larger than {} MiB", max_bytes >> 20)));
    }
    Ok(text)
}

/// A new file that only its owner can read; an existing one is never overwritten.
pub(crate) fn create_private(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(Box::new(options.open(path)?))
}

/// Now, in seconds since 1970.
pub(crate) fn unix_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// Now, to measure from.
pub(crate) fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// A number that differs from call to call. For jitter, not for secrets.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0_u8)
}
