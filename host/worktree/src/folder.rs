//! A folder of the user's, held by a handle: what lies beneath it is read and replaced there and nowhere else, whatever
//! takes the place of a directory on the way meanwhile. No link is followed.

use crate::ambient;
use crate::beneath::{self, Stamp, io_error, lossy};
use crate::checkout::create_file;
use crate::error::WorktreeError;
use rustix::fs::{AtFlags, Dir, FileType};
use rustix::io::Errno;
use skillhost_core::path::SkillPath;
use std::ffi::CString;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

/// What a file is written to first, that replaces another: with a random number between them.
const DRAFT: [&str; 2] = [".skillhost-", ".draft"];

/// A directory, as it was when it was opened.
#[derive(Debug)]
pub struct Folder(OwnedFd);

impl Folder {
    /// Opens it; none where nothing is there.
    ///
    /// # Errors
    /// Where it is no directory, but a link to one, say; or can't be read.
    pub fn open(path: &Path) -> Result<Option<Self>, WorktreeError> {
        match ambient::open_directory(path) {
            Ok(directory) => Ok(Some(Self(directory))),
            Err(WorktreeError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(WorktreeError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotADirectory => {
                Err(WorktreeError::NotADirectory { path: path.to_owned() })
            }
            Err(error) => Err(error),
        }
    }

    /// The names in it whose ending is this one, sorted; hidden ones aside.
    ///
    /// # Errors
    /// Where it can't be read, there are more names than `most`, or one of these is not one for a [`SkillPath`].
    pub fn names(&self, ending: &str, most: usize) -> Result<Vec<SkillPath>, WorktreeError> {
        let mut paths = Vec::new();
        for name in names(&self.0, b".", most)? {
            let name = name.to_bytes();
            if name.ends_with(ending.as_bytes()) && !name.starts_with(b".") {
                paths.push(joined(&SkillPath::root(), name)?);
            }
        }
        paths.sort();
        Ok(paths)
    }

    /// Reads a regular file.
    ///
    /// # Errors
    /// Where it is none, is larger than `most_bytes`, or can't be read.
    pub fn read(&self, path: &SkillPath, most_bytes: u64) -> Result<Vec<u8>, WorktreeError> {
        let (parent, name) = self.parent(path, "read")?;
        let stamp = beneath::stamp_of(&parent, name).map_err(|e| io_error("read", path.as_str().as_bytes(), e))?;
        // To open a device can have an effect, so its kind is asked first, and again of what was opened.
        if stamp.kind() != FileType::RegularFile {
            return Err(WorktreeError::Irregular { path: path.as_str().into() });
        }
        let (bytes, stamp) = beneath::read(parent.as_fd(), name, most_bytes)?;
        match stamp.kind() {
            FileType::RegularFile => Ok(bytes),
            _ => Err(WorktreeError::Irregular { path: path.as_str().into() }),
        }
    }

    /// The regular files beneath one of its directories, with their paths in that one.
    ///
    /// # Errors
    /// Where there are more names than `most`, or something else than regular files and directories.
    pub fn files(&self, directory: &SkillPath, most: usize) -> Result<Vec<(SkillPath, SkillPath)>, WorktreeError> {
        let mut files = Vec::new();
        let mut left = vec![(directory.clone(), SkillPath::root())];
        let mut room = most;
        while let Some((whole, within)) = left.pop() {
            let directory = self.directory(&whole)?;
            let names = names(&directory, whole.as_str().as_bytes(), room)?;
            room -= names.len();
            for name in names {
                let name = name.to_bytes();
                let (whole, within) = (joined(&whole, name)?, joined(&within, name)?);
                let stamp = beneath::stamp_of(&directory, name);
                match stamp.map_err(|e| io_error("look at", whole.as_str().as_bytes(), e))?.kind() {
                    FileType::Directory => left.push((whole, within)),
                    FileType::RegularFile => files.push((whole, within)),
                    _ => return Err(WorktreeError::Irregular { path: whole.as_str().into() }),
                }
            }
        }
        Ok(files)
    }

    /// Replaces a file, or makes it, so that readers see all of it or nothing. What is no regular file is left alone.
    ///
    /// # Errors
    /// Where something else stands there, its directory is not there, or the disk fails.
    pub fn replace(&self, path: &SkillPath, bytes: &[u8]) -> Result<(), WorktreeError> {
        let (parent, name) = self.parent(path, "write")?;
        let error = |errno| io_error("write", path.as_str().as_bytes(), errno);
        let mode = match beneath::stamp_of(&parent, name) {
            Ok(stamp) if stamp.kind() != FileType::RegularFile => {
                return Err(WorktreeError::Irregular { path: path.as_str().into() });
            }
            Ok(Stamp { mode, .. }) => mode & 0o777,
            Err(Errno::NOENT) => 0o666,
            Err(errno) => return Err(error(errno)),
        };
        let random = RandomState::new().build_hasher().finish();
        let draft = format!("{}{random:016x}{}", DRAFT[0], DRAFT[1]);
        let written = create_file(&parent, draft.as_bytes(), bytes, mode)
            .and_then(|_| rustix::fs::renameat(&parent, draft.as_str(), &parent, name));
        if written.is_err() {
            // The first error is the one that tells why.
            let _ = rustix::fs::unlinkat(&parent, draft.as_str(), AtFlags::empty());
        }
        written.map_err(error)
    }

    fn directory(&self, path: &SkillPath) -> Result<OwnedFd, WorktreeError> {
        let within = format!("{path}/.");
        let within = if path.is_root() { "." } else { within.as_str() };
        beneath::open_parent(self.0.as_fd(), within.as_bytes())
            .map(|(directory, _)| directory)
            .map_err(|errno| on_the_way("open", path, errno))
    }

    fn parent<'a>(&self, path: &'a SkillPath, doing: &'static str) -> Result<(OwnedFd, &'a [u8]), WorktreeError> {
        if path.is_root() {
            return Err(WorktreeError::Irregular { path: ".".into() });
        }
        let opened = beneath::open_parent(self.0.as_fd(), path.as_str().as_bytes());
        opened.map_err(|errno| on_the_way(doing, path, errno))
    }
}

fn on_the_way(doing: &'static str, path: &SkillPath, errno: Errno) -> WorktreeError {
    match errno {
        Errno::NOTDIR | Errno::LOOP => WorktreeError::NotADirectory { path: PathBuf::from(path.as_str()) },
        errno => io_error(doing, path.as_str().as_bytes(), errno),
    }
}

fn joined(directory: &SkillPath, name: &[u8]) -> Result<SkillPath, WorktreeError> {
    let unnamable = |reason: String| WorktreeError::Unnamable { name: lossy(name), reason };
    let name = std::str::from_utf8(name).map_err(|_| unnamable("it is not UTF-8 text".to_owned()))?;
    directory.join(name).map_err(|e| unnamable(e.to_string()))
}

/// The names in a directory: no more are ever in memory than may be there.
fn names(directory: &OwnedFd, path: &[u8], most: usize) -> Result<Vec<CString>, WorktreeError> {
    let error = |errno| io_error("list", path, errno);
    let mut names = Vec::new();
    for entry in Dir::read_from(directory).map_err(error)? {
        let entry = entry.map_err(error)?;
        if matches!(entry.file_name().to_bytes(), b"." | b"..") {
            continue;
        }
        if names.len() == most {
            return Err(WorktreeError::Limit { limit: most as u64, what: "files" });
        }
        names.push(entry.file_name().to_owned());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn path(text: &str) -> SkillPath {
        SkillPath::parse(text).unwrap()
    }

    #[test]
    fn f_13_a_folder_stays_the_one_that_was_opened_and_no_link_leads_out_of_it() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for folder in ["mine/sub", "else/sub"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("mine/sub/a"), "mine").unwrap();
        fs::write(at("else/sub/a"), "else").unwrap();
        let folder = Folder::open(&at("mine")).unwrap().unwrap();
        // Somebody swaps it for a link after it was opened.
        fs::rename(at("mine"), at("moved")).unwrap();
        symlink("else", at("mine")).unwrap();
        assert_eq!(folder.read(&path("sub/a"), 9).unwrap(), b"mine");
        folder.replace(&path("sub/a"), b"new").unwrap();
        assert_eq!(fs::read(at("moved/sub/a")).unwrap(), b"new");
        assert!(matches!(Folder::open(&at("mine")), Err(WorktreeError::NotADirectory { .. })));
        // And a directory beneath it.
        fs::rename(at("moved/sub"), at("moved/kept")).unwrap();
        symlink("../else/sub", at("moved/sub")).unwrap();
        assert!(matches!(folder.read(&path("sub/a"), 9), Err(WorktreeError::NotADirectory { .. })));
        assert!(matches!(folder.replace(&path("sub/a"), b"x"), Err(WorktreeError::NotADirectory { .. })));
        assert!(matches!(folder.files(&path("sub"), 9), Err(WorktreeError::NotADirectory { .. })));
        assert_eq!(fs::read(at("else/sub/a")).unwrap(), b"else");
        symlink("../else/sub/a", at("moved/link")).unwrap();
        assert!(matches!(folder.read(&path("link"), 9), Err(WorktreeError::Irregular { .. })));
        assert!(matches!(folder.replace(&path("link"), b"x"), Err(WorktreeError::Irregular { .. })));
        assert!(matches!(folder.files(&SkillPath::root(), 9), Err(WorktreeError::Irregular { .. })));
        assert!(Folder::open(&at("none")).unwrap().is_none());
    }

    #[test]
    fn files_are_listed_read_and_replaced_within_bounds() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("app/deep")).unwrap();
        for name in ["b.toml", "a.toml", ".hidden.toml", "c.txt", "app/x", "app/deep/y"] {
            fs::write(place.path().join(name), name).unwrap();
        }
        fs::set_permissions(place.path().join("app/x"), fs::Permissions::from_mode(0o700)).unwrap();
        let folder = Folder::open(place.path()).unwrap().unwrap();
        assert_eq!(folder.names(".toml", 5).unwrap(), [path("a.toml"), path("b.toml")]);
        assert!(matches!(folder.names(".toml", 4), Err(WorktreeError::Limit { .. })));
        let mut files = folder.files(&path("app"), 3).unwrap();
        files.sort();
        assert_eq!(files, [(path("app/deep/y"), path("deep/y")), (path("app/x"), path("x"))]);
        assert!(matches!(folder.files(&path("app"), 2), Err(WorktreeError::Limit { .. })));
        assert!(matches!(folder.read(&path("app/x"), 4), Err(WorktreeError::TooLarge { .. })));
        assert!(matches!(folder.read(&path("app"), 9), Err(WorktreeError::Irregular { .. })));
        folder.replace(&path("app/x"), b"1").unwrap();
        folder.replace(&path("app/new"), b"2").unwrap();
        assert_eq!(fs::metadata(place.path().join("app/x")).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(folder.replace(&path("none/new"), b"2").is_err() && folder.replace(&SkillPath::root(), b"").is_err());
        assert_eq!(fs::read_dir(place.path().join("app")).unwrap().count(), 3, "no draft is left");
        fs::write(place.path().join("\u{1b}[2J.toml"), "").unwrap();
        let error = folder.names(".toml", 9).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"\\u{1b}[2J.toml\" is no name for a file here: the path holds a character that file names may not have here"
        );
    }
}
