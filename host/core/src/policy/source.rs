//! Patterns of references: which sources a policy speaks of.

use crate::reference::Reference;
use crate::text::{escape_terminal, is_deceptive};
use crate::urls::is_ambiguous;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// A pattern of references: one as it is, or a beginning of one with `*` behind it.
///
/// It compares with a reference's one spelling, as a lock has it. `*` follows a character that ends something, so that no
/// host and no name is matched by its beginning: `oci://registry.example.com/*` says nothing of
/// `oci://registry.example.com.evil.example/…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct SourcePattern {
    /// What stands before the `*`, or all.
    literal: String,
    is_beginning: bool,
}

/// Why a text is no pattern of sources.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no pattern of sources: {reason}")]
pub struct SourcePatternError {
    /// Escaped.
    text: String,
    reason: String,
}

/// Ways to go on from the beginning of a reference. One that none of them completes begins no reference.
const ENDINGS: &[&str] = &[
    "",
    "x",
    "x:x",
    "x/x:x",
    "/x:x",
    ":1/x:x",
    "1/x:x",
    "x/x",
    "x.x/x",
    "x/x#x:x",
    "#x:x",
    "https://x/x#x:x",
    ":x",
    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
];

impl SourcePattern {
    /// Whether the pattern speaks of `reference`.
    pub fn matches(&self, reference: &Reference) -> bool {
        let text = reference.to_string();
        match text.strip_prefix(&self.literal) {
            None => false,
            Some(rest) if !self.is_beginning => rest.is_empty(),
            // Who reads the place may go up from there, or take what is encoded for a slash: only a pattern that names
            // no folder speaks of that.
            Some(rest) => !self.names_a_folder() || is_plain(rest),
        }
    }

    /// How much of a reference the pattern names: the longer of two that speak of one reference is the narrower.
    fn narrowness(&self) -> (bool, usize) {
        (!self.is_beginning, self.literal.len())
    }

    /// The narrowest of `patterns` that speak of `reference`, with what it goes with.
    pub fn narrowest<'a, T>(
        patterns: impl IntoIterator<Item = (&'a SourcePattern, T)>,
        reference: &Reference,
    ) -> Option<(&'a SourcePattern, T)> {
        let matching = patterns.into_iter().filter(|(pattern, _)| pattern.matches(reference));
        matching.max_by_key(|(pattern, _)| pattern.narrowness())
    }

    /// Whether it names a place, a host or a folder at least, and not a whole kind of them.
    pub fn names_a_place(&self) -> bool {
        let is_kind = self.literal.ends_with(":/") || self.literal == "git+file:///";
        !self.is_beginning || self.names_a_folder() && !is_kind
    }

    fn names_a_folder(&self) -> bool {
        !(self.literal.is_empty() || self.literal.ends_with("://") || self.literal == "file:")
    }
}

/// Whether every step of a path leads down, for whichever server reads it.
fn is_plain(path: &str) -> bool {
    !is_ambiguous(path) && !path.contains('\\') && !path.starts_with('/')
}

impl FromStr for SourcePattern {
    type Err = SourcePatternError;

    fn from_str(text: &str) -> Result<Self, SourcePatternError> {
        let failed =
            |reason: String| SourcePatternError { text: escape_terminal(text, 120).as_str().to_owned(), reason };
        if text.chars().any(is_deceptive) {
            return Err(failed("it holds characters that don't show".to_owned()));
        }
        let Some(literal) = text.strip_suffix('*') else {
            if text.contains('*') {
                return Err(failed("`*` stands at its end, and for whatever follows".to_owned()));
            }
            let reference: Reference = text.parse().map_err(|e| failed(format!("{e}")))?;
            let spelling = reference.to_string();
            if spelling != text {
                return Err(failed(format!("a reference of that kind is spelled {spelling}")));
            }
            return Ok(Self { literal: spelling, is_beginning: false });
        };
        if literal.contains('*') {
            return Err(failed("`*` stands at its end, and for whatever follows".to_owned()));
        }
        if !literal.is_empty() && !literal.ends_with(['/', ':', '#', '@']) {
            return Err(failed(
                "`*` follows `/`, `:`, `#` or `@`, so that no name is matched by its beginning".to_owned(),
            ));
        }
        let begins = |ending: &&str| {
            format!("{literal}{ending}").parse().is_ok_and(|r: Reference| r.to_string().starts_with(literal))
        };
        if !literal.is_empty() && !ENDINGS.iter().any(begins) {
            return Err(failed("no reference begins like that".to_owned()));
        }
        if literal.starts_with("file:") && !is_plain(literal["file:".len()..].trim_start_matches(['.', '/'])) {
            return Err(failed("its path has `.`, `..` or empty steps".to_owned()));
        }
        Ok(Self { literal: literal.to_owned(), is_beginning: true })
    }
}

impl TryFrom<String> for SourcePattern {
    type Error = SourcePatternError;

    fn try_from(text: String) -> Result<Self, SourcePatternError> {
        text.parse()
    }
}

impl fmt::Display for SourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.literal, if self.is_beginning { "*" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, reference: &str) -> bool {
        pattern.parse::<SourcePattern>().unwrap().matches(&reference.parse().unwrap())
    }

    #[test]
    fn a_pattern_is_a_reference_or_the_beginning_of_some() {
        for (pattern, reference) in [
            ("*", "oci://r.example/x:1"),
            ("file:*", "file:../x.wasm"),
            ("file:*", "/opt/x.wasm"),
            ("file:/opt/skills/*", "file:/opt/skills/a/x.wasm"),
            ("file:./skills/*", "./skills/x.wasm"),
            ("builtin:*", "builtin:spec"),
            ("builtin:spec", "builtin:spec"),
            ("oci://*", "oci://r.example/x:1"),
            ("oci://r.example/*", "oci://r.example/acme/x:1"),
            ("oci://r.example/acme/*", "oci://r.example/acme/x:1"),
            ("oci://r.example/acme/x:*", "oci://r.example/acme/x:1"),
            ("oci://r.example:5000/*", "oci://r.example:5000/x:1"),
            ("https://*", "https://example.com/x"),
            ("https://example.com/*", "https://example.com/a/x"),
            ("https://example.com/x.wasm", "https://example.com/x.wasm"),
            ("git+https://*", "git+https://git.example/a.git#main:x.wasm"),
            ("git+https://git.example/a.git#*", "git+https://git.example/a.git#main:x.wasm"),
            ("git+https://git.example/a.git#main:*", "git+https://git.example/a.git#main:x.wasm"),
            ("git+file:///srv/*", "git+file:///srv/a.git#main:x.wasm"),
        ] {
            assert!(matches(pattern, reference), "{pattern} {reference}");
        }
    }

    #[test]
    fn r_09_a_source_is_not_matched_by_one_that_looks_like_it() {
        for (pattern, reference) in [
            ("oci://r.example/*", "oci://r.example.evil.example/x:1"),
            ("oci://r.example/*", "oci://r.example:5000/x:1"),
            ("oci://r.example/acme/*", "oci://r.example/acme-evil/x:1"),
            ("oci://r.example/acme/*", "oci://r.example/acme:1"),
            ("oci://r.example/acme/x:*", "oci://r.example/acme/x/y:1"),
            ("https://ok.example/*", "https://ok.example.evil.example/x"),
            ("https://ok.example/skills/*", "https://ok.example/skills/..%2fx"),
            ("https://ok.example/skills/*", "https://ok.example/skills/%2E%2e/x"),
            ("https://*", "http://127.0.0.1:80/x"),
            ("https://*", "git+https://git.example/a.git#main:x"),
            ("file:/opt/skills/*", "file:/opt/skills/../../tmp/x.wasm"),
            ("file:/opt/skills/*", "file:/opt/skills/./../x.wasm"),
            ("file:/opt/skills/*", "file:/opt/skills//x.wasm"),
            ("file:./skills/*", "file:./skills/../x.wasm"),
            ("file:/opt/skills/*", "file:/opt/skills-evil/x.wasm"),
            ("builtin:spec", "builtin:spec-evil"),
        ] {
            // What is no reference at all is refused earlier.
            if let Ok(reference) = reference.parse() {
                assert!(!pattern.parse::<SourcePattern>().unwrap().matches(&reference), "{pattern} {reference}");
            }
        }
    }

    #[test]
    fn r_17_a_pattern_names_a_place_or_a_whole_kind_of_them() {
        let names = |pattern: &str| pattern.parse::<SourcePattern>().unwrap().names_a_place();
        for kind in ["*", "file:*", "file:/*", "oci://*", "https://*", "git+https://*", "git+file:///*"] {
            assert!(!names(kind), "{kind}");
        }
        for place in [
            "file:/opt/skills/*",
            "file:/opt/x.wasm",
            "file:../x.wasm",
            "oci://127.0.0.1:5000/*",
            "oci://127.0.0.1:5000/acme/x:1",
            "http://127.0.0.1:8080/*",
            "git+file:///srv/*",
            "git+http://127.0.0.1:3000/a.git#*",
        ] {
            assert!(names(place), "{place}");
        }
    }

    #[test]
    fn a_pattern_that_means_more_or_less_than_it_says_is_refused() {
        for (bad, why) in [
            ("oci://r.example*", "follows"),
            ("oci://r.example/acme*", "follows"),
            ("file:/opt/skill*", "follows"),
            ("oci://*.example/x:1", "at its end"),
            ("oci://*/x:*", "at its end"),
            ("**", "at its end"),
            ("oci://R.example/*", "begins"),
            ("https://ok.example@*", "begins"),
            ("https://user@ok.example/*", "begins"),
            ("http://ok.example/*", "begins"),
            ("htps://ok.example/*", "begins"),
            ("ok.example/*", "begins"),
            ("./skills/*", "begins"),
            ("file:/opt/../etc/*", "steps"),
            ("./x.wasm", "spelled file:./x.wasm"),
            ("oci://R.example/x:1", "spelled oci://r.example/x:1"),
            ("", "names no skill"),
            ("spec", "names no skill"),
            ("oci://r.example/\u{202e}*", "don't show"),
        ] {
            let error = bad.parse::<SourcePattern>().unwrap_err().to_string();
            assert!(error.contains(why), "{bad}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_matched_begins_like_the_pattern(
            pattern in "(oci://|https://|file:|git\\+https://)[a-c./:#@]{0,12}\\*?", reference in "(oci://|https://|file:|git\\+https://)[a-c./:#@%2f]{0,16}"
        ) {
            if let (Ok(pattern), Ok(reference)) = (pattern.parse::<SourcePattern>(), reference.parse::<Reference>()) {
                let text = pattern.to_string();
                prop_assert_eq!(&text.parse::<SourcePattern>().unwrap(), &pattern);
                if pattern.matches(&reference) {
                    prop_assert!(reference.to_string().starts_with(text.trim_end_matches('*')));
                }
            }
        }
    }
}
