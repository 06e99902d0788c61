//! Whether a text stands where a reviewer says that it does.

/// How far from its line a quote may stand: reviewers count lines badly.
const NEAR_LINES: usize = 3;
/// Longer quotes are compared by their beginning.
const MAX_QUOTE_CHARS: usize = 2000;

/// Whether `quote` stands in `text` within [`NEAR_LINES`] of `line` (1-based), or anywhere where no line is given.
/// White space counts as one space, so that a quote may be re-indented or joined from several lines.
pub(super) fn stands_at(text: &str, line: Option<u32>, quote: &str) -> bool {
    let wanted: String = normal(quote).chars().take(MAX_QUOTE_CHARS).collect();
    let wanted = wanted.trim_end();
    let Some(line) = line else {
        return normal(text).contains(wanted);
    };
    let line = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
    let from = line.saturating_sub(NEAR_LINES);
    // The quote may begin at the last near line, and goes on as long as it is.
    let lines = NEAR_LINES + 1 + (line - from) + quote.lines().count();
    let near: Vec<&str> = text.lines().skip(from).take(lines).collect();
    normal(&near.join("\n")).contains(wanted)
}

/// Each run of white space as one space.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_stands_within_three_lines() {
        let text: String = (1..=20).map(|n| format!("line {n};\n")).collect();
        assert!(stands_at(&text, Some(10), "line 10;"));
        assert!(stands_at(&text, Some(10), "line 7;") && stands_at(&text, Some(10), "line 13;"));
        assert!(!stands_at(&text, Some(10), "line 6;") && !stands_at(&text, Some(10), "line 15;"));
        assert!(stands_at(&text, None, "line 20;") && !stands_at(&text, None, "line 21;"));
    }

    #[test]
    fn white_space_does_not_matter() {
        let text = "fn a() {\n\tlet x  = 1;\r\n    call(x)\n}\n";
        assert!(stands_at(text, Some(2), "let x = 1;\n call(x)"));
        assert!(!stands_at(text, Some(2), "let y = 1;"));
    }

    #[test]
    fn hostile_places_are_only_not_found() {
        assert!(!stands_at("", Some(u32::MAX), "x"));
        assert!(!stands_at("x", Some(0), &"y".repeat(1_000_000)));
        assert!(stands_at("x", Some(0), "x"));
    }
}
