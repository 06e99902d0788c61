//! Opening, reading and removing what lies beneath a directory handle, without following a link.

use crate::error::WorktreeError;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::ffi::CString;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// What tells that a file was not touched since it was last looked at. The change time can't be set by a program, so
/// that a file that was rewritten and given its old times back is still told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) device: u64,
    pub(crate) inode: u64,
    pub(crate) size: u64,
    pub(crate) mode: u32,
    pub(crate) modified_ns: i128,
    pub(crate) changed_ns: i128,
}

#[allow(clippy::unnecessary_cast, trivial_numeric_casts, reason = "field widths differ between systems")]
impl From<&Stat> for Stamp {
    fn from(stat: &Stat) -> Self {
        let ns = |s: i128, ns: i128| s * 1_000_000_000 + ns;
        Self {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            mode: stat.st_mode as u32,
            modified_ns: ns(stat.st_mtime as i128, stat.st_mtime_nsec as i128),
            changed_ns: ns(stat.st_ctime as i128, stat.st_ctime_nsec as i128),
        }
    }
}

impl Stamp {
    pub(crate) fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode as _)
    }

    pub(crate) fn is_executable(&self) -> bool {
        self.mode & 0o100 != 0
    }
}

/// The bytes as text, for messages and reports; whoever prints it escapes it.
pub(crate) fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

pub(crate) fn io_error(operation: &'static str, path: &[u8], errno: Errno) -> WorktreeError {
    WorktreeError::io(operation, &PathBuf::from(lossy(path)), errno.into())
}

/// Opens a directory by one name.
pub(crate) fn open_subdirectory(parent: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(parent, name, DIRECTORY, Mode::empty())
}

/// Looks at one name itself, not at what it links to.
pub(crate) fn stamp_of(parent: impl AsFd, name: &[u8]) -> Result<Stamp, Errno> {
    rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).map(|stat| Stamp::from(&stat))
}

/// Opens the directory that holds `path`, component by component, and gives the last name.
pub(crate) fn open_parent<'a>(root: BorrowedFd<'_>, path: &'a [u8]) -> Result<(OwnedFd, &'a [u8]), Errno> {
    let mut directory = open_subdirectory(root, b".")?;
    let Some(at) = path.iter().rposition(|b| *b == b'/') else {
        return Ok((directory, path));
    };
    for name in path[..at].split(|b| *b == b'/') {
        if matches!(name, b"" | b"." | b"..") {
            return Err(Errno::INVAL);
        }
        directory = open_subdirectory(&directory, name)?;
    }
    Ok((directory, &path[at + 1..]))
}

/// Reads a regular file or a link's target, with the stamp that the content had.
pub(crate) fn read(root: BorrowedFd<'_>, path: &[u8], max_bytes: u64) -> Result<(Vec<u8>, Stamp), WorktreeError> {
    let error = |errno| io_error("read", path, errno);
    let (parent, name) = open_parent(root, path).map_err(error)?;
    let stamp = stamp_of(&parent, name).map_err(error)?;
    if stamp.kind() == FileType::Symlink {
        let target = rustix::fs::readlinkat(&parent, name, Vec::new()).map_err(error)?;
        return Ok((target.into_bytes(), stamp));
    }
    // A FIFO that takes the file's place now is opened without blocking, and refused by what it is.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&parent, name, flags, Mode::empty()).map_err(error)?;
    let stamp = Stamp::from(&rustix::fs::fstat(&file).map_err(error)?);
    if stamp.kind() != FileType::RegularFile {
        return Err(error(Errno::INVAL));
    }
    if stamp.size > max_bytes {
        return Err(WorktreeError::TooLarge { bytes: stamp.size, limit: max_bytes });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size).unwrap_or(0) + 1);
    let taken = File::from(file).take(max_bytes + 1).read_to_end(&mut bytes);
    taken.map_err(|e| WorktreeError::io("read", Path::new(&lossy(path)), e))?;
    if bytes.len() as u64 > max_bytes {
        return Err(WorktreeError::TooLarge { bytes: bytes.len() as u64, limit: max_bytes });
    }
    Ok((bytes, stamp))
}

/// The names in a directory.
pub(crate) fn names(directory: impl AsFd) -> Result<Vec<CString>, Errno> {
    let mut names = Vec::new();
    let mut stream = Dir::read_from(directory)?;
    while let Some(entry) = stream.read() {
        let entry = entry?;
        if !matches!(entry.file_name().to_bytes(), b"." | b"..") {
            names.push(entry.file_name().to_owned());
        }
    }
    Ok(names)
}

/// Removes one entry of `parent` with all that is beneath it; nothing where it isn't there.
///
/// However deep the tree is, only one handle is held: the way up is `..`, and a parent that isn't the directory that
/// was left ends the removal.
pub(crate) fn remove_all(parent: impl AsFd, name: &[u8]) -> Result<(), Errno> {
    match unlink(&parent, name) {
        Err(Errno::ISDIR | Errno::PERM) => {}
        Err(Errno::NOENT) => return Ok(()),
        other => return other,
    }
    let mut directory = enter(&parent, name)?;
    let mut frames = vec![Frame::new(&directory, name)?];
    while let Some(frame) = frames.last_mut() {
        if let Some(entry) = frame.rest.pop() {
            match unlink(&directory, entry.to_bytes()) {
                Ok(()) | Err(Errno::NOENT) => continue,
                Err(Errno::ISDIR | Errno::PERM) => {}
                Err(errno) => return Err(errno),
            }
            directory = enter(&directory, entry.to_bytes())?;
            frames.push(Frame::new(&directory, entry.to_bytes())?);
            continue;
        }
        let name = std::mem::take(&mut frame.name);
        frames.pop();
        let Some(above) = frames.last() else {
            return rustix::fs::unlinkat(&parent, &name[..], AtFlags::REMOVEDIR);
        };
        directory = open_subdirectory(&directory, b"..")?;
        if identity(&directory)? != above.identity {
            return Err(Errno::LOOP);
        }
        rustix::fs::unlinkat(&directory, &name[..], AtFlags::REMOVEDIR)?;
    }
    Ok(())
}

/// A directory on the way down: what it is called, which one it is, and what is left in it.
struct Frame {
    name: Vec<u8>,
    identity: (u64, u64),
    rest: Vec<CString>,
}

impl Frame {
    fn new(directory: &OwnedFd, name: &[u8]) -> Result<Self, Errno> {
        let stamp = Stamp::from(&rustix::fs::fstat(directory)?);
        // One that can be read but not entered or written would hold its entries, and close the way up.
        if stamp.mode & 0o700 != 0o700 {
            rustix::fs::fchmod(directory, Mode::RWXU)?;
        }
        Ok(Self { name: name.to_vec(), identity: (stamp.device, stamp.inode), rest: names(directory)? })
    }
}

fn identity(directory: &OwnedFd) -> Result<(u64, u64), Errno> {
    let stamp = Stamp::from(&rustix::fs::fstat(directory)?);
    Ok((stamp.device, stamp.inode))
}

/// Removes a name that is no directory, or an empty directory.
fn unlink(parent: impl AsFd, name: &[u8]) -> Result<(), Errno> {
    match rustix::fs::unlinkat(&parent, name, AtFlags::empty()) {
        // A directory that can't be written is opened up; it is the host's to remove.
        Err(Errno::ACCESS) => {
            rustix::fs::fchmod(parent.as_fd(), Mode::RWXU)?;
            rustix::fs::unlinkat(&parent, name, AtFlags::empty())
        }
        other => other,
    }
}

/// Opens a directory, and makes one that can't be read readable: it lies in a tree that is the host's own.
pub(crate) fn enter(parent: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    match open_subdirectory(&parent, name) {
        Err(Errno::ACCESS) => {
            // By a handle, since a change of mode by name would follow a link that takes its place.
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let handle = rustix::fs::openat(&parent, name, flags, Mode::empty())?;
            rustix::fs::chmod(format!("/proc/self/fd/{}", handle.as_raw_fd()), Mode::RWXU)?;
            open_subdirectory(&parent, name)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;
    use std::fs;

    #[test]
    fn f_12_a_thousand_nested_directories_are_removed_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("keep")).unwrap();
        fs::write(dir.path().join("keep/secret"), "s").unwrap();
        let root = crate::ambient::open_directory(dir.path()).unwrap();
        let mut at = open_subdirectory(&root, b".").unwrap();
        for _ in 0..1_500 {
            rustix::fs::mkdirat(&at, &b"d"[..], Mode::RWXU).unwrap();
            rustix::fs::symlinkat(dir.path().join("keep"), &at, &b"link"[..]).unwrap();
            at = open_subdirectory(&at, b"d").unwrap();
        }
        remove_all(&root, b"d").unwrap();
        remove_all(&root, b"link").unwrap();
        assert_eq!(names(&root).unwrap().len(), 1);
        assert_eq!(fs::read_to_string(dir.path().join("keep/secret")).unwrap(), "s");
    }

    #[test]
    fn a_link_is_never_a_directory_on_the_way() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("real")).unwrap();
        fs::write(dir.path().join("real/f"), "x").unwrap();
        std::os::unix::fs::symlink("real", dir.path().join("link")).unwrap();
        let root = crate::ambient::open_directory(dir.path()).unwrap();
        assert_eq!(read(root.as_fd(), b"real/f", 10).unwrap().0, b"x");
        assert!(read(root.as_fd(), b"link/f", 10).is_err());
        assert!(read(root.as_fd(), b"real/../real/f", 10).is_err());
        assert!(matches!(read(root.as_fd(), b"real/f", 0), Err(WorktreeError::TooLarge { .. })));
        assert_eq!(read(root.as_fd(), b"link", 10).unwrap().0, b"real");
    }
}
