//! The files under `/repo`, through `std::fs`: in a component that is `wasi:filesystem`, and `/repo` is all there is.
#![allow(clippy::disallowed_methods, reason = "the one place of the SDK that reaches files")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::{FileKind, Node};

fn locate(path: &str) -> PathBuf {
    Path::new("/repo").join(path.trim_start_matches('/'))
}

pub(crate) fn list(path: &str) -> io::Result<Vec<Node>> {
    let mut nodes = Vec::new();
    for entry in fs::read_dir(locate(path))? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let kind = match entry.file_type()? {
            kind if kind.is_file() => FileKind::File,
            kind if kind.is_dir() => FileKind::Directory,
            _ => FileKind::Other,
        };
        nodes.push(Node { name, kind });
    }
    nodes.sort();
    Ok(nodes)
}

pub(crate) fn size(path: &str) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(locate(path))?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok(metadata.len())
}

pub(crate) fn read(path: &str) -> io::Result<Vec<u8>> {
    fs::read(locate(path))
}

pub(crate) fn write(path: &str, content: &[u8]) -> io::Result<()> {
    let path = locate(path);
    create_parent(&path)?;
    fs::write(path, content)
}

pub(crate) fn rename(from: &str, to: &str) -> io::Result<()> {
    let to = locate(to);
    create_parent(&to)?;
    fs::rename(locate(from), to)
}

pub(crate) fn remove(path: &str) -> io::Result<()> {
    fs::remove_file(locate(path))
}

/// Asks for the directory only where it is missing: creating one that exists may already be denied.
fn create_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.is_dir() => fs::create_dir_all(parent),
        _ => Ok(()),
    }
}
