//! Text that somebody else wrote, made fit for a terminal, a log or an error.
//!
//! A skill, a model, a repository or a command can put anything into a string: sequences that move the cursor or set
//! the clipboard, characters that turn a line around, newlines that forge a second log line. [`Escaped`] shows such
//! characters as `\u{…}` instead of passing them on. It is a type, so that what is printed can be seen to be escaped.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// What stands where a text was cut.
const CUT: char = '…';

/// Text without control, bidirectional or invisible characters, bounded in length. Safe on a terminal and in a log.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Escaped(String);

/// Escapes `text` into one line of at most `max_chars` characters; a longer one ends with `…`.
///
/// Newlines and tabs are shown as `\n` and `\t`, so a text can't begin a line of its own.
pub fn escape_terminal(text: &str, max_chars: usize) -> Escaped {
    Escaped(escape(text, max_chars, |_| false))
}

/// As [`escape_terminal`], but keeps newlines and tabs: for output that is shown as a block of its own. Whoever prints
/// it indents each line, so that none of them passes for a line of the host's.
pub fn escape_block(text: &str, max_chars: usize) -> Escaped {
    Escaped(escape(&text.replace("\r\n", "\n"), max_chars, |c| matches!(c, '\n' | '\t')))
}

/// A JSON document with every deceptive character in JSON's own notation: the same document for whoever parses it, and
/// plain text for whoever looks at it. Outside of strings there is none but the newlines between values.
pub fn escape_json(document: &str) -> Escaped {
    let mut escaped = String::with_capacity(document.len());
    let document = without_json_marks(document);
    for c in document.chars() {
        if c != '\n' && is_deceptive(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string can't fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    Escaped(escaped)
}

/// See [`Escaped::without_commands`]: in a string of JSON, that is all that could be one.
fn without_json_marks(document: &str) -> Cow<'_, str> {
    if !document.contains("##") {
        return Cow::Borrowed(document);
    }
    let mut text = String::with_capacity(document.len() + 8);
    without_marks(document, "\\u005b", &mut text);
    Cow::Owned(text)
}

/// Writes `text` to `to`, with `bracket` for each `[` that stands behind two hashes and a word.
fn without_marks(text: &str, bracket: &str, to: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('[') {
        let before = &rest[..at];
        to.push_str(before);
        let is_mark = before.trim_end_matches(|c: char| c.is_ascii_alphanumeric()).ends_with("##");
        to.push_str(if is_mark { bracket } else { "[" });
        rest = &rest[at + 1..];
    }
    to.push_str(rest);
}

impl Escaped {
    /// The same text, of which no line is a command for the system that a build runs on. Those read what a program prints,
    /// and act on lines that begin with `::`, and on `##[…]`, `##vso[…]` or `##teamcity[…]` anywhere in a line.
    #[must_use]
    pub fn without_commands(&self) -> Self {
        if !self.0.contains("::") && !self.0.contains("##") {
            return self.clone();
        }
        let mut text = String::with_capacity(self.0.len() + 8);
        for (at, line) in self.0.split('\n').enumerate() {
            if at > 0 {
                text.push('\n');
            }
            let body = line.trim_start();
            let (blank, body) = line.split_at(line.len() - body.len());
            text.push_str(blank);
            let body = match body.strip_prefix("::") {
                Some(rest) => {
                    text.push_str("\\u{3a}:");
                    rest
                }
                None => body,
            };
            without_marks(body, "\\u{5b}", &mut text);
        }
        Self(text)
    }

    /// The text, escaped.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its lines; more than one only where it was made by [`escape_block`] or [`escape_json`].
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }
}

impl fmt::Display for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether a character is unsafe to show: it controls the terminal, changes the direction of the text around it, or
/// is not visible at all, so that two texts that look alike could differ.
pub fn is_deceptive(c: char) -> bool {
    c.is_control() || is_bidirectional(c) || is_invisible(c)
}

fn is_bidirectional(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}')
}

/// Zero-width characters, fillers, separators of lines and paragraphs, tags, and code points that name no character.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00ad}' | '\u{034f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0e}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{fdd0}'..='\u{fdef}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        || u32::from(c) & 0xfffe == 0xfffe
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Bounded by the length of the result, so that a text of control characters can't grow beyond the limit either. An
/// escape is never cut in two.
fn escape(text: &str, max_chars: usize, keep: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len().min(max_chars));
    let mut room = max_chars;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let shown = show(c, &keep);
        let needed = shown.chars().count();
        // The last place is for the ellipsis, unless this character is the end of the text.
        if needed > room || (needed == room && rest.peek().is_some()) {
            if room > 0 {
                escaped.push(CUT);
            }
            return escaped;
        }
        room -= needed;
        escaped.push_str(&shown);
    }
    escaped
}

fn show(c: char, keep: &impl Fn(char) -> bool) -> String {
    match c {
        _ if keep(c) || !is_deceptive(c) => c.to_string(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        _ => c.escape_unicode().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plain_text_stays_as_it_is() {
        let text = "Zażółć gęślą jaźń · 漢字 → C:\\x `npm test` 🦀";
        assert_eq!(escape_terminal(text, 200).as_str(), text);
    }

    #[test]
    fn o_01_terminal_sequences_are_shown() {
        let osc52 = escape_terminal("\x1b]52;c;ZXZpbA==\x07", 200);
        assert_eq!(osc52.as_str(), "\\u{1b}]52;c;ZXZpbA==\\u{7}");
        let link = escape_terminal("\x1b]8;;https://evil.example\x1b\\x", 200);
        assert!(!link.as_str().contains('\x1b'));
        assert_eq!(escape_terminal("\u{9b}2J", 20).as_str(), "\\u{9b}2J");
    }

    #[test]
    fn o_02_bidirectional_and_zero_width_characters_are_shown() {
        let shown = escape_terminal("a\u{202e}b\u{200b}c\u{2066}\u{feff}\u{e0041}\u{200f}", 200);
        assert_eq!(shown.as_str(), "a\\u{202e}b\\u{200b}c\\u{2066}\\u{feff}\\u{e0041}\\u{200f}");
    }

    #[test]
    fn o_03_a_newline_cannot_forge_a_line() {
        let shown = escape_terminal("done\nerror: all is lost\r\n\u{2028}x", 200);
        assert_eq!(shown.as_str(), "done\\nerror: all is lost\\r\\n\\u{2028}x");
        assert_eq!(shown.lines().count(), 1);
    }

    #[test]
    fn o_04_a_carriage_return_cannot_overwrite() {
        assert_eq!(escape_block("allow? no\rallow? yes\n", 200).as_str(), "allow? no\\rallow? yes\n");
    }

    #[test]
    fn a_block_keeps_its_lines_and_nothing_else() {
        assert_eq!(escape_block("a\r\nb\tc\x1b[0m\n", 200).as_str(), "a\nb\tc\\u{1b}[0m\n");
    }

    #[test]
    fn o_08_long_text_is_cut_and_says_so() {
        assert_eq!(escape_terminal("abcdef", 6).as_str(), "abcdef");
        assert_eq!(escape_terminal("abcdefg", 6).as_str(), "abcde…");
        assert_eq!(escape_terminal("abc\x1b\x1b", 8).as_str(), "abc…");
        assert_eq!(escape_terminal("abc", 0).as_str(), "");
        assert_eq!(escape_terminal(&"\x1b".repeat(10_240), 100).as_str().chars().count(), 97);
    }

    #[test]
    fn o_02_o_05_json_shows_nothing_deceptive_and_says_the_same() {
        let value = serde_json::json!({ "a\u{7f}\u{202e}": ["\u{9b}2J\n\u{e0041}\u{1b}", "zażółć 🦀", "\\u{1b}\"}"] });
        let text = escape_json(&serde_json::to_string_pretty(&value).unwrap_or_default());
        assert!(!text.as_str().chars().any(|c| c != '\n' && is_deceptive(c)), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(text.as_str()).ok(), Some(value));
        assert!(text.as_str().contains("zażółć 🦀") && text.as_str().contains("\\udb40\\udc41"), "{text}");
    }

    #[test]
    fn o_11_no_line_is_a_command_for_a_build_system() {
        for (text, shown) in [
            ("::set-output name=a::b", "\\u{3a}:set-output name=a::b"),
            ("  \t::add-mask::x", "  \\t::add-mask::x"),
            ("\u{a0}::add-mask::x", "\u{a0}\\u{3a}:add-mask::x"),
            ("a ::b", "a ::b"),
            ("x ##[set-env name=PATH;]y", "x ##\\u{5b}set-env name=PATH;]y"),
            ("##vso[task.x]", "##vso\\u{5b}task.x]"),
            ("[##teamcity[x] ##[y]", "[##teamcity\\u{5b}x] ##\\u{5b}y]"),
            ("## [a] #[b] c[d]", "## [a] #[b] c[d]"),
            (":::stop", "\\u{3a}::stop"),
        ] {
            let defused = escape_terminal(text, 200).without_commands();
            assert_eq!(defused.as_str(), shown);
            assert_eq!(defused.without_commands(), defused, "once is enough");
        }
        let block = escape_block("a\n::error::x\n ::group::y\n##[end]", 200).without_commands();
        assert_eq!(block.as_str(), "a\n\\u{3a}:error::x\n \\u{3a}:group::y\n##\\u{5b}end]");
        let value = serde_json::json!({ "##[a]": ["::b", "##vso[c", "\\##[d"] });
        let text = escape_json(&serde_json::to_string_pretty(&value).unwrap_or_default());
        assert_eq!(serde_json::from_str::<serde_json::Value>(text.as_str()).ok(), Some(value));
        assert!(
            !text.as_str().contains("##[") && !text.lines().any(|line| line.trim_start().starts_with("::")),
            "{text}"
        );
    }

    proptest! {
        #[test]
        fn nothing_deceptive_comes_out(text in "\\PC*|[\\x00-\\x20\\x7f-\\x9f\\u{200b}-\\u{206f}]*", max_chars in 0usize..80) {
            let line = escape_terminal(&text, max_chars);
            prop_assert!(!line.as_str().chars().any(is_deceptive));
            prop_assert!(line.as_str().chars().count() <= max_chars);
            let block = escape_block(&text, max_chars);
            prop_assert!(!block.as_str().chars().any(|c| is_deceptive(c) && c != '\n' && c != '\t'));
            prop_assert!(block.as_str().chars().count() <= max_chars);
        }
    }
}
