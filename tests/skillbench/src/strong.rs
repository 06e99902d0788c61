//! The script of a model that knows what to do: it looks, reads, edits, writes a test, runs it, and finishes.

use crate::place::lay;
use crate::script::{Script, Spec};
use crate::task::Task;
use anyhow::{Context, Result};
use std::fs;

/// Model calls that a task may take: three each for spec and both reviews, and for the work one for each edit and file,
/// with a few around them.
pub(crate) fn most_calls(task: &Task) -> u64 {
    let edits = task.data.solution.len() + task.changed().len();
    15 + edits as u64
}

pub(crate) fn script(task: &Task) -> Result<Script> {
    let script = Script::default().specifies(&spec(task)?).approves("spec-review", 1);
    Ok(works(script, task, 1).claims(1, &task.data.goal).claims(1, &task.data.goal).approves("change-review", 1))
}

/// The work itself, without the claim to be done.
pub(crate) fn works(script: Script, task: &Task, round: u32) -> Script {
    let script = task.changed().into_iter().fold(script, |script, path| script.reads(round, path));
    let script = task.data.solution.iter().fold(script, |script, edit| match edit.is_new_file() {
        true => script.writes(round, &edit.path, &edit.new),
        false => script.edits(round, &edit.path, &edit.old, &edit.new),
    });
    script.writes(round, &task.visible_file(), &task.visible()).tests(round)
}

/// A spec that cites the places of the change.
pub(crate) fn spec(task: &Task) -> Result<Spec> {
    let tree = tempfile::tempdir()?;
    lay(task, tree.path())?;
    let mut places = Vec::new();
    for edit in task.data.solution.iter().filter(|edit| !edit.is_new_file()) {
        let text = fs::read_to_string(tree.path().join(&edit.path)).with_context(|| edit.path.clone())?;
        let at =
            text.find(&edit.old).with_context(|| format!("{}: {} is not in {}", task.id(), edit.old, edit.path))?;
        places.push(format!("`{}:{}`", edit.path, text[..at].lines().count().max(1)));
    }
    places.dedup();
    let mut files: Vec<String> = task.data.solution.iter().map(|edit| edit.path.clone()).collect();
    files.push(task.visible_file());
    files.sort();
    files.dedup();
    Ok(Spec {
        title: task.data.goal.clone(),
        change: format!("What is to change stands at {}.", places.join(", ")),
        files,
        criterion: task.data.criterion.clone(),
    })
}
