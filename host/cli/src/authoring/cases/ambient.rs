//! The folder of a skill's cases: what is read there, and the only place that an update writes to. No link is followed.

#![allow(clippy::disallowed_methods, reason = "this is an ambient module")]

use skillhost_core::path::SkillPath;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The names of the case files, in their order; none where there is no folder.
pub(super) fn case_files(folder: &Path) -> io::Result<Vec<String>> {
    if !crate::ambient::exists(folder) {
        return Ok(Vec::new());
    }
    check_folder(folder)?;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "toml") {
            names.push(text(name)?);
        }
    }
    names.sort();
    Ok(names)
}

/// Reads a regular file.
pub(super) fn read(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    crate::ambient::read_unlinked(path, most_bytes)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

/// Reads a regular file beneath a folder.
pub(super) fn read_beneath(folder: &Path, path: &SkillPath, most_bytes: u64) -> io::Result<Vec<u8>> {
    read(&place(folder, path)?, most_bytes)
}

/// Reads all files of a folder beneath another, by their paths in it.
pub(super) fn read_folder(
    around: &Path,
    folder: &SkillPath,
    most_bytes: u64,
    most_files: usize,
    into: &mut BTreeMap<SkillPath, Vec<u8>>,
) -> io::Result<()> {
    let top = place(around, folder)?;
    check_folder(&top)?;
    let mut room = most_bytes;
    let mut left = vec![SkillPath::root()];
    while let Some(directory) = left.pop() {
        for entry in std::fs::read_dir(top.join(directory.as_str()))? {
            let entry = entry?;
            let name = text(entry.file_name())?;
            let path = directory.join(&name).map_err(|e| io::Error::other(format!("{name}: {e}")))?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                left.push(path);
                continue;
            }
            if !kind.is_file() {
                return Err(io::Error::other(format!("{path} is no regular file")));
            }
            if into.len() == most_files {
                return Err(io::Error::other(format!("it has more than {most_files} files")));
            }
            let bytes = read(&entry.path(), room).map_err(|e| io::Error::other(format!("{path}: {e}")))?;
            room -= bytes.len() as u64;
            into.insert(path, bytes);
        }
    }
    Ok(())
}

/// Replaces a file beneath a folder, as a whole.
pub(super) fn replace_beneath(folder: &Path, path: &SkillPath, bytes: &[u8]) -> io::Result<()> {
    crate::ambient::replace(&place(folder, path)?, bytes)
}

/// A path beneath a folder, on whose way there is no link.
fn place(folder: &Path, path: &SkillPath) -> io::Result<PathBuf> {
    check_folder(folder)?;
    let mut place = folder.to_owned();
    if let Some(around) = path.parent() {
        for name in around.components() {
            place.push(name);
            check_folder(&place)?;
        }
    }
    place.push(path.name().unwrap_or_default());
    Ok(place)
}

fn check_folder(folder: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(folder)?.is_dir() {
        return Ok(());
    }
    Err(io::Error::other(format!("{} is no folder, or a link to one", folder.display())))
}

fn text(name: std::ffi::OsString) -> io::Result<String> {
    name.into_string()
        .map_err(|name| io::Error::other(format!("the name {:?} is not UTF-8", name.display().to_string())))
}
