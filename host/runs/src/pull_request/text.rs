//! The one sanitiser for Markdown. Whatever a skill, a model, a repository or a command wrote reaches a page only as a
//! [`MarkdownText`]; a [`Page`] takes nothing else but the host's own literals, so that a page with unescaped text in it
//! does not compile.

use skillhost_core::text::is_deceptive;
use std::fmt;

/// Lines that a longer text may have.
const MAX_PROSE_LINES: usize = 200;

/// Text that Markdown shows as it is: no HTML, link, image, heading, mention or reference can arise from it, and it
/// can't break out of a table's cell, a list's item or a paragraph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MarkdownText(String);

impl MarkdownText {
    /// One line, whatever `text` holds; cut to `max_chars` characters of it.
    pub fn line(text: &str, max_chars: usize) -> Self {
        Self(escape_line(&plain(text, max_chars, Place::Prose)))
    }

    /// One line of code, without formatting where a code span can't hold it inside a table.
    pub fn code(text: &str, max_chars: usize) -> Self {
        let code = plain(text, max_chars, Place::Code);
        if code.is_empty() || code.contains(['`', '|']) {
            return Self::line(text, max_chars);
        }
        Self(format!("`{code}`"))
    }

    /// Paragraphs and simple lists, cut to `max_chars` characters. Never for a table's cell.
    pub fn prose(text: &str, max_chars: usize) -> Self {
        let mut shown = String::new();
        let mut room = max_chars;
        for (at, line) in text.lines().enumerate() {
            if room == 0 || at == MAX_PROSE_LINES {
                shown.push_str("\n…");
                break;
            }
            let (mark, body) = unmark(line);
            let body = plain(body, room, Place::Prose);
            room -= body.chars().count();
            if !shown.is_empty() {
                shown.push('\n');
            }
            if !body.is_empty() {
                shown.push_str(mark);
                shown.push_str(&escape_line(&body));
            }
        }
        Self(shown.trim_matches('\n').to_owned())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for MarkdownText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What may stand on a page. Never to be implemented for text that is not the host's own.
pub(super) trait OnPage: fmt::Display {}

impl OnPage for &'static str {}
impl OnPage for MarkdownText {}
impl OnPage for u64 {}
impl OnPage for usize {}

/// A Markdown page in the making.
#[derive(Default)]
pub(super) struct Page(String);

impl Page {
    /// Adds a line.
    pub(super) fn line(&mut self, parts: &[&dyn OnPage]) {
        for part in parts {
            self.0.push_str(&part.to_string());
        }
        self.0.push('\n');
    }

    /// Adds a paragraph: a line with a blank one before it.
    pub(super) fn paragraph(&mut self, parts: &[&dyn OnPage]) {
        self.0.push('\n');
        self.line(parts);
    }

    /// Adds a heading.
    pub(super) fn heading(&mut self, heading: &'static str) {
        self.paragraph(&[&"## ", &heading]);
    }

    /// Adds a table; nothing where it has no rows.
    pub(super) fn table<const N: usize>(&mut self, header: [&'static str; N], rows: &[[MarkdownText; N]]) {
        if rows.is_empty() {
            return;
        }
        self.paragraph(&[&"| ", &MarkdownText(header.join(" | ")), &" |"]);
        self.line(&[&"|", &MarkdownText("---|".repeat(N))]);
        for row in rows {
            let cells: Vec<&str> = row.iter().map(|cell| cell.0.as_str()).collect();
            self.line(&[&"| ", &MarkdownText(cells.join(" | ")), &" |"]);
        }
    }

    /// The page.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

/// One line without characters that deceive, cut, and with references broken by a space, since a mention, a link or
/// an issue's number is recognised after Markdown has taken its escapes away.
fn plain(text: &str, max_chars: usize, place: Place) -> String {
    let mut line = String::new();
    // A text of white space only would make this loop long for nothing.
    for c in text.trim_start().chars().take(max_chars.saturating_mul(4).saturating_add(64)) {
        if c.is_whitespace() {
            if !line.ends_with(' ') {
                line.push(' ');
            }
        } else {
            line.push(if is_deceptive(c) { '\u{fffd}' } else { c });
        }
    }
    let line = break_references(line.trim(), place);
    if line.chars().count() <= max_chars {
        return line;
    }
    let mut cut: String = line.chars().take(max_chars.saturating_sub(1)).collect();
    cut.truncate(cut.trim_end().len());
    if max_chars > 0 {
        cut.push('…');
    }
    cut
}

/// Where a text stands: in code, an address is no link, and what looks like one may be a name and its version.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Prose,
    Code,
}

fn break_references(line: &str, place: Place) -> String {
    let chars: Vec<char> = line.chars().collect();
    let mut broken = String::with_capacity(line.len());
    let ends_with = |at: usize, word: &str| {
        let length = word.chars().count();
        at + 1 >= length
            && chars[at + 1 - length..=at].iter().zip(word.chars()).all(|(a, b)| a.eq_ignore_ascii_case(&b))
    };
    for (at, c) in chars.iter().enumerate() {
        broken.push(*c);
        let Some(next) = chars.get(at + 1) else {
            break;
        };
        let inside_word = at > 0 && chars.get(at - 1).is_some_and(|c| c.is_alphanumeric());
        let may_mention = place == Place::Prose || !inside_word;
        let mention = *c == '@' && may_mention && (next.is_alphanumeric() || *next == '_');
        let number = next.is_ascii_digit() && (matches!(c, '#' | '!') || ends_with(at, "gh-"));
        let link = !next.is_whitespace() && (ends_with(at, "://") || ends_with(at, "www."));
        if mention || number || link {
            broken.push(' ');
        }
    }
    broken
}

/// Escapes a line that may stand at the beginning of a paragraph, of an item or of a cell.
fn escape_line(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let digits = chars.iter().take_while(|c| c.is_ascii_digit()).count();
    let mut escaped = String::with_capacity(line.len() + 8);
    for (at, c) in chars.iter().enumerate() {
        let inside_word = at > 0
            && chars[at - 1].is_ascii_alphanumeric()
            && chars.get(at + 1).is_some_and(char::is_ascii_alphanumeric);
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '_' if inside_word => escaped.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '{' | '}' | '~' | '^' | '$' | '|' => {
                escaped.push('\\');
                escaped.push(*c);
            }
            // A slash begins a command to some forges: `/merge`.
            '#' | '+' | '-' | '=' | ':' | '/' if at == 0 => {
                escaped.push('\\');
                escaped.push(*c);
            }
            // A list's item, where a space or nothing follows.
            '.' | ')' if digits > 0 && at == digits && chars.get(at + 1).is_none_or(|c| *c == ' ') => {
                escaped.push('\\');
                escaped.push(*c);
            }
            _ => escaped.push(*c),
        }
    }
    escaped
}

/// A line's own marks: a list's item stays one, headings and fences become text.
fn unmark(line: &str) -> (&'static str, &str) {
    let body = line.trim();
    if body.starts_with("```") || body.starts_with("~~~") {
        return ("", "");
    }
    if let Some(item) = ["- ", "* ", "+ "].iter().find_map(|mark| body.strip_prefix(mark)) {
        return ("- ", item);
    }
    let title = body.trim_start_matches('#');
    if title.len() < body.len() && title.starts_with(' ') {
        return ("", title);
    }
    ("", body)
}

#[cfg(test)]
mod tests;
