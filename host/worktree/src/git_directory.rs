//! What is looked at before libgit2 sees a repository.
//!
//! libgit2 opens whatever has the name of a file, reads all of it, and goes wherever a link or a text in it leads. So a
//! FIFO under any of these names would keep the host for ever, an endless file would take its memory, and a link among
//! the refs would have the host write its own refs elsewhere. Each place that libgit2 would read is found here in its
//! way, and looked at: the git directory, the one that it shares, alternates, and what the configuration includes.

mod ambient;

use crate::error::WorktreeError;
use ambient::{Child, Kind, canonical, children, is_regular, read_pointer, read_whole, require_file};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// Most files that are looked at.
const MAX_GIT_FILES: usize = 2_000_000;
/// Largest file that libgit2 reads as a whole. The packed refs of a large monorepository have a third of it.
const MAX_FILE_BYTES: u64 = 256 << 20;
/// Largest list of alternates, and largest configuration.
const MAX_TEXT_BYTES: u64 = 4 << 20;

/// The directories that were looked at, by their one spelling: only these are opened.
#[derive(Debug)]
pub(crate) struct Looked {
    /// Holds `HEAD` and the index.
    pub(crate) own: PathBuf,
    /// Holds objects and refs; mostly the same one.
    pub(crate) common: PathBuf,
    /// Whether another file or a link named it.
    pub(crate) is_named: bool,
}

/// Looks at what `.git` stands for; none where nothing is there that could be one.
///
/// # Errors
/// Where something in it would block or exhaust whoever reads it, or lead what is written elsewhere, and where `.git` is
/// a file that doesn't name a directory.
pub(crate) fn check(dot_git: &Path) -> Result<Option<Looked>, WorktreeError> {
    let own = match ambient::is_directory(dot_git) {
        true => canonical(dot_git),
        false => read_pointer(dot_git, "gitdir:")?,
    };
    let Some(own) = own else { return Ok(None) };
    let common = read_pointer(&own.join("commondir"), "")?;
    let mut look = Look::default();
    look.directory(&own)?;
    look.configurations(&own)?;
    if let Some(common) = &common {
        look.directory(common)?;
        look.configurations(common)?;
        // Whoever opens the shared directory by itself would be sent on to a third one.
        if read_pointer(&common.join("commondir"), "")?.is_some() {
            return Err(WorktreeError::Redirected { path: common.join("commondir") });
        }
    }
    let common = common.unwrap_or_else(|| own.clone());
    look.alternates(&common.join("objects"))?;
    Ok(Some(Looked { is_named: !ambient::is_real_directory(dot_git), own, common }))
}

/// Whether some directory from here upwards is a git directory itself, as in a bare repository.
pub(crate) fn surrounds(path: &Path) -> bool {
    path.ancestors().any(is_one)
}

/// Whether a directory is a git directory. Told by its parts alone.
pub(crate) fn is_one(directory: &Path) -> bool {
    is_regular(&directory.join("HEAD"))
        && ["objects", "refs"].iter().all(|name| ambient::is_directory(&directory.join(name)))
}

#[derive(Default)]
struct Look {
    files: usize,
    /// Directories of alternates, and files of the configuration, so that a circle ends.
    seen: BTreeSet<PathBuf>,
}

impl Look {
    fn directory(&mut self, directory: &Path) -> Result<(), WorktreeError> {
        for child in children(directory) {
            match child.name() {
                // What is written here has names that people chose.
                "refs" | "logs" | "objects" if child.is_link_to_directory() => {
                    return Err(WorktreeError::Redirected { path: child.path });
                }
                "refs" | "info" => self.beneath(&child.path, MAX_FILE_BYTES)?,
                "logs" => self.beneath(&child.path, u64::MAX)?,
                "objects" => self.objects(&child.path)?,
                "index" => self.child(&child, u64::MAX)?,
                _ => self.child(&child, MAX_FILE_BYTES)?,
            }
        }
        Ok(())
    }

    /// The part of a directory of objects that libgit2 reads; an alternate may be any directory, and have much else in it.
    fn objects(&mut self, directory: &Path) -> Result<(), WorktreeError> {
        self.file(directory, u64::MAX)?;
        for child in children(directory) {
            let name = child.name();
            let is_prefix = name.len() == 2 && name.bytes().all(|b| b.is_ascii_hexdigit());
            if is_prefix || matches!(name, "pack" | "info") {
                self.all(vec![child], u64::MAX)?;
            }
        }
        Ok(())
    }

    /// All files beneath a directory, or a link to one; or the file that stands in its place.
    fn beneath(&mut self, directory: &Path, max_bytes: u64) -> Result<(), WorktreeError> {
        self.file(directory, max_bytes)?;
        self.all(children(directory).collect(), max_bytes)
    }

    /// Files, and all those beneath directories.
    fn all(&mut self, mut pending: Vec<Child>, max_bytes: u64) -> Result<(), WorktreeError> {
        while let Some(child) = pending.pop() {
            if child.is_link_to_directory() {
                return Err(WorktreeError::Redirected { path: child.path });
            }
            self.child(&child, max_bytes)?;
            if child.kind == Kind::Directory {
                pending.extend(children(&child.path));
            }
        }
        Ok(())
    }

    fn child(&mut self, child: &Child, max_bytes: u64) -> Result<(), WorktreeError> {
        match child.kind {
            // Most of what there is: objects, of any size, and what they lie in. They aren't worth a look each.
            Kind::Directory => self.count(),
            Kind::File if max_bytes == u64::MAX => self.count(),
            Kind::File | Kind::Other => self.file(&child.path, max_bytes),
        }
    }

    fn file(&mut self, path: &Path, max_bytes: u64) -> Result<(), WorktreeError> {
        self.count()?;
        require_file(path, max_bytes)
    }

    fn count(&mut self) -> Result<(), WorktreeError> {
        self.files += 1;
        match self.files > MAX_GIT_FILES {
            true => Err(WorktreeError::Limit { limit: MAX_GIT_FILES as u64, what: "files in its git directory" }),
            false => Ok(()),
        }
    }

    /// The object directories that another one names, and those that they name, each once, however it is spelled.
    fn alternates(&mut self, objects: &Path) -> Result<(), WorktreeError> {
        let mut pending = vec![objects.to_owned()];
        while let Some(objects) = pending.pop() {
            let list = objects.join("info/alternates");
            self.count()?;
            let Some(list) = read_whole(&list, MAX_TEXT_BYTES)? else { continue };
            let lines = list.split(|b| matches!(b, b'\r' | b'\n')).filter(|line| !line.is_empty() && line[0] != b'#');
            for line in lines {
                let named = PathBuf::from(OsString::from_vec(line.to_vec()));
                let other = if line[0] == b'.' { objects.join(named) } else { named };
                if let Some(other) = canonical(&other)
                    && self.seen.insert(other.clone())
                {
                    self.objects(&other)?;
                    pending.push(other);
                }
            }
        }
        Ok(())
    }

    fn configurations(&mut self, directory: &Path) -> Result<(), WorktreeError> {
        ["config", "config.worktree"].iter().try_for_each(|name| self.configuration(directory.join(name)))
    }

    /// A file of the configuration, and those that it includes, each once. What a file includes is relative to where its
    /// name stands, even if that is a link's.
    fn configuration(&mut self, file: PathBuf) -> Result<(), WorktreeError> {
        // Each in the one spelling of its directory.
        let mut pending = vec![file];
        while let Some(file) = pending.pop() {
            if !self.seen.insert(file.clone()) {
                continue;
            }
            self.count()?;
            let (Some(text), Some(beside)) = (read_whole(&file, MAX_TEXT_BYTES)?, file.parent()) else { continue };
            pending.extend(included(&text).into_iter().filter_map(|named| {
                let named = match (named.strip_prefix(b"~/"), ambient::home()) {
                    (Some(within), Some(home)) => home.join(OsString::from_vec(within.to_vec())),
                    _ => beside.join(OsString::from_vec(named)),
                };
                Some(canonical(named.parent()?)?.join(named.file_name()?))
            }));
        }
        Ok(())
    }
}

/// What a configuration may include: the value of whatever is called `path`. Rather too much than too little, since all
/// that comes of it is a look.
fn included(text: &[u8]) -> Vec<Vec<u8>> {
    let is_path = |before: &[u8]| before.last_chunk::<4>().is_some_and(|word| word.eq_ignore_ascii_case(b"path"));
    let signs = text.iter().enumerate().filter(|(at, b)| **b == b'=' && is_path(text[..*at].trim_ascii_end()));
    signs.map(|(at, _)| value(&text[at + 1..])).collect()
}

/// A value, as git reads it from what follows its `=`.
fn value(text: &[u8]) -> Vec<u8> {
    let (mut value, mut is_quoted, mut rest) = (Vec::new(), false, text.iter().copied());
    while let Some(byte) = rest.next() {
        match byte {
            b'\n' => break,
            b';' | b'#' if !is_quoted => break,
            b'"' => is_quoted = !is_quoted,
            b'\\' => match rest.next() {
                Some(b'\n') | None => {}
                Some(b'n') => value.push(b'\n'),
                Some(b't') => value.push(b'\t'),
                Some(b'b') => value.push(8),
                Some(other) => value.push(other),
            },
            other => value.push(other),
        }
    }
    value.trim_ascii().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_01_every_spelling_of_an_included_file_is_found() {
        for text in [
            "[include]\n\tpath = a b\n",
            "[INCLUDE] PATH=\"a b\"",
            "[includeIf \"gitdir:/x=y/\"]\n path=a\\\n\\ b ; comment\n",
            "[include] path = \"a \"b # comment",
            "[core]\n bare = false\n[include]path\t=\ta b\r\n",
        ] {
            assert!(included(text.as_bytes()).contains(&b"a b".to_vec()), "{text:?}");
        }
        assert!(included(b"[core]\n\tbare = false\n[x]\n\tpathology = y\npath").is_empty());
    }
}
