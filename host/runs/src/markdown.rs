//! The outline of a Markdown text: which lines are headings, which are code, which are prose.
//!
//! Line by line, since that is all that conventions and specs need, and since every text that is read here is
//! somebody else's: one pass, no recursion, nothing that grows faster than the text.

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// A heading with its level, 1 to 6.
    Heading(u8),
    /// A line inside a fenced block.
    Code,
    /// The line that opens or closes a fenced block.
    Fence,
    /// A line of, or wholly inside, an HTML comment.
    Comment,
    /// Anything else, blank lines included.
    Prose,
}

/// A line of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// 1-based.
    pub(crate) number: usize,
    /// What it is.
    pub(crate) role: Role,
    /// As it stands; for a heading, its text without the marks.
    pub(crate) text: &'a str,
}

/// The lines of a text, each with its role. Knows `#` headings, fenced blocks and HTML comments; a heading inside one
/// of those is none.
pub(crate) fn outline(text: &str) -> Vec<Line<'_>> {
    let mut fence: Option<(char, usize)> = None;
    let mut in_comment = false;
    let mut lines = Vec::new();
    for (at, raw) in text.lines().enumerate() {
        let (role, text) = if let Some((mark, length)) = fence {
            if closes(raw, mark, length) {
                fence = None;
                (Role::Fence, raw)
            } else {
                (Role::Code, raw)
            }
        } else if in_comment {
            in_comment = !raw.contains("-->");
            (Role::Comment, raw)
        } else if let Some(opened) = opens(raw) {
            fence = Some(opened);
            (Role::Fence, raw)
        } else if let Some(rest) = raw.trim_start().strip_prefix("<!--") {
            in_comment = !rest.contains("-->");
            // Text behind the comment's end counts.
            let behind = rest.split_once("-->").map_or("", |(_, behind)| behind);
            let role = if behind.trim().is_empty() { Role::Comment } else { Role::Prose };
            (role, raw)
        } else if let Some((level, title)) = heading(raw) {
            (Role::Heading(level), title)
        } else {
            (Role::Prose, raw)
        };
        lines.push(Line { number: at + 1, role, text });
    }
    lines
}

/// Words of a heading in lower case, without numbering and marks: two headings with the same words are the same.
pub(crate) fn heading_words(heading: &str) -> String {
    let words: Vec<String> = heading
        .replace('&', " and ")
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let numbered = words.iter().take_while(|word| word.chars().all(|c| c.is_ascii_digit())).count();
    let words = if numbered < words.len() { &words[numbered..] } else { &words[..] };
    words.join(" ")
}

/// The texts of all code spans in a line.
pub(crate) fn code_spans(line: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        let ticks = rest[start..].chars().take_while(|c| *c == '`').count();
        let behind = &rest[start + ticks..];
        let Some(end) = run_of_ticks(behind, ticks) else {
            rest = behind;
            continue;
        };
        spans.push(behind[..end].trim());
        rest = &behind[end + ticks..];
    }
    spans
}

/// Where a run of exactly `ticks` backticks begins. The search is short, so that a line of backticks costs little.
fn run_of_ticks(text: &str, ticks: usize) -> Option<usize> {
    const FARTHEST: usize = 2000;
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let length = text[start..].chars().take_while(|c| *c == '`').count();
        if length == ticks {
            return Some(start);
        }
        at = start + length;
        if at > FARTHEST {
            return None;
        }
    }
    None
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let body = line.trim_start_matches(' ');
    if line.len() - body.len() > 3 {
        return None;
    }
    let title = body.trim_start_matches('#');
    let level = u8::try_from(body.len() - title.len()).ok()?;
    if !(1..=6).contains(&level) || !(title.is_empty() || title.starts_with([' ', '\t'])) {
        return None;
    }
    let title = title.trim();
    let bare = title.trim_end_matches('#');
    // Closing marks count only behind a space.
    let closed = bare.is_empty() || bare.ends_with([' ', '\t']);
    Some((level, if closed { bare.trim_end() } else { title }))
}

/// Fences are recognised at any indentation, since they often stand inside list items.
fn opens(line: &str) -> Option<(char, usize)> {
    let body = line.trim_start();
    let mark = body.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = body.trim_start_matches(mark);
    let length = body.len() - info.len();
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some((mark, length))
}

fn closes(line: &str, mark: char, length: usize) -> bool {
    let body = line.trim();
    body.len() >= length && body.chars().all(|c| c == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings(text: &str) -> Vec<(usize, u8, &str)> {
        outline(text)
            .into_iter()
            .filter_map(|line| match line.role {
                Role::Heading(level) => Some((line.number, level, line.text)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn headings_are_found_outside_code_and_comments() {
        let text = "# One\n```sh\n# not one\n```\n<!--\n## nor this\n-->\n   ## Two ##\n    # indented code\n#hashtag\n####### seven\n~~~\n```\n# x\n~~~\n### C#\n#";
        assert_eq!(headings(text), [(1, 1, "One"), (8, 2, "Two"), (16, 3, "C#"), (17, 1, "")]);
    }

    #[test]
    fn an_open_fence_runs_to_the_end() {
        assert!(headings("````\n```\n# x\n```\n# y").is_empty());
        assert!(headings("<!-- never closed\n# x").is_empty());
        assert_eq!(headings("<!-- a --> text\n# x"), [(2, 1, "x")]);
    }

    #[test]
    fn headings_compare_by_their_words() {
        for heading in ["Access control", "3. Access Control:", "**2.1)** access_control", "Access  control"] {
            assert_eq!(heading_words(heading), "access control", "{heading}");
        }
        assert_eq!(heading_words("Risks & impact"), "risks and impact");
        assert_eq!(heading_words("2024"), "2024");
        assert_eq!(heading_words("***"), "");
    }

    #[test]
    fn code_spans_may_hold_backticks() {
        assert_eq!(code_spans("run `npm test` or ``a ` b`` or `open"), ["npm test", "a ` b"]);
        assert!(code_spans("no code").is_empty());
    }

    #[test]
    fn hostile_text_costs_little() {
        let backticks: String = (1..600).map(|n| "`".repeat(n) + " ").collect();
        assert!(code_spans(&backticks).is_empty());
        assert_eq!(outline(&"#".repeat(100_000)).len(), 1);
        assert!(headings(&"<!-- ".repeat(100_000)).is_empty());
    }
}
