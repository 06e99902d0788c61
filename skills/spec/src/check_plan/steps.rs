//! Steps: what each says, in which order they come, and that those without an order don't meet.

use std::collections::{HashMap, HashSet};

use skillhost_sdk::glob::Globs;
use skillhost_sdk::{Step, clip};

use crate::check_document::placeholder;
use crate::globs::meet;
use crate::plan::Plan;

/// Globs of one step.
const MAX_GLOBS: usize = 32;
/// The host takes no longer ones.
const MAX_GLOB_BYTES: usize = 512;
/// Ids that one step names; no plan has more.
const MAX_IDS: usize = 32;
/// Longest texts, in characters.
const MAX_TITLE_CHARS: usize = 200;
const MAX_INSTRUCTIONS_CHARS: usize = 4_000;

pub(super) fn problems(plan: &Plan) -> Vec<String> {
    let mut problems: Vec<String> = plan.steps.iter().flat_map(|step| of_step(step, plan)).collect();
    problems.extend(cycle(&plan.steps));
    problems.extend(overlaps(&plan.steps));
    problems
}

/// An id as a problem names it.
pub(super) fn short(id: &str) -> &str {
    clip::head(id, 40)
}

fn of_step(step: &Step, plan: &Plan) -> Vec<String> {
    let mut problems = vec![];
    let mut problem = |what: String| problems.push(format!("step {}: {what}", short(&step.id)));
    for (name, text, max) in
        [("title", &step.title, MAX_TITLE_CHARS), ("instructions", &step.instructions, MAX_INSTRUCTIONS_CHARS)]
    {
        if text.is_empty() {
            problem(format!("{name} is empty"));
        } else if text.chars().count() > max {
            problem(format!("{name} is longer than {max} characters"));
        } else if let Some(found) = placeholder(text) {
            problem(format!("{name} has the placeholder \"{found}\""));
        }
    }
    match Globs::parse(&step.files) {
        Ok(_) if step.files.is_empty() => problem("files is empty".into()),
        Ok(_) if step.files.len() > MAX_GLOBS => problem(format!("files holds more than {MAX_GLOBS} globs")),
        Ok(_) if step.files.iter().any(|glob| glob.len() > MAX_GLOB_BYTES) => problem("files holds a huge glob".into()),
        Ok(_) => {}
        Err(why) => problem(format!("files: {why}")),
    }
    for id in step.after.iter().take(MAX_IDS).filter(|id| !plan.steps.iter().any(|other| other.id == **id)) {
        problem(format!("after: there is no step {}", short(id)));
    }
    for id in step.criteria.iter().take(MAX_IDS).filter(|id| !plan.criteria.iter().any(|it| it.id == **id)) {
        problem(format!("criteria: there is no criterion {}", short(id)));
    }
    if step.after.len().max(step.criteria.len()) > MAX_IDS {
        problem(format!("after and criteria hold {MAX_IDS} ids at most"));
    }
    if step.criteria.is_empty() {
        problem("it serves no criterion".into());
    }
    problems
}

/// The steps that come before each, directly or not.
fn ancestors(steps: &[Step]) -> HashMap<&str, HashSet<&str>> {
    let direct =
        steps.iter().map(|step| (step.id.as_str(), step.after.iter().take(MAX_IDS).map(String::as_str).collect()));
    let mut ancestors: HashMap<&str, HashSet<&str>> = direct.collect();
    for _ in steps {
        let before = ancestors.clone();
        for found in ancestors.values_mut() {
            let further: Vec<&str> = found.iter().filter_map(|id| before.get(id)).flatten().copied().collect();
            found.extend(further);
        }
    }
    ancestors
}

fn cycle(steps: &[Step]) -> Option<String> {
    let ancestors = ancestors(steps);
    let in_cycle =
        |step: &&Step| ancestors.get(step.id.as_str()).is_some_and(|before| before.contains(step.id.as_str()));
    steps.iter().find(in_cycle).map(|step| format!("step {}: it comes after itself", short(&step.id)))
}

/// Steps that may run side by side must not touch the same files.
fn overlaps(steps: &[Step]) -> Vec<String> {
    let ancestors = ancestors(steps);
    let ordered = |a: &str, b: &str| ancestors.get(a).is_some_and(|before| before.contains(b));
    let globs = |step: &'_ Step| step.files.iter().take(MAX_GLOBS).cloned().collect::<Vec<_>>();
    let mut problems = vec![];
    for (index, a) in steps.iter().enumerate() {
        for b in steps[index + 1..].iter().filter(|b| a.id != b.id && !ordered(&a.id, &b.id) && !ordered(&b.id, &a.id))
        {
            let others = globs(b);
            let shared = globs(a).into_iter().find(|glob| others.iter().any(|other| meet(glob, other)));
            problems.extend(shared.map(|shared| {
                format!(
                    "steps {} and {}: both touch {shared}; order them with after, or split the files",
                    short(&a.id),
                    short(&b.id)
                )
            }));
        }
    }
    problems
}
