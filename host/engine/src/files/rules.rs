//! Who may do what, where: the grant's globs, and the project's protected paths.

use crate::uses::Need;
use skillhost_core::glob::{Globs, Layers};
use skillhost_core::path::SkillPath;

/// The rules of one tree. What no glob names is out of reach.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// What may be read.
    pub read: Layers,
    /// What may be created, changed and removed.
    pub write: Layers,
    /// What may not be, although `write` names it.
    pub protected: Globs,
    /// Whether `protected` is lifted.
    pub may_write_protected: bool,
}

/// What may be done at one path. Two paths with equal rights are of one class, and things may move between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(super) read: bool,
    pub(super) write: bool,
}

impl Rules {
    /// Whether `path` may be used so.
    pub(crate) fn grants(&self, need: Need, path: &SkillPath) -> bool {
        match need {
            Need::Read => self.readable(path),
            Need::Write => self.writable(path),
            Need::Show => self.shows(path),
            Need::Pass => self.passes(path),
            Need::Hold => self.holds(path),
        }
    }

    /// Whether changing something at `path` takes that `protected` is lifted.
    pub(super) fn is_lifted(&self, need: Need, path: &SkillPath) -> bool {
        self.may_write_protected
            && match need {
                Need::Write => self.protected.matches(path),
                Need::Hold => self.protected.matches(path) || self.protected.covers_beneath(path),
                Need::Read | Need::Show | Need::Pass => false,
            }
    }

    pub(crate) fn rights(&self, path: &SkillPath) -> Rights {
        Rights { read: self.read.matches(path), write: self.writable(path) }
    }

    pub(super) fn readable(&self, path: &SkillPath) -> bool {
        self.read.matches(path)
    }

    pub(super) fn writable(&self, path: &SkillPath) -> bool {
        self.write.matches(path) && !self.is_shielded(path)
    }

    /// Whether a file or a link at `path` may be known of.
    pub(super) fn shows(&self, path: &SkillPath) -> bool {
        self.read.matches(path) || self.write.matches(path)
    }

    /// Whether a directory at `path` may be listed and walked through: something granted may lie beneath it.
    pub(super) fn passes(&self, path: &SkillPath) -> bool {
        path.is_root() || self.shows(path) || self.read.may_match_beneath(path) || self.write.may_match_beneath(path)
    }

    /// Whether a directory may be made or removed at `path`: it is writable, or something beneath it is, which could
    /// not be created otherwise.
    pub(super) fn holds(&self, path: &SkillPath) -> bool {
        let shielded = self.is_shielded(path) || (!self.may_write_protected && self.protected.covers_beneath(path));
        !shielded && (self.write.matches(path) || self.write.may_match_beneath(path))
    }

    fn is_shielded(&self, path: &SkillPath) -> bool {
        !self.may_write_protected && self.protected.matches(path)
    }
}
