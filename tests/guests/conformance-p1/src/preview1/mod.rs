//! The functions of preview 1, as C libraries call them.

pub(crate) mod contents;
pub(crate) mod descriptors;
pub(crate) mod links;
pub(crate) mod list;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod open;

/// What every group needs.
pub(crate) mod prelude {
    pub(crate) use super::{
        CREATE, DIRECTORY, EXCLUSIVE, FOLLOW, PLAIN, TRUNCATE, add, close, get, kind, link, open, open_with, pread,
        put, pwrite, read, readlink, remove, rename, rmdir, root, seek, stat, symlink, tell, unlink, write,
    };
    pub(crate) use crate::cases;
    pub(crate) use crate::steps::{Case, Steps};
    pub(crate) use wasi::{Errno, Fd};
}

use crate::steps::Outcome;
use wasi::{Ciovec, Errno, Fd, Fdflags, Filestat, Iovec, Lookupflags, Oflags, Whence};

pub(crate) const FOLLOW: Lookupflags = wasi::LOOKUPFLAGS_SYMLINK_FOLLOW;
pub(crate) const PLAIN: Oflags = 0;
pub(crate) const CREATE: Oflags = wasi::OFLAGS_CREAT;
pub(crate) const DIRECTORY: Oflags = wasi::OFLAGS_DIRECTORY;
pub(crate) const EXCLUSIVE: Oflags = wasi::OFLAGS_EXCL;
pub(crate) const TRUNCATE: Oflags = wasi::OFLAGS_TRUNC;

type Result<T> = std::result::Result<T, Errno>;

impl Outcome for Errno {
    fn text(self) -> String {
        self.name().into()
    }
}

impl Outcome for wasi::Filetype {
    fn text(self) -> String {
        self.name().into()
    }
}

/// The directory that the guest was given: the first descriptor behind the three of a terminal.
pub(crate) fn root() -> Fd {
    // SAFETY: the adapter writes one value of the type.
    assert!(unsafe { wasi::fd_prestat_get(3) }.is_ok());
    3
}

/// Opens to read and write, links at the end followed.
pub(crate) fn open(at: Fd, path: &str, flags: Oflags) -> Result<Fd> {
    let rights = wasi::RIGHTS_FD_READ | wasi::RIGHTS_FD_WRITE;
    // A directory can't be opened to write.
    let rights = if flags & DIRECTORY == 0 { rights } else { wasi::RIGHTS_FD_READ | wasi::RIGHTS_FD_READDIR };
    open_with(at, FOLLOW, path, flags, rights, 0)
}

pub(crate) fn open_with(
    at: Fd,
    follow: Lookupflags,
    path: &str,
    flags: Oflags,
    rights: wasi::Rights,
    fdflags: Fdflags,
) -> Result<Fd> {
    // SAFETY: as for all functions here: the arguments are lent for the call.
    unsafe { wasi::path_open(at, follow, path, flags, rights, rights, fdflags) }
}

pub(crate) fn close(fd: Fd) -> Result<()> {
    // SAFETY: no one else uses what a case opened.
    unsafe { wasi::fd_close(fd) }
}

pub(crate) fn read(fd: Fd, len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    // SAFETY: the buffer is as long as it says.
    let read = unsafe { wasi::fd_read(fd, &[Iovec { buf: bytes.as_mut_ptr(), buf_len: len }]) }?;
    bytes.truncate(read);
    Ok(bytes)
}

pub(crate) fn pread(fd: Fd, len: usize, offset: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; len];
    // SAFETY: the buffer is as long as it says.
    let read = unsafe { wasi::fd_pread(fd, &[Iovec { buf: bytes.as_mut_ptr(), buf_len: len }], offset) }?;
    bytes.truncate(read);
    Ok(bytes)
}

pub(crate) fn write(fd: Fd, bytes: &[u8]) -> Result<usize> {
    // SAFETY: the buffer is as long as it says.
    unsafe { wasi::fd_write(fd, &[Ciovec { buf: bytes.as_ptr(), buf_len: bytes.len() }]) }
}

pub(crate) fn pwrite(fd: Fd, bytes: &[u8], offset: u64) -> Result<usize> {
    // SAFETY: the buffer is as long as it says.
    unsafe { wasi::fd_pwrite(fd, &[Ciovec { buf: bytes.as_ptr(), buf_len: bytes.len() }], offset) }
}

pub(crate) fn seek(fd: Fd, offset: i64, whence: Whence) -> Result<u64> {
    // SAFETY: the adapter writes one value of the type.
    unsafe { wasi::fd_seek(fd, offset, whence) }
}

pub(crate) fn tell(fd: Fd) -> Result<u64> {
    // SAFETY: the adapter writes one value of the type.
    unsafe { wasi::fd_tell(fd) }
}

pub(crate) fn add(at: Fd, path: &str) -> Result<()> {
    // SAFETY: the name is lent for the call.
    unsafe { wasi::path_create_directory(at, path) }
}

pub(crate) fn rmdir(at: Fd, path: &str) -> Result<()> {
    // SAFETY: the name is lent for the call.
    unsafe { wasi::path_remove_directory(at, path) }
}

pub(crate) fn unlink(at: Fd, path: &str) -> Result<()> {
    // SAFETY: the name is lent for the call.
    unsafe { wasi::path_unlink_file(at, path) }
}

/// Removes whatever it is.
pub(crate) fn remove(at: Fd, path: &str) {
    let _ = unlink(at, path).or_else(|_| rmdir(at, path));
}

pub(crate) fn rename(at: Fd, old: &str, new: &str) -> Result<()> {
    // SAFETY: the names are lent for the call.
    unsafe { wasi::path_rename(at, old, at, new) }
}

pub(crate) fn link(at: Fd, follow: Lookupflags, old: &str, new: &str) -> Result<()> {
    // SAFETY: the names are lent for the call.
    unsafe { wasi::path_link(at, follow, old, at, new) }
}

pub(crate) fn symlink(at: Fd, target: &str, name: &str) -> Result<()> {
    // SAFETY: the names are lent for the call.
    unsafe { wasi::path_symlink(target, at, name) }
}

pub(crate) fn readlink(at: Fd, name: &str, most: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0; most];
    // SAFETY: the buffer is as long as it says.
    let read = unsafe { wasi::path_readlink(at, name, bytes.as_mut_ptr(), most) }?;
    bytes.truncate(read);
    Ok(bytes)
}

pub(crate) fn stat(at: Fd, follow: Lookupflags, path: &str) -> Result<Filestat> {
    // SAFETY: the adapter writes one value of the type.
    unsafe { wasi::path_filestat_get(at, follow, path) }
}

/// The kind of a name itself.
pub(crate) fn kind(at: Fd, path: &str) -> Result<wasi::Filetype> {
    Ok(stat(at, 0, path)?.filetype)
}

/// Makes a file with this text.
pub(crate) fn put(at: Fd, path: &str, text: &str) {
    let file = open(at, path, CREATE | TRUNCATE).unwrap();
    assert_eq!(write(file, text.as_bytes()).unwrap(), text.len());
    close(file).unwrap();
}

/// A small file's text.
pub(crate) fn get(at: Fd, path: &str) -> Result<Vec<u8>> {
    let file = open_with(at, FOLLOW, path, PLAIN, wasi::RIGHTS_FD_READ, 0)?;
    let bytes = read(file, 1 << 16);
    close(file)?;
    bytes
}
