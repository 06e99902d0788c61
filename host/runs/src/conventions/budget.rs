//! Keeps conventions within their budget: the longest documents are cut first, and from each the sections that
//! matter least.

use super::{Document, Rule, Warning};
use crate::markdown::{Role, outline};

/// Stands where text was left out.
const NOTE: &str = "\n[… left out to stay within the size limit; the file holds the rest]\n";

/// Cuts `documents` until they fit into `max_bytes` together, and says what was cut.
///
/// Every document may keep the same number of bytes, and what a short one doesn't need goes to the long ones, so that
/// one huge file can't push out the others.
pub(super) fn fit(documents: &mut [Document], max_bytes: usize) -> Vec<Warning> {
    let share = share(documents.iter().map(|document| document.text.len()).collect(), max_bytes);
    let mut warnings = Vec::new();
    for document in documents.iter_mut().filter(|document| document.text.len() > share) {
        let bytes = document.text.len();
        let (text, sections) = cut(&document.text, share);
        document.text = text;
        warnings.push(Warning::Cut { path: document.path.clone(), bytes, kept_bytes: document.text.len(), sections });
    }
    warnings
}

/// The most that any document may keep.
fn share(mut lengths: Vec<usize>, max_bytes: usize) -> usize {
    lengths.sort_unstable();
    let mut left = max_bytes;
    let mut waiting = lengths.len();
    for length in lengths {
        let share = left / waiting;
        if length > share {
            return share;
        }
        left -= length;
        waiting -= 1;
    }
    max_bytes
}

/// A part of a document: its heading, and the lines up to the next one.
struct Section<'a> {
    heading: &'a str,
    text: &'a str,
    worth: Worth,
}

/// What is kept first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Rule,
    Prose,
    /// A router has been followed already.
    Router,
}

/// Keeps the sections that matter most, in their order; the headings of the others are returned.
fn cut(text: &str, max_bytes: usize) -> (String, Vec<String>) {
    let sections = sections(text);
    let mut room = max_bytes.saturating_sub(NOTE.len());
    let mut order: Vec<usize> = (0..sections.len()).collect();
    order.sort_by_key(|at| (sections[*at].worth, *at));
    let mut kept: Vec<&str> = vec![""; sections.len()];
    let mut full = false;
    for at in order {
        let section = &sections[at];
        let part = head(section.text, room);
        // Where something was cut already, crumbs of later sections would only confuse.
        if part.len() == section.text.len() || !full {
            kept[at] = part;
            room -= part.len();
        }
        full |= part.len() < section.text.len();
    }
    let left_out = sections
        .iter()
        .zip(&kept)
        .filter(|(section, kept)| kept.len() < section.text.len() && !section.heading.is_empty())
        .map(|(section, _)| section.heading.to_owned())
        .collect();
    let mut text = kept.concat();
    text.push_str(head(NOTE, max_bytes - text.len()));
    (text, left_out)
}

/// The longest beginning of whole lines; where not one line fits, of whole characters.
fn head(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let end = text.floor_char_boundary(max_bytes);
    match text[..end].rfind('\n') {
        Some(newline) => &text[..=newline],
        None => &text[..end],
    }
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut starts: Vec<(usize, &str, Worth)> = vec![(0, "", Worth::Prose)];
    let mut rule: Option<u8> = None;
    let mut at = 0;
    for (line, raw) in outline(text).into_iter().zip(text.split_inclusive('\n')) {
        match line.role {
            Role::Heading(level) => {
                if rule.is_none_or(|outer| level <= outer) {
                    rule = Rule::of_heading(line.text).map(|_| level);
                }
                let worth = if rule.is_some() { Worth::Rule } else { Worth::Prose };
                starts.push((at, line.text, worth));
            }
            Role::Prose if is_router_row(raw) => {
                if let Some(last) = starts.last_mut().filter(|(_, _, worth)| *worth == Worth::Prose) {
                    last.2 = Worth::Router;
                }
            }
            _ => {}
        }
        at += raw.len();
    }
    let ends = starts.iter().skip(1).map(|(at, _, _)| *at).chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((start, heading, worth), end)| Section { heading, text: &text[*start..end], worth: *worth })
        .collect()
}

fn is_router_row(line: &str) -> bool {
    let line = line.to_lowercase();
    line.starts_with('|') && line.contains("task") && line.contains("guide")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use skillhost_core::path::SkillPath;

    fn document(text: &str) -> Document {
        Document { path: SkillPath::parse("AGENTS.md").unwrap(), text: text.to_owned() }
    }

    #[test]
    fn what_fits_stays_whole() {
        let mut documents = [document("a\n"), document(&"b\n".repeat(10))];
        assert!(fit(&mut documents, 22).is_empty());
        assert_eq!(documents[0].text, "a\n");
    }

    #[test]
    fn a_huge_document_leaves_the_others_their_share() {
        let mut documents = [document(&"x".repeat(100_000)), document("short\n"), document(&"y\n".repeat(200))];
        let warnings = fit(&mut documents, 1000);
        assert_eq!(warnings.len(), 1);
        assert_eq!(documents[1].text, "short\n");
        assert_eq!(documents[2].text.len(), 400);
        assert!(documents[0].text.len() <= 594 && documents[0].text.len() > 500);
    }

    #[test]
    fn rules_are_kept_before_prose_and_the_router_goes_first() {
        let text = format!(
            "intro\n## Router\n| Task | Guide |\n{}## Style\n{}## Never\n### Data\nNo leaks.\n",
            "| a | b |\n".repeat(30),
            "style\n".repeat(20)
        );
        let (kept, left_out) = cut(&text, 260);
        assert!(
            kept.starts_with("intro\n") && kept.contains("## Style\n") && kept.contains("### Data\nNo leaks.\n"),
            "{kept}"
        );
        assert!(kept.ends_with(NOTE));
        assert_eq!(left_out, ["Router"]);
    }

    #[test]
    fn a_warning_names_what_is_left_out() {
        let mut documents = [document(&format!("# One\nx\n# Two\n{}", "y\n".repeat(500)))];
        let shown = fit(&mut documents, 200)[0].to_string();
        assert!(shown.starts_with("AGENTS.md was cut from 1014 to ") && shown.ends_with("left out: Two"), "{shown}");
    }

    proptest! {
        #[test]
        fn the_budget_holds(texts in prop::collection::vec("([a-zé#|\\n `]{0,40}\n){0,8}", 0..6), max in 0usize..300) {
            let mut documents: Vec<Document> = texts.iter().map(|text| document(text)).collect();
            let before: usize = texts.iter().map(String::len).sum();
            let warnings = fit(&mut documents, max);
            let after: usize = documents.iter().map(|document| document.text.len()).sum();
            prop_assert!(after <= max);
            prop_assert_eq!(warnings.is_empty(), before <= max);
        }
    }
}
