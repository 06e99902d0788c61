//! `run`: a declared command on the tree as it is, and what it shows about it.

use std::collections::BTreeMap;

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::clip::clip;
use skillhost_sdk::{Error, Outcome, count_tests};

use crate::workspace::{Refusal, Run, Told, Workspace};
use crate::{output, rescue};

const MAX_RESULT_BYTES: usize = 10_000;
/// What is said of changed files, and of a failure that came back.
const MAX_CHANGED_BYTES: usize = 400;
const MAX_NOTE_BYTES: usize = 800;
const MAX_CHANGED_FILES: usize = 20;

pub(crate) fn run(workspace: &mut Workspace<'_>, arguments: &Arguments) -> Told {
    let name = arguments.text("name");
    workspace.check_not_after_failure(None)?;
    let mut names: Vec<String> = workspace.host.commands().into_iter().map(|command| command.name).collect();
    names.sort();
    if !names.iter().any(|declared| declared == name) {
        return Err(match names.len() {
            0 => "no command is declared here".to_owned(),
            _ => format!("there is no command `{}`; the commands are {}", clip(name, 60), names.join(", ")),
        }
        .into());
    }
    let arguments = arguments.texts("arguments");
    let before = Before::of(workspace);
    let outcome = match workspace.host.run(name, &arguments) {
        Ok(outcome) => outcome,
        Err(Error::Denied(what)) => {
            if arguments.is_empty() {
                workspace.not_runnable.insert(name.to_owned());
            }
            return Err(format!("denied: {what}. Work without it, or finish with status blocked").into());
        }
        Err(Error::Invalid(what) | Error::Failed(what)) => return Err(what.into()),
        Err(error) => return Err(Refusal::Over(error)),
    };
    let changed = before.changed_since(workspace);
    if !changed.is_empty() {
        workspace.generation += 1;
    }
    workspace.explorer.add_output(&outcome.id);
    let generation = workspace.generation;
    // With arguments it may have run one test only, which shows nothing about the rest.
    if arguments.is_empty() {
        workspace.runs.push(Run {
            id: outcome.id.clone(),
            command: name.to_owned(),
            generation,
            exit_code: outcome.exit_code,
            tests: tests(&outcome),
        });
    }
    let mut notes = String::new();
    if !changed.is_empty() {
        notes.push_str(&format!("\n[the command changed {}]", clip(&changed.join(", "), MAX_CHANGED_BYTES)));
    }
    if outcome.exit_code != Some(0) {
        let note =
            rescue::failed(workspace, name, &outcome.output).map(|note| format!("\n{}", clip(&note, MAX_NOTE_BYTES)));
        notes.push_str(&note.unwrap_or_default());
    } else if arguments.is_empty() {
        rescue::passed(workspace, name);
    }
    Ok(output::render(workspace.host, &outcome, MAX_RESULT_BYTES - notes.len()) + &notes)
}

/// Tests that it ran. A zero at the end of an output whose beginning is missing says nothing about the rest.
fn tests(outcome: &Outcome) -> Option<u32> {
    let is_whole = outcome.output_size <= outcome.output.len() as u64;
    count_tests(outcome.output.as_bytes()).map(|counts| counts.ran).filter(|count| *count > 0 || is_whole)
}

/// The tree as far as a command's changes to it are noticed: files that the model knows, and which ones differ from the base.
struct Before {
    known: BTreeMap<String, Option<u64>>,
    changed: Vec<String>,
}

impl Before {
    fn of(workspace: &Workspace<'_>) -> Before {
        Before { known: workspace.explorer.snapshot(), changed: workspace.changed_paths() }
    }

    fn changed_since(self, workspace: &Workspace<'_>) -> Vec<String> {
        let now = workspace.explorer.snapshot();
        let mut changed: Vec<String> = self
            .known
            .iter()
            .filter(|(path, content)| now.get(*path) != Some(content))
            .map(|(path, _)| path.clone())
            .collect();
        changed.extend(workspace.changed_paths().into_iter().filter(|path| !self.changed.contains(path)));
        changed.sort();
        changed.dedup();
        changed.truncate(MAX_CHANGED_FILES);
        changed
    }
}
