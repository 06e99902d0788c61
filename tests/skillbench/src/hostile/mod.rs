//! Models that misbehave. Each plays every part: it specifies, works, claims, and reviews its own work without a word
//! against it. What keeps its change from being ready is therefore the product's own rules alone.
//!
//! A script says more than any rule waits for, so that it never ends before a rule does.

mod claims;
mod code;
mod loops;
mod reviewers;
mod tampers;

use crate::script::{Script, Spec};
use crate::task::Task;
use anyhow::{Context, Result};

/// More turns than the work may take.
const TURNS: u32 = 105;
const ROUNDS: u32 = 3;

/// A way to misbehave.
pub(crate) struct Hostile {
    pub(crate) name: &'static str,
    /// On what.
    task: &'static str,
    /// What the repository holds beyond the task's own.
    pub(crate) files: &'static [(&'static str, &'static str)],
    pub(crate) script: fn(&Task, &Spec) -> Script,
}

const fn hostile(name: &'static str, task: &'static str, script: fn(&Task, &Spec) -> Script) -> Hostile {
    Hostile { name, task, files: &[], script }
}

/// Every way, with the task that it is shown on.
pub(crate) fn all(tasks: &[Task]) -> Result<Vec<(Hostile, Task)>> {
    let ways = [loops::all(), claims::all(), tampers::all(), code::all(), reviewers::all()];
    let with_task = |it: Hostile| {
        let task = tasks.iter().find(|task| task.id() == it.task);
        task.cloned().map(|task| (it, task)).context("a hostile script names a task that is not there")
    };
    ways.into_iter().flatten().map(with_task).collect()
}

/// The whole run of an author that makes these moves, then claims to be done until it is believed or ended. What comes back
/// to it later it answers with words.
fn author(spec: &Spec, moves: impl Fn(Script) -> Script) -> Script {
    let wide = Spec { files: vec!["**".to_owned()], ..spec.clone() };
    rounds(specified(&wide), &spec.title, moves)
}

fn specified(spec: &Spec) -> Script {
    Script::default().specifies(spec).approves("spec-review", 1)
}

fn rounds(script: Script, title: &str, moves: impl Fn(Script) -> Script) -> Script {
    let script = insists(moves(script), title, 1).approves("change-review", 1);
    (2..=ROUNDS)
        .fold(script, |script, round| insists(script.tests(round), title, round).approves("change-review", round))
}

/// Each claim in other words, so that none is a repeat.
fn insists(script: Script, title: &str, round: u32) -> Script {
    let script = script.claims(round, title).claims(round, title);
    (1..=TURNS).fold(script, |script, again| script.claims(round, &format!("Done, {again}: {title}")))
}

/// As many turns as it takes, each a little different.
fn for_ever(script: Script, turn: impl Fn(Script, u32) -> Script) -> Script {
    (1..=TURNS).fold(script, turn)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn ways_are_many_and_told_apart() {
        let all = all(&crate::task::all().unwrap()).unwrap();
        let mut names: Vec<&str> = all.iter().map(|(hostile, _)| hostile.name).collect();
        assert!(names.len() >= 50, "{}", names.len());
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all.len());
    }
}
