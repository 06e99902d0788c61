//! Notices an agent that goes in circles. A call counts as the same only while the tree is the same, so that running the tests
//! after an edit is always new.

use std::collections::HashMap;

/// From this repetition on, a call is not run.
const NOT_RUN_FROM: usize = 3;
/// At this repetition, the agent stops.
const STOP_AT: usize = 5;
/// So many calls that alternate between two are a circle as well.
const ALTERNATING: usize = 6;

/// What to do with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Run,
    /// Run it, and say that two calls alternate.
    RunAndNudge,
    /// The same call for the `n`th time.
    Skip(usize),
    Stop,
}

#[derive(Debug, Default)]
pub(crate) struct Repeats {
    counts: HashMap<String, usize>,
    recent: Vec<String>,
}

impl Repeats {
    pub(crate) fn judge(&mut self, name: &str, arguments: &str, generation: u64) -> Verdict {
        let key = format!("{generation}:{name}:{arguments}");
        let count = self.counts.entry(key.clone()).or_default();
        *count += 1;
        let count = *count;
        self.recent.push(key);
        match count {
            STOP_AT.. => Verdict::Stop,
            NOT_RUN_FROM.. => Verdict::Skip(count),
            _ if self.alternates() => Verdict::RunAndNudge,
            _ => Verdict::Run,
        }
    }

    /// Also `a b a b a b` with the tree changing in between, such as an edit and its undoing, where no call repeats by its key.
    fn alternates(&self) -> bool {
        let bare = |key: &String| key.split_once(':').map(|(_, call)| call.to_owned()).unwrap_or_default();
        let Some(start) = self.recent.len().checked_sub(ALTERNATING) else { return false };
        let last: Vec<String> = self.recent[start..].iter().map(bare).collect();
        last[0] != last[1] && last.iter().enumerate().all(|(index, call)| *call == last[index % 2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_is_not_run_and_the_fifth_stops() {
        let mut repeats = Repeats::default();
        let verdicts: Vec<Verdict> = (0..5).map(|_| repeats.judge("read", "a", 0)).collect();
        assert_eq!(verdicts, [Verdict::Run, Verdict::Run, Verdict::Skip(3), Verdict::Skip(4), Verdict::Stop]);
    }

    #[test]
    fn a_changed_tree_makes_a_call_new() {
        let mut repeats = Repeats::default();
        for generation in 0..8 {
            assert_eq!(repeats.judge("run", "test", generation), Verdict::Run);
        }
    }

    #[test]
    fn six_alternating_calls_are_nudged() {
        let mut repeats = Repeats::default();
        let calls = ["a", "b", "a", "b", "a", "b"];
        let verdicts: Vec<Verdict> =
            calls.iter().zip(0..).map(|(call, generation)| repeats.judge("edit", call, generation)).collect();
        assert_eq!(verdicts[..5], [Verdict::Run; 5]);
        assert_eq!(verdicts[5], Verdict::RunAndNudge);
    }
}
