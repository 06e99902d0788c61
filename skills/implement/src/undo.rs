//! The way back to the last tree on which a command passed: what the agent's own edits replaced since.
//!
//! Only edits are taken back. What a command changed by itself, such as a formatter, stays unless an edit touched it as well.

use std::collections::BTreeMap;

/// What is kept for going back; beyond it the oldest goes, and with it the trees that need it.
const MAX_BYTES: usize = 8 << 20;

/// A file before an edit.
struct Entry {
    /// Of the tree that the edit made.
    generation: u64,
    path: String,
    /// None where there was no such file.
    content: Option<Vec<u8>>,
}

#[derive(Default)]
pub(crate) struct Undo {
    entries: Vec<Entry>,
    bytes: usize,
    /// The tree on which each command last passed.
    green: BTreeMap<String, u64>,
}

impl Undo {
    /// `command` passed on the tree `generation`.
    pub(crate) fn passed(&mut self, command: &str, generation: u64) {
        self.green.insert(command.to_owned(), generation);
        let oldest = self.green.values().copied().min().unwrap_or_default();
        self.entries.retain(|entry| entry.generation > oldest);
        self.bytes = self.entries.iter().map(Entry::bytes).sum();
    }

    /// An edit replaced `content`, and made the tree `generation`.
    pub(crate) fn changed(&mut self, path: &str, content: Option<&[u8]>, generation: u64) {
        // Before something passed there is nothing to go back to, and within one stretch only the first edit counts.
        let Some(newest) = self.green.values().copied().max() else { return };
        if self.entries.iter().any(|entry| entry.path == path && entry.generation > newest) {
            return;
        }
        let entry = Entry { generation, path: path.to_owned(), content: content.map(<[u8]>::to_vec) };
        self.bytes += entry.bytes();
        self.entries.push(entry);
        while self.bytes > MAX_BYTES {
            let dropped = self.entries.remove(0);
            self.bytes -= dropped.bytes();
            self.green.retain(|_, generation| *generation >= dropped.generation);
        }
    }

    /// Something happened that can't be taken back.
    pub(crate) fn lost(&mut self) {
        *self = Undo::default();
    }

    /// Whether `command` passed on a tree that can be had again.
    pub(crate) fn reaches(&self, command: &str) -> bool {
        self.green.contains_key(command)
    }

    /// What the files held when `command` last passed that were edited since. Edits after it are forgotten.
    pub(crate) fn take_back(&mut self, command: &str) -> BTreeMap<String, Option<Vec<u8>>> {
        let Some(&target) = self.green.get(command) else { return BTreeMap::new() };
        let later = self.entries.extract_if(.., |entry| entry.generation > target).collect::<Vec<_>>();
        self.bytes = self.entries.iter().map(Entry::bytes).sum();
        self.green.retain(|_, generation| *generation <= target);
        // The earliest edit of a file is the one that says what it held.
        later.into_iter().rev().map(|entry| (entry.path, entry.content)).collect()
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        self.path.len() + self.content.as_ref().map_or(0, Vec::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(undo: &mut Undo, command: &str) -> Vec<(String, Option<String>)> {
        let text = |content: Vec<u8>| String::from_utf8(content).unwrap_or_default();
        undo.take_back(command).into_iter().map(|(path, content)| (path, content.map(text))).collect()
    }

    #[test]
    fn each_command_has_its_own_way_back() {
        let mut undo = Undo::default();
        undo.changed("a", Some(b"0"), 1);
        undo.passed("test", 1);
        undo.changed("a", Some(b"1"), 2);
        undo.changed("a", Some(b"2"), 3);
        undo.passed("lint", 3);
        undo.changed("a", Some(b"3"), 4);
        undo.changed("b", None, 5);
        assert!(!undo.reaches("build"));
        assert_eq!(back(&mut undo, "lint"), [("a".into(), Some("3".into())), ("b".into(), None)]);
        assert_eq!(back(&mut undo, "test"), [("a".into(), Some("1".into()))]);
        assert!(!undo.reaches("lint"), "its tree is later than the one that was gone back to");
        assert_eq!(back(&mut undo, "test"), []);
    }

    #[test]
    fn what_is_too_much_takes_the_oldest_trees_along() {
        let mut undo = Undo::default();
        let half = vec![b'x'; MAX_BYTES / 2];
        undo.passed("test", 0);
        undo.changed("a", Some(&half), 1);
        undo.passed("lint", 1);
        undo.changed("b", Some(&half), 2);
        assert!(!undo.reaches("test") && undo.reaches("lint"));
        assert_eq!(undo.take_back("lint").len(), 1);
        undo.changed("c", Some(&[half.as_slice(), &half].concat()), 3);
        assert!(!undo.reaches("lint") && undo.bytes == 0);
    }
}
