//! The line that says under which licence a file is.

use std::path::Path;

const TAG: &str = "SPDX-License-Identifier:";
/// In how many lines it is looked for.
const LINES: usize = 5;

/// Whether a file says it already.
pub(crate) fn has_header(text: &str) -> bool {
    text.lines().take(LINES).any(|line| line.contains(TAG))
}

/// The text with the line in it, behind the one that names an interpreter; none where nobody knows its comments.
pub(crate) fn with_header(path: &Path, text: &str, licence: &str) -> Option<String> {
    let (begin, end) = match path.extension()?.to_str()? {
        "c" | "go" | "h" | "java" | "js" | "rs" | "ts" => ("// ", ""),
        "py" | "rb" | "sh" | "toml" | "yaml" | "yml" => ("# ", ""),
        "css" => ("/* ", " */"),
        "html" | "md" => ("<!-- ", " -->"),
        _ => return None,
    };
    let line = format!("{begin}{TAG} {licence}{end}\n");
    match text.split_once('\n') {
        Some((first, rest)) if first.starts_with("#!") => Some(format!("{first}\n{line}{rest}")),
        _ => Some(format!("{line}{text}")),
    }
}
