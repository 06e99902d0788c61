//! `list`: which files there are.

use std::collections::BTreeMap;

use crate::arguments::Arguments;
use crate::glob::Globs;
use crate::walk::walk;
use crate::{Host, ToolDefinition, schema};

/// More paths than this are counted by directory.
const MAX_PATHS: usize = 200;
const MAX_PATHS_BYTES: usize = 12_000;
/// More directories than this are counted by those that they stand in.
const MAX_DIRECTORIES: usize = 60;

pub(super) fn definition() -> ToolDefinition {
    schema::tool(
        "list",
        "Lists files that match a glob, sorted. `*` stays within a directory, `**` does not. Ignored files are left out.",
        &[
            ("glob", schema::text("For example `src/**/*.rs`, or `**` for everything.")),
            ("path", schema::text_or_null("Directory to list; null for the whole repository.")),
        ],
    )
}

pub(super) fn list(host: &dyn Host, arguments: &Arguments, path: &str) -> Result<String, String> {
    let pattern = arguments.text_or_null("glob").unwrap_or("**");
    let globs = Globs::parse([pattern])?;
    let walk = walk(host, path)?;
    let inside =
        |file: &str| file.strip_prefix(path).map(|rest| rest.trim_start_matches('/').to_owned()).unwrap_or_default();
    let found: Vec<&String> =
        walk.files.iter().filter(|file| globs.matches(file) || globs.matches(&inside(file))).collect();
    let mut bytes = 0;
    let fits = |file: &&&String| {
        bytes += file.len() + 1;
        bytes <= MAX_PATHS_BYTES
    };
    let mut lines: Vec<String> = found.iter().take(MAX_PATHS).take_while(fits).map(|file| (*file).clone()).collect();
    if found.is_empty() {
        lines.push(format!("no file matches {pattern}; {} files are there", walk.files.len()));
    }
    if found.len() > lines.len() {
        lines.push(format!("[{} of {} files are shown; files by directory:]", lines.len(), found.len()));
        lines.extend(count_by_directory(&found));
    }
    if walk.stopped {
        lines.push("[there are more files than a listing visits: name a directory as `path`]".into());
    }
    if walk.ignored > 0 {
        lines.push(format!("[{} ignored files and directories are left out]", walk.ignored));
    }
    Ok(lines.join("\n"))
}

/// By the directories that the files stand in, or by ones above where those are too many.
fn count_by_directory(files: &[&String]) -> Vec<String> {
    let deepest = files.iter().map(|file| file.matches('/').count()).max().unwrap_or_default();
    let mut counts = BTreeMap::new();
    for depth in (1..=deepest.max(1)).rev() {
        counts.clear();
        for file in files {
            let parts: Vec<&str> = file.split('/').collect();
            let directory = &parts[..depth.min(parts.len() - 1)];
            *counts.entry(if directory.is_empty() { ".".to_owned() } else { directory.join("/") }).or_insert(0usize) +=
                1;
        }
        if counts.len() <= MAX_DIRECTORIES {
            break;
        }
    }
    let more = counts.len().saturating_sub(MAX_DIRECTORIES);
    let mut lines: Vec<String> =
        counts.into_iter().take(MAX_DIRECTORIES).map(|(directory, count)| format!("{directory}/ {count}")).collect();
    lines.extend((more > 0).then(|| format!("[and {more} more directories]")));
    lines
}
