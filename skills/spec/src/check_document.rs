//! What a document has to hold before anybody else sees it. The host checks the sections again; here it costs one call less.

use regex_lite::Regex;
use skillhost_sdk::{Host, path};

use crate::sections::Sections;

/// Well above what the model is asked for; beyond it a reviewer is lost.
const MAX_WORDS: usize = 3_000;
/// Citations that are looked up.
const MAX_CITATIONS: usize = 100;
const PLACEHOLDERS: &str = r"(?i)\b(TODO|TBD|FIXME|lorem ipsum|to be (defined|decided|determined))\b|\?\?\?|\[\.\.\.\]";
const CITATION: &str = r"([A-Za-z0-9_.@+-]+(?:/[A-Za-z0-9_.@+-]+)*\.[A-Za-z][A-Za-z0-9]*):(\d{1,7})";

pub(crate) fn problems(host: &dyn Host, document: &Sections, headings: &[String]) -> Vec<String> {
    let mut problems: Vec<String> = headings.iter().filter_map(|heading| section(document, heading)).collect();
    let text = document.render();
    problems.extend(
        placeholder(&text).map(|found| format!("\"{found}\" is a placeholder: decide, or record an assumption")),
    );
    problems.extend(citations(host, &text));
    let words = text.split_whitespace().count();
    if words > MAX_WORDS {
        problems.push(format!("{words} words, of at most {MAX_WORDS}: shorten the longest sections"));
    }
    problems
}

fn section(document: &Sections, heading: &str) -> Option<String> {
    match document.body(heading) {
        None => Some(format!("section \"{heading}\" is missing")),
        Some("") => Some(format!("section \"{heading}\" is empty: fill it, or write \"None, because …\"")),
        Some(_) => None,
    }
}

/// The first text that stands for something to be written later.
pub(crate) fn placeholder(text: &str) -> Option<String> {
    Regex::new(PLACEHOLDERS).ok()?.find(text).map(|found| found.as_str().to_owned())
}

/// Cited places that do not exist. Only inside the code spans of prose, where paths stand.
fn citations(host: &dyn Host, text: &str) -> Vec<String> {
    let Ok(regex) = Regex::new(CITATION) else { return vec![] };
    let mut seen: Vec<(&str, &str)> = vec![];
    for line in text.lines() {
        let spans = line.split('`').skip(1).step_by(2);
        for found in spans.flat_map(|span| regex.captures_iter(span)) {
            let (Some(path), Some(line)) = (found.get(1), found.get(2)) else { continue };
            let place = (path.as_str(), line.as_str());
            if seen.len() < MAX_CITATIONS && !seen.contains(&place) {
                seen.push(place);
            }
        }
    }
    seen.into_iter().filter_map(|(path, line)| cited(host, path, line.parse().ok()?)).collect()
}

fn cited(host: &dyn Host, cited: &str, line: usize) -> Option<String> {
    let path = path::clean(cited).ok()?;
    match host.load(&path) {
        Ok(content) => {
            let lines = String::from_utf8_lossy(&content).lines().count();
            (line == 0 || line > lines).then(|| format!("{cited}:{line} is cited, but the file has {lines} lines"))
        }
        // Without a directory it may as well be a host and its port.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && cited.contains('/') => {
            Some(format!("{cited}:{line} is cited, but there is no such file; cite lines of existing files only"))
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    fn check(text: &str) -> Vec<String> {
        let host = mock::Host::new().file("src/a.rs", "one\ntwo\n");
        problems(&host, &Sections::parse(text), &["Problem".into(), "Risks".into()])
    }

    #[test]
    fn a_filled_document_passes() {
        assert_eq!(
            check("# T\n## Problem\nSee `src/a.rs:2` and `localhost.local:8080`.\n## Risks\nNone, because …"),
            [""; 0]
        );
    }

    #[test]
    fn missing_and_empty_sections_are_named() {
        assert_eq!(
            check("# T\n## Problem\n\n"),
            ["section \"Problem\" is empty: fill it, or write \"None, because …\"", "section \"Risks\" is missing"]
        );
    }

    #[test]
    fn placeholders_and_wrong_citations_are_named() {
        let found = check("## Problem\nTBD, see `src/b.rs:1` and `src/a.rs:3`.\n## Risks\nx");
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].contains("\"TBD\"") && found[1].contains("no such file") && found[2].contains("has 2 lines"),
            "{found:?}"
        );
    }

    #[test]
    fn a_novel_is_too_long() {
        let text = format!("## Problem\n{}\n## Risks\nx", "word ".repeat(MAX_WORDS));
        assert!(check(&text)[0].contains("shorten"));
    }
}
