//! A plan's sanity: what can be told of steps and criteria before anybody works on them.

use skillhost_core::glob::Globs;
use std::collections::{BTreeMap, BTreeSet};

/// More steps than this are several goals.
pub const MAX_STEPS: usize = 64;
/// More criteria than this nobody can review.
pub const MAX_CRITERIA: usize = 64;
/// Longest id, in bytes.
const MAX_ID_BYTES: usize = 32;

/// One step of a plan, as far as checking it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step<'a> {
    /// Unique within the plan.
    pub id: &'a str,
    /// Globs of the files that it touches.
    pub files: &'a [String],
    /// Ids of the steps that come before it.
    pub after: &'a [String],
    /// Ids of the criteria that it serves.
    pub criteria: &'a [String],
}

/// A criterion, as far as checking it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criterion<'a> {
    /// Unique within the plan.
    pub id: &'a str,
    /// What must hold.
    pub statement: &'a str,
    /// The declared command that shows it.
    pub command: Option<&'a str>,
}

/// What is wrong with a plan. The texts in it are the author's: show them escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// There are more than the limit.
    #[error("the plan has {count} {what}, {max} at most")]
    TooMany {
        /// Steps or criteria.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        max: usize,
    },
    /// An id is empty, too long, or has odd characters.
    #[error("the id {id:?} of a {what} is not 1 to 32 letters, digits, `.`, `-` and `_`")]
    Id {
        /// Step or criterion.
        what: &'static str,
        /// The id, cut.
        id: String,
    },
    /// Two have the same id.
    #[error("the id {id:?} stands for more than one {what}")]
    Duplicate {
        /// Step or criterion.
        what: &'static str,
        /// The id.
        id: String,
    },
    /// A step names one that does not exist.
    #[error("step {step:?} names the unknown {what} {id:?}")]
    Unknown {
        /// The step.
        step: String,
        /// Step or criterion.
        what: &'static str,
        /// What it names.
        id: String,
    },
    /// Steps wait for each other.
    #[error("steps wait for each other: {}", steps.join(", "))]
    Cycle {
        /// The steps that can never begin.
        steps: Vec<String>,
    },
    /// A step's globs can't be read.
    #[error("the files of step {step:?}: {reason}")]
    Files {
        /// The step.
        step: String,
        /// What is wrong.
        reason: String,
    },
    /// A criterion says nothing.
    #[error("criterion {id:?} says nothing")]
    Empty {
        /// The criterion.
        id: String,
    },
    /// A criterion names a command that the project does not declare.
    #[error("criterion {id:?} names the command {command:?}, which is not declared")]
    Command {
        /// The criterion.
        id: String,
        /// The command.
        command: String,
    },
}

/// Everything that is wrong with a plan; empty where it can be worked on.
pub fn problems(steps: &[Step<'_>], criteria: &[Criterion<'_>], commands: &BTreeSet<&str>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (what, count, max) in [("steps", steps.len(), MAX_STEPS), ("criteria", criteria.len(), MAX_CRITERIA)] {
        if count > max {
            problems.push(Problem::TooMany { what, count, max });
        }
    }
    if !problems.is_empty() {
        return problems;
    }
    let step_ids = ids("step", steps.iter().map(|step| step.id), &mut problems);
    let criterion_ids = ids("criterion", criteria.iter().map(|criterion| criterion.id), &mut problems);
    for step in steps {
        let mut unknown = |what, known: &BTreeSet<&str>, named: &[String]| {
            let named = named.iter().take(MAX_STEPS).filter(|id| !known.contains(id.as_str()));
            problems.extend(named.map(|id| Problem::Unknown { step: short(step.id), what, id: short(id) }));
        };
        unknown("step", &step_ids, step.after);
        unknown("criterion", &criterion_ids, step.criteria);
        if let Err(error) = Globs::parse(step.files) {
            problems.push(Problem::Files { step: short(step.id), reason: short(&error.to_string()) });
        }
    }
    for criterion in criteria {
        if criterion.statement.trim().is_empty() {
            problems.push(Problem::Empty { id: short(criterion.id) });
        }
        if let Some(command) = criterion.command.filter(|command| !commands.contains(command)) {
            problems.push(Problem::Command { id: short(criterion.id), command: short(command) });
        }
    }
    // With unknown or doubled ids, an order would mean nothing.
    if problems.is_empty()
        && let Err(waiting) = order(steps)
    {
        let steps = waiting.into_iter().map(|at| short(steps[at].id)).collect();
        problems.push(Problem::Cycle { steps });
    }
    problems
}

/// The order in which the steps can be done: each after those that it names, otherwise as they stand. Numbers are places
/// in `steps`; a predecessor that is unknown is taken for done.
///
/// # Errors
/// Where steps wait for each other: those that can never begin.
pub fn order(steps: &[Step<'_>]) -> Result<Vec<usize>, Vec<usize>> {
    let places: BTreeMap<&str, usize> = steps.iter().enumerate().map(|(at, step)| (step.id, at)).collect();
    let mut waiting: Vec<usize> = (0..steps.len()).collect();
    let mut order = Vec::with_capacity(steps.len());
    while !waiting.is_empty() {
        let is_ready = |at: &usize| {
            let mut before = steps[*at].after.iter().filter_map(|id| places.get(id.as_str()));
            before.all(|before| order.contains(before))
        };
        match waiting.iter().position(is_ready) {
            Some(first) => order.push(waiting.remove(first)),
            None => return Err(waiting),
        }
    }
    Ok(order)
}

fn ids<'a>(what: &'static str, given: impl Iterator<Item = &'a str>, problems: &mut Vec<Problem>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    for id in given {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        if id.is_empty() || id.len() > MAX_ID_BYTES || !id.bytes().all(plain) {
            problems.push(Problem::Id { what, id: short(id) });
        } else if !seen.insert(id) {
            problems.push(Problem::Duplicate { what, id: short(id) });
        }
    }
    seen
}

fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

#[cfg(test)]
mod tests;
