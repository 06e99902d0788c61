//! Globs over worktree paths: `*`, `?` and `[…]` stay within a component, `**` crosses them.

use crate::path::SkillPath;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Most patterns in one list.
pub const MAX_PATTERNS: usize = 256;
/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 512;

/// A list of globs; a path matches where any of them does. Cloned for each call, so its parts are shared.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Globs {
    patterns: Arc<Vec<String>>,
    set: Arc<GlobSet>,
    everything: bool,
}

/// Why a list of globs is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GlobError {
    /// The pattern is no glob, absolute, or leads upwards.
    #[error("`{pattern}` is not a glob under the worktree: {reason}")]
    Pattern {
        /// The pattern as it was written.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More than [`MAX_PATTERNS`].
    #[error("more than {MAX_PATTERNS} globs in one list")]
    TooMany,
}

impl Globs {
    /// Reads a list of globs.
    ///
    /// # Errors
    /// Where one of them can't be a glob under a worktree, or there are too many.
    pub fn parse<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, GlobError> {
        let patterns: Vec<String> = patterns.into_iter().map(|p| p.as_ref().to_owned()).collect();
        if patterns.len() > MAX_PATTERNS {
            return Err(GlobError::TooMany);
        }
        let mut builder = GlobSetBuilder::new();
        for pattern in &patterns {
            builder.add(glob(pattern)?);
        }
        let set =
            builder.build().map_err(|e| GlobError::Pattern { pattern: patterns.join(", "), reason: e.to_string() })?;
        let everything = patterns.iter().any(|p| p == "**" || p == "**/*");
        Ok(Self { patterns: Arc::new(patterns), set: Arc::new(set), everything })
    }

    /// Matches nothing.
    pub fn none() -> Self {
        Self { patterns: Arc::default(), set: Arc::new(GlobSet::empty()), everything: false }
    }

    /// Matches every path.
    pub fn all() -> Self {
        Self { patterns: Arc::new(vec!["**".to_owned()]), set: Arc::new(GlobSet::empty()), everything: true }
    }

    /// Whether a pattern matches `path`.
    pub fn matches(&self, path: &SkillPath) -> bool {
        self.everything || self.set.is_match(path.as_str())
    }

    /// Whether a path at or beneath the directory `dir` could match: what makes a directory worth listing.
    pub fn may_match_beneath(&self, dir: &SkillPath) -> bool {
        self.everything || dir.is_root() && !self.patterns.is_empty() || self.patterns.iter().any(|p| reaches(p, dir))
    }

    /// Whether every path at and beneath the directory `dir` matches, as far as that can be told from the patterns.
    pub fn covers_beneath(&self, dir: &SkillPath) -> bool {
        self.everything
            || self.patterns.iter().any(|pattern| {
                pattern.strip_suffix("/**").is_some_and(|prefix| {
                    !prefix.contains(['*', '?', '[', '{', '\\'])
                        && SkillPath::parse(prefix).is_ok_and(|prefix| dir.starts_with(&prefix))
                })
            })
    }

    /// Whether every path that `pattern` matches is matched here, as far as that can be told from the patterns: by the
    /// same one, by `FOLDER/**` for one that begins with that folder, or by any for one that names a single path.
    pub fn covers(&self, pattern: &str) -> bool {
        let is_special = |text: &str| text.contains(['*', '?', '[', ']', '{', '}', '\\']);
        let single = || if is_special(pattern) { None } else { SkillPath::parse(pattern).ok() };
        self.everything
            || single().is_some_and(|path| self.matches(&path))
            || self.patterns.iter().any(|own| {
                let folder = own.strip_suffix("**").filter(|folder| folder.ends_with('/') && !is_special(folder));
                // A brace may hold a whole path; one that begins behind the folder stays in it.
                own == pattern || folder.is_some_and(|f| pattern.strip_prefix(f).is_some_and(|rest| !rest.is_empty()))
            })
    }

    /// The patterns as they were written.
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

/// Lists that narrow each other: a path matches where every list does. Without a list, nothing matches.
#[derive(Debug, Clone, Default)]
pub struct Layers(Vec<Globs>);

impl Layers {
    /// One more list to match.
    pub fn narrow(&mut self, globs: Globs) {
        self.0.push(globs);
    }

    /// Whether every list matches `path`.
    pub fn matches(&self, path: &SkillPath) -> bool {
        self.all(|globs| globs.matches(path))
    }

    /// See [`Globs::may_match_beneath`].
    pub fn may_match_beneath(&self, dir: &SkillPath) -> bool {
        self.all(|globs| globs.may_match_beneath(dir))
    }

    /// Whether nothing can match: there is no list, or an empty one among them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(Globs::is_empty)
    }

    fn all(&self, holds: impl Fn(&Globs) -> bool) -> bool {
        !self.0.is_empty() && self.0.iter().all(holds)
    }
}

impl<const N: usize> From<[Globs; N]> for Layers {
    fn from(lists: [Globs; N]) -> Self {
        Self(lists.into())
    }
}

impl fmt::Display for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, globs) in self.0.iter().enumerate() {
            write!(f, "{}{globs}", if at == 0 { "" } else { " and " })?;
        }
        Ok(())
    }
}

fn glob(pattern: &str) -> Result<Glob, GlobError> {
    let refuse = |reason: &str| GlobError::Pattern { pattern: pattern.to_owned(), reason: reason.to_owned() };
    if pattern.is_empty() || pattern.len() > MAX_PATTERN_BYTES {
        return Err(refuse("it is empty or too long"));
    }
    if pattern.starts_with('/') {
        return Err(refuse("it is absolute; globs are relative to the worktree's root"));
    }
    if pattern.split('/').any(|c| c == "..") {
        return Err(refuse("`..` leads out of the worktree"));
    }
    // Paths are normal, so it would match nothing; and where it is to protect something, nobody would notice.
    if pattern.split('/').any(|c| c.is_empty() || c == ".") {
        return Err(refuse("it holds `.` or an empty component, which no path does"));
    }
    GlobBuilder::new(&within_components(pattern).map_err(refuse)?)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(false)
        .build()
        .map_err(|e| refuse(&e.kind().to_string()))
}

/// The pattern with its classes kept within a component: `globset` lets `[!x]` and `[+-9]` match `/`.
fn within_components(pattern: &str) -> Result<String, &'static str> {
    let mut kept = String::with_capacity(pattern.len());
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        kept.push(c);
        match c {
            '\\' => kept.extend(rest.next()),
            '[' => {
                // A `]` that stands first is one of its characters. Without an end it is refused further on.
                let text = rest.as_str();
                let negated = text.starts_with(['!', '^']);
                let inside = &text[usize::from(negated)..];
                let end = inside.char_indices().skip(1).find(|(_, c)| *c == ']').map(|(at, _)| at);
                let Some(members) = end.map(|end| &inside[..end]) else { continue };
                if covers_separator(members) {
                    return Err("a class `[…]` holds `/`; only `**` and `/` itself match one");
                }
                if members.len() > 2 && members.ends_with("--") {
                    return Err("a class `[…]` ends with `--`, which can be read in two ways");
                }
                kept.push_str(&text[..text.len() - inside.len()]);
                kept.push_str(members);
                if negated {
                    // A `-` that stands last is no range.
                    let dash = kept.len() - usize::from(members.len() > 1 && members.ends_with('-'));
                    kept.insert(dash, '/');
                }
                kept.push(']');
                rest = inside[members.len() + 1..].chars();
            }
            _ => {}
        }
    }
    Ok(kept)
}

/// Whether the members of a class hold `/`, by itself or in a range.
fn covers_separator(members: &str) -> bool {
    let members: Vec<char> = members.chars().collect();
    members.contains(&'/') || members.windows(3).any(|range| range[1] == '-' && (range[0]..=range[2]).contains(&'/'))
}

/// Whether `pattern` could match something at or beneath `dir`. Component by component; a component with special
/// characters is taken to match (so the answer can be yes too often, which only makes a directory visible).
fn reaches(pattern: &str, dir: &SkillPath) -> bool {
    let mut parts = pattern.split('/');
    for component in dir.components() {
        match parts.next() {
            None => return false,
            Some("**") => return true,
            // A brace may hold a slash, so that components no longer line up.
            Some(part) if part.contains(['{', '}']) => return true,
            Some(part) if part.contains(['*', '?', '[', '\\']) => {
                let single = GlobBuilder::new(part).literal_separator(true).backslash_escape(true).build();
                if single.is_ok_and(|g| !g.compile_matcher().is_match(component)) {
                    return false;
                }
            }
            Some(part) if part != component => return false,
            Some(_) => {}
        }
    }
    true
}

impl TryFrom<Vec<String>> for Globs {
    type Error = GlobError;

    fn try_from(patterns: Vec<String>) -> Result<Self, GlobError> {
        Self::parse(patterns)
    }
}

impl From<Globs> for Vec<String> {
    fn from(globs: Globs) -> Self {
        Arc::unwrap_or_clone(globs.patterns)
    }
}

impl Default for Globs {
    fn default() -> Self {
        Self::none()
    }
}

impl PartialEq for Globs {
    fn eq(&self, other: &Self) -> bool {
        self.patterns == other.patterns
    }
}

impl Eq for Globs {}

impl fmt::Debug for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.patterns.iter()).finish()
    }
}

impl fmt::Display for Globs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.patterns.join(", "))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> SkillPath {
        if text.is_empty() { SkillPath::root() } else { SkillPath::parse(text).unwrap() }
    }

    #[test]
    fn a_star_stays_within_a_component() {
        let globs = Globs::parse(["src/*.rs", "docs/**"]).unwrap();
        assert!(globs.matches(&path("src/lib.rs")));
        assert!(!globs.matches(&path("src/a/lib.rs")));
        assert!(globs.matches(&path("docs/a/b.md")));
        assert!(!globs.matches(&path("docs")));
        assert!(!globs.matches(&path("x/docs/a")));
    }

    #[test]
    fn refuses_what_leads_out() {
        for bad in ["", "/etc/**", "../x", "a/../../b", "[", "a{b", "./a", "a//b", "a/", "a/./b"] {
            assert!(Globs::parse([bad]).is_err(), "{bad}");
        }
        assert_eq!(Globs::parse(vec!["a"; 257]), Err(GlobError::TooMany));
    }

    #[test]
    fn f_01_a_class_stays_within_a_component() {
        for bad in ["a[/]b", "a[!/]b", "a[+-9]b", "a[!x", "a[", "[]", "[!]"] {
            assert!(Globs::parse([bad]).is_err(), "{bad}");
        }
        for (pattern, matched, others) in [
            ("src[!x]lib", "src-lib", ["src/lib", "srcxlib"]),
            ("v[^1]*", "v2.md", ["v/secret", "v1"]),
            ("a[!]x]b", "ayb", ["a]b", "a/b"]),
            ("a[!x-]b", "ayb", ["a-b", "a/b"]),
            ("a[!-]b", "ayb", ["a-b", "a/b"]),
            ("a[!a-c]b", "adb", ["abb", "a/b"]),
            ("a\\[!x]b", "a[!x]b", ["a/b", "ayb"]),
            ("[!a][!b]", "ba", ["ab", "b"]),
            ("größe[!ß]", "größex", ["größe/", "größeß"]),
        ] {
            let globs = Globs::parse([pattern]).unwrap();
            assert!(globs.matches(&path(matched)), "{pattern} {matched}");
            assert!(!others.iter().any(|other| globs.matches(&path(other))), "{pattern}");
        }
    }

    #[test]
    fn knows_what_may_lie_beneath() {
        let globs = Globs::parse(["src/**/*.rs", "docs/guide.md", "pkg-*/x/**", "{a,b/c}/d"]).unwrap();
        for yes in ["", "src", "src/deep/er", "docs", "pkg-1", "pkg-1/x/y", "b"] {
            assert!(globs.may_match_beneath(&path(yes)), "{yes}");
        }
        for no in ["tests", "pkg", "pkg-1/y"] {
            assert!(
                !Globs::parse(["src/**/*.rs", "docs/guide.md", "pkg-*/x/**"]).unwrap().may_match_beneath(&path(no)),
                "{no}"
            );
        }
        assert!(!Globs::none().may_match_beneath(&SkillPath::root()));
        assert!(globs.may_match_beneath(&SkillPath::root()));
        assert!(Globs::parse(["src/**"]).unwrap().covers_beneath(&path("src/a")));
        assert!(!Globs::parse(["src/*"]).unwrap().covers_beneath(&path("src")));
    }

    proptest! {
        #[test]
        fn a_match_is_visible_from_every_directory_above(
            pattern in "(\\*\\*|[ab*?]{1,3}|\\{a,b\\})(/(\\*\\*|[ab*?]{1,3})){0,3}", file in "[ab]{1,2}(/[ab]{1,2}){0,3}") {
            let globs = Globs::parse([&pattern]).unwrap();
            let mut at = path(&file);
            if globs.matches(&at) {
                while let Some(parent) = at.parent() {
                    prop_assert!(globs.may_match_beneath(&parent), "{pattern} {file} {parent}");
                    at = parent;
                }
            }
        }
    }
}
