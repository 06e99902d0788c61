//! What a trace touches of the machine: the file that the user named.

#![allow(clippy::disallowed_methods, reason = "this is an ambient module")]

use rustix::fs::{FlockOperation, OFlags, flock, fstat};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Where a file is, or would be.
pub(super) fn place(file: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(file).or_else(|_| {
        let name = file.file_name().ok_or_else(|| io::Error::other("it has no name of a file"))?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(std::fs::canonicalize(folder)?.join(name))
    })
}

/// Creates a file, or empties one that begins with `head`; writes `head`.
pub(super) fn begin(path: &Path, head: &[u8]) -> io::Result<File> {
    // A link may stand in a tree, and lead out of it.
    if std::fs::symlink_metadata(path).is_ok_and(|kind| !kind.is_file()) {
        return Err(io::Error::other("something stands there that is no file"));
    }
    let mut options = std::fs::OpenOptions::new();
    // What is in it is as confidential as a recording.
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let mut file = options.custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits() as i32).open(path)?;
    // Each begins anew, so two at once would write over each other.
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| io::Error::other("another skillhost writes to it"))?;
    let mut there = Vec::new();
    (&mut file).take(head.len() as u64).read_to_end(&mut there)?;
    if !there.is_empty() && there != head {
        return Err(io::Error::other("it holds something else than a trace"));
    }
    let it = fstat(&file)?;
    let is_it = |other: rustix::fs::Stat| (other.st_dev, other.st_ino) == (it.st_dev, it.st_ino);
    if fstat(rustix::stdio::stdout()).is_ok_and(is_it) || fstat(rustix::stdio::stderr()).is_ok_and(is_it) {
        return Err(io::Error::other("what the program prints goes to this file"));
    }
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(head)?;
    Ok(file)
}
