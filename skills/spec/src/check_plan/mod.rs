//! What a plan has to be before anybody works from it. Each problem names the field.

mod criteria;
mod steps;

use std::collections::HashSet;

use skillhost_sdk::{Brief, Command, clip};

use self::steps::short;
use crate::plan::Plan;
use crate::size::{MAX_CRITERIA, MAX_STEPS, Size};

/// Problems that go back at once; whoever has more starts anew anyway.
const MAX_PROBLEMS: usize = 20;
const MAX_PROBLEM_BYTES: usize = 400;
/// Open questions beyond this many are no plan.
const MAX_ASSUMPTIONS: usize = 10;
/// Longest assumption or answer, in characters.
const MAX_TEXT_CHARS: usize = 1_000;

/// What is wrong with a plan; `size` is what its files allow.
pub(crate) fn problems(plan: &Plan, size: Size, brief: &Brief, commands: &[Command]) -> Vec<String> {
    let mut problems = counts(plan);
    if problems.is_empty() {
        problems.extend(sizes(plan, size));
        problems.extend(ids("steps", plan.steps.iter().map(|step| &step.id)));
        problems.extend(ids("criteria", plan.criteria.iter().map(|criterion| &criterion.id)));
        problems.extend(steps::problems(plan));
        problems.extend(criteria::problems(plan, commands));
        problems.extend(texts(plan));
        let answered = |id: &String| plan.answers.iter().any(|answer| answer.finding == *id && !answer.text.is_empty());
        let open = brief.findings.iter().filter(|it| !answered(&it.id));
        problems.extend(open.map(|it| format!("answers: finding {} has none", it.id)));
    }
    let more = problems.len().saturating_sub(MAX_PROBLEMS);
    problems.truncate(MAX_PROBLEMS);
    problems.iter_mut().for_each(|problem| *problem = clip::head(problem, MAX_PROBLEM_BYTES).to_owned());
    problems.extend((more > 0).then(|| format!("and {more} more")));
    problems
}

/// More than any plan may have, or nothing: what else is wrong doesn't matter then.
fn counts(plan: &Plan) -> Vec<String> {
    let mut problems = vec![];
    for (name, count, max) in [("steps", plan.steps.len(), MAX_STEPS), ("criteria", plan.criteria.len(), MAX_CRITERIA)]
    {
        if count == 0 {
            problems.push(format!("{name}: there are 0, and there must be 1 to {max}"));
        } else if count > max {
            problems.push(format!(
                "{name}: there are {count}, and {max} are the most; the goal is too large, so plan its first part alone, and \
                 record as an assumption what is left for a goal of its own"
            ));
        }
    }
    problems
}

fn sizes(plan: &Plan, size: Size) -> Vec<String> {
    [("steps", plan.steps.len(), size.steps), ("criteria", plan.criteria.len(), size.criteria)]
        .into_iter()
        .filter(|(_, count, max)| count > max)
        .map(|(name, count, max)| {
            format!(
                "{name}: there are {count}, and {max} are enough for a change of {} files: join or drop some",
                size.files
            )
        })
        .collect()
}

/// The host takes the same ids.
fn ids<'p>(name: &str, ids: impl Iterator<Item = &'p String>) -> Vec<String> {
    let mut seen = HashSet::new();
    let is_plain = |id: &str| id.len() <= 32 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    ids.filter_map(|id| match (id.is_empty(), is_plain(id), seen.insert(id)) {
        (true, ..) => Some(format!("{name}: one has no id")),
        (_, false, _) => {
            Some(format!("{name}: the id {:?} is not up to 32 letters, digits, `.`, `-` and `_`", short(id)))
        }
        (.., false) => Some(format!("{name}: the id {} is there twice", short(id))),
        _ => None,
    })
    .collect()
}

fn texts(plan: &Plan) -> Vec<String> {
    let mut problems = vec![];
    if plan.assumptions.len() > MAX_ASSUMPTIONS {
        problems.push(format!("assumptions: there are {}, and {MAX_ASSUMPTIONS} are the most", plan.assumptions.len()));
    }
    let answers = plan.answers.iter().map(|answer| ("answers", &answer.text));
    for (name, text) in plan.assumptions.iter().map(|text| ("assumptions", text)).chain(answers) {
        if text.chars().count() > MAX_TEXT_CHARS {
            problems.push(format!("{name}: one is longer than {MAX_TEXT_CHARS} characters"));
        }
    }
    problems
}

#[cfg(test)]
mod tests;
