//! `edit`: search and replace, with error texts that say what to do next.

use skillhost_sdk::arguments::Arguments;
use skillhost_sdk::explore::numbered;
use skillhost_sdk::{Error, MAX_LOAD_BYTES, path};

use crate::closest::{self, Closest};
use crate::file::{MAX_WRITE_CHARS, TextFile, check_known, load, store};
use crate::matching::{choose, line_at, replace};
use crate::workspace::{Refusal, Told, Workspace};
use crate::{placeholder, stages, syntax};

const MAX_CHARS: usize = 6_000;
/// Lines shown around a change.
const AROUND: usize = 4;
/// Lines shown around the closest block after a second miss.
const AROUND_MISS: usize = 20;
const MAX_EXCERPT_BYTES: usize = 8_000;
/// A file up to this size is better written whole after the third miss.
const MAX_WHOLE_LINES: usize = 400;
/// At this many misses in a row on one file the attempt ends.
const STOP_AT_MISS: u32 = 5;
/// Shorter text than this says nothing by being in a file already.
const MIN_ALREADY_THERE_CHARS: usize = 8;

pub(crate) fn edit(workspace: &mut Workspace<'_>, arguments: &Arguments) -> Told {
    let path = path::clean(arguments.text("path"))?;
    workspace.check_not_after_failure(Some(&path))?;
    let (old, new) = (arguments.text("old").replace("\r\n", "\n"), arguments.text("new").replace("\r\n", "\n"));
    if old.chars().count().max(new.chars().count()) > MAX_CHARS {
        return Err(
            format!("`old` and `new` may have {MAX_CHARS} characters each: split the edit into smaller ones").into()
        );
    }
    let Some(content) = load(workspace.host, &path)? else {
        return create(workspace, &path, &old, &new);
    };
    let file = TextFile::decode(&path, &content)?;
    if old.is_empty() {
        return Err(format!("`old` is empty, but {path} exists. Copy the line next to the place into `old` and `new`, or use write for the whole file.").into());
    }
    if old == new {
        return Err("`old` and `new` are the same, so nothing would change. To look at a file, use read.".into());
    }
    if let Some(line) = placeholder::find(&new, &file.text) {
        return Err(placeholder::refusal(&line).into());
    }
    let found = stages::find(&file.text, &old, &new);
    let line = match &found {
        Some((_, spans)) => spans.first().map_or(1, |span| line_at(&file.text, span.bytes.start)),
        None => closest::find(&file.text, &old).map_or(1, |closest| closest.from),
    };
    check_known(workspace, &path, &content, &file.text, arguments.integer("near_line").unwrap_or(line))?;
    let Some((stage, spans)) = found else {
        return Err(missed(workspace, &path, &file.text, &old, &new));
    };
    let spans = choose(&file.text, stage, spans, arguments.flag("all"), arguments.integer("near_line"))
        .map_err(|why| escalate(workspace, &path, &file.text, line, format!("{path}: {why}")))?;
    let grown = file.text.len() + spans.iter().map(|span| span.replacement.len()).sum::<usize>();
    if grown as u64 > MAX_LOAD_BYTES {
        return Err(format!("{path} would grow too large: over {} MiB", MAX_LOAD_BYTES >> 20).into());
    }
    let after = replace(&file.text, &spans);
    if after == file.text {
        return Err(format!("{path} has this text already; nothing to do").into());
    }
    store(workspace, &path, Some(&content), &file.encode(&path, &after)?)?;
    let first = spans.first().map_or(1, |span| line_at(&file.text, span.bytes.start));
    let lines = spans.first().map_or(0, |span| span.replacement.matches('\n').count());
    Ok(report(&path, &file.text, &after, first, lines, stage, spans.len()))
}

fn create(workspace: &mut Workspace<'_>, path: &str, old: &str, new: &str) -> Told {
    if !old.is_empty() {
        return Err(format!("{path} does not exist. Look with list, or create it with write.").into());
    }
    store(workspace, path, None, new.as_bytes())?;
    Ok(format!("{path} created, {} lines", new.lines().count()))
}

fn report(path: &str, before: &str, after: &str, first: usize, lines: usize, stage: u8, count: usize) -> String {
    let how = match stage {
        1 => "",
        2 => " (trailing whitespace differed)",
        3 => " (indentation differed, and was kept as in the file)",
        4 => " (quotes, dashes or spaces differed)",
        _ => " (after taking off one level of escaping)",
    };
    let places = if count > 1 { format!("{count} places, the first at line {first}") } else { format!("line {first}") };
    let (from, to) = (first.saturating_sub(AROUND), first + lines + AROUND);
    let mut text = format!("{path} edited at {places}{how}\n{}", numbered(after, from, to));
    if let Some(error) = syntax::new_error(path, Some(before), after, from..=to) {
        text.push_str(&error);
    }
    text.trim_end().to_owned()
}

fn missed(workspace: &mut Workspace<'_>, path: &str, text: &str, old: &str, new: &str) -> Refusal {
    if new.trim().chars().count() >= MIN_ALREADY_THERE_CHARS
        && let Some(at) = text.find(new.trim_end())
    {
        return format!("`new` is in {path} already, at line {}; nothing to do.", line_at(text, at)).into();
    }
    let closest = closest::find(text, old);
    let line = closest.as_ref().map_or(1, |closest| closest.from);
    let why = match closest {
        Some(Closest { from, to, difference: Some(difference) }) => format!(
            "Not found in {path}. Closest: {from}–{to}; line {} has \"{}\", old has \"{}\". Copy the file's text.",
            difference.line, difference.file, difference.old
        ),
        Some(Closest { from, to, .. }) => format!("Not found in {path}. Closest: {from}–{to}. Copy the file's text."),
        None => format!("Not found in {path}, and nothing there is like it. Is it the right file? Look with search."),
    };
    escalate(workspace, path, text, line, why)
}

/// The lines around `line`, fewer where they are long.
fn excerpt(text: &str, line: usize) -> String {
    let around = |lines: usize| numbered(text, line.saturating_sub(lines), line + lines);
    // Three lines always fit, since each of them is cut.
    let sizes = [AROUND_MISS, AROUND_MISS / 2, AROUND, 1];
    sizes.into_iter().map(around).find(|shown| shown.len() <= MAX_EXCERPT_BYTES).unwrap_or_default()
}

/// Says more with each miss in a row on one file, and ends at the fifth.
fn escalate(workspace: &mut Workspace<'_>, path: &str, text: &str, line: usize, why: String) -> Refusal {
    let misses = workspace.misses.entry(path.to_owned()).or_default();
    *misses += 1;
    let total = text.lines().count();
    match *misses {
        1 => why.into(),
        2 => format!("{why}\n{}", excerpt(text, line).trim_end()).into(),
        STOP_AT_MISS.. => {
            Refusal::Over(Error::Failed(format!("{STOP_AT_MISS} edits of {path} in a row did not match the file")))
        }
        _ if total <= MAX_WHOLE_LINES && text.chars().count() <= MAX_WRITE_CHARS => {
            format!("{why}\nStop editing this file: read it, and use write with all of its {total} lines.").into()
        }
        _ => format!("{why}\nUse a shorter `old`: one or two lines that stand in the file only once.").into(),
    }
}
