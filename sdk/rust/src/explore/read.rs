//! `read`: a file, or what a command printed, with line numbers.

use super::{Explorer, decode};
use crate::arguments::Arguments;
use crate::clip::head;
use crate::walk::describe;
use crate::{Host, ToolDefinition, path, schema};

const DEFAULT_LINES: usize = 400;
const MAX_LINES: usize = 2_000;
const MAX_RESULT_BYTES: usize = 24_000;
const MAX_LINE_BYTES: usize = 1_000;
/// A larger file is not held in memory; its beginning can be searched for with `search` in parts of the tree.
const MAX_READ_BYTES: u64 = 8 * 1024 * 1024;

pub(super) fn definition() -> ToolDefinition {
    schema::tool(
        "read",
        "Shows a file's lines as `number|text`; the text after `|` is exact, tabs included. Also shows what a command printed, by its id.",
        &[
            ("path", schema::text("File, or the id of a run or a gate.")),
            ("from", schema::integer_or_null("First line, 1-based; null for the first.")),
            ("lines", schema::integer_or_null("How many lines, at most 2000; null for 400.")),
        ],
    )
}

pub(super) fn read(explorer: &mut Explorer<'_>, arguments: &Arguments) -> Result<String, String> {
    let from = arguments.integer("from").unwrap_or(1).max(1);
    let count = arguments.integer("lines").unwrap_or(DEFAULT_LINES).clamp(1, MAX_LINES);
    if let Some(id) = explorer.output_id(arguments.text("path")) {
        return Ok(show(id, &whole_output(explorer.host, id)?, from, count));
    }
    let path = path::clean(arguments.text("path"))?;
    let size = explorer.host.size(&path).map_err(|error| describe(&path, &error))?;
    if size > MAX_READ_BYTES {
        return Err(format!("{path} has {size} bytes: too large to read; use search with `path` on it"));
    }
    let content = explorer.host.read(&path).map_err(|error| describe(&path, &error))?;
    explorer.saw(&path, &content);
    let text = decode(content).ok_or_else(|| format!("{path} is not a text file ({size} bytes)"))?;
    Ok(show(&path, &text, from, count))
}

/// Everything that a command printed, up to what one result could ever show.
fn whole_output(host: &dyn Host, id: &str) -> Result<String, String> {
    let mut text = String::new();
    while (text.len() as u64) < MAX_READ_BYTES {
        let part = host.output(id, text.len() as u64).map_err(|error| format!("{id}: {error:?}"))?;
        if part.is_empty() {
            break;
        }
        text.push_str(&part);
    }
    Ok(text)
}

fn show(name: &str, text: &str, from: usize, count: usize) -> String {
    let total = text.lines().count();
    if total == 0 {
        return format!("{name} is empty");
    }
    if from > total {
        return format!("{name} has {total} lines; there is no line {from}");
    }
    let mut body = String::new();
    let mut last = from - 1;
    for (index, line) in text.lines().enumerate().skip(from - 1).take(count) {
        let shown = head(line, MAX_LINE_BYTES);
        let cut = if shown.len() < line.len() {
            format!(" [{} more characters]", line.len() - shown.len())
        } else {
            String::new()
        };
        let line = format!("{}|{shown}{cut}\n", index + 1);
        if body.len() + line.len() > MAX_RESULT_BYTES {
            break;
        }
        body.push_str(&line);
        last = index + 1;
    }
    let footer = if last < total {
        format!("[{} more lines; go on with from={}]", total - last, last + 1)
    } else {
        String::new()
    };
    format!("{name}: lines {from}–{last} of {total}{}\n{body}{footer}", layout(text)).trim_end().to_owned()
}

/// Line ending and indentation, where they are not the usual ones.
fn layout(text: &str) -> String {
    let mut notes = String::new();
    if text.contains("\r\n") {
        notes.push_str(", CRLF");
    }
    if text.lines().any(|line| line.starts_with('\t')) {
        notes.push_str(", tabs");
    }
    if !text.ends_with('\n') {
        notes.push_str(", no newline at the end");
    }
    notes
}

/// The lines `from..=to` (1-based, clamped) as `number|text`.
pub fn numbered(text: &str, from: usize, to: usize) -> String {
    let from = from.max(1);
    let lines = text.lines().enumerate().skip(from - 1).take((to + 1).saturating_sub(from));
    lines.map(|(index, line)| format!("{}|{}\n", index + 1, head(line, MAX_LINE_BYTES))).collect()
}
