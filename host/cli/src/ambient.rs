//! The program's touch with its environment: variables, folders, files that users name.

#![allow(clippy::disallowed_methods, reason = "this is the place for them")]

use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A variable, where it is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn folder(variable_name: &str, under_home: &str) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    std::env::var_os(variable_name)
        .map(PathBuf::from)
        .and_then(absolute)
        .or_else(|| std::env::var_os("HOME").map(PathBuf::from).and_then(absolute).map(|home| home.join(under_home)))
        .map(|path| path.join("skillhost"))
}

/// Where runs, worktrees, ledgers, logs and keys are.
pub(crate) fn state_folder() -> Option<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state")
}

/// Where components and compiled code are kept.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", ".cache")
}

/// Where the user's configuration is.
pub(crate) fn config_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

/// Where the machine's configuration is.
pub(crate) fn machine_folder() -> PathBuf {
    PathBuf::from("/etc/skillhost")
}

pub(crate) fn current_folder() -> io::Result<PathBuf> {
    std::env::current_dir()
}

pub(crate) fn enter_folder(path: &Path) -> io::Result<()> {
    std::env::set_current_dir(path)
}

pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Reads a file that the user named, up to a size.
pub(crate) fn read(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    bounded(std::fs::File::open(path)?, most_bytes)
}

/// Reads a file that may be absent.
pub(crate) fn read_if_there(path: &Path, most_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    match read(path, most_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

pub(crate) fn read_stdin(most_bytes: u64) -> io::Result<Vec<u8>> {
    bounded(io::stdin().lock(), most_bytes)
}

fn bounded(source: impl Read, most_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes {
        return Err(io::Error::other(format!("it is larger than {most_bytes} bytes")));
    }
    Ok(bytes)
}

/// Creates a file; an existing one is an error.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
}

pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(crate) fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Replaces a file so that readers see all of it or nothing.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    std::fs::write(&draft, bytes)?;
    std::fs::rename(&draft, path)
}
