//! Cutting text for a model. The notice stands at an edge, never in the middle of what was kept, and says how much is missing.

use std::borrow::Cow;

/// The longest prefix of at most `max` bytes that ends at a character.
pub fn head(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// The longest suffix of at most `max` bytes that begins at a character.
pub fn tail(text: &str, max: usize) -> &str {
    &text[text.ceil_char_boundary(text.len().saturating_sub(max))..]
}

/// `text`, or its beginning and a notice as the last line.
pub fn clip(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let kept = head(text, max);
    format!("{kept}\n[{} more characters are not shown]", text.len() - kept.len())
}

/// One line of at most `max` bytes, or its beginning and how much is missing: a minified file is a single line.
pub fn line(line: &str, max: usize) -> Cow<'_, str> {
    let shown = head(line, max);
    match line.len() - shown.len() {
        0 => Cow::Borrowed(shown),
        more => Cow::Owned(format!("{shown} [{more} more characters]")),
    }
}

/// `text` without the escape sequences that colour it, and of a line that was written over only what it said last.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(['\u{1b}', '\r']) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let end = line.trim_end_matches(['\r', '\n']);
        let last = end.rsplit('\r').next().unwrap_or_default();
        let mut rest = last;
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            shown.push_str(before);
            rest = match after.strip_prefix('[') {
                Some(sequence) => {
                    sequence.trim_start_matches(|c: char| c.is_ascii_digit() || ";:?<=>".contains(c)).get(1..)
                }
                None => after.get(1..),
            }
            .unwrap_or_default();
        }
        shown.push_str(rest);
        shown.push_str(if line.ends_with('\n') { "\n" } else { "" });
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_stand_at_characters() {
        assert_eq!(head("aé", 2), "a");
        assert_eq!(tail("éa", 2), "a");
        assert_eq!(clip("abc", 3), "abc");
        assert_eq!(clip("abcd", 3), "abc\n[1 more characters are not shown]");
        assert_eq!((line("abc", 3).as_ref(), line("aéx", 2).as_ref()), ("abc", "a [3 more characters]"));
    }

    #[test]
    fn colours_and_progress_are_no_text() {
        assert_eq!(plain("\u{1b}[1;31merror\u{1b}[0m: x\r\n 10 %\r100 %\nend\u{1b}["), "error: x\n100 %\nend");
        assert_eq!(plain("\u{1b}(Ba\u{1b}é"), "Ba");
        assert!(matches!(plain("as it is\n"), Cow::Borrowed(_)));
    }
}
