//! The five ways in which `old` can be found in a file, from exact to forgiving. The first stage that matches anywhere decides.
//! Each yields spans of the file with what replaces them, also where those overlap; none of them guesses: similarity only suggests, in an error text.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use crate::occurrences::occurrences;

/// Places that a forgiving stage looks at: more are no place that could be meant.
const MAX_PLACES: usize = 1_000;

/// A place that `old` matches, and what `new` becomes there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) bytes: Range<usize>,
    /// Shared where it is the same at each place.
    pub(crate) replacement: Rc<str>,
}

/// The matches of the first stage that has any, and the stage's number, 1 to 5.
pub(crate) fn find(text: &str, old: &str, new: &str) -> Option<(u8, Vec<Span>)> {
    let (bare_old, bare_new) = strip_decoration(old, new);
    let stages: [&dyn Fn() -> Vec<Span>; 6] = [
        &|| exact(text, old, new),
        &|| exact(text, &bare_old, &bare_new),
        &|| lines(text, &bare_old, &bare_new, |line| line.trim_end().to_owned()),
        &|| indented(text, &bare_old, &bare_new),
        &|| lines(text, &bare_old, &bare_new, |line| fold(line).trim_end().to_owned()),
        &|| exact(text, &unescape(old), &unescape(new)),
    ];
    let numbers = [1, 1, 2, 3, 4, 5];
    stages.iter().zip(numbers).map(|(stage, number)| (number, stage())).find(|(_, spans)| !spans.is_empty())
}

fn exact(text: &str, old: &str, new: &str) -> Vec<Span> {
    if old.is_empty() {
        return vec![];
    }
    // Where a file mixes line endings, new lines end as the one does that they stand in.
    let (lf, crlf): (Rc<str>, Rc<str>) = (new.into(), new.replace('\n', "\r\n").into());
    let feed = |at: usize| if lf.len() != crlf.len() && ends_crlf(text, at) { crlf.clone() } else { lf.clone() };
    let span = |at: usize| Span { bytes: at..at + old.len(), replacement: feed(at) };
    // `match_indices` leaves out what overlaps, and a place that was left out may be the one that is meant.
    let overlapping = |at: usize| {
        let next = at + text[at..].chars().next().map_or(1, char::len_utf8);
        let end = text.floor_char_boundary(at + 2 * old.len() - 1);
        text.get(next..end).and_then(|rest| rest.find(old)).map(|offset| next + offset)
    };
    text.match_indices(old).flat_map(|(at, _)| [Some(at), overlapping(at)]).flatten().map(span).collect()
}

/// Whether the line of this byte ends with a carriage return and a line feed.
fn ends_crlf(text: &str, at: usize) -> bool {
    text[at..].find('\n').is_some_and(|feed| text[..at + feed].ends_with('\r'))
}

/// Takes off what `read` adds and what models add: line numbers, and a fence around everything.
fn strip_decoration<'a>(old: &'a str, new: &'a str) -> (Cow<'a, str>, Cow<'a, str>) {
    let (old, new) = (strip_fence(old), strip_fence(new));
    match strip_numbers(old) {
        Some(bare) => (Cow::Owned(bare), strip_numbers(new).map_or(Cow::Borrowed(new), Cow::Owned)),
        None => (Cow::Borrowed(old), Cow::Borrowed(new)),
    }
}

fn strip_fence(text: &str) -> &str {
    let inner = || {
        let (first, rest) = text.trim_start().split_once('\n')?;
        let body = rest.trim_end().strip_suffix("```")?;
        (first.starts_with("```") && (body.is_empty() || body.ends_with('\n'))).then_some(body)
    };
    inner().unwrap_or(text)
}

fn strip_numbers(text: &str) -> Option<String> {
    let mut bare = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (number, rest) = line.split_once('|')?;
        if number.trim().is_empty() || !number.trim().bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        bare.push_str(rest);
    }
    (!bare.is_empty()).then_some(bare)
}

/// Whole lines that are the same once `normal` made something of them. Lines of `new` that are lines of `old` stay as the file
/// has them.
fn lines(text: &str, old: &str, new: &str, normal: impl Fn(&str) -> String) -> Vec<Span> {
    windows(text, old, &normal, |file, old| {
        let matches = file.iter().zip(old).all(|(file, old)| normal(file) == normal(old));
        matches.then(|| keep_lines(file, old, new, |line| line.to_owned()))
    })
}

/// The same lines under one uniform shift of their indentation, counted in columns; `new` shifts with them.
fn indented(text: &str, old: &str, new: &str) -> Vec<Span> {
    [4, 2, 8]
        .into_iter()
        .map(|width| {
            windows(
                text,
                old,
                |line| line.trim().to_owned(),
                |file, old| {
                    let shift = uniform_shift(file, old, width)?;
                    let tabs = file.iter().any(|line| line.starts_with('\t'));
                    Some(keep_lines(file, old, new, |line| shifted(line, shift, width, tabs)))
                },
            )
        })
        .find(|spans| !spans.is_empty())
        .unwrap_or_default()
}

fn uniform_shift(file: &[&str], old: &[&str], width: isize) -> Option<isize> {
    let mut shift = None;
    for (file, old) in file.iter().zip(old) {
        if file.trim() != old.trim() {
            return None;
        }
        if !file.trim().is_empty() {
            let difference = columns(file, width) - columns(old, width);
            if *shift.get_or_insert(difference) != difference {
                return None;
            }
        }
    }
    shift
}

fn columns(line: &str, width: isize) -> isize {
    let mut columns = 0;
    for character in line.chars() {
        match character {
            ' ' => columns += 1,
            '\t' => columns += width - columns % width,
            _ => break,
        }
    }
    columns
}

fn shifted(line: &str, shift: isize, width: isize, tabs: bool) -> String {
    let rest = line.trim_start_matches([' ', '\t']);
    if rest.is_empty() {
        return String::new();
    }
    let columns = usize::try_from(columns(line, width) + shift).unwrap_or(0);
    let width = usize::try_from(width).unwrap_or(1);
    let indent = if tabs { "\t".repeat(columns / width) + &" ".repeat(columns % width) } else { " ".repeat(columns) };
    indent + rest
}

/// The lines of `new`; those that `old` has as well, in order, are taken from the file, so that an edit changes nothing else.
fn keep_lines(file: &[&str], old: &[&str], new: &str, changed: impl Fn(&str) -> String) -> Vec<String> {
    let mut next = 0;
    let end = if file.iter().all(|line| line.ends_with('\r')) { "\r" } else { "" };
    split(new)
        .into_iter()
        .map(|line| match old[next..].iter().position(|old| *old == line) {
            Some(position) if !line.trim().is_empty() => {
                next += position + 1;
                file[next - 1].to_owned()
            }
            _ => changed(line) + end,
        })
        .collect()
}

/// Goes to the places where the lines of `old` stand, and asks `replace` for the lines that replace them.
fn windows(
    text: &str,
    old: &str,
    normal: impl Fn(&str) -> String,
    replace: impl Fn(&[&str], &[&str]) -> Option<Vec<String>>,
) -> Vec<Span> {
    let old = split(old);
    if old.iter().all(|line| line.trim().is_empty()) {
        return vec![];
    }
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let file: Vec<&str> = text.split('\n').collect();
    let mut spans: Vec<Span> = Vec::new();
    for first in occurrences(&file, &old, normal, MAX_PLACES) {
        let from = starts[first];
        let Some(lines) = replace(&file[first..first + old.len()], &old) else { continue };
        let last = first + old.len() - 1;
        let end = starts[last] + file[last].len();
        // Without lines to put in, the line feed goes too, or an empty line would be left.
        let end = if lines.is_empty() { (end + 1).min(text.len()) } else { end };
        spans.push(Span { bytes: from..end, replacement: lines.join("\n").into() });
    }
    spans
}

/// Lines without their feeds; a last feed begins no line.
fn split(text: &str) -> Vec<&str> {
    match text.strip_suffix('\n').unwrap_or(text) {
        "" => vec![],
        text => text.split('\n').collect(),
    }
}

/// Typographic quotes, dashes and spaces as their plain ones.
fn fold(text: &str) -> String {
    let plain = |character| match character {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{201B}' => '\'',
        '\u{201C}'..='\u{201F}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{00A0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}' => ' ',
        character => character,
    };
    text.chars().map(plain).collect()
}

/// One level of escaping taken off: some models escape twice.
fn unescape(text: &str) -> String {
    text.replace("\\r\\n", "\n").replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str, old: &str, new: &str) -> Option<(u8, String)> {
        let (stage, spans) = find(text, old, new)?;
        let span = spans.first()?;
        Some((stage, format!("{}{}{}", &text[..span.bytes.start], span.replacement, &text[span.bytes.end..])))
    }

    #[test]
    fn stage_1_is_exact_also_within_a_line() {
        assert_eq!(apply("let a = 1;\n", "a = 1", "a = 2"), Some((1, "let a = 2;\n".into())));
    }

    #[test]
    fn stage_1_takes_off_numbers_and_fences() {
        assert_eq!(apply("\tx\n\ty\n", "1|\tx\n2|\ty\n", "1|\tx\n2|\tz\n"), Some((1, "\tx\n\tz\n".into())));
        assert_eq!(apply("x\ny\n", "```rust\nx\n```", "```rust\nz\n```"), Some((1, "z\ny\n".into())));
        assert_eq!(apply("1|x\n", "1|x", "1|y"), Some((1, "1|y\n".into())), "as it stands, where the file has it");
    }

    #[test]
    fn stage_2_ignores_trailing_whitespace_and_keeps_it_on_lines_that_stay() {
        assert_eq!(apply("a  \nb\t\nc\n", "a\nb\n", "a\nB\n"), Some((2, "a  \nB\nc\n".into())));
    }

    #[test]
    fn stage_3_shifts_indentation_and_tabs() {
        let text = "fn f() {\n        if x {\n            y();\n        }\n}\n";
        let (stage, result) = apply(text, "if x {\n    y();\n}", "if x {\n    z();\n    y();\n}").unwrap_or_default();
        assert_eq!(
            (stage, result.as_str()),
            (3, "fn f() {\n        if x {\n            z();\n            y();\n        }\n}\n")
        );
        let (stage, result) =
            apply("\tif x:\n\t\ty()\n", "    if x:\n        y()", "    if x:\n        z()").unwrap_or_default();
        assert_eq!((stage, result.as_str()), (3, "\tif x:\n\t\tz()\n"));
    }

    #[test]
    fn mixed_line_endings_stay_as_they_are() {
        let text = "a\r\nb\r\nc\n";
        assert_eq!(apply(text, "a\nb", "a\nx\ny"), Some((2, "a\r\nx\r\ny\r\nc\n".into())));
        assert_eq!(apply(text, "b", "x\ny"), Some((1, "a\r\nx\r\ny\r\nc\n".into())));
        assert_eq!(apply(text, "c", "x\ny"), Some((1, "a\r\nb\r\nx\ny\n".into())));
    }

    #[test]
    fn stage_3_refuses_a_shift_that_is_not_uniform() {
        assert_eq!(apply("    a\n        b\n", "a\n  b\nc", "x"), None);
        assert_eq!(apply("    a\n      b\n", " a\n  b\n", "x"), None);
    }

    #[test]
    fn stage_4_folds_typography_and_keeps_the_files_own() {
        assert_eq!(
            apply("say(\u{201C}hi\u{201D})\nend\n", "say(\"hi\")\nend", "say(\"hi\")\nstop"),
            Some((4, "say(\u{201C}hi\u{201D})\nstop\n".into()))
        );
    }

    #[test]
    fn stage_5_takes_off_one_level_of_escaping() {
        assert_eq!(
            apply("a(\"x\");\nb();\n", "a(\\\"x\\\");\\nb();", "c(\\\"x\\\");"),
            Some((5, "c(\"x\");\n".into()))
        );
    }

    #[test]
    fn deleting_lines_leaves_no_empty_one() {
        assert_eq!(apply("a \nb\n", "a\n", ""), Some((2, "b\n".into())));
    }

    #[test]
    fn blank_and_missing_text_matches_nothing() {
        assert_eq!(find("a\n\n\nb\n", "  \n", "x"), None);
        assert_eq!(find("a\n", "zzz", "x"), None);
        assert_eq!(find("", "a", "b"), None);
    }

    #[test]
    fn what_stands_in_a_file_is_found_and_only_it_changes() {
        const PIECES: [&str; 12] = ["a", " ", "\t", "\n", "\r\n", "é", "\u{201C}", "\\n", "1|", "```\n", "{", "}"];
        let mut random: u32 = 7;
        let mut some = |count: usize| -> String {
            let mut next = || {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                PIECES[(random >> 16) as usize % PIECES.len()]
            };
            (0..count).map(|_| next()).collect()
        };
        for round in 0..2_000 {
            let (before, old, after, new) = (some(round % 20), some(1 + round % 7), some(round % 13), some(round % 5));
            let text = format!("{before}{old}{after}");
            let spans = find(&text, &old, &new).map(|(stage, spans)| (stage, spans.into_iter().map(|it| it.bytes)));
            let (stage, mut places) = spans.unwrap_or_else(|| unreachable!("{old:?} in {text:?}"));
            assert!(
                stage == 1 && places.any(|it| it == (before.len()..before.len() + old.len())),
                "{old:?} in {text:?}"
            );
            // What is not there may match in another stage; it never cuts a character in two.
            if let Some((_, spans)) = find(&text, &new, &old) {
                assert!(spans.iter().all(|span| text.get(span.bytes.clone()).is_some()), "{new:?} in {text:?}");
            }
        }
    }
}
