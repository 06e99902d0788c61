//! What one call did to the tree: the commit asks for it, and the audit log keeps it.

use skillhost_core::path::SkillPath;
use skillhost_core::text::escape_terminal;
use std::collections::BTreeSet;

/// Most denials that are kept; a guest could make any number of them.
const MAX_DENIALS: usize = 100;
/// Longest part of a spelled path that a denial keeps, in characters.
const MAX_DENIED_CHARS: usize = 256;

/// The file work of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileRecord {
    /// Files and links that were created, changed or moved to, and not removed afterwards.
    pub written: BTreeSet<SkillPath>,
    /// Files and links that were removed or moved away, and not written again.
    pub removed: BTreeSet<SkillPath>,
    /// How many files were opened to be read.
    pub read_count: u64,
    /// Bytes that were read.
    pub bytes_read: u64,
    /// Bytes that were written; a gap that a write leaves counts as written.
    pub bytes_written: u64,
    /// The first denials, each once.
    pub denied: Vec<Denial>,
    /// All denials, repetitions included.
    pub denied_count: u64,
    /// Directory entries that were left out because their names can't be named: not UTF-8, or refused as a path.
    pub skipped_names: u64,
}

/// An operation that the rules refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The path as it was spelled, escaped and cut, so that it can be shown.
    pub path: String,
    /// The operation, as WASI names it; `open-at to write` apart from `open-at`.
    pub operation: &'static str,
}

impl Denial {
    /// Whether a write grant was missing; else a read grant.
    pub fn is_write(&self) -> bool {
        !matches!(self.operation, "open-at" | "read-directory" | "stat-at" | "metadata-hash-at" | "readlink-at")
    }
}

impl FileRecord {
    pub(super) fn note_written(&mut self, path: &SkillPath) {
        if self.written.contains(path) {
            return;
        }
        self.removed.remove(path);
        self.written.insert(path.clone());
    }

    pub(super) fn note_removed(&mut self, path: &SkillPath) {
        self.written.remove(path);
        self.removed.insert(path.clone());
    }

    pub(super) fn note_denied(&mut self, operation: &'static str, base: &SkillPath, spelled: &str) {
        self.denied_count += 1;
        if self.denied.len() >= MAX_DENIALS {
            return;
        }
        let mut path = if base.is_root() { String::new() } else { format!("{base}/") };
        path.push_str(escape_terminal(spelled, MAX_DENIED_CHARS).as_str());
        let denial = Denial { path, operation };
        if !self.denied.contains(&denial) {
            self.denied.push(denial);
        }
    }
}
