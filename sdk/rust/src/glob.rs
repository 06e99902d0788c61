//! Globs as the host understands them: `*` and `?` stay within a component, `**` crosses components, `{a,b}` chooses.
//!
//! For what a skill shows and proposes; what it may do is decided by the host's own matcher.

use crate::clip;

/// Patterns that one alternative must match. More would be a way to make a skill spin.
const MAX_ALTERNATIVES: usize = 256;
/// The same for `[ab]` of an ignore file.
const MAX_CHOICES: usize = 64;
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

    /// A pattern of a `.gitignore`: braces are characters like any other, and `[ab]` chooses one of some.
    pub(crate) fn of_ignore_file(pattern: &str) -> Globs {
        let mut alternatives = vec![];
        choose(pattern, &mut alternatives);
        Globs { alternatives }
    }

    /// Whether some pattern matches the whole `path`.
    pub fn matches(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        self.matches_parts(&path)
    }

    /// The same for a path that was split already.
    pub(crate) fn matches_parts(&self, path: &[&str]) -> bool {
        self.alternatives.iter().any(|pattern| matches_path(pattern, path))
    }
}

fn split(pattern: &str) -> Vec<String> {
    pattern.split('/').map(str::to_owned).collect()
}

/// Writes out `[ab]`. Ranges and negations stay as they are, and match nothing: what is not ignored is only listed.
fn choose(pattern: &str, into: &mut Vec<Vec<String>>) {
    let class = pattern.find('[').and_then(|open| Some((open, open + pattern[open..].find(']')?)));
    let Some((open, close)) = class.filter(|(open, close)| {
        !pattern[open + 1..*close].starts_with(['!', '^']) && !pattern[open + 1..*close].contains(['-', '/'])
    }) else {
        into.push(split(pattern));
        return;
    };
    for choice in pattern[open + 1..close].chars() {
        if into.len() < MAX_CHOICES {
            choose(&format!("{}{choice}{}", &pattern[..open], &pattern[close + 1..]), into);
        }
    }
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

/// `**` stands for any number of components. Going back to the last one is enough, so it costs no more than the product of
/// both lengths, whatever the pattern.
fn matches_path(pattern: &[String], path: &[&str]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < path.len() {
        if pattern.get(p).is_some_and(|part| part == "**") {
            star = Some((p, n));
            p += 1;
        } else if pattern.get(p).is_some_and(|part| matches_name(part, path[n])) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((at, from)) = star {
            star = Some((at, from + 1));
            (p, n) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|part| part == "**")
}

/// The same for `*` and the characters of a name. It is asked for each rule of an ignore file and each file: no memory.
fn matches_name(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    // Of the character that begins there.
    let width = |at: usize| 1 + name[at + 1..].iter().take_while(|&&byte| byte & 0xC0 == 0x80).count();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') => (p, n) = (p + 1, n + width(n)),
            Some(byte) if *byte == name[n] => (p, n) = (p + 1, n + 1),
            _ => {
                let Some((at, from)) = star else { return false };
                let from = from + width(from);
                star = Some((at, from));
                (p, n) = (at + 1, from);
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
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
            ("**/a/**/b", "x/a/a/y/b", true),
            ("**/a/b", "a/b/x/a/b", true),
            ("a/**/**", "a", true),
            ("?.rs", "é.rs", true),
            ("*??b", "éb", false),
            ("*?b", "aéb", true),
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
