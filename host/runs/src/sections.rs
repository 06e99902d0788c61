//! The shape of a spec: the headings that a project asks for, each with something beneath it.

use crate::markdown::{Line, Role, heading_words, outline};
use std::fmt;

/// Texts that stand where an author still has to write.
const PLACEHOLDERS: &[&str] = &[
    "add content here",
    "coming soon",
    "fill in",
    "fixme",
    "lorem ipsum",
    "n a",
    "na",
    "nil",
    "none",
    "not applicable",
    "pending",
    "placeholder",
    "tba",
    "tbc",
    "tbd",
    "to be added",
    "to be decided",
    "to be defined",
    "to be determined",
    "to be done",
    "to be written",
    "to do",
    "todo",
    "wip",
    "work in progress",
    "xxx",
];

/// A section that a spec lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The section, as the project spells it.
    pub section: String,
    /// Where its empty heading stands, 1-based; none where there is no such heading.
    pub line: Option<usize>,
}

/// The document that an author is given to fill: the goal, and each section with nothing beneath it.
pub fn skeleton(goal: &str, sections: &[String]) -> String {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut text = format!("# {}\n", one_line(goal));
    for section in sections {
        text.push_str(&format!("\n## {}\n", one_line(section)));
    }
    text
}

/// The sections that are missing from `text`, or empty there, in the order in which the project asks for them.
///
/// Headings match whatever their level, case and numbering. A section of comments, empty headings or placeholders is
/// empty; "None, because …" is not. Where a heading stands twice, one filled section is enough.
pub fn gaps(text: &str, sections: &[String]) -> Vec<Gap> {
    let lines = outline(text);
    sections.iter().filter_map(|section| gap(&lines, section)).collect()
}

fn gap(lines: &[Line<'_>], section: &str) -> Option<Gap> {
    let wanted = heading_words(section);
    let mut empty = None;
    for (at, line) in lines.iter().enumerate() {
        let Role::Heading(level) = line.role else {
            continue;
        };
        if !names(line.text, &wanted) {
            continue;
        }
        let filled = lines[at + 1..]
            .iter()
            .take_while(|line| !matches!(line.role, Role::Heading(other) if other <= level))
            .any(says_something);
        if filled {
            return None;
        }
        empty.get_or_insert(line.number);
    }
    Some(Gap { section: section.to_owned(), line: empty })
}

/// Whether a heading names the section, perhaps with a remark behind it: "Risks (and what to do)", "Risks: none seen".
fn names(heading: &str, wanted: &str) -> bool {
    heading_words(heading) == wanted
        || ["(", ":", " — ", " – ", " - "]
            .iter()
            .filter_map(|mark| heading.split_once(mark))
            .any(|(name, _)| heading_words(name) == wanted)
}

fn says_something(line: &Line<'_>) -> bool {
    match line.role {
        Role::Code => !line.text.trim().is_empty(),
        Role::Prose => {
            let prose = without_comments(line.text);
            let words = heading_words_kept(&prose);
            !words.is_empty() && !PLACEHOLDERS.contains(&words.as_str()) && !is_template(&prose)
        }
        _ => false,
    }
}

/// The words of a line, numbers included: "3 attempts" and "42" say something, "1." does not.
fn heading_words_kept(line: &str) -> String {
    let body = line.trim().trim_start_matches(['-', '*', '+', '>', ' ']);
    let behind_number = body.trim_start_matches(|c: char| c.is_ascii_digit());
    let body = match behind_number.strip_prefix(['.', ')']) {
        Some(rest) if behind_number.len() < body.len() => rest,
        _ => body,
    };
    let mark = body.trim().trim_start_matches("[ ]").trim_start_matches("[x]");
    mark.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect::<Vec<_>>()
        .join(" ")
}

/// A line that is one bracketed hint to the author: `[Describe the problem]`, `{{problem}}`, `<problem>`, `TODO: …`.
fn is_template(line: &str) -> bool {
    let body = line.trim().trim_start_matches(['-', '*', ' ']).trim_end_matches(['*', ' ', '.']);
    let todo = body.trim_start_matches(['*', '_']).get(..5).is_some_and(|word| word.eq_ignore_ascii_case("todo:"));
    todo || [('[', ']'), ('{', '}'), ('<', '>')].iter().any(|(open, close)| {
        body.starts_with(*open) && body.ends_with(*close) && body.matches(*close).count() <= 2 && !body.contains("](")
    })
}

fn without_comments(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once("<!--") {
        text.push_str(before);
        rest = behind.split_once("-->").map_or("", |(_, behind)| behind);
    }
    text.push_str(rest);
    text
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "\"{}\" is empty (line {line})", self.section),
            None => write!(f, "\"{}\" is missing", self.section),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(sections: &[&str]) -> Vec<String> {
        sections.iter().map(|section| (*section).to_owned()).collect()
    }

    fn shown(text: &str, sections: &[&str]) -> Vec<String> {
        gaps(text, &wanted(sections)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_skeleton_has_every_section_and_each_is_empty() {
        let sections = wanted(&["Problem", "Data model"]);
        let text = skeleton("Add a\n## Problem\nfilled", &sections);
        assert_eq!(text, "# Add a ## Problem filled\n\n## Problem\n\n## Data model\n");
        assert_eq!(
            shown(&text, &["Problem", "Data model"]),
            ["\"Problem\" is empty (line 3)", "\"Data model\" is empty (line 5)"]
        );
    }

    #[test]
    fn headings_match_whatever_their_level_case_and_numbering() {
        let text =
            "# 1. PROBLEM\nx\n### 2.3) Data Model\n| a |\n#### Risks (known)\n- y\n## **Routes:**\n```\nGET /\n```\n";
        assert!(shown(text, &["Problem", "Data model", "Risks", "Routes"]).is_empty());
        assert_eq!(shown(text, &["Events", "Data"]), ["\"Events\" is missing", "\"Data\" is missing"]);
    }

    #[test]
    fn placeholders_and_comments_are_empty() {
        for body in [
            "TODO",
            "- TBD.",
            "*None.*",
            "N/A",
            "...",
            "…",
            "-",
            "<!-- say\nmore -->",
            "[Describe the risks]",
            "{{risks}}",
            "### Sub\n",
            "1.",
            "- [ ]",
            "|---|---|",
            "```\n\n```",
            "TODO: write this",
            "<risks>",
            "To be determined",
        ] {
            assert_eq!(
                shown(&format!("## Risks\n{body}\n## Next\nx"), &["Risks"]),
                ["\"Risks\" is empty (line 1)"],
                "{body}"
            );
        }
        for body in [
            "None, because nothing is stored.",
            "### Sub\nx",
            "42",
            "- 3",
            "[a](b.md)",
            "| a | b |",
            "x <!-- y -->",
            "N/A: no data changes",
            "- [ ] withdraw consent",
        ] {
            assert!(shown(&format!("## Risks\n{body}\n## Next\nx"), &["Risks"]).is_empty(), "{body}");
        }
    }

    #[test]
    fn a_heading_inside_code_is_none() {
        assert_eq!(shown("```\n## Risks\nx\n```\n", &["Risks"]), ["\"Risks\" is missing"]);
        assert_eq!(shown("## Risks\n\n## Risks\nx\n", &["Risks"]), [""; 0]);
    }

    #[test]
    fn hostile_texts_are_only_checked() {
        assert_eq!(gaps(&"#\n".repeat(20_000), &wanted(&["Risks"; 20])).len(), 20);
        assert_eq!(gaps(&"<!--".repeat(50_000), &wanted(&["Risks"])).len(), 1);
        assert_eq!(gaps("## Ris\u{0}ks\n\u{feff}", &wanted(&["Risks"])).len(), 1);
        assert!(shown("## é\nTODÓ: x", &["É"]).is_empty());
    }
}
