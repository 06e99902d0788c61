//! What a call really used of its grants, for who wants to know: each decision that went in its favour is noted, and the
//! smallest grant under which all of them would have gone so again is found from that.

mod smallest;
#[cfg(test)]
mod tests;

use crate::gate::Wish;
use skillhost_core::capability::Capabilities;
use skillhost_core::destination::WebUrl;
use skillhost_core::glob::Globs;
use skillhost_core::name::{CommandName, SecretName};
use skillhost_core::path::SkillPath;
use skillhost_core::tier::Tier;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most decisions over files that are noted one by one: a guest can think of any number of names.
const MAX_FILES: usize = 20_000;
/// Most moves that are noted: each is compared with the others.
const MAX_MOVES: usize = 1000;

/// What must hold of a path so that an operation goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// It may be read.
    Read,
    /// It may be created, changed and removed.
    Write,
    /// It may be known of: either of the two.
    Show,
    /// It may be walked through: it or something beneath it may be known of.
    Pass,
    /// A directory may be made or removed there: it or something beneath it may be written.
    Hold,
}

/// Notes what calls use, however they end. Clones note into the same place.
#[derive(Debug, Clone, Default)]
pub struct Uses(Arc<Mutex<Used>>);

/// Notes for one call's files: an operation that is denied in the end used nothing of what it passed on its way.
#[derive(Debug)]
pub(crate) struct Noting {
    uses: Uses,
    staged: Mutex<Vec<Staged>>,
}

/// What an operation under way needed.
#[derive(Debug)]
enum Staged {
    File { need: Need, path: SkillPath, is_protected: bool },
    Alike(SkillPath, SkillPath),
}

impl Noting {
    pub(crate) fn file(&self, need: Need, path: &SkillPath, is_protected: bool) {
        self.staged().push(Staged::File { need, path: path.clone(), is_protected });
    }

    pub(crate) fn alike(&self, one: &SkillPath, other: &SkillPath) {
        self.staged().push(Staged::Alike(one.clone(), other.clone()));
    }

    /// The operation is over.
    pub(crate) fn settle(&self, is_denied: bool) {
        for staged in self.staged().drain(..).filter(|_| !is_denied) {
            match staged {
                Staged::File { need, path, is_protected } => self.uses.file(need, &path, is_protected),
                Staged::Alike(one, other) => self.uses.alike(&one, &other),
            }
        }
    }

    fn staged(&self) -> MutexGuard<'_, Vec<Staged>> {
        self.staged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was used.
#[derive(Debug, Clone, Default)]
struct Used {
    files: BTreeSet<(Need, SkillPath)>,
    /// Pairs of places that must have equal rights: something moved between them, or a link leads from one to the other.
    alike: BTreeSet<(SkillPath, SkillPath)>,
    /// More of either than is noted.
    is_beyond: bool,
    /// A protected path was written.
    protected: bool,
    /// The change as a whole was looked at.
    changes: bool,
    /// Something was committed.
    commits: bool,
    exec: BTreeSet<CommandName>,
    exec_arguments: bool,
    model: BTreeSet<Tier>,
    /// By their text without a query, which counts for no pattern.
    http: BTreeMap<String, WebUrl>,
    secrets: BTreeSet<SecretName>,
    ask: bool,
}

impl Uses {
    /// The smallest grant that would have sufficed, in a few globs and patterns; `protected` are the paths that a grant of
    /// `write` doesn't reach. Taking any one entry away, something that was used would be denied.
    pub fn smallest(&self, protected: &Globs) -> Capabilities {
        smallest::grant(&self.used(), protected)
    }

    /// What one call's files need of their rules.
    pub(crate) fn of_files(self) -> Noting {
        Noting { uses: self, staged: Mutex::default() }
    }

    fn file(&self, need: Need, path: &SkillPath, is_protected: bool) {
        let mut used = self.used();
        used.protected |= is_protected;
        if used.files.len() < MAX_FILES {
            used.files.insert((need, path.clone()));
        } else {
            used.is_beyond |= !used.files.contains(&(need, path.clone()));
        }
    }

    fn alike(&self, one: &SkillPath, other: &SkillPath) {
        let mut used = self.used();
        if used.alike.len() < MAX_MOVES {
            used.alike.insert((one.clone(), other.clone()));
        } else {
            used.is_beyond = true;
        }
    }

    pub(crate) fn wish(&self, wish: Wish<'_>) {
        let mut used = self.used();
        match wish {
            Wish::Exec { name, arguments } => {
                // What was granted is a name.
                used.exec.extend(name.parse().ok());
                used.exec_arguments |= !arguments.is_empty();
            }
            Wish::Model(tier) => _ = used.model.insert(tier),
            Wish::Ask => used.ask = true,
            Wish::ReadChange => used.changes = true,
            Wish::ReadPath(path) => {
                drop(used);
                self.file(Need::Read, path, false);
            }
            Wish::Commit => used.commits = true,
            Wish::Http(url) => _ = used.http.insert(crate::gate::without_query(&url.to_string()), url.clone()),
            Wish::Secret(name) => used.secrets.extend(name.parse().ok()),
            // Nobody can grant these.
            Wish::UnreadableUrl(_) | Wish::SecretTo { .. } | Wish::SecretInUrl(_) => {}
        }
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
