//! The text of code, as far as brackets, quotes, literals and names are told apart: enough to find what a call is given.

/// A statement that takes more lines than this is none.
const MAX_LINES: usize = 40;
/// A longer one was made by a program.
pub(super) const MAX_BYTES: usize = 4_000;

/// The lines of a statement that begins at a byte of the first, joined without their comments, up to the one that closes its
/// brackets.
pub(super) fn statement(lines: &[&str], from: usize, comment: &str) -> Option<String> {
    let mut text = String::new();
    let mut depth = 0;
    let begun = lines.first().and_then(|line| line.get(from..));
    for line in begun.into_iter().chain(lines.iter().skip(1).copied()).take(MAX_LINES) {
        if text.len() + line.len() > MAX_BYTES {
            return None;
        }
        let ends = |at: &usize| line[*at..].starts_with(comment) && line[..*at].ends_with([' ', '\t']);
        let line = &line[..outside(line).map(|(at, ..)| at).find(ends).unwrap_or(line.len())];
        text.push_str(line.trim());
        // A text between quotes ends on its line.
        depth = outside(line).fold(depth, |depth, (_, c, _)| depth + bracket(c));
        let opened = text.ends_with('{') && text.starts_with("if ");
        if opened || depth <= 0 {
            return Some(text);
        }
        text.push(' ');
    }
    None
}

/// The arguments of a call that begins with its bracket, and what stands behind it.
pub(super) fn call(text: &str) -> Option<(Vec<&str>, &str)> {
    let inside = text.strip_prefix('(')?;
    let end = outside(inside).find(|(_, _, depth)| *depth < 0)?.0;
    Some((split(&inside[..end], ","), &inside[end + 1..]))
}

/// The parts between separators that stand in no bracket and no quotes; empty ones at the end are none.
pub(super) fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, _, depth) in outside(text) {
        if depth == 0 && at >= from && text[at..].starts_with(separator) {
            parts.push(text[from..at].trim());
            from = at + separator.len();
        }
    }
    let last = text[from..].trim();
    parts.extend((!last.is_empty()).then_some(last));
    parts
}

fn bracket(c: char) -> i32 {
    match c {
        '(' | '[' | '{' => 1,
        ')' | ']' | '}' => -1,
        _ => 0,
    }
}

/// The characters outside of quotes, each with its place and the number of brackets around it. A closing one counts as outside.
fn outside(text: &str) -> impl Iterator<Item = (usize, char, i32)> + '_ {
    let mut quote: Option<char> = None;
    let mut escaped = false;
    let mut depth = 0;
    text.char_indices().filter_map(move |(at, c)| {
        if let Some(mark) = quote {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                _ if c == mark => quote = None,
                _ => {}
            }
            return None;
        }
        if matches!(c, '"' | '\'' | '`') && text[at + 1..].contains(c) {
            quote = Some(c);
        }
        depth += bracket(c).min(0);
        let found = (at, c, depth);
        depth += bracket(c).max(0);
        Some(found)
    })
}

/// A piece of code: a literal, a name, or a mark.
pub(crate) struct Token<'t> {
    /// A literal's without quotes.
    pub(crate) text: &'t str,
    /// A number, a text, or a truth value.
    pub(crate) is_literal: bool,
    is_number: bool,
}

impl Token<'_> {
    /// What a text is put between: marks that it does not hold.
    fn quote(&self) -> Option<&'static str> {
        let is_text = self.is_literal && !self.is_number && !matches!(self.text, "true" | "false" | "True" | "False");
        is_text.then(|| ["\"", "'", "`"].into_iter().find(|mark| !self.text.contains(*mark)).unwrap_or("\""))
    }

    /// A number as it is written without its type and the marks between its digits; else the text.
    pub(crate) fn value(&self) -> String {
        let end = self.text.find(['u', 'i', 'n']).filter(|_| self.is_number).unwrap_or(self.text.len());
        if self.is_number { self.text[..end].replace('_', "") } else { self.text.to_owned() }
    }
}

/// The names, numbers, texts and marks of an expression.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let quoted = matches!(first, '"' | '\'' | '`').then(|| closing(rest)).flatten();
        let in_word = |c: char| c.is_alphanumeric() || c == '_' || (first.is_ascii_digit() && c == '.');
        let (text, end, is_literal) = if let Some(close) = quoted {
            (&rest[1..close], close + 1, true)
        } else if in_word(first) {
            let mut end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
            // `1e-5` is one number.
            if first.is_ascii_digit() && rest[..end].ends_with(['e', 'E']) && rest[end..].starts_with(['-', '+']) {
                let digits = |c: char| c.is_ascii_digit();
                end += 1 + rest[end + 1..].find(|c| !digits(c)).unwrap_or(rest.len() - end - 1);
            }
            let is_value = matches!(&rest[..end], "true" | "false" | "True" | "False");
            (&rest[..end], end, first.is_ascii_digit() || is_value)
        } else {
            (&rest[..first.len_utf8()], first.len_utf8(), false)
        };
        rest = &rest[end..];
        let is_number = quoted.is_none() && first.is_ascii_digit();
        Some(Token { text, is_literal, is_number })
    })
}

/// Where the quote that begins a text is closed.
fn closing(text: &str) -> Option<usize> {
    let mut characters = text.char_indices();
    let (_, mark) = characters.next()?;
    let mut escaped = false;
    characters
        .find(|(_, c)| {
            let ends = *c == mark && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        })
        .map(|(at, _)| at)
}

/// A number, a text or a truth value, and nothing else but its sign.
pub(super) fn is_literal(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['-', '+', '&']);
    let mut found = tokens(text);
    matches!((found.next(), found.next()), (Some(Token { is_literal: true, .. }), None))
}

pub(super) fn has_literal(text: &str) -> bool {
    tokens(text).any(|token| token.is_literal)
}

/// The text with one mark for each literal.
pub(crate) fn skeleton(text: &str) -> String {
    tokens(text).map(|token| if token.is_literal { "#" } else { token.text }).filter(|text| *text != "-").collect()
}

/// The text as another layout has it too: one kind of quotes, one form of a number, no spaces but between words, no comma at the
/// end of a list.
pub(super) fn squeezed(text: &str) -> String {
    let mut squeezed = String::new();
    let mut was_word = false;
    for token in tokens(text) {
        let is_word = token.is_literal || token.text.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if matches!(token.text, ")" | "]" | "}") && !token.is_literal {
            squeezed.truncate(squeezed.trim_end_matches([',', ' ']).len());
        }
        if squeezed.ends_with(',') || (was_word && is_word) {
            squeezed.push(' ');
        }
        was_word = is_word;
        match token.quote() {
            Some(mark) => squeezed.extend([mark, token.text, mark]),
            None => squeezed.push_str(&token.value()),
        }
    }
    squeezed
}
