//! `search`: which lines match. Terse on purpose: files with counts work best, more context confuses.

use regex_lite::RegexBuilder;

use super::{MAX_FILE_BYTES, decode, literal};
use crate::arguments::Arguments;
use crate::clip::clip;
use crate::glob::Globs;
use crate::walk::walk;
use crate::{Host, ToolDefinition, schema};

const MAX_LINES: usize = 60;
const MAX_LINES_PER_FILE: usize = 10;
const MAX_RESULT_BYTES: usize = 12_000;
/// With matches in more files than this, only counts are shown.
const MAX_FILES_WITH_LINES: usize = 40;
const MAX_CONTEXT_LINES: usize = 3;
const MAX_LINE_BYTES: usize = 300;
const MAX_REGEX_BYTES: usize = 1 << 20;
/// Reading more than this in one search would eat the skill's time.
const MAX_SEARCHED_BYTES: usize = 32 << 20;

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

pub(super) fn search(host: &dyn Host, arguments: &Arguments, path: &str) -> Result<String, String> {
    let regex = RegexBuilder::new(arguments.text("regex"))
        .size_limit(MAX_REGEX_BYTES)
        .build()
        .map_err(|error| format!("not a regular expression: {error}"))?;
    let required = literal::required(arguments.text("regex"));
    let globs = arguments.text_or_null("glob").map(|glob| Globs::parse([glob])).transpose()?;
    let context = arguments.integer("context").unwrap_or(0).min(MAX_CONTEXT_LINES);
    let walk = match host.size(path) {
        Ok(_) if !path.is_empty() => crate::walk::Walk { files: vec![path.to_owned()], ..Default::default() },
        _ => walk(host, path)?,
    };
    let mut stopped = walk.stopped;
    let (mut hits, mut skipped, mut searched, mut bytes) = (Vec::new(), 0, 0, 0);
    for file in walk.files {
        if bytes >= MAX_SEARCHED_BYTES {
            stopped = true;
            break;
        }
        if globs.as_ref().is_some_and(|globs| !globs.matches(&file)) {
            continue;
        }
        let small = host.size(&file).is_ok_and(|size| size <= MAX_FILE_BYTES);
        let Some(text) = small.then(|| host.read(&file).ok()).flatten().and_then(decode) else {
            skipped += 1;
            continue;
        };
        searched += 1;
        bytes += text.len();
        let matches = |line: &str| line.contains(&required) && regex.is_match(line);
        let lines: Vec<usize> = match text.contains(&required) {
            true => text.lines().enumerate().filter(|(_, line)| matches(line)).map(|(index, _)| index).collect(),
            false => vec![],
        };
        if !lines.is_empty() {
            let text = if hits.len() < MAX_FILES_WITH_LINES { text } else { String::new() };
            hits.push(Hits { path: file, text, lines });
        }
    }
    let total: usize = hits.iter().map(|hit| hit.lines.len()).sum();
    let mut result = format!("{total} matching lines in {} of {searched} files\n", hits.len());
    result.push_str(&if hits.len() > MAX_FILES_WITH_LINES { counts(&hits) } else { lines(&hits, context) });
    if skipped + walk.ignored > 0 {
        result.push_str(&format!(
            "[left out: {skipped} binary, large or unreadable files; {} ignored files and directories]\n",
            walk.ignored
        ));
    }
    if stopped {
        result.push_str("[there are more files than a search visits: name a directory as `path`]\n");
    }
    Ok(clip(result.trim_end(), MAX_RESULT_BYTES))
}

fn counts(hits: &[Hits]) -> String {
    let shown: String = hits.iter().take(200).map(|hit| format!("{} {}\n", hit.path, hit.lines.len())).collect();
    format!("{shown}[counts only: narrow the search to see lines]\n")
}

fn lines(hits: &[Hits], context: usize) -> String {
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
        for &line in &hit.lines[..chosen] {
            let (from, to) = (line.saturating_sub(context).max(next), (line + context + 1).min(text.len()));
            for (index, text) in text.iter().enumerate().take(to).skip(from) {
                result.push_str(&format!("{}|{}\n", index + 1, crate::clip::head(text, MAX_LINE_BYTES)));
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
