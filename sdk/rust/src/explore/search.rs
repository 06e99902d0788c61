//! `search`: which lines match. Terse on purpose: files with counts work best, more context confuses.

use regex_lite::{Regex, RegexBuilder};

use super::MAX_FILE_BYTES;
use super::needle::needle;
use crate::arguments::Arguments;
use crate::clip::{clip, line};
use crate::encoding::decode;
use crate::glob::Globs;
use crate::walk::{Walk, walk};
use crate::{Host, ToolDefinition, schema};

const MAX_LINES: usize = 60;
const MAX_LINES_PER_FILE: usize = 10;
const MAX_RESULT_BYTES: usize = 12_000;
/// With matches in more files than this, only counts are shown.
const MAX_FILES_WITH_LINES: usize = 40;
const MAX_COUNTS: usize = 200;
const MAX_CONTEXT_LINES: usize = 3;
const MAX_LINE_BYTES: usize = 300;
const MAX_NAMED: usize = 3;
/// Reading more than this in one search would eat the skill's time.
const MAX_READ_BYTES: usize = 32 << 20;
/// The same for text that a regular expression goes over: this much for one that is compiled into 1 KiB, and half as much
/// with twice the size, since each byte may take twice as long.
const MAX_MATCHED_BYTES: usize = 16 << 20;
const SIMPLE_REGEX_BYTES: usize = 1 << 10;
const MAX_REGEX_BYTES: usize = 16 << 10;

pub(super) fn definition() -> ToolDefinition {
    schema::tool(
        "search",
        "Searches file contents with a regular expression, line by line. Ignored and binary files and those over 1 MiB are left out.",
        &[
            ("regex", schema::text("Without look-around or back-references. `(?i)` ignores case.")),
            ("glob", schema::text_or_null("Only files that match, for example `**/*.rs`.")),
            ("path", schema::text_or_null("Only files under this directory, or this one file.")),
            ("context", schema::integer_or_null("Lines around each match, 0 to 3.")),
        ],
    )
}

struct Hits {
    path: String,
    /// Empty where there are too many hits for any of their lines to be shown.
    text: String,
    lines: Vec<usize>,
}

/// What a search did not look into.
#[derive(Default)]
struct Skipped {
    large: Vec<String>,
    binary: Vec<String>,
    unreadable: Vec<String>,
}

pub(super) fn search(host: &dyn Host, arguments: &Arguments, path: &str) -> Result<String, String> {
    let (regex, max_matched) = compile(arguments.text("regex"))?;
    let needle = needle(arguments.text("regex"));
    let is_hit = |text: &str| needle.as_ref().is_none_or(|needle| text.contains(needle)) && regex.is_match(text);
    let globs = arguments.text_or_null("glob").map(|glob| Globs::parse([glob])).transpose()?;
    let context = arguments.integer("context").unwrap_or(0).min(MAX_CONTEXT_LINES);
    let walk = match host.size(path) {
        Ok(_) if !path.is_empty() => Walk { files: vec![path.to_owned()], ..Default::default() },
        _ => walk(host, path)?,
    };
    let mut stopped = walk.stopped;
    let (mut hits, mut skipped, mut searched) = (Vec::new(), Skipped::default(), 0);
    let (mut read, mut matched) = (0, 0);
    for file in walk.files {
        if read >= MAX_READ_BYTES || matched >= max_matched {
            stopped = true;
            break;
        }
        if globs.as_ref().is_some_and(|globs| !globs.matches(&file)) {
            continue;
        }
        let text = match host.size(&file).map(|size| (size <= MAX_FILE_BYTES).then(|| host.read(&file))) {
            Ok(Some(Ok(content))) => decode(content),
            Ok(None) => {
                skipped.large.push(file);
                continue;
            }
            Ok(Some(Err(_))) | Err(_) => {
                skipped.unreadable.push(file);
                continue;
            }
        };
        let Some((text, _)) = text else {
            skipped.binary.push(file);
            continue;
        };
        searched += 1;
        read += text.len();
        if needle.as_ref().is_some_and(|needle| !text.contains(needle)) {
            continue;
        }
        matched += text.len();
        let lines: Vec<usize> =
            text.lines().enumerate().filter(|(_, line)| is_hit(line)).map(|(index, _)| index).collect();
        if !lines.is_empty() {
            let text = if hits.len() < MAX_FILES_WITH_LINES { text } else { String::new() };
            hits.push(Hits { path: file, text, lines });
        }
    }
    let total: usize = hits.iter().map(|hit| hit.lines.len()).sum();
    let mut result = format!("{total} matching lines in {} of {searched} files\n", hits.len());
    result.push_str(&if hits.len() > MAX_FILES_WITH_LINES { counts(&hits) } else { lines(&hits, &regex, context) });
    // What was not looked at is said in any case, behind what may be cut.
    let mut notes = skipped.note(walk.ignored);
    if stopped {
        notes.push_str(
            "\n[there are more files than a search visits: name a directory as `path`, or a simpler `regex`]",
        );
    }
    Ok(clip(result.trim_end(), MAX_RESULT_BYTES - notes.len()) + &notes)
}

/// The expression, and how many bytes it may go over.
fn compile(regex: &str) -> Result<(Regex, usize), String> {
    let mut size = SIMPLE_REGEX_BYTES;
    loop {
        match RegexBuilder::new(regex).size_limit(size).build() {
            Ok(built) => return Ok((built, MAX_MATCHED_BYTES / (size / SIMPLE_REGEX_BYTES))),
            Err(error) if size >= MAX_REGEX_BYTES => {
                return Err(format!("not a regular expression, or too large a one: {error}"));
            }
            Err(_) => size *= 2,
        }
    }
}

impl Skipped {
    fn note(&self, ignored: usize) -> String {
        let named = |files: &[String], what: &str| {
            let names: Vec<_> = files.iter().take(MAX_NAMED).map(|file| line(file, 100)).collect();
            let more = if files.len() > MAX_NAMED { ", …" } else { "" };
            (!files.is_empty()).then(|| format!("{} {what} ({}{more})", files.len(), names.join(", ")))
        };
        let parts = [
            named(&self.large, "over 1 MiB"),
            named(&self.binary, "binary"),
            named(&self.unreadable, "unreadable"),
            (ignored > 0).then(|| format!("{ignored} ignored files and directories")),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!("\n[left out: {}]", parts.join("; ")) }
    }
}

fn counts(hits: &[Hits]) -> String {
    let shown: String = hits.iter().take(MAX_COUNTS).map(|hit| format!("{} {}\n", hit.path, hit.lines.len())).collect();
    let more = hits.len().saturating_sub(MAX_COUNTS);
    let more = if more > 0 { format!("{more} more files; ") } else { String::new() };
    format!("{shown}[{more}counts only: narrow the search to see lines]\n")
}

fn lines(hits: &[Hits], regex: &Regex, context: usize) -> String {
    let (mut result, mut shown) = (String::new(), 0);
    for hit in hits {
        if shown >= MAX_LINES {
            result.push_str(&format!("{} ({} matches)\n", hit.path, hit.lines.len()));
            continue;
        }
        let text: Vec<&str> = hit.text.lines().collect();
        result.push_str(&format!("{}\n", hit.path));
        let mut next = 0;
        let chosen = hit.lines.len().min(MAX_LINES_PER_FILE).min(MAX_LINES - shown);
        for &hit in &hit.lines[..chosen] {
            let (from, to) = (hit.saturating_sub(context).max(next), (hit + context + 1).min(text.len()));
            for (index, text) in text.iter().enumerate().take(to).skip(from) {
                result.push_str(&format!("{}|{}\n", index + 1, around_match(text, regex)));
            }
            next = to.max(next);
        }
        shown += chosen;
        if chosen < hit.lines.len() {
            result.push_str(&format!("[{} more in this file]\n", hit.lines.len() - chosen));
        }
    }
    result
}

/// A line, or the part of a long one in which the match stands.
fn around_match(text: &str, regex: &Regex) -> String {
    let start = match text.len() {
        0..=MAX_LINE_BYTES => 0,
        _ => regex.find(text).map_or(0, |found| found.start()),
    };
    let from = text.floor_char_boundary(start.saturating_sub(MAX_LINE_BYTES / 3));
    if from == 0 {
        return line(text, MAX_LINE_BYTES).into_owned();
    }
    format!("[{from} characters before] {}", line(&text[from..], MAX_LINE_BYTES))
}
