//! What a project asks of whoever changes it: `AGENTS.md` at the root and nested ones, and the guides that its task
//! router names for a goal. They go into every brief.
//!
//! Outermost first, so that the nearest has the last word. Together they stay under a budget; what was cut is said.

mod budget;
mod router;
mod rules;

use crate::tree::{Tree, read_text};
use skillhost_core::glob::Globs;
use skillhost_core::path::SkillPath;
use skillhost_core::text::escape_terminal;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use rules::{Rule, validation_commands};

/// The file that holds a directory's conventions.
pub const FILE: &str = "AGENTS.md";
/// All conventions of a brief together: what common agents read, and little beside a model's window.
pub const MAX_TOTAL_BYTES: usize = 32 * 1024;
/// Conventions beyond this many would each be cut to nothing.
pub const MAX_DOCUMENTS: usize = 24;
/// Guides that one goal can bring in.
pub const MAX_GUIDES: usize = 8;
/// Contradictions that are told.
const MAX_CONTRADICTIONS: usize = 5;
/// Words of a goal that are looked at for paths.
const MAX_GOAL_WORDS: usize = 500;
/// What is read of one file: far more than is kept, so that sections can be chosen from the whole of it.
const MAX_FILE_BYTES: usize = 512 * 1024;

/// A text file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where it stands.
    pub path: SkillPath,
    /// What it says, within the budget.
    pub text: String,
}

/// The conventions of a brief.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conventions {
    /// In the order in which they are to be read; the last one is the nearest.
    pub documents: Vec<Document>,
    /// What a person should know about them.
    pub warnings: Vec<Warning>,
}

/// Something that a project meant to say, and that did not reach the brief. Shown escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A document was cut to stay in the budget.
    Cut {
        /// The document.
        path: SkillPath,
        /// How long it is, as far as it was read.
        bytes: usize,
        /// How much of it was kept.
        kept_bytes: usize,
        /// Headings of the sections that were left out.
        sections: Vec<String>,
    },
    /// More documents apply than a brief takes.
    TooMany {
        /// The documents that were left out.
        paths: Vec<SkillPath>,
    },
    /// A document is not text.
    NotText {
        /// The document.
        path: SkillPath,
    },
    /// A router's row names a guide that is not a file of the repository.
    NoGuide {
        /// The document with the router.
        router: SkillPath,
        /// The guide, as it is spelled there.
        guide: String,
    },
    /// One document says always what another, or itself, says never.
    Contradiction {
        /// What both are about.
        text: String,
        /// Who says always.
        always: SkillPath,
        /// Who says never.
        never: SkillPath,
    },
}

/// The conventions for a goal that touches `files`: `Globs::all()` where nothing is known about that yet.
pub fn conventions(tree: &dyn Tree, goal: &str, files: &Globs) -> Conventions {
    let paths: BTreeSet<SkillPath> = tree.list().into_iter().collect();
    let mut warnings = Vec::new();
    let mut read = |path: &SkillPath| {
        let text = read_text(tree, path, MAX_FILE_BYTES);
        if text.is_none() {
            warnings.push(Warning::NotText { path: path.clone() });
        }
        text
    };

    let mut nearest: Vec<&SkillPath> = paths.iter().filter(|path| applies(path, files)).collect();
    nearest.sort_by_key(|path| (path.components().count(), *path));
    let nearest: Vec<Document> = nearest
        .into_iter()
        .take(4 * MAX_DOCUMENTS)
        .filter_map(|path| Some(Document { text: read(path)?, path: path.clone() }))
        .collect();

    let mut missing = Vec::new();
    let mut guides: Vec<Document> = Vec::new();
    for router in &nearest {
        for guide in router::guides(&router.text, goal) {
            match router::resolve(&router.path, &guide, &paths) {
                Some(path) => {
                    let known = nearest.iter().chain(&guides).any(|document| document.path == path);
                    if !known && guides.len() < MAX_GUIDES {
                        guides.extend(read(&path).map(|text| Document { path, text }));
                    }
                }
                None => missing.push(Warning::NoGuide { router: router.path.clone(), guide }),
            }
        }
    }
    missing.truncate(MAX_GUIDES);
    warnings.extend(missing);

    // The root's own rules first, then what this goal needs, then what is nearest to its files.
    let mut documents = nearest;
    let own =
        usize::from(documents.first().is_some_and(|document| document.path.parent().is_some_and(|dir| dir.is_root())));
    documents.splice(own..own, guides);
    if documents.len() > MAX_DOCUMENTS {
        let paths = documents.drain(MAX_DOCUMENTS..).map(|document| document.path).collect();
        warnings.push(Warning::TooMany { paths });
    }
    warnings.extend(contradictions(&documents));
    warnings.extend(budget::fit(&mut documents, MAX_TOTAL_BYTES));
    Conventions { documents, warnings }
}

/// The files that a goal names and that are there: `src/a.rs`, or a folder with all that is in it. Everything where it
/// names none, since nobody knows yet what it touches.
pub fn files_of_goal(tree: &dyn Tree, goal: &str) -> Globs {
    let paths = tree.list();
    let is_edge = |c: char| !(c.is_alphanumeric() || "._-/".contains(c));
    let named = goal.split_whitespace().take(MAX_GOAL_WORDS).filter_map(|word| {
        let word = word.trim_matches(is_edge).trim_end_matches('.');
        // `src/a.rs:12` names a line, too.
        let word = word.split(':').next().unwrap_or(word);
        let is_path = word.contains(['/', '.']) && !word.contains(['*', '?', '[', '{', '\\']);
        let path = SkillPath::parse(word.trim_end_matches('/')).ok().filter(|path| is_path && !path.is_root())?;
        if paths.contains(&path) {
            return Some(path.as_str().to_owned());
        }
        let folder = format!("{}/", path.as_str());
        paths.iter().any(|file| file.as_str().starts_with(&folder)).then(|| format!("{folder}**"))
    });
    let named: BTreeSet<String> = named.collect();
    if named.is_empty() { Globs::all() } else { Globs::parse(&named).unwrap_or_else(|_| Globs::all()) }
}

/// What one document asks for and another forbids, in the same words.
fn contradictions(documents: &[Document]) -> Vec<Warning> {
    let of = |wanted: Rule| {
        let rules = documents.iter().flat_map(move |document| {
            rules::items(&document.text, wanted).into_iter().map(|text| (text, &document.path))
        });
        // Of several that say the same, the nearest.
        rules.collect::<BTreeMap<String, &SkillPath>>()
    };
    let (always, never) = (of(Rule::Always), of(Rule::Never));
    let both = always.into_iter().filter_map(|(text, always)| {
        let never = never.get(&text)?;
        Some(Warning::Contradiction { always: always.clone(), never: (*never).clone(), text })
    });
    both.take(MAX_CONTRADICTIONS).collect()
}

/// Whether `path` is an `AGENTS.md` of a directory in which `files` could lie.
fn applies(path: &SkillPath, files: &Globs) -> bool {
    path.name() == Some(FILE) && path.parent().is_some_and(|dir| dir.is_root() || files.may_match_beneath(&dir))
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| escape_terminal(text, 120).to_string();
        let list = |items: Vec<String>| {
            let more = items.len().saturating_sub(5);
            let mut text = items.iter().take(5).map(|item| shown(item)).collect::<Vec<_>>().join(", ");
            if more > 0 {
                text.push_str(&format!(" and {more} more"));
            }
            text
        };
        match self {
            Warning::Cut { path, bytes, kept_bytes, sections } => {
                write!(f, "{} was cut from {bytes} to {kept_bytes} bytes", shown(path.as_str()))?;
                if !sections.is_empty() {
                    write!(f, "; left out: {}", list(sections.clone()))?;
                }
                Ok(())
            }
            Warning::TooMany { paths } => {
                let names = paths.iter().map(|path| path.as_str().to_owned()).collect();
                write!(f, "more than {MAX_DOCUMENTS} conventions apply; left out: {}", list(names))
            }
            Warning::NotText { path } => write!(f, "{} is not text in UTF-8", shown(path.as_str())),
            Warning::Contradiction { text, always, never } if always == never => {
                write!(f, "{} says both always and never: {}", shown(always.as_str()), shown(text))
            }
            Warning::Contradiction { text, always, never } => {
                let (always, never) = (shown(always.as_str()), shown(never.as_str()));
                write!(f, "{always} says always what {never} says never, and the nearer one holds: {}", shown(text))
            }
            Warning::NoGuide { router, guide } => {
                write!(f, "{} names a guide that is not in the repository: {}", shown(router.as_str()), shown(guide))
            }
        }
    }
}

#[cfg(test)]
mod tests;
