//! `read`: a file, or what a command printed, with line numbers.

use std::borrow::Cow;

use super::Explorer;
use crate::arguments::Arguments;
use crate::clip::{line as clip_line, plain};
use crate::encoding::{Encoding, decode};
use crate::walk::describe;
use crate::{Host, MAX_LOAD_BYTES, ToolDefinition, path, schema};

const DEFAULT_LINES: usize = 400;
const MAX_LINES: usize = 2_000;
const MAX_RESULT_BYTES: usize = 24_000;
const MAX_LINE_BYTES: usize = 1_000;
/// What the host hands over of an output at once.
const PART_BYTES: u64 = 64 * 1024;

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
        return Ok(show(id, &plain(&whole_output(explorer.host, id)?), Encoding::Utf8, from, count));
    }
    let path = path::clean(arguments.text("path"))?;
    let size = explorer.host.size(&path).map_err(|error| describe(&path, &error))?;
    let content = explorer.host.load(&path).map_err(|error| describe(&path, &error))?;
    explorer.saw(&path, &content);
    let (text, encoding) = decode(content).ok_or_else(|| format!("{path} is binary ({size} bytes)"))?;
    Ok(show(&path, &text, encoding, from, count))
}

/// Everything that a command printed, up to what one result could ever show.
fn whole_output(host: &dyn Host, id: &str) -> Result<String, String> {
    let (mut text, mut offset) = (String::new(), 0);
    while offset < MAX_LOAD_BYTES {
        let part = host.output(id, offset).map_err(|error| format!("{id}: {error}"))?;
        // A part may end inside a character, which begins the next one then. Where bytes are no text at all, U+FFFD stands
        // for them, and the part's length says nothing about how many they were.
        let whole = part.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let (taken, bytes) = match whole {
            "" => (part.as_str(), PART_BYTES),
            whole if whole.contains(char::REPLACEMENT_CHARACTER) => (part.as_str(), PART_BYTES),
            whole => (whole, whole.len() as u64),
        };
        if taken.is_empty() {
            break;
        }
        text.push_str(taken);
        offset += bytes;
    }
    Ok(text)
}

fn show(name: &str, text: &str, encoding: Encoding, from: usize, count: usize) -> String {
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
        let line = format!("{}|{}\n", index + 1, cut(line));
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
    format!("{name}: lines {from}–{last} of {total}{}\n{body}{footer}", layout(text, encoding)).trim_end().to_owned()
}

/// Encoding, line ending and indentation, which an edit has to keep.
fn layout(text: &str, encoding: Encoding) -> String {
    let (all, crlf) = (text.matches('\n').count(), text.matches("\r\n").count());
    let ending = match (all, crlf) {
        (0, _) => "one line",
        (_, 0) => "LF",
        (all, crlf) if all == crlf => "CRLF",
        _ => "LF and CRLF mixed",
    };
    let tabs = text.lines().any(|line| line.starts_with('\t'));
    // The least is one level, but for a lone space: comments of many languages are aligned by one.
    let widths = text.lines().map(|line| line.len() - line.trim_start_matches(' ').len());
    let spaces = widths.filter(|width| *width > 1).min();
    let indentation = match (tabs, spaces) {
        (false, None) => String::new(),
        (false, Some(width)) => format!(", indented by {width} spaces"),
        (true, None) => ", indented by tabs".to_owned(),
        (true, Some(_)) => ", indented by tabs and spaces".to_owned(),
    };
    let end = if text.ends_with('\n') { "" } else { ", no newline at the end" };
    let encoding = encoding.name().map(|name| format!(", {name}")).unwrap_or_default();
    format!("{encoding}, {ending}{indentation}{end}")
}

fn cut(line: &str) -> Cow<'_, str> {
    clip_line(line, MAX_LINE_BYTES)
}

/// The lines `from..=to` (1-based, clamped) as `number|text`. A long line is cut, and says so.
pub fn numbered(text: &str, from: usize, to: usize) -> String {
    let from = from.max(1);
    let lines = text.lines().enumerate().skip(from - 1).take((to + 1).saturating_sub(from));
    lines.map(|(index, line)| format!("{}|{}\n", index + 1, cut(line))).collect()
}

/// All lines as `number|text`, none of them cut: for a text that has to be seen whole.
pub fn numbered_whole(text: &str) -> String {
    text.lines().enumerate().map(|(index, line)| format!("{}|{line}\n", index + 1)).collect()
}
