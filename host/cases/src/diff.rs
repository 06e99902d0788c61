//! Unified diffs between what was expected and what came.

use similar::{ChangeTag, TextDiff};
use std::fmt;

/// Lines around a difference.
const CONTEXT: usize = 3;
/// Most lines of a text that is compared line by line: the work grows with the square of what differs.
const MAX_LINES: usize = 4000;
/// Most lines of a diff.
const MAX_SHOWN: usize = 200;

/// Longest line that is shown whole, in characters.
const MAX_LINE_CHARS: usize = 1000;

/// One line of a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffLine {
    /// Where it is, or how much was left out.
    Head(String),
    /// In both.
    Same(String),
    /// Only what was expected has it.
    Expected(String),
    /// Only what came has it.
    Came(String),
}

impl fmt::Display for DiffLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head(text) => write!(f, "{text}"),
            Self::Same(text) => write!(f, " {text}"),
            Self::Expected(text) => write!(f, "-{text}"),
            Self::Came(text) => write!(f, "+{text}"),
        }
    }
}

/// The lines that differ, with some around them. Nothing of it is escaped.
#[must_use]
pub fn unified(expected: &str, came: &str) -> Vec<DiffLine> {
    let lines = [expected, came].map(|text| text.lines().count());
    if lines.iter().any(|count| *count > MAX_LINES) {
        return first_difference(expected, came, lines);
    }
    let diff = TextDiff::from_lines(expected, came);
    let mut shown = Vec::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        shown.push(DiffLine::Head(hunk.header().to_string()));
        for change in hunk.iter_changes() {
            let text: &str = change.value();
            let line = cut(text.strip_suffix('\n').unwrap_or(text));
            shown.push(match change.tag() {
                ChangeTag::Equal => DiffLine::Same(line),
                ChangeTag::Delete => DiffLine::Expected(line),
                ChangeTag::Insert => DiffLine::Came(line),
            });
            if change.missing_newline() {
                shown.push(DiffLine::Head("\\ no newline at the end".to_owned()));
            }
        }
    }
    let more = shown.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        shown.truncate(MAX_SHOWN);
        shown.push(DiffLine::Head(format!("… {more} more lines")));
    }
    shown
}

fn first_difference(expected: &str, came: &str, lines: [usize; 2]) -> Vec<DiffLine> {
    let same = expected.lines().zip(came.lines()).take_while(|(one, other)| one == other).count();
    let mut shown = vec![DiffLine::Head(format!(
        "@@ line {} is the first that differs, of {} expected and {} that came @@",
        same + 1,
        lines[0],
        lines[1]
    ))];
    shown.extend(expected.lines().nth(same).map(|line| DiffLine::Expected(cut(line))));
    shown.extend(came.lines().nth(same).map(|line| DiffLine::Came(cut(line))));
    shown
}

/// A line, or its beginning and how much was left out.
fn cut(line: &str) -> String {
    match line.char_indices().nth(MAX_LINE_CHARS) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}… {} more bytes", &line[..end], line.len() - end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_shown_with_what_is_around_it() {
        let expected = "a\nb\nc\nd\ne\nf\ng\n";
        let lines = unified(expected, &expected.replace('e', "E"));
        assert_eq!(lines[0], DiffLine::Head("@@ -2,6 +2,6 @@".to_owned()));
        assert_eq!(lines[1..4], ["b", "c", "d"].map(|line| DiffLine::Same(line.to_owned())));
        assert_eq!(lines[4..6], [DiffLine::Expected("e".to_owned()), DiffLine::Came("E".to_owned())]);
        assert_eq!(lines.len(), 8);
        let lines = unified("a\n", "a");
        assert_eq!(lines.last(), Some(&DiffLine::Head("\\ no newline at the end".to_owned())));
        assert_eq!(unified("a\n", "a\n"), []);
    }

    #[test]
    fn a_diff_is_bounded() {
        let long = |word: &str, count| format!("{word}\n").repeat(count);
        assert_eq!(unified(&long("a", 3000), &long("b", 3000)).len(), MAX_SHOWN + 1);
        let lines = unified(&format!("{}\n", "ä".repeat(1500)), "");
        assert_eq!(lines[1], DiffLine::Expected(format!("{}… 1000 more bytes", "ä".repeat(1000))));
        let lines = unified(&long("a", 5000), &format!("{}b\n", long("a", 4999)));
        assert_eq!(lines[1..], [DiffLine::Expected("a".to_owned()), DiffLine::Came("b".to_owned())]);
    }
}
