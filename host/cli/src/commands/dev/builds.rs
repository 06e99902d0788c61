//! Which changes a build makes itself. What it writes anew each time would begin rounds for ever; but an editor may save
//! while a build runs, and that has to begin one. Nobody tells the two apart by looking once, so it is looked several times.

use std::collections::BTreeMap;

/// A file that so many builds in a row changed, and nobody between them, is their own.
const BUILDS: usize = 3;
/// Rounds in a row that changes during builds alone may begin, whatever files they are: some builds write files with other
/// names each time.
const ROUNDS: usize = 10;

/// What changed during the last builds.
#[derive(Debug, Default)]
pub(super) struct Builds {
    /// During how many builds in a row, for each file.
    changed: BTreeMap<String, usize>,
    rounds: usize,
}

/// What to do about changes during a build.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sifted {
    /// They begin another round.
    pub(super) begin: Vec<String>,
    /// They begin none from here on, and a person has to know.
    pub(super) named: Vec<String>,
}

impl Builds {
    /// Takes what changed while a build ran.
    pub(super) fn during(&mut self, changed: Vec<String>) -> Sifted {
        let before = std::mem::take(&mut self.changed);
        let mut sifted = Sifted::default();
        let mut known = Vec::new();
        for file in changed {
            let builds = before.get(&file).map_or(1, |builds| builds + 1);
            if builds < BUILDS {
                sifted.begin.push(file.clone());
            } else if builds == BUILDS {
                sifted.named.push(file.clone());
            } else {
                known.push(file.clone());
            }
            self.changed.insert(file, builds);
        }
        self.rounds = if sifted.begin.is_empty() { 0 } else { self.rounds + 1 };
        if self.rounds == ROUNDS {
            self.rounds = 0;
            sifted.named.append(&mut sifted.begin);
        }
        // A save in one of them was not tested: that is told each time, where no round follows that tests it.
        if sifted.begin.is_empty() {
            sifted.named.append(&mut known);
        }
        sifted
    }

    /// Takes what changed while none ran: whoever did that edits these files.
    pub(super) fn between(&mut self, changed: &[String]) {
        self.changed.retain(|file, _| !changed.contains(file));
        self.rounds = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn sifted(begin: &[&str], named: &[&str]) -> Sifted {
        Sifted { begin: files(begin), named: files(named) }
    }

    #[test]
    fn what_each_build_changes_is_named_where_no_round_follows_and_what_another_saves_meanwhile_begins_a_round() {
        let mut builds = Builds::default();
        for _ in 1..BUILDS {
            assert_eq!(builds.during(files(&["stamp"])), sifted(&["stamp"], &[]));
        }
        assert_eq!(builds.during(files(&["lib.rs", "stamp"])), sifted(&["lib.rs"], &["stamp"]));
        assert_eq!(builds.during(files(&["lib.rs", "stamp"])), sifted(&["lib.rs"], &[]));
        assert_eq!(builds.during(files(&["stamp"])), sifted(&[], &["stamp"]));
        // Another's edit between builds begins a round by itself, and changes nothing of that.
        builds.between(&files(&["lib.rs"]));
        assert_eq!(builds.during(files(&["stamp"])), sifted(&[], &["stamp"]));
        // Once a build leaves it alone, or somebody edits it, it is as any other.
        assert_eq!(builds.during(files(&[])), sifted(&[], &[]));
        assert_eq!(builds.during(files(&["stamp"])), sifted(&["stamp"], &[]));
        for _ in 1..BUILDS {
            builds.during(files(&["stamp"]));
        }
        builds.between(&files(&["stamp"]));
        assert_eq!(builds.during(files(&["stamp"])), sifted(&["stamp"], &[]));
    }

    #[test]
    fn a_file_that_is_edited_between_builds_begins_a_round_however_often() {
        let mut builds = Builds::default();
        for _ in 0..2 * ROUNDS {
            assert_eq!(builds.during(files(&["lib.rs"])), sifted(&["lib.rs"], &[]));
            builds.between(&files(&["lib.rs"]));
        }
    }

    #[test]
    fn other_names_each_time_begin_no_rounds_for_ever() {
        let mut builds = Builds::default();
        for round in 1..ROUNDS {
            let name = format!("out-{round}.js");
            assert_eq!(builds.during(files(&[&name])), sifted(&[&name], &[]));
        }
        assert_eq!(builds.during(files(&["out.js"])), sifted(&[], &["out.js"]));
    }
}
