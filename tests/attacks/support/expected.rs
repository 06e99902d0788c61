//! What the audit log must hold.

use serde_json::Value;
use skillhost_core::digest::Digest;

/// How one of the attacker's calls must have ended, as the log has it.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    outcome: &'static str,
    denials: Denials,
    counts: Vec<(&'static str, u64)>,
}

#[derive(Debug, Clone, Copy)]
enum Denials {
    Exactly(u64),
    Some,
    Any,
}

/// A call that ended so, and was denied nothing.
pub(crate) fn ended(outcome: &'static str) -> Expected {
    Expected { outcome, denials: Denials::Exactly(0), counts: Vec::new() }
}

impl Expected {
    /// It was denied something, so often.
    pub(crate) fn denied(self, times: u64) -> Self {
        Self { denials: Denials::Exactly(times), ..self }
    }

    /// It was denied something, as often as it happened to try.
    pub(crate) fn denied_some(self) -> Self {
        Self { denials: Denials::Some, ..self }
    }

    /// It may have been denied something: nobody knows what it tried.
    pub(crate) fn any_denials(self) -> Self {
        Self { denials: Denials::Any, ..self }
    }

    /// The log has this count.
    pub(crate) fn count(mut self, name: &'static str, count: u64) -> Self {
        self.counts.push((name, count));
        self
    }

    /// So many calls like this one.
    pub(crate) fn times(self, times: usize) -> impl Iterator<Item = Self> {
        std::iter::repeat_n(self, times)
    }

    fn is(&self, logged: &Value) -> bool {
        let count = |name: &str| logged["counts"][name].as_u64().unwrap_or(0);
        let denied = match self.denials {
            Denials::Exactly(times) => count("denials") == times,
            Denials::Some => count("denials") > 0,
            Denials::Any => true,
        };
        logged["outcome"] == self.outcome && denied && self.counts.iter().all(|(name, most)| count(name) == *most)
    }
}

/// Each logged outcome is one that was expected, and the other way round.
pub(crate) fn check(mut logged: Vec<Value>, expected: impl IntoIterator<Item = Expected>) {
    for expected in expected {
        let at = logged.iter().position(|logged| expected.is(logged));
        let at = at.unwrap_or_else(|| panic!("the log has no {expected:?}: {logged:#?}"));
        logged.remove(at);
    }
    assert!(logged.is_empty(), "nobody expected {logged:#?}");
}

/// The entries of a log, every line of which follows from the one before.
pub(crate) fn whole(log: &[u8]) -> Vec<Value> {
    let mut entries: Vec<Value> = Vec::new();
    let mut above = Digest::of(b"");
    for line in log.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").expect("the last line is whole");
        let entry: Value = serde_json::from_slice(line).unwrap();
        assert_eq!((entry["prev"].as_str(), &entry["seq"]), (Some(above.to_string().as_str()), &entries.len().into()));
        assert!(line.iter().all(|byte| (b' '..=b'~').contains(byte)), "nothing unescaped stands in a log");
        above = Digest::of(&[&[0], line].concat());
        entries.push(entry);
    }
    entries
}
