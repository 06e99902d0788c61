//! How much of the disk a tree takes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files that are looked at in one walk. More than that are more than any build leaves, and count as the limit reached:
/// trees with many more could not be swept.
const MAX_FILES: u64 = 1_000_000;
/// A look at whether the command has ended costs little, but more than looking at a file.
const FILES_BETWEEN_CHECKS: u64 = 512;

/// What a tree measures that has too many files, or some that cannot be reached.
pub(crate) const IMMEASURABLE: u64 = u64::MAX;

/// Bytes on disk beneath a directory; none where there was nothing left to watch before it was measured. Links are
/// not followed.
pub(crate) fn tree_bytes(root: &Path, alive: &impl Fn() -> bool) -> Option<u64> {
    let mut bytes = 0u64;
    let mut files = 0u64;
    let mut folders = vec![PathBuf::from(root)];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            // Nested too deep to be named, or closed even to whoever looks: no place to hide in.
            Err(_) => return Some(IMMEASURABLE),
        };
        for entry in entries.flatten() {
            files += 1;
            if files > MAX_FILES {
                return Some(IMMEASURABLE);
            }
            if files.is_multiple_of(FILES_BETWEEN_CHECKS) && !alive() {
                return None;
            }
            let Ok(metadata) = entry.metadata() else { continue };
            // Blocks of 512 bytes: a sparse file takes what it really has.
            bytes = bytes.saturating_add(metadata.blocks().saturating_mul(512));
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_tree_is_measured_without_following_links() {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("file"), vec![1; 1 << 20]).unwrap();
        std::os::unix::fs::symlink("/usr", tree.path().join("link")).unwrap();
        let bytes = tree_bytes(tree.path(), &|| true).unwrap();
        assert!((1 << 20..2 << 20).contains(&bytes), "{bytes}");
    }
}
