//! `list`: which files there are.

use std::collections::BTreeMap;

use crate::arguments::Arguments;
use crate::glob::Globs;
use crate::walk::walk;
use crate::{Host, ToolDefinition, schema};

/// More paths than this are counted by directory.
const MAX_PATHS: usize = 200;

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
    let mut lines: Vec<String> = found.iter().take(MAX_PATHS).map(|file| (*file).clone()).collect();
    if found.is_empty() {
        lines.push(format!("no file matches {pattern}; {} files are there", walk.files.len()));
    }
    if found.len() > MAX_PATHS {
        lines.push(format!("[{} of {} files are shown; files by directory:]", MAX_PATHS, found.len()));
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

fn count_by_directory(files: &[&String]) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files {
        *counts.entry(file.rsplit_once('/').map_or(".", |(directory, _)| directory)).or_default() += 1;
    }
    counts.into_iter().take(MAX_PATHS).map(|(directory, count)| format!("{directory}/ {count}")).collect()
}
