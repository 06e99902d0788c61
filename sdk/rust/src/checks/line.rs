//! Lines of code, as far as a check needs to tell them from comments, and words from parts of words.

use crate::intact;

pub(super) use skillhost_suite::is_product;

/// A longer line was made by a program: patterns in it mean nothing.
const MAX_CODE_BYTES: usize = 1_000;

/// What a file's name ends with, without the dot.
pub(super) fn extension(path: &str) -> &str {
    name(path).rsplit_once('.').map_or("", |(_, extension)| extension)
}

/// A file's own name.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Whether the file is a program.
pub(super) fn is_code(path: &str) -> bool {
    intact::is_code(extension(path))
}

/// The line at which a file's tests begin, where it has any: in Rust they stand below the code.
pub(super) fn tests_begin(path: &str, text: &str) -> Option<u32> {
    if intact::looks_like_test(path) || name(path) == "conftest.py" {
        return Some(1);
    }
    let lines = text.lines().zip(1..).filter(|_| extension(path) == "rs");
    let begins = lines.filter(|(line, _)| line.trim_start().starts_with("#[cfg(test)]")).map(|(_, number)| number);
    begins.last()
}

/// JavaScript, TypeScript, and what they are embedded in.
pub(super) fn is_javascript(path: &str) -> bool {
    matches!(extension(path), "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" | "svelte")
}

/// A line's code: nothing where the line is a comment, or too long to have been written by anybody.
pub(super) fn code(line: &str) -> &str {
    let trimmed = line.trim();
    let is_comment = ["//", "* ", "*/", "/*", "# ", "#:", "--", "<!--"].iter().any(|mark| trimmed.starts_with(mark));
    if is_comment || trimmed == "*" || trimmed == "#" || line.len() > MAX_CODE_BYTES { "" } else { trimmed }
}

/// Whether a line of code, neither of comment nor inside double quotes, holds one of the patterns as a word's beginning.
pub(super) fn has(line: &str, patterns: &[&str]) -> bool {
    let code = code(line);
    let is_said = |at: usize| code[..at].matches('"').count() % 2 == 1;
    let holds =
        |pattern: &&str| code.match_indices(*pattern).any(|(at, _)| begins_word(code, at, pattern) && !is_said(at));
    patterns.iter().any(holds)
}

fn begins_word(line: &str, at: usize, pattern: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    !pattern.starts_with(in_word) || !line[..at].ends_with(in_word)
}

/// The texts between quotes on a line, without the quotes.
pub(super) fn literals(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(open) = rest.find(['"', '\'', '`']) {
        let mark = &rest[open..=open];
        let inside = &rest[open + 1..];
        // `'` also begins a lifetime, or stands in a word: without its end it opens nothing.
        let Some(close) = inside.find(mark) else {
            rest = inside;
            continue;
        };
        found.push(&inside[..close]);
        rest = &inside[close + 1..];
    }
    found
}

/// The words of a line: runs of letters, digits and underscores.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_what_a_program_wrote_are_no_code() {
        assert!(has("    dbg!(x);", &["dbg!("]) && has("y = x.fit(1)", &["fit("]));
        for line in [
            "say(\"dbg!(x)\")",
            "// dbg!(x)",
            "# dbg!(x)",
            " * dbg!(x)",
            "my_dbg!(x)",
            &format!("{}dbg!(x)", " ".repeat(2_000)),
        ] {
            assert!(!has(line, &["dbg!("]), "{line}");
        }
    }

    #[test]
    fn literals_are_what_stands_between_quotes() {
        assert_eq!(literals(r#"if a == "x y" || b == 'z' {"#), ["x y", "z"]);
        assert_eq!(literals("fn f<'a>(x: &str) {}"), Vec::<&str>::new());
        assert_eq!(literals("\"é\" + 'ü"), ["é"]);
    }
}
