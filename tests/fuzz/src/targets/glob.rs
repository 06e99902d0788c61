//! Globs: patterns, one a line, and a path.

use super::{Target, join, texts};
use skillhost_core::glob::{Globs, Layers, MAX_PATTERN_BYTES, MAX_PATTERNS};
use skillhost_core::path::SkillPath;

pub(super) const TARGET: Target = Target {
    name: "glob",
    check,
    seeds,
    words: &[
        "**", "*", "?", "/", "[!a]", "[a-z]", "{a,b}", "{a/b,c}", "\\", "**/", "/**", "..", ".git", "src", "a", "b",
    ],
    mutations: 8_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let pairs = [
        ("src/*.rs\ndocs/**", "docs/a/b.md"),
        ("{a,b/c}/d\npkg-*/x/**", "b/c/d"),
        ("**/[a-z]?.md", "x/y/ab.md"),
        ("src[!x]lib", "src/lib"),
        ("a\\*b", "a*b"),
    ];
    pairs.map(|(patterns, path)| join([patterns.as_bytes(), path.as_bytes()])).into()
}

fn check(data: &[u8]) {
    let [patterns, path] = texts(data);
    let patterns: Vec<&str> = patterns.lines().collect();
    let Ok(globs) = Globs::parse(&patterns) else { return };
    assert!(patterns.len() <= MAX_PATTERNS && patterns.iter().all(|pattern| pattern.len() <= MAX_PATTERN_BYTES));
    assert!(!patterns.iter().any(|p| p.is_empty() || p.starts_with('/') || p.split('/').any(|part| part == "..")));
    assert_eq!(globs.patterns(), patterns);
    let again: Globs =
        serde_json::from_value(serde_json::to_value(&globs).expect("plain texts")).expect("the same list");
    assert_eq!(again, globs);

    let Ok(path) = SkillPath::parse(&path) else { return };
    let matches = globs.matches(&path);
    let one_of_them = patterns.iter().any(|pattern| Globs::parse([pattern]).is_ok_and(|globs| globs.matches(&path)));
    assert_eq!(matches, one_of_them, "a list matches where one of it does: {patterns:?} {path}");
    for above in above(&path) {
        assert!(!matches || globs.may_match_beneath(&above), "{patterns:?} matches {path}, unseen from {above}");
        assert!(matches || !globs.covers_beneath(&above), "{patterns:?} covers {above}, and doesn't match {path}");
    }
    for pattern in &patterns {
        check_one(pattern, &path);
    }
    let mut layers = Layers::from([globs]);
    assert_eq!(layers.matches(&path), matches);
    layers.narrow(Globs::none());
    assert!(!layers.matches(&path) && layers.is_empty());
    assert!(!Layers::default().matches(&path));
}

/// A pattern without `**` matches paths of as many components as it has itself.
fn check_one(pattern: &str, path: &SkillPath) {
    let globs = Globs::parse([pattern]).expect("one of a list that parsed");
    if pattern.contains("**") || pattern.contains(['{', '}']) || !globs.matches(path) {
        return;
    }
    let parts = pattern.split('/').count();
    assert_eq!(path.components().count(), parts, "{pattern:?} matches {path}");
}

fn above(path: &SkillPath) -> Vec<SkillPath> {
    std::iter::successors(path.parent(), SkillPath::parent).collect()
}
