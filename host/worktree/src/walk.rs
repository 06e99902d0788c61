//! Looking at every entry of a tree, once, without following a link or opening a file.

use crate::beneath::{self, Stamp, io_error};
use crate::error::WorktreeError;
use crate::snapshot::{MAX_DEPTH, MAX_FILES};
use rustix::fs::FileType;
use rustix::io::Errno;
use skillhost_core::path::is_git_name;
use std::collections::{BTreeMap, HashMap};
use std::os::fd::{BorrowedFd, OwnedFd};
use unicode_normalization::UnicodeNormalization as _;

/// Most names in a tree. A command is ended at half as many, but is quick to make some more before that is seen.
const MAX_NAMES: usize = 2 * MAX_FILES;
/// Most twins that are kept: a report is for people.
const MAX_TWINS: usize = 1_000;

/// All that is in a tree.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Regular files and links.
    pub(crate) files: BTreeMap<Vec<u8>, Stamp>,
    /// What is never committed, whatever it holds.
    pub(crate) forbidden: BTreeMap<Vec<u8>, Forbidden>,
    /// Names in one directory that some file system takes for one.
    pub(crate) twins: Vec<Vec<u8>>,
}

/// Why an entry is never committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// A spelling of `.git`: a nested repository, or what turns a directory into one.
    GitName,
    /// A device, a FIFO or a socket.
    Special,
    /// A directory nested deeper than any path that a commit or a skill can hold.
    Deep,
}

/// Walks the tree beneath `root`.
///
/// # Errors
/// Where a directory can't be read, or the tree is over a limit.
pub(crate) fn walk(root: BorrowedFd<'_>) -> Result<Listing, WorktreeError> {
    let mut listing = Listing::default();
    let top = beneath::open_subdirectory(root, b".").map_err(|e| io_error("open", b".", e))?;
    let mut seen = 0;
    visit(top, &mut Vec::new(), 0, &mut seen, &mut listing)?;
    Ok(listing)
}

fn visit(
    directory: OwnedFd,
    prefix: &mut Vec<u8>,
    depth: usize,
    seen: &mut usize,
    listing: &mut Listing,
) -> Result<(), WorktreeError> {
    let names = beneath::names(&directory).map_err(|e| io_error("list", prefix, e))?;
    *seen += names.len();
    if *seen > MAX_NAMES {
        return Err(WorktreeError::Limit { limit: MAX_NAMES as u64, what: "files" });
    }
    find_twins(&names, prefix, &mut listing.twins);
    for name in names {
        let name = name.to_bytes();
        let length = prefix.len();
        prefix.extend(name);
        match beneath::stamp_of(&directory, name) {
            _ if is_git_name(name) => {
                listing.forbidden.insert(prefix.clone(), Forbidden::GitName);
            }
            // Gone since it was listed.
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(io_error("look at", prefix, errno)),
            Ok(stamp) => match stamp.kind() {
                FileType::Directory if depth == MAX_DEPTH => {
                    listing.forbidden.insert(prefix.clone(), Forbidden::Deep);
                }
                FileType::Directory => {
                    let below = beneath::enter(&directory, name).map_err(|e| io_error("open", prefix, e))?;
                    prefix.push(b'/');
                    visit(below, prefix, depth + 1, seen, listing)?;
                }
                FileType::RegularFile | FileType::Symlink => {
                    listing.files.insert(prefix.clone(), stamp);
                }
                _ => {
                    listing.forbidden.insert(prefix.clone(), Forbidden::Special);
                }
            },
        }
        prefix.truncate(length);
    }
    Ok(())
}

fn find_twins(names: &[std::ffi::CString], prefix: &[u8], twins: &mut Vec<Vec<u8>>) {
    let mut folded: HashMap<Vec<u8>, &[u8]> = HashMap::with_capacity(names.len());
    for name in names {
        let name = name.to_bytes();
        if let Some(first) = folded.insert(fold(name), name)
            && twins.len() + 2 <= MAX_TWINS
        {
            twins.push([prefix, first].concat());
            twins.push([prefix, name].concat());
        }
    }
}

/// What a file system that ignores case and Unicode form makes of a name.
fn fold(name: &[u8]) -> Vec<u8> {
    if name.is_ascii() {
        return name.to_ascii_lowercase();
    }
    match std::str::from_utf8(name) {
        Ok(text) => text.nfd().flat_map(char::to_lowercase).collect::<String>().into_bytes(),
        Err(_) => name.to_vec(),
    }
}
