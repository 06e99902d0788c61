//! What a command printed, cut so that the end of a failure is never lost.

use std::borrow::Cow;

use regex_lite::Regex;
use skillhost_sdk::clip::{head, plain, tail};
use skillhost_sdk::{Host, Outcome};

/// Beginning and end of a cut output; lines that name a failure get what is left.
const HEAD_BYTES: usize = 2_000;
const TAIL_BYTES: usize = 6_000;
const FAILURES: &str = "lines that name a failure:\n";
const MAX_FAILURE_LINES: usize = 30;
const MAX_FAILURE_LINE_BYTES: usize = 200;
/// A line that names a place or says that something failed.
const FAILURE: &str =
    r"(?i)[\w./-]+\.\w+:\d+|\b(error|errors|failed|failure|panicked|assert\w*|exception|traceback|not ok)\b";

/// Exit, duration and id of a run, and as much of its output as fits.
pub(crate) fn render(host: &dyn Host, outcome: &Outcome, max_bytes: usize) -> String {
    let exit =
        outcome.exit_code.map_or_else(|| "ended by a signal or a limit".to_owned(), |code| format!("exit {code}"));
    let header = format!("{exit} in {} ms ({})", outcome.duration_ms, outcome.id);
    let printed = plain(&outcome.output);
    let output = printed.trim_end();
    if output.is_empty() && outcome.output_size == 0 {
        return format!("{header}, no output");
    }
    let whole = outcome.output_size <= outcome.output.len() as u64;
    if whole && header.len() + 1 + output.len() <= max_bytes {
        return format!("{header}\n{output}");
    }
    let beginning = if whole { String::new() } else { host.output(&outcome.id, 0).unwrap_or_default() };
    let beginning = if whole { Cow::Borrowed(output) } else { plain(&beginning) };
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

/// The lines of an output that name a failure, as far as they are worth a result.
pub(crate) fn failure_lines(output: &str) -> Vec<&str> {
    let Ok(regex) = Regex::new(FAILURE) else { return vec![] };
    let lines = output.lines().map(|line| head(line, MAX_FAILURE_LINE_BYTES));
    lines.filter(|line| regex.is_match(line)).take(MAX_FAILURE_LINES).collect()
}
