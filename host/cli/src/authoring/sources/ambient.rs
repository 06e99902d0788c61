//! Looking at a skill's folder: its files but for what others make of them.

#![allow(clippy::disallowed_methods, reason = "this is an ambient module")]

use ignore::WalkBuilder;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Folders that tool chains write to, or git.
const WRITTEN: [&str; 7] = ["build", "target", "node_modules", ".venv", "__pycache__", ".git", "zig-cache"];
/// Most files that are looked at.
pub(crate) const MAX_FILES: usize = 100_000;
/// Largest file that is read; of a larger one, size and time tell.
const MAX_READ_BYTES: u64 = 8 << 20;

/// What is in a folder.
pub(crate) struct Found {
    pub(crate) folders: BTreeSet<PathBuf>,
    pub(crate) files: BTreeSet<PathBuf>,
    /// Whether there were more folders, or files, than are wanted.
    pub(crate) is_cut: bool,
}

/// When a file was written last, where that is known.
pub(crate) fn written(file: &Path) -> Option<SystemTime> {
    std::fs::metadata(file).ok()?.modified().ok()
}

/// What a file holds, to be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Holding {
    Text(blake3::Hash),
    Large(u64, Option<SystemTime>),
}

/// All folders and files, but for those that are written by tool chains or named by a .gitignore there. Links are files.
pub(crate) fn walk(folder: &Path, most_folders: usize) -> Found {
    walk_up_to(folder, most_folders, MAX_FILES)
}

fn walk_up_to(folder: &Path, most_folders: usize, most_files: usize) -> Found {
    let mut found = Found { folders: BTreeSet::new(), files: BTreeSet::new(), is_cut: false };
    let is_written = |name: &OsStr| WRITTEN.iter().any(|written| name == *written);
    let walk = WalkBuilder::new(folder)
        .hidden(false)
        .parents(false)
        .git_global(false)
        .require_git(false)
        .filter_entry(move |entry| entry.depth() == 0 || !is_written(entry.file_name()))
        .build();
    for entry in walk.flatten() {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        if !is_folder && is_draft(entry.file_name()) {
            continue;
        }
        let (kind, most) = match is_folder {
            true => (&mut found.folders, most_folders),
            false => (&mut found.files, most_files),
        };
        if kind.len() == most {
            found.is_cut = true;
            break;
        }
        kind.insert(entry.into_path());
    }
    found
}

/// Whether this program writes a file of that name before it takes another's place; it stays where the program was killed.
fn is_draft(name: &OsStr) -> bool {
    let is_random = |word: &str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let named = name.to_str().and_then(|name| name.strip_suffix(".draft"));
    named.and_then(|named| named.rsplit_once(['.', '-'])).is_some_and(|(_, random)| is_random(random))
}

/// What a regular file holds; none where it is none, or can't be read.
pub(crate) fn holding(file: &Path) -> Option<Holding> {
    let metadata = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file)?;
    if metadata.len() > MAX_READ_BYTES {
        return Some(Holding::Large(metadata.len(), metadata.modified().ok()));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(file).ok()?.take(MAX_READ_BYTES).read_to_end(&mut bytes).ok()?;
    Some(Holding::Text(blake3::hash(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tool_chains_write_is_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let put = |file: &str| {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        for file in [
            "src/a.rs",
            "notes.draft",
            "tests/cases.toml",
            "x/target/a",
            ".git/HEAD",
            "build/a.wasm",
            "node_modules/a",
            "out/b",
            ".skillhost-0123456789abcdef.draft",
            "tests/cases.0123456789abcdef.draft",
        ] {
            put(file);
        }
        std::fs::write(folder.path().join(".gitignore"), "/out\n").unwrap();
        let found = walk(folder.path(), 100);
        let names: Vec<_> = found.files.iter().map(|file| file.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [".gitignore", "notes.draft", "src/a.rs", "tests/cases.toml"].map(Path::new));
        assert_eq!((found.folders.len(), found.is_cut), (4, false));
        let (few_folders, few_files) = (walk(folder.path(), 2), walk_up_to(folder.path(), 100, 2));
        assert!(few_folders.is_cut && few_folders.folders.len() == 2);
        assert!(few_files.is_cut && few_files.files.len() == 2);
    }
}
