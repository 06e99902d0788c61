//! The directory that each case finds. What a guest itself can't make, since the guard refuses it, is in it beforehand.

use anyhow::{Result, ensure};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A tree, and a file beside it that nothing may touch.
pub(crate) struct Folder {
    outer: TempDir,
    root: PathBuf,
}

const BESIDE: &str = "beside";

impl Folder {
    pub(crate) fn new() -> Result<Self> {
        // In memory where the machine has some: waiting for a disk shows nothing.
        let memory = Path::new("/dev/shm");
        let outer = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }?;
        let root = outer.path().join("repo");
        let given = root.join("given");
        fs::create_dir_all(given.join("folder"))?;
        fs::create_dir(given.join("odd"))?;
        fs::write(outer.path().join(BESIDE), BESIDE)?;
        fs::write(given.join("file"), "given")?;
        fs::write(given.join("folder/inner"), "inner")?;
        fs::write(given.join("twin-a"), "twin")?;
        fs::hard_link(given.join("twin-a"), given.join("twin-b"))?;
        for (link, target) in [
            ("to-file", "file"),
            ("to-folder", "folder"),
            ("dangling", "nowhere"),
            ("absolute", "/etc/hostname"),
            ("outside", "../../beside"),
        ] {
            symlink(target, given.join(link))?;
        }
        mknodat(CWD, given.join("fifo"), FileType::Fifo, Mode::from_raw_mode(0o600), 0)?;
        let odd = given.join("odd");
        for name in [&b"plain"[..], b"colon:colon", b"back\\slash", b"dot.", b"aux", b"tab\tbed", b"not-\xff-text"] {
            fs::write(odd.join(OsStr::from_bytes(name)), "odd")?;
        }
        Ok(Self { outer, root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Nothing outside changed.
    pub(crate) fn check(&self) -> Result<()> {
        let names = fs::read_dir(self.outer.path())?.count();
        let text = fs::read_to_string(self.outer.path().join(BESIDE)).unwrap_or_default();
        ensure!(names == 2 && text == BESIDE, "a case changed something outside");
        Ok(())
    }
}
