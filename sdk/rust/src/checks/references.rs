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
            for name in declared(line.text) {
                gone.entry(name).or_insert((file, line));
            }
        }
    }
    if gone.is_empty() || gone.len() > MAX_NAMES {
        return vec![];
    }
    // A name that is declared anywhere is not gone; it may be the other one that is referred to.
    let mut used: BTreeMap<&str, (String, u32)> = BTreeMap::new();
    let mut still: BTreeSet<&str> = BTreeSet::new();
    let mut left = MAX_SEARCHED_BYTES;
    for path in scene.tree().files.iter().filter(|path| is_code(path) || extension(path) == "html") {
        let Some(text) = scene.change.text(path).filter(|text| text.len() <= left) else { continue };
        left -= text.len();
        for (number, line) in (1..).zip(text.lines()) {
            let known = |name: &str| gone.get_key_value(name).map(|(name, _)| *name);
            still.extend(declared(line).into_iter().filter_map(known));
            for name in mentioned(line).into_iter().filter_map(known) {
                used.entry(name).or_insert_with(|| (path.clone(), number));
            }
        }
    }
    let hit = |(name, (path, number)): (&str, (String, u32))| {
        let (file, line) = gone.get(name).filter(|_| !still.contains(name))?;
        Some(Hit {
            message: format!("`{name}` is gone, and {path}:{number} still refers to it."),
            suggestion: "Change what refers to it, or keep it.",
            ..Hit::at(&file.path, *line)
        })
    };
    used.into_iter().filter_map(hit).collect()
}

/// What a line declares: a symbol, or routes and flags.
fn declared(line: &str) -> Vec<&str> {
    symbol(line).into_iter().chain(routes_and_flags(line)).collect()
}

/// The symbol that a line declares.
fn symbol(line: &str) -> Option<&str> {
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

/// `"/leads/withdraw"` and `"--dry-run"` where a line declares them: elsewhere they are referred to.
fn routes_and_flags(line: &str) -> Vec<&str> {
    const ROUTES: &[&str] = &[
        ".get(",
        ".post(",
        ".put(",
        ".patch(",
        ".delete(",
        ".route(",
        "route(",
        "Route",
        "HandleFunc(",
        "Handle(",
        "path(",
        "\"GET\"",
        "\"POST\"",
        "\"PUT\"",
        "\"PATCH\"",
        "\"DELETE\"",
        "(_, \"",
        "#[get",
        "#[post",
        "get '",
        "post '",
        "Mapping(",
    ];
    const FLAGS: &[&str] = &["arg(", "add_argument(", "option(", "flag", "long", "Flag", "Option"];
    let code = code(line);
    let declares = |marks: &[&str]| marks.iter().any(|mark| code.contains(mark));
    let is_plain = |text: &&str| {
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | ':');
        text.len() >= MIN_NAME_CHARS && text.chars().all(in_name)
    };
    let is_route = |text: &str| text.starts_with('/') && text.matches('/').count() >= 2 && declares(ROUTES);
    let is_flag = |text: &str| text.starts_with("--") && declares(FLAGS);
    literals(code).into_iter().filter(is_plain).filter(|text| is_route(text) || is_flag(text)).collect()
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
