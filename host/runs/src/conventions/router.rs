//! The task router: a Markdown table `| Task | Guide |`. A goal matches a row where they share a word that says
//! something; several rows can match, and all their guides apply.

use crate::markdown::{Role, code_spans, outline};
use crate::words::stems;
use skillhost_core::path::SkillPath;
use std::collections::BTreeSet;

const TASKS: &[&str] = &["task", "tasks", "task type", "topic", "area", "when", "working on", "if you are"];
const GUIDES: &[&str] = &["guide", "guides", "read", "document", "documents", "docs", "file", "see", "reference"];
/// A guide is a document; code that a row mentions is none.
const ENDINGS: &[&str] = &[".md", ".mdx", ".markdown", ".txt", ".rst", ".adoc"];
/// What a directory stands for.
const INDEX: &[&str] = &["AGENTS.md", "SKILL.md", "README.md"];

/// The guides that a document's routers name for `goal`, as they are spelled there: those of the rows that share most
/// words with it first.
pub(super) fn guides(text: &str, goal: &str) -> Vec<String> {
    let goal: BTreeSet<String> = stems(goal).into_iter().collect();
    let mut matched: Vec<(usize, Vec<String>)> = Vec::new();
    let mut columns: Option<(usize, usize)> = None;
    for line in outline(text) {
        let row = (line.role == Role::Prose).then(|| cells(line.text)).flatten();
        let Some(row) = row else {
            columns = None;
            continue;
        };
        match columns {
            None => columns = header(&row),
            Some((task, guide)) => {
                let (Some(task), Some(guide)) = (row.get(task), row.get(guide)) else {
                    continue;
                };
                let shared = if is_every_task(task) {
                    usize::MAX
                } else {
                    stems(task).iter().filter(|stem| goal.contains(*stem)).count()
                };
                if shared > 0 {
                    matched.push((shared, named(guide)));
                }
            }
        }
    }
    matched.sort_by_key(|(shared, _)| std::cmp::Reverse(*shared));
    let mut seen = BTreeSet::new();
    matched.into_iter().flat_map(|(_, guides)| guides).filter(|guide| seen.insert(guide.clone())).collect()
}

/// The file that a guide means: relative to the router's directory, or to the root. None unless it is in the tree.
pub(super) fn resolve(router: &SkillPath, guide: &str, tree: &BTreeSet<SkillPath>) -> Option<SkillPath> {
    if guide.split('/').any(|component| component == "..") {
        return None;
    }
    let dir = router.parent()?;
    [dir, SkillPath::root()].into_iter().find_map(|dir| {
        let path = dir.join(guide).ok()?;
        if tree.contains(&path) {
            return Some(path);
        }
        INDEX.iter().find_map(|name| path.join(name).ok().filter(|path| tree.contains(path)))
    })
}

/// The cells of a table's row; `\|` and `|` inside code don't part cells.
fn cells(line: &str) -> Option<Vec<String>> {
    let line = line.trim();
    let inner = line.strip_prefix('|')?;
    let mut cells = vec![String::new()];
    let mut in_code = false;
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.peek() == Some(&'|') => {
                chars.next();
                push(&mut cells, '|');
            }
            '|' if !in_code => cells.push(String::new()),
            _ => {
                in_code ^= c == '`';
                push(&mut cells, c);
            }
        }
    }
    if cells.len() > 1 && cells.last().is_some_and(|cell| cell.trim().is_empty()) {
        cells.pop();
    }
    Some(cells.into_iter().map(|cell| cell.trim().to_owned()).collect())
}

fn push(cells: &mut [String], c: char) {
    if let Some(cell) = cells.last_mut() {
        cell.push(c);
    }
}

/// The columns of a router's header.
fn header(row: &[String]) -> Option<(usize, usize)> {
    let column = |names: &[&str]| {
        row.iter().position(|cell| {
            let cell = cell.trim_matches(['*', '_', ' ', ':']).to_lowercase();
            names.contains(&cell.as_str())
        })
    };
    let (task, guide) = (column(TASKS)?, column(GUIDES)?);
    (task != guide).then_some((task, guide))
}

fn is_every_task(cell: &str) -> bool {
    let mut words = cell.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some()
        && words.all(|word| {
            ["all", "always", "any", "anything", "change", "changes", "code", "every", "everything", "task", "tasks"]
                .contains(&word.to_lowercase().as_str())
        })
}

/// Paths that a cell names, in links, in code, or plainly. Those with a scheme, a placeholder or a wildcard are none.
fn named(cell: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut offer = |candidate: &str| {
        let path = candidate.split('#').next().unwrap_or_default().trim();
        let path = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
        let document = ENDINGS.iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
        let folder = candidate.trim_end().ends_with('/') && !path.is_empty();
        let odd = path.contains([':', '*', '<', '>', '{', '}', '%', '?', ' ', '\\']) || path.starts_with('/');
        if (document || folder) && !odd && !found.contains(&path.to_owned()) {
            found.push(path.to_owned());
        }
    };
    for target in link_targets(cell) {
        offer(target);
    }
    for code in code_spans(cell) {
        offer(code);
    }
    let plain = cell.split(|c: char| c.is_whitespace() || "`()[],;".contains(c));
    for word in plain {
        offer(word.trim_end_matches('.'));
    }
    found
}

/// Targets of inline links `[text](target)`.
fn link_targets(cell: &str) -> impl Iterator<Item = &str> {
    cell.split("](").skip(1).filter_map(|rest| {
        let target = rest.split(')').next()?.trim().trim_start_matches('<').trim_end_matches('>');
        // A title may follow the target.
        target.split_whitespace().next()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_router_is_recognised_by_its_header() {
        let guides_of = |header: &str| guides(&format!("{header}\n|---|---|\n| leads | a.md |\n"), "leads");
        assert_eq!(guides_of("| Task | Guide |"), ["a.md"]);
        assert_eq!(guides_of("| **Task** | Read |"), ["a.md"]);
        assert!(guides_of("| Command | Meaning |").is_empty());
        assert!(guides_of("```\n| Task | Guide |").is_empty());
    }

    #[test]
    fn rows_that_share_more_words_come_first() {
        let table = "| Task | Guide |\n|:--|--|\n| pages | one.md |\n| **Group** | |\n| lead pages | two.md |\n\
            | Any task | always.md |\n| workers | three.md |\n";
        assert_eq!(guides(table, "Add a page for leads"), ["always.md", "two.md", "one.md"]);
        assert!(guides("| Task | Guide |\n|--|--|\n| Adding a thing | x.md |", "Add another one").is_empty());
    }

    #[test]
    fn guides_stand_in_links_in_code_or_plainly() {
        let cell = "`packages/core/AGENTS.md` → API + [x](.ai/docs/x.md \"title\"), see docs/y.md. `src/a.ts` ./skills/z/ \
            `.ai/skills/{a,b}/SKILL.md` `packages/<module>/AGENTS.md`";
        assert_eq!(named(cell), [".ai/docs/x.md", "packages/core/AGENTS.md", "docs/y.md", "skills/z"]);
    }

    #[test]
    fn a_guide_is_sought_beside_its_router_and_at_the_root() {
        let tree: BTreeSet<SkillPath> = ["a/docs/x.md", "docs/x.md", "docs/y.md", "skills/z/SKILL.md"]
            .into_iter()
            .map(|path| SkillPath::parse(path).unwrap())
            .collect();
        let router = SkillPath::parse("a/AGENTS.md").unwrap();
        let resolved = |guide: &str| resolve(&router, guide, &tree).map(|path| path.as_str().to_owned());
        assert_eq!(resolved("docs/x.md").as_deref(), Some("a/docs/x.md"));
        assert_eq!(resolved("docs/y.md").as_deref(), Some("docs/y.md"));
        assert_eq!(resolved("skills/z").as_deref(), Some("skills/z/SKILL.md"));
        assert_eq!(resolved("../docs/x.md"), None);
    }

    #[test]
    fn hostile_tables_are_only_text() {
        assert!(guides(&"|".repeat(100_000), "leads").is_empty());
        let ragged = "| Task | Guide |\n|\n| leads\n| leads | `a|b.md` | c.md |||\n";
        assert_eq!(guides(ragged, "leads"), ["a|b.md"]);
        assert_eq!(guides("| Guide | Task |\n| x.md | leads \\| more |", "leads"), ["x.md"]);
    }
}
