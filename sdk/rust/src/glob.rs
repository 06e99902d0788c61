//! Globs as the host understands them: `*` and `?` stay within a component, `**` crosses components, `{a,b}` chooses.
//!
//! For what a skill shows and proposes; what it may do is decided by the host's own matcher.

use crate::clip;

/// Patterns that one alternative must match. More would be a way to make a skill spin.
const MAX_ALTERNATIVES: usize = 256;
/// Groups `{a,b}` in one pattern: each is one level of the expansion's recursion.
const MAX_GROUPS: usize = 16;

/// A set of patterns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Globs {
    alternatives: Vec<Vec<String>>,
}

impl Globs {
    /// Says which pattern is not one, and why.
    pub fn parse<P: AsRef<str>>(patterns: impl IntoIterator<Item = P>) -> Result<Globs, String> {
        let mut alternatives = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref().trim();
            let relative = pattern.trim_start_matches("./");
            if relative.is_empty() || relative.starts_with('/') || relative.split('/').any(|part| part == "..") {
                return Err(format!("`{pattern}` is not a glob relative to the repository's root"));
            }
            if relative.matches('{').count() > MAX_GROUPS {
                return Err(format!("`{}`… has more than {MAX_GROUPS} groups", clip::head(pattern, 60)));
            }
            expand(relative, &mut alternatives).map_err(|why| format!("`{pattern}`: {why}"))?;
        }
        Ok(Globs { alternatives: alternatives.iter().map(|pattern| split(pattern)).collect() })
    }

    /// A pattern in which braces are characters like any other, as in a `.gitignore`.
    pub(crate) fn without_groups(pattern: &str) -> Globs {
        Globs { alternatives: vec![split(pattern)] }
    }

    /// Whether some pattern matches the whole `path`.
    pub fn matches(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        self.alternatives.iter().any(|pattern| matches_path(pattern, &path))
    }
}

fn split(pattern: &str) -> Vec<String> {
    pattern.split('/').map(str::to_owned).collect()
}

/// Writes out the first `{a,b}`, and so on until none is left.
fn expand(pattern: &str, into: &mut Vec<String>) -> Result<(), String> {
    if into.len() >= MAX_ALTERNATIVES {
        return Err(format!("more than {MAX_ALTERNATIVES} alternatives"));
    }
    let Some(open) = pattern.find('{') else {
        into.push(pattern.to_owned());
        return Ok(());
    };
    let rest = &pattern[open + 1..];
    let close = rest.find('}').ok_or("`{` without `}`")?;
    if rest[..close].contains('{') {
        return Err("nested `{`".to_owned());
    }
    rest[..close]
        .split(',')
        .try_for_each(|choice| expand(&format!("{}{choice}{}", &pattern[..open], &rest[close + 1..]), into))
}

/// Which positions of `path` each prefix of `pattern` can reach: linear in both, whatever the pattern.
fn matches_path(pattern: &[String], path: &[&str]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        if part == "**" {
            let mut open = false;
            for (position, slot) in next.iter_mut().enumerate() {
                open |= reached[position];
                *slot = open;
            }
        } else {
            for (position, name) in path.iter().enumerate() {
                next[position + 1] = reached[position] && matches_name(part, name);
            }
        }
        reached = next;
    }
    reached[path.len()]
}

fn matches_name(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, n));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == name[n]) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, n) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::Globs;

    #[test]
    fn patterns_match_whole_paths() {
        for (pattern, path, expected) in [
            ("src/**", "src/a/b.rs", true),
            ("**/*.rs", "a.rs", true),
            ("**/*.rs", "x/y/a.rs", true),
            ("src/*.rs", "src/a/b.rs", false),
            ("src/*.rs", "src/ab.rs", true),
            ("{src,tests}/**", "tests/x", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "xaxxb", true),
            ("**", "anything/at/all", true),
            ("src/**/test/**", "src/a/b/test/c", true),
            ("src", "src/a", false),
        ] {
            assert_eq!(Globs::parse([pattern]).unwrap().matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn what_is_not_a_glob_is_refused() {
        for pattern in ["", "/etc/**", "../x", "{a", "{a{b}}"] {
            assert!(Globs::parse([pattern]).is_err(), "{pattern}");
        }
        for bomb in ["{a,b}".repeat(15), "{a}".repeat(17), "{a}".repeat(100_000)] {
            assert!(Globs::parse([bomb]).is_err());
        }
        assert!(Globs::parse(["{a}".repeat(16)]).unwrap().matches(&"a".repeat(16)));
    }
}
