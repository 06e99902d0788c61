//! A picture of what lies in a place, to be compared with one taken later.

use skillhost_core::digest::Digest;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What lies at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Found {
    /// Times of a folder follow from what is in it.
    Folder { mode: u32, owner: u32 },
    /// With the number of its names, and the seconds and nanoseconds of its last change.
    File { mode: u32, owner: u32, names: u64, changed: (i64, i64), content: Digest },
    /// Not followed.
    Link { target: PathBuf },
    /// A socket, a pipe, a device.
    Other { mode: u32, owner: u32 },
}

/// The place itself, under an empty name, and everything beneath it by its name from there; but nothing at or beneath
/// what is left out. Where nothing is, there is nothing in the picture.
pub fn picture(place: &Path, is_left_out: impl Fn(&Path) -> bool) -> BTreeMap<PathBuf, Found> {
    let mut found = BTreeMap::new();
    let mut pending = if place.symlink_metadata().is_ok() { vec![PathBuf::new()] } else { Vec::new() };
    while let Some(name) = pending.pop() {
        if is_left_out(&name) {
            continue;
        }
        // Joining nothing would append a slash, which no file has.
        let path = if name.as_os_str().is_empty() { place.to_owned() } else { place.join(&name) };
        let what = look(&path);
        if matches!(what, Found::Folder { .. }) {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| name.join(entry.unwrap().file_name())));
        }
        found.insert(name, what);
    }
    found
}

fn look(path: &Path) -> Found {
    let metadata = path.symlink_metadata().unwrap();
    let (mode, owner, kind) = (metadata.mode(), metadata.uid(), metadata.file_type());
    if kind.is_dir() {
        Found::Folder { mode, owner }
    } else if kind.is_file() {
        let changed = (metadata.mtime(), metadata.mtime_nsec());
        let content = Digest::of(&fs::read(path).unwrap());
        Found::File { mode, owner, names: metadata.nlink(), changed, content }
    } else if kind.is_symlink() {
        match fs::read_link(path) {
            Ok(target) => Found::Link { target },
            // Exchanged since it was looked at, as some tests do all the time.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => look(path),
            Err(error) => panic!("{}: {error}", path.display()),
        }
    } else {
        Found::Other { mode, owner }
    }
}
