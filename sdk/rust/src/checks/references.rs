//! Check 24: a symbol, a route or a flag that is gone, and is still referred to.

use std::collections::{BTreeMap, BTreeSet};

use super::line::{code, extension, is_code, is_product, literals, words};
use super::{Hit, Scene};
use crate::changed::{ChangedFile, Line};

/// More removed names than this are a rewrite.
const MAX_NAMES: usize = 200;
/// What is searched, in bytes.
const MAX_SEARCHED_BYTES: usize = 16 << 20;
/// A shorter name is anybody's.
const MIN_NAME_CHARS: usize = 6;

pub(super) fn find(scene: &Scene<'_>) -> Vec<Hit> {
    let mut gone: BTreeMap<&str, (&ChangedFile, Line<'_>)> = BTreeMap::new();
    for file in scene.change.files.iter().filter(|file| is_product(&file.path)) {
        for line in file.removed() {
            let names = declared(line.text).into_iter().chain(routes_and_flags(line.text));
            names.for_each(|name| {
                gone.entry(name).or_insert((file, line));
            });
        }
    }
    if gone.is_empty() || gone.len() > MAX_NAMES {
        return vec![];
    }
    // A name that is declared anywhere else is not gone; it may be the other one that is referred to.
    let mut used: BTreeMap<&str, (String, u32)> = BTreeMap::new();
    let mut declared_elsewhere: BTreeSet<&str> = BTreeSet::new();
    let mut left = MAX_SEARCHED_BYTES;
    for path in scene.tree().files.iter().filter(|path| is_code(path) || extension(path) == "html") {
        let Some(text) = scene.change.text(path).filter(|text| text.len() <= left) else { continue };
        left -= text.len();
        for (number, line) in (1..).zip(text.lines()) {
            let still = declared(line).into_iter().filter_map(|name| gone.get_key_value(name));
            declared_elsewhere.extend(still.map(|(name, _)| *name));
            for name in mentioned(line) {
                if let Some((name, _)) = gone.get_key_value(name) {
                    used.entry(*name).or_insert_with(|| (path.clone(), number));
                }
            }
        }
    }
    let hit = |(name, (path, number)): (&str, (String, u32))| {
        let (file, line) = gone.get(name)?;
        (!declared_elsewhere.contains(name)).then(|| Hit {
            message: format!("`{name}` is gone, and {path}:{number} still refers to it."),
            suggestion: "Change what refers to it, or keep it.",
            ..Hit::at(&file.path, *line)
        })
    };
    used.into_iter().filter_map(hit).collect()
}

/// The name that a line declares.
fn declared(line: &str) -> Option<&str> {
    const WORDS: &[&str] =
        &["fn", "def", "class", "func", "function", "struct", "enum", "trait", "interface", "type", "const", "static"];
    let code = code(line);
    let mut before = "";
    for word in words(code).take(6) {
        if WORDS.contains(&before) && !WORDS.contains(&word) {
            return is_rare(word).then_some(word);
        }
        before = word;
    }
    None
}

/// A name of several words, or a long one: others are shared by what has nothing to do with each other.
fn is_rare(name: &str) -> bool {
    let inner = name.trim_matches('_');
    let several = inner.contains('_') || inner.chars().skip(1).any(char::is_uppercase);
    name.chars().count() >= if several { MIN_NAME_CHARS } else { 2 * MIN_NAME_CHARS }
}

/// `"/leads/withdraw"` where a route is declared, `"--dry-run"` anywhere.
fn routes_and_flags(line: &str) -> Vec<&str> {
    let is_route = |text: &&str| {
        let plain = text.len() >= MIN_NAME_CHARS
            && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | ':'));
        (text.starts_with('/') && text.matches('/').count() >= 2 || text.starts_with("--")) && plain
    };
    literals(code(line)).into_iter().filter(is_route).collect()
}

/// All that a line may refer to.
fn mentioned(line: &str) -> Vec<&str> {
    let code = code(line);
    let mut names: Vec<&str> = words(code).collect();
    if code.contains(['"', '\'', '`']) {
        names.extend(literals(code).into_iter().filter(|text| text.starts_with(['/', '-'])));
    }
    names
}
