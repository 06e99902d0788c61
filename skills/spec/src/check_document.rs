//! What a document has to hold before anybody else sees it. The host checks the sections again; here it costs one call less.

use regex_lite::Regex;
use skillhost_sdk::Host;

use crate::citations;
use crate::sections::Sections;
use crate::size::{Size, too_long};

const PLACEHOLDERS: &str = r"(?i)\b(TODO|TBD|FIXME|lorem ipsum|to be (defined|decided|determined))\b|\?\?\?|\[\.\.\.\]";
/// A section of nothing else says nothing.
const NOTHING: &[&str] = &["", "none", "nothing", "na", "n a", "nil", "not applicable", "see above"];

pub(crate) fn problems(host: &dyn Host, document: &Sections, headings: &[String], size: Option<Size>) -> Vec<String> {
    let mut problems: Vec<String> = headings.iter().filter_map(|heading| section(document, heading)).collect();
    let text = document.render();
    problems.extend(
        placeholder(&text).map(|found| format!("\"{found}\" is a placeholder: decide, or record an assumption")),
    );
    problems.extend(citations::problems(host, &text));
    problems.extend(too_long(text.split_whitespace().count(), size));
    problems
}

fn section(document: &Sections, heading: &str) -> Option<String> {
    match document.body(heading) {
        None => Some(format!("section \"{heading}\" is missing")),
        Some(body) if !says_something(body) => {
            Some(format!("section \"{heading}\" is empty: fill it, or write \"None, because …\""))
        }
        Some(_) => None,
    }
}

fn says_something(body: &str) -> bool {
    body.lines().filter(|line| !line.starts_with('#') && !line.starts_with("<!--")).any(|line| {
        let words: Vec<String> =
            line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        !NOTHING.contains(&words.join(" ").as_str())
    })
}

/// The first text that stands for something to be written later. What stands in code is spoken of, not left open.
pub(crate) fn placeholder(text: &str) -> Option<String> {
    let regex = Regex::new(PLACEHOLDERS).ok()?;
    citations::prose(text).find_map(|line| regex.find(&without_code(line)).map(|found| found.as_str().to_owned()))
}

/// A line without its code spans.
pub(crate) fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    fn check(text: &str) -> Vec<String> {
        let host = mock::Host::new().file("src/a.rs", "one\ntwo\n");
        problems(&host, &Sections::parse(text), &["Problem".into(), "Risks".into()], None)
    }

    #[test]
    fn a_filled_document_passes() {
        assert_eq!(
            check("# T\n## Problem\nSee `src/a.rs:2`, which has a `TODO`.\n## Risks\nNone, because nothing is stored."),
            [""; 0]
        );
    }

    #[test]
    fn missing_and_empty_sections_are_named() {
        let empty = "section \"Problem\" is empty: fill it, or write \"None, because …\"";
        for body in ["", "None.", "- N/A", "<!-- what is it? -->", "### Detail\n\n*None*"] {
            assert_eq!(check(&format!("# T\n## Problem\n{body}\n")), [empty, "section \"Risks\" is missing"], "{body}");
        }
    }

    #[test]
    fn placeholders_and_wrong_claims_are_named() {
        let found = check("## Problem\nTBD, see `src/b.rs:1` and `src/a.rs:3`.\n## Risks\nx");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("\"TBD\""), "{found:?}");
        for text in ["see [...] there", "what ???", "to be decided", "Lorem ipsum"] {
            assert_eq!(check(&format!("## Problem\n{text}\n## Risks\nx")).len(), 1, "{text}");
        }
    }

    #[test]
    fn a_novel_is_too_long() {
        let text = format!("## Problem\n{}\n## Risks\nx", "word ".repeat(2_300));
        assert!(check(&text)[0].contains("shorten"));
    }
}
