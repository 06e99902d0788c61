//! A failure that keeps coming back, on trees that differ. At the third time it takes another idea, at the sixth the edits
//! since the last pass are taken back, and the ninth ends the attempt: endless rescue only buries what worked.

use skillhost_sdk::clip::{clip, head, plain};

use crate::output;
use crate::workspace::Workspace;

/// As often as this, the next thing is done about it.
const ANOTHER_IDEA: u32 = 3;
const TAKE_BACK: u32 = 6;
const END: u32 = 9;
const MAX_LESSONS_BYTES: usize = 1_500;
const MAX_PLAN_BYTES: usize = 600;
const MAX_NAMED_FILES: usize = 20;

/// A failure of one command.
#[derive(Debug, Default)]
pub(crate) struct Failure {
    /// Its lines, numbers apart and in order, since tests that run side by side end in any.
    lines: Vec<String>,
    count: u32,
    /// The tree on which it was seen last.
    generation: Option<u64>,
}

/// A run passed. A failure that was gone back from is not forgotten, so that it can't go round for ever.
pub(crate) fn passed(workspace: &mut Workspace<'_>, command: &str) {
    workspace.undo.passed(command, workspace.generation);
    if workspace.failures.get(command).is_some_and(|failure| failure.count < TAKE_BACK) {
        workspace.failures.remove(command);
    }
}

/// A run failed: what to say about it beside its output.
pub(crate) fn failed(workspace: &mut Workspace<'_>, command: &str, printed: &str) -> Option<String> {
    match count(workspace, command, printed) {
        Some(ANOTHER_IDEA) => {
            let then = match workspace.undo.reaches(command) {
                true => format!(" At the sixth time, your edits since `{command}` last passed are taken back."),
                false => String::new(),
            };
            Some(format!(
                "[The same failure for the third time. Before the next edit, name three causes that you have not tried, \
                 and test the likeliest.{then}]"
            ))
        }
        Some(TAKE_BACK) => Some(take_back(workspace, command)),
        Some(END) => {
            workspace.lessons = Some(lessons(workspace, command, printed));
            Some(
                "[The same failure for the ninth time: this attempt ends. Only finish with status blocked is accepted now; \
                 say in `why` what you tried, and what each try showed.]"
                    .into(),
            )
        }
        _ => None,
    }
}

/// How often the failure was seen; none where it was seen on this tree already.
fn count(workspace: &mut Workspace<'_>, command: &str, printed: &str) -> Option<u32> {
    let bare = |line: &str| line.chars().filter(|character| !character.is_ascii_digit()).collect::<String>();
    let mut lines: Vec<String> = output::failure_lines(&plain(printed)).into_iter().map(bare).collect();
    lines.sort();
    let generation = Some(workspace.generation);
    let failure = workspace.failures.entry(command.to_owned()).or_default();
    if failure.lines != lines {
        *failure = Failure { lines, count: 0, generation: None };
    }
    if failure.generation == generation {
        return None;
    }
    failure.generation = generation;
    failure.count += 1;
    Some(failure.count)
}

fn take_back(workspace: &mut Workspace<'_>, command: &str) -> String {
    if !workspace.undo.reaches(command) {
        return format!(
            "[The same failure for the sixth time, and `{command}` never passed before. Take back what did not help, and \
             begin elsewhere; where you know no way, finish with status blocked.]"
        );
    }
    let paths = workspace.take_back(command);
    let named = paths.iter().take(MAX_NAMED_FILES).map(String::as_str).collect::<Vec<_>>().join(", ");
    format!(
        "[The same failure for the sixth time. Your edits since `{command}` last passed were taken back: {named}. Read them \
         anew, and solve it another way.]"
    )
}

/// For an agent that tries after this one.
fn lessons(workspace: &Workspace<'_>, command: &str, printed: &str) -> String {
    let lines = output::failure_lines(&plain(printed)).into_iter().take(8).collect::<Vec<_>>().join("\n");
    let files = workspace.touched.iter().take(MAX_NAMED_FILES).map(String::as_str).collect::<Vec<_>>().join(", ");
    let text = format!(
        "`{command}` failed {END} times in the same way, on trees that differ:\n{}\nedited: {files}\nplan: {}",
        head(&lines, MAX_PLAN_BYTES),
        head(&workspace.plan, MAX_PLAN_BYTES)
    );
    clip(&text, MAX_LESSONS_BYTES)
}
