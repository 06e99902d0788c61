//! Picks the place that an edit means, where `old` was found at least once.

use crate::stages::Span;

/// `near_line` picks a match only within this distance.
const NEAR_LINES: usize = 40;
/// Places that are named where `old` stands at several.
const MAX_LISTED: usize = 30;

/// The spans to replace, or what to say.
pub(crate) fn choose(
    text: &str,
    stage: u8,
    spans: Vec<Span>,
    all: bool,
    near_line: Option<usize>,
) -> Result<Vec<Span>, String> {
    if all && stage > 1 {
        return Err("`all` replaces exact occurrences only, and `old` differs from the file in whitespace or quotes. Copy the file's text.".into());
    }
    if all && spans.windows(2).any(|pair| pair[1].bytes.start < pair[0].bytes.end) {
        return Err(
            "occurrences of `old` overlap, so not all of them can be replaced. Copy more of the file's text.".into()
        );
    }
    if all || spans.len() == 1 {
        return Ok(spans);
    }
    let lines = lines_of(text, &spans);
    let more = lines.len().saturating_sub(MAX_LISTED);
    let mut listed = lines.iter().take(MAX_LISTED).map(usize::to_string).collect::<Vec<_>>().join(", ");
    listed.push_str(&if more > 0 { format!(" and {more} more") } else { String::new() });
    let Some(near) = near_line else {
        return Err(format!("`old` stands at lines {listed}. Add a neighbouring line, or say which with near_line."));
    };
    let nearest = lines.iter().map(|line| line.abs_diff(near)).min().unwrap_or_default();
    let mut chosen =
        spans.into_iter().zip(&lines).filter(|(_, line)| line.abs_diff(near) == nearest).map(|(span, _)| span);
    match (chosen.next(), chosen.next()) {
        (Some(span), None) if nearest <= NEAR_LINES => Ok(vec![span]),
        _ => Err(format!("line {near} does not decide: `old` stands at lines {listed}. Add a neighbouring line.")),
    }
}

/// The text with the spans replaced; they are in order and don't overlap.
pub(crate) fn replace(text: &str, spans: &[Span]) -> String {
    let mut result = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        result.push_str(&text[from..span.bytes.start]);
        result.push_str(&span.replacement);
        from = span.bytes.end;
    }
    result.push_str(&text[from..]);
    result
}

/// The 1-based lines at which the spans begin, in one pass.
fn lines_of(text: &str, spans: &[Span]) -> Vec<usize> {
    let (mut line, mut from) = (1, 0);
    let mut next = |span: &Span| {
        line += text[from..span.bytes.start].matches('\n').count();
        from = span.bytes.start;
        line
    };
    spans.iter().map(&mut next).collect()
}

/// The 1-based line of a byte.
pub(crate) fn line_at(text: &str, byte: usize) -> usize {
    text[..byte].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::stages::find;

    fn edit(text: &str, old: &str, all: bool, near: Option<usize>) -> Result<String, String> {
        let (stage, spans) = find(text, old, "X").unwrap();
        choose(text, stage, spans, all, near).map(|spans| replace(text, &spans))
    }

    #[test]
    fn several_matches_need_a_decision() {
        let text = "a\nb\na\n";
        assert_eq!(
            edit(text, "a", false, None).unwrap_err(),
            "`old` stands at lines 1, 3. Add a neighbouring line, or say which with near_line."
        );
        assert_eq!(edit(text, "a", false, Some(3)).unwrap(), "a\nb\nX\n");
        assert_eq!(edit(text, "a", true, None).unwrap(), "X\nb\nX\n");
        assert!(edit(text, "a", false, Some(2)).unwrap_err().contains("does not decide"), "as near to both");
        assert!(edit(text, "a", false, Some(100)).unwrap_err().contains("does not decide"), "too far");
    }

    #[test]
    fn many_places_are_counted() {
        let told = edit(&"a\n".repeat(32), "a", false, None).unwrap_err();
        assert!(told.contains("29, 30 and 2 more. Add"), "{told}");
    }

    #[test]
    fn near_line_reaches_40_lines() {
        let text = format!("a\n{}a\n", "b\n".repeat(200));
        assert!(edit(&text, "a", false, Some(41)).is_ok_and(|after| after.starts_with('X')));
        assert!(edit(&text, "a", false, Some(42)).unwrap_err().contains("does not decide"));
    }

    #[test]
    fn places_that_overlap_are_several_places() {
        assert!(edit("xaaax\n", "aa", false, None).unwrap_err().contains("stands at lines 1, 1"));
        assert!(edit("xaaax\n", "aa", true, None).unwrap_err().contains("overlap"));
        assert!(edit("xaaax\n", "aa", false, Some(1)).unwrap_err().contains("does not decide"));
        assert!(
            edit("\ta\n\ta\n\ta\n", "a\na\n", false, None).unwrap_err().contains("stands at lines 1, 2"),
            "lines, shifted"
        );
        assert_eq!(edit("éé\n", "é", true, None).unwrap(), "XX\n");
    }

    #[test]
    fn all_needs_an_exact_match() {
        assert!(edit("a \nq\na \nq\n", "a\nq", true, None).unwrap_err().starts_with("`all` replaces exact"));
    }
}
