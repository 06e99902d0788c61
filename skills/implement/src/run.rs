//! `run` and `diff`: what a command printed, cut so that the end of a failure is never lost.

use std::collections::BTreeMap;

use regex_lite::Regex;
use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::clip::{clip, head, tail};
use skillhost_sdk::executed::executed;
use skillhost_sdk::{Document, Error, Outcome};

use crate::workspace::{Refusal, Run, Told, Workspace};

const MAX_OUTPUT_BYTES: usize = 10_000;
/// Beginning and end of a cut output; lines that name a failure get what is left.
const HEAD_BYTES: usize = 2_000;
const TAIL_BYTES: usize = 6_000;
/// What is said of changed files.
const MAX_CHANGED_BYTES: usize = 400;
const FAILURES: &str = "lines that name a failure:\n";
const MAX_FAILURE_LINES: usize = 30;
const MAX_FAILURE_LINE_BYTES: usize = 200;
const MAX_DIFF_BYTES: usize = 24_000;
/// More paths than this the host does not take at once.
const MAX_DIFF_PATHS: usize = 1_000;
const MAX_CHANGED_FILES: usize = 20;
/// The same failure on so many different trees asks for another idea.
const SAME_FAILURES: u32 = 3;
/// A line that names a place or says that something failed.
const FAILURE: &str =
    r"(?i)[\w./-]+\.\w+:\d+|\b(error|errors|failed|failure|panicked|assert\w*|exception|traceback|not ok)\b";

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
    if outcome.exit_code != Some(0) && is_same_failure(workspace, name, &outcome.output) {
        notes.push_str("\n[The same failure for the third time. Before the next edit, name three causes that you have not tried, and test the likeliest.]");
    }
    Ok(render(workspace, &outcome, MAX_OUTPUT_BYTES - notes.len()) + &notes)
}

/// Tests that it ran. A zero at the end of an output whose beginning is missing says nothing about the rest.
fn tests(outcome: &Outcome) -> Option<u32> {
    let is_whole = outcome.output_size <= outcome.output.len() as u64;
    executed(&outcome.output).filter(|count| *count > 0 || is_whole)
}

fn changed_paths(workspace: &Workspace<'_>) -> Vec<String> {
    workspace.host.changes().unwrap_or_default().into_iter().map(|change| change.path).collect()
}

/// The tree as far as a command's changes to it are noticed: files that the model knows, and which ones differ from the base.
struct Before {
    known: BTreeMap<String, Option<u64>>,
    changed: Vec<String>,
}

impl Before {
    fn of(workspace: &Workspace<'_>) -> Before {
        Before { known: workspace.explorer.snapshot(), changed: changed_paths(workspace) }
    }

    fn changed_since(self, workspace: &Workspace<'_>) -> Vec<String> {
        let now = workspace.explorer.snapshot();
        let mut changed: Vec<String> = self
            .known
            .iter()
            .filter(|(path, content)| now.get(*path) != Some(content))
            .map(|(path, _)| path.clone())
            .collect();
        changed.extend(changed_paths(workspace).into_iter().filter(|path| !self.changed.contains(path)));
        changed.sort();
        changed.dedup();
        changed.truncate(MAX_CHANGED_FILES);
        changed
    }
}

fn render(workspace: &Workspace<'_>, outcome: &Outcome, max_bytes: usize) -> String {
    let exit =
        outcome.exit_code.map_or_else(|| "ended by a signal or a limit".to_owned(), |code| format!("exit {code}"));
    let header = format!("{exit} in {} ms ({})", outcome.duration_ms, outcome.id);
    let output = outcome.output.trim_end();
    if output.is_empty() && outcome.output_size == 0 {
        return format!("{header}, no output");
    }
    let whole = outcome.output_size <= outcome.output.len() as u64;
    if whole && header.len() + 1 + output.len() <= max_bytes {
        return format!("{header}\n{output}");
    }
    let beginning = if whole { output.to_owned() } else { workspace.host.output(&outcome.id, 0).unwrap_or_default() };
    let (beginning, end) = (head(&beginning, HEAD_BYTES), tail(output, TAIL_BYTES));
    let cut = outcome.output_size.saturating_sub((beginning.len() + end.len()) as u64);
    let header = format!(
        "{header}\n[{cut} of {} bytes in the middle are left out below; all of it: read path=\"{}\"]\n",
        outcome.output_size, outcome.id
    );
    let rest = format!("beginning:\n{beginning}\nend:\n{end}");
    let room = max_bytes.saturating_sub(header.len() + FAILURES.len() + 1 + rest.len());
    let failures = failure_lines(output).join("\n");
    // Whole lines only, and none where no room is left for one.
    let fitting = if failures.len() <= room {
        &failures
    } else {
        head(&failures, room).rsplit_once('\n').map_or("", |(lines, _)| lines)
    };
    match fitting {
        "" => header + &rest,
        lines => format!("{header}{FAILURES}{lines}\n{rest}"),
    }
}

fn failure_lines(output: &str) -> Vec<&str> {
    let Ok(regex) = Regex::new(FAILURE) else { return vec![] };
    let lines = output.lines().map(|line| head(line, MAX_FAILURE_LINE_BYTES));
    lines.filter(|line| regex.is_match(line)).take(MAX_FAILURE_LINES).collect()
}

/// Counts failures that look the same, numbers apart, on trees that differ.
fn is_same_failure(workspace: &mut Workspace<'_>, name: &str, output: &str) -> bool {
    let lines = failure_lines(output).join("\n");
    let lines: String = lines.chars().filter(|character| !character.is_ascii_digit()).collect();
    let generation = workspace.generation;
    let (known, count, last) =
        workspace.failures.entry(name.to_owned()).or_insert_with(|| (lines.clone(), 0, u64::MAX));
    if *known != lines {
        (*known, *count) = (lines, 0);
    } else if *last == generation {
        return false;
    }
    *last = generation;
    *count += 1;
    *count == SAME_FAILURES
}

pub(crate) fn diff(workspace: &Workspace<'_>, arguments: &Arguments) -> Told {
    let paths =
        arguments.texts("paths").iter().map(|path| skillhost_sdk::path::clean(path)).collect::<Result<Vec<_>, _>>()?;
    whole_diff(workspace, &paths)
}

/// The diff without the spec, which the host wrote.
pub(crate) fn own_diff(workspace: &Workspace<'_>, spec: Option<&Document>) -> Told {
    let mut paths = changed_paths(workspace);
    let all = paths.len();
    paths.retain(|path| spec.is_none_or(|spec| spec.path != *path));
    match paths.len() {
        0 => Ok("no change".into()),
        own if own == all || own > MAX_DIFF_PATHS => whole_diff(workspace, &[]),
        _ => whole_diff(workspace, &paths),
    }
}

/// The diff, or the list of files where it is too large.
pub(crate) fn whole_diff(workspace: &Workspace<'_>, paths: &[String]) -> Told {
    match workspace.host.diff(paths) {
        Ok(diff) if diff.is_empty() => Ok("no change".into()),
        Ok(diff) => Ok(clip(&diff, MAX_DIFF_BYTES)),
        Err(Error::TooLarge(bytes)) => Ok(format!(
            "the diff has {bytes} bytes: name some of the paths\n{}",
            clip(&changed_paths(workspace).join("\n"), MAX_DIFF_BYTES)
        )),
        Err(Error::Denied(what) | Error::Invalid(what) | Error::Failed(what)) => Err(what.into()),
        Err(error) => Err(Refusal::Over(error)),
    }
}
