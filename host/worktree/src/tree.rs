//! Making a commit's tree from another one and a few changes: only the directories that change are written again.

use crate::error::WorktreeError;
use crate::objects;
use crate::snapshot::{Entry, MAX_DEPTH};
use git2::{ErrorCode, ObjectType, Oid, Repository};
use std::collections::BTreeMap;

/// Path to its new entry, or to none where it is removed.
pub(crate) type Updates = BTreeMap<Vec<u8>, Option<Entry>>;

/// Applies `updates` to the tree `base`. A file takes the place of a directory that became empty, and the other way.
pub(crate) fn write_tree(git: &Repository, base: Oid, updates: &Updates) -> Result<Oid, WorktreeError> {
    let updates: Vec<_> = updates.iter().map(|(path, entry)| (&path[..], *entry)).collect();
    match write_directory(git, Some(base), &updates, 0)? {
        Some(tree) => Ok(tree),
        None => Ok(git.treebuilder(None)?.write()?),
    }
}

/// What becomes of one name in a directory.
#[derive(Default)]
struct Change<'a> {
    itself: Option<Option<Entry>>,
    beneath: Vec<(&'a [u8], Option<Entry>)>,
}

/// The new directory's id; none where nothing is left in it.
fn write_directory(
    git: &Repository,
    base: Option<Oid>,
    updates: &[(&[u8], Option<Entry>)],
    depth: usize,
) -> Result<Option<Oid>, WorktreeError> {
    if depth > MAX_DEPTH {
        return Err(WorktreeError::Limit { limit: MAX_DEPTH as u64, what: "nested directories" });
    }
    let mut changes: BTreeMap<&[u8], Change<'_>> = BTreeMap::new();
    for (path, entry) in updates {
        match path.iter().position(|b| *b == b'/') {
            Some(at) => changes.entry(&path[..at]).or_default().beneath.push((&path[at + 1..], *entry)),
            None => changes.entry(path).or_default().itself = Some(*entry),
        }
    }
    let base = base.map(|id| objects::tree(git, id)).transpose()?;
    let mut builder = git.treebuilder(base.as_ref())?;
    for (name, change) in changes {
        let old = builder.get(name)?.map(|entry| (entry.kind(), entry.id()));
        let old_directory = old.and_then(|(kind, id)| (kind == Some(ObjectType::Tree)).then_some(id));
        if change.itself == Some(None) && old.is_some() && old_directory.is_none() {
            builder.remove(name)?;
        }
        if !change.beneath.is_empty() {
            match write_directory(git, old_directory, &change.beneath, depth + 1)? {
                Some(directory) => {
                    builder.insert(name, directory, 0o040_000)?;
                }
                None if old_directory.is_some() => builder.remove(name)?,
                None => {}
            }
        }
        if let Some(Some(entry)) = change.itself {
            builder.insert(name, entry.blob, entry.kind.mode() as i32)?;
        }
    }
    if builder.is_empty() {
        return Ok(None);
    }
    Ok(Some(builder.write()?))
}

/// Whether libgit2 says that a thing isn't there.
pub(crate) fn is_missing(error: &git2::Error) -> bool {
    error.code() == ErrorCode::NotFound
}
