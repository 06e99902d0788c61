//! Claims about existing code: `path:line` has to exist, and a name that stands beside it has to stand near it there.

use std::collections::BTreeSet;

use regex_lite::{Captures, Regex};
use skillhost_sdk::{Host, path};

/// Citations that are looked up.
const MAX_CITATIONS: usize = 100;
/// Lines around a cited one in which a name that is said to be there may stand.
const NEAR: usize = 5;
const CITATION: &str = r"([A-Za-z0-9_.@+-]+(?:/[A-Za-z0-9_.@+-]+)+|[A-Za-z0-9_@+-][A-Za-z0-9_.@+-]*\.[A-Za-z][A-Za-z0-9]*):(\d{1,7})(?:[-–](\d{1,7}))?";
const SYMBOL: &str = r"^[A-Za-z_][A-Za-z0-9_]*(?:(?:::|\.|#)[A-Za-z_][A-Za-z0-9_]*)*(?:\(\))?$";
/// What may stand between a name and the place where it is said to be.
const LINKS: &[&str] = &["", "at", "in", "from", "of", "see"];
/// Before a name, these say that it is not there yet.
const NEW: &[&str] = &["add", "adds", "added", "new", "insert", "introduce", "create", "append", "rename"];

/// One claim.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    path: String,
    from: usize,
    to: usize,
    symbol: Option<String>,
}

/// What is wrong with the claims of a text. Fenced blocks hold examples, and are not read.
pub(crate) fn problems(host: &dyn Host, text: &str) -> Vec<String> {
    let (Ok(citation), Ok(symbol)) = (Regex::new(CITATION), Regex::new(SYMBOL)) else { return vec![] };
    let mut claims = BTreeSet::new();
    for line in prose(text) {
        for claim in of_line(line, &citation, &symbol) {
            if claims.len() < MAX_CITATIONS {
                claims.insert(claim);
            }
        }
    }
    claims.iter().filter_map(|claim| problem(host, claim)).collect()
}

/// The lines outside fenced blocks.
pub(crate) fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut in_fence = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        in_fence ^= is_fence;
        !in_fence && !is_fence
    })
}

fn of_line(line: &str, citation: &Regex, symbol: &Regex) -> Vec<Claim> {
    // Prose at even places, code at odd ones.
    let spans: Vec<&str> = line.split('`').collect();
    let mut claims = vec![];
    for (at, span) in spans.iter().enumerate() {
        for found in citation.captures_iter(span) {
            let is_whole = at % 2 == 1 && found.get(0).is_some_and(|whole| whole.as_str() == span.trim());
            let beside = if is_whole { name_beside(&spans, at, symbol) } else { None };
            // Prose has colons of its own; a path with a directory is meant as one.
            if at % 2 == 1 || found.get(1).is_some_and(|path| path.as_str().contains('/')) && !is_url(span, &found) {
                claims.extend(claim(&found, beside));
            }
        }
    }
    claims
}

fn is_url(span: &str, found: &Captures<'_>) -> bool {
    found.get(0).is_some_and(|whole| span[..whole.start()].ends_with(['/', ':']))
}

fn claim(found: &Captures<'_>, symbol: Option<String>) -> Option<Claim> {
    let number = |group| found.get(group).and_then(|text| text.as_str().parse().ok());
    let from = number(2)?;
    Some(Claim { path: found.get(1)?.as_str().to_owned(), from, to: number(3).unwrap_or(from), symbol })
}

/// The name in "`render` (`src/a.rs:3`)", "`render` at `src/a.rs:3`" or "`src/a.rs:3` (`render`)".
fn name_beside(spans: &[&str], at: usize, symbol: &Regex) -> Option<String> {
    let is_name = |text: &str| symbol.is_match(text.trim()) && text.trim().len() > 1;
    let links = |text: &str| LINKS.contains(&text.trim_matches([' ', '(', '—', '–', ':']).to_lowercase().as_str());
    let before = at
        .checked_sub(2)
        .and_then(|name| spans.get(name))
        .filter(|name| is_name(name))
        .filter(|_| links(spans[at - 1]));
    let is_new =
        |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| NEW.contains(&word.to_lowercase().as_str()));
    let sentence = |end: usize| spans[..end].concat().rsplit(". ").next().unwrap_or_default().to_owned();
    let name = match before {
        Some(name) => (!is_new(&sentence(at - 2))).then_some(name)?,
        None => {
            let is_bracketed = spans.get(at + 1).is_some_and(|text| *text == " (")
                && spans.get(at + 3).is_some_and(|text| text.starts_with(')'));
            spans.get(at + 2).filter(|name| is_bracketed && is_name(name))?
        }
    };
    let last = name.trim().trim_end_matches("()").rsplit([':', '.', '#']).next()?;
    Some(last.to_owned())
}

fn problem(host: &dyn Host, claim: &Claim) -> Option<String> {
    let Claim { path: cited, from, to, symbol } = claim;
    let path = path::clean(cited).ok()?;
    let content = match host.load(&path) {
        Ok(content) => content,
        // Without a directory it may as well be a host and its port.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && cited.contains('/') => {
            return Some(format!(
                "{cited}:{from} is cited, but there is no such file; cite lines of existing files only"
            ));
        }
        Err(_) => return None,
    };
    let text = String::from_utf8_lossy(&content);
    let lines: Vec<&str> = text.lines().collect();
    if *from == 0 || to < from || *to > lines.len() {
        let place = if from == to { format!("{cited}:{from}") } else { format!("{cited}:{from}-{to}") };
        return Some(format!("{place} is cited, but the file has {} lines", lines.len()));
    }
    let symbol = symbol.as_ref()?;
    let (first, last) = (from.saturating_sub(NEAR + 1), (to + NEAR).min(lines.len()));
    if lines[first..last].iter().any(|line| holds(line, symbol)) {
        return None;
    }
    Some(match lines.iter().position(|line| holds(line, symbol)) {
        Some(at) => format!("`{symbol}` does not stand near {cited}:{from}; the file has it in line {}", at + 1),
        None => format!("`{symbol}` does not stand in {cited}, which is cited for it"),
    })
}

/// Whether a line has the name as a word.
fn holds(line: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(is_part)
            && !line[at + name.len()..].chars().next().is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    fn check(text: &str) -> Vec<String> {
        let code = format!("fn render() {{}}\n{}fn store_all() {{}}\n", "\n".repeat(30));
        problems(&mock::Host::new().file("src/a.rs", &code), text)
    }

    #[test]
    fn what_exists_passes() {
        for text in [
            "See `src/a.rs:2`, src/a.rs:30-32 and `localhost.local:8080`.",
            "`render` (`src/a.rs:3`), `A::store_all()` at `src/a.rs:30`, `src/a.rs:1` (`render`).",
            "A new `missing` (`src/a.rs:3`) stands there later, and `other`, `src/a.rs:4` are two things.",
            "Read https://example.com/src/b.rs:80 and 10:30 and a/b.",
            "```\nsrc/b.rs:1: error\n```",
        ] {
            assert_eq!(check(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_file_a_line_and_a_range_have_to_be_there() {
        assert_eq!(
            check("`src/b.rs:1`"),
            ["src/b.rs:1 is cited, but there is no such file; cite lines of existing files only"]
        );
        assert_eq!(check("In src/b.rs:1 it is."), check("`src/b.rs:1`"), "with or without marks");
        assert_eq!(check("`src/a.rs:33`"), ["src/a.rs:33 is cited, but the file has 32 lines"]);
        assert_eq!(check("`src/a.rs:30-40`"), ["src/a.rs:30-40 is cited, but the file has 32 lines"]);
        assert_eq!(check("`src/a.rs:0`").len(), 1);
        assert_eq!(check("`bin/none:3`").len(), 1, "a file without an ending");
    }

    #[test]
    fn a_name_beside_a_place_has_to_stand_near_it() {
        assert_eq!(
            check("`store_all` (`src/a.rs:3`) keeps it."),
            ["`store_all` does not stand near src/a.rs:3; the file has it in line 32"]
        );
        assert_eq!(
            check("`Site::absent` in `src/a.rs:3`"),
            ["`absent` does not stand in src/a.rs, which is cited for it"]
        );
        assert_eq!(check("`src/a.rs:3` (`store`)"), ["`store` does not stand in src/a.rs, which is cited for it"]);
    }

    #[test]
    fn many_claims_are_bounded() {
        let many: String = (0..10_000).map(|n| format!("`src/x{n}.rs:1` ")).collect();
        assert_eq!(check(&many).len(), MAX_CITATIONS);
        assert!(check(&"`".repeat(100_000)).is_empty());
    }
}
