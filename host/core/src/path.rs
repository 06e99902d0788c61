//! Paths inside an agent's worktree.
//!
//! [`SkillPath`] is the only way to name a file on behalf of a skill. It is relative, normalised, and holds no
//! component that any file system takes for `.git` or for something else than it says. What it names on disk is
//! decided by the file guard; that it is well formed is decided here, once.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest component, in bytes: what Linux file systems take.
pub const MAX_COMPONENT_BYTES: usize = 255;
/// Longest path, in bytes: below Linux's PATH_MAX.
pub const MAX_PATH_BYTES: usize = 4000;
/// Deepest path, in components.
pub const MAX_COMPONENTS: usize = 128;

/// A normalised path relative to a worktree's root, `/` between its components; empty for the root itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SkillPath(String);

/// Why a spelled path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It begins with `/`.
    #[error("an absolute path does not name a file of the worktree")]
    Absolute,
    /// `..` leads above the root.
    #[error("the path leads out of the worktree")]
    Outside,
    /// A component is a spelling of `.git`.
    #[error("git's own directory is out of reach")]
    Git,
    /// A component means something else on some system: a device name, a stream, a trailing dot or space.
    #[error("the path holds a name that some systems read as another one")]
    Ambiguous,
    /// NUL, a control character or a backslash.
    #[error("the path holds a character that file names may not have here")]
    Character,
    /// A component, the path, or the number of components is over its limit.
    #[error("the path is too long or too deep")]
    TooLong,
    /// An empty path.
    #[error("the path is empty")]
    Empty,
}

impl SkillPath {
    /// The worktree's root.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// Reads a path that is relative to the root.
    ///
    /// # Errors
    /// Where the text is empty, leads out of the worktree, or has a component that is refused.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        Self::root().join(text)
    }

    /// Joins `relative` lexically: `.` and empty components vanish, `..` removes one component and never leaves the
    /// root.
    ///
    /// # Errors
    /// As [`SkillPath::parse`].
    pub fn join(&self, relative: &str) -> Result<Self, PathError> {
        if relative.is_empty() {
            return Err(PathError::Empty);
        }
        if relative.starts_with('/') {
            return Err(PathError::Absolute);
        }
        if relative.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        let mut joined = String::with_capacity(self.0.len() + 1 + relative.len());
        joined.push_str(&self.0);
        for component in relative.split('/') {
            match component {
                "" | "." => {}
                ".." => {
                    if joined.is_empty() {
                        return Err(PathError::Outside);
                    }
                    joined.truncate(joined.rfind('/').unwrap_or(0));
                }
                name => {
                    check_component(name)?;
                    if !joined.is_empty() {
                        joined.push('/');
                    }
                    joined.push_str(name);
                }
            }
        }
        if joined.len() > MAX_PATH_BYTES || joined.split('/').count() > MAX_COMPONENTS {
            return Err(PathError::TooLong);
        }
        Ok(Self(joined))
    }

    /// The path as text; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the worktree's root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The directory that holds it; none for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0[..self.0.rfind('/').unwrap_or(0)].to_owned()))
    }

    /// The last component; none for the root.
    pub fn name(&self) -> Option<&str> {
        self.0.rsplit('/').next().filter(|name| !name.is_empty())
    }

    /// The components, outermost first.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// Whether it is `ancestor`, or lies beneath it.
    pub fn starts_with(&self, ancestor: &SkillPath) -> bool {
        ancestor.is_root()
            || self.0 == ancestor.0
            || (self.0.len() > ancestor.0.len()
                && self.0.starts_with(&ancestor.0)
                && self.0.as_bytes()[ancestor.0.len()] == b'/')
    }
}

/// One rule for every component, whatever system the tree came from or goes to.
fn check_component(name: &str) -> Result<(), PathError> {
    if name.len() > MAX_COMPONENT_BYTES {
        return Err(PathError::TooLong);
    }
    if is_git_name(name.as_bytes()) {
        return Err(PathError::Git);
    }
    if name.bytes().any(|b| b < 0x20 || b == 0x7f || b == b'\\') {
        return Err(PathError::Character);
    }
    if name.ends_with(['.', ' ']) || name.contains(':') || is_device_name(name) {
        return Err(PathError::Ambiguous);
    }
    Ok(())
}

/// Names that Windows reads as devices, with or without an extension.
fn is_device_name(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end();
    let is = |device: &str| stem.eq_ignore_ascii_case(device);
    if ["con", "prn", "aux", "nul", "conin$", "conout$"].into_iter().any(is) {
        return true;
    }
    let Some((prefix, number)) = stem.split_at_checked(3) else { return false };
    (prefix.eq_ignore_ascii_case("com") || prefix.eq_ignore_ascii_case("lpt"))
        && matches!(number, "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "¹" | "²" | "³")
}

/// Whether some file system takes this name for `.git`, or for the short name of it: ASCII case, `git~1`, trailing
/// dots and spaces, `:` streams, and the code points that HFS+ ignores. Names that differ only by those from `.git`
/// are what git's own `is_hfs_dotgit` and `is_ntfs_dotgit` refuse.
pub fn is_git_name(name: &[u8]) -> bool {
    // Up to a stream separator or a backslash, as NTFS reads it.
    let base = name.split(|b| *b == b':' || *b == b'\\').next().unwrap_or(name);
    let end = base.iter().rposition(|b| *b != b'.' && *b != b' ').map_or(0, |at| at + 1);
    let base = &base[..end];
    if base.eq_ignore_ascii_case(b".git") || is_short_name(base) {
        return true;
    }
    if name.is_ascii() {
        return false;
    }
    let folded: String = String::from_utf8_lossy(name).chars().filter(|c| !is_ignored_by_hfs(*c)).collect();
    let folded = folded.trim_end_matches(['.', ' ']);
    folded.eq_ignore_ascii_case(".git") || is_short_name(folded.as_bytes())
}

/// `git~1` and its siblings: the 8.3 names that NTFS may give to `.git`.
fn is_short_name(base: &[u8]) -> bool {
    base.len() >= 5 && base[..4].eq_ignore_ascii_case(b"git~") && base[4..].iter().all(u8::is_ascii_digit)
}

fn is_ignored_by_hfs(c: char) -> bool {
    matches!(c,
        '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

impl TryFrom<String> for SkillPath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        if text.is_empty() { Ok(Self::root()) } else { Self::parse(&text) }
    }
}

impl From<SkillPath> for String {
    fn from(path: SkillPath) -> String {
        path.0
    }
}

impl fmt::Display for SkillPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for SkillPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn joins_lexically() {
        let dir = SkillPath::parse("a/b").unwrap();
        assert_eq!(dir.join("../c/./d//e").unwrap().as_str(), "a/c/d/e");
        assert_eq!(dir.join("../..").unwrap(), SkillPath::root());
        assert_eq!(dir.join("../../.."), Err(PathError::Outside));
        assert_eq!(dir.join("/etc"), Err(PathError::Absolute));
        assert_eq!(dir.join(""), Err(PathError::Empty));
        assert_eq!(dir.join("x/").unwrap().as_str(), "a/b/x");
    }

    #[test]
    fn f_07_refuses_names_that_other_systems_read_differently() {
        for bad in
            ["COM1", "nul.txt", "a/aux", "x ", "x.", "file::$DATA", "C:", "lpt³", "a\\b", "a\0b", "a\nb", "con .txt"]
        {
            assert!(SkillPath::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["com", "com10", "console.log", "a b", ".gitignore", ".github/x", "git", "nullable"] {
            assert!(SkillPath::parse(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn f_16_refuses_every_spelling_of_git() {
        for bad in [
            ".git",
            ".GIT",
            ".Git",
            ".git ",
            ".git.",
            ".git. .",
            "git~1",
            "GIT~2",
            ".git::$INDEX_ALLOCATION",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".gi\u{200d}T",
            ".git\u{206a}",
            ".git\u{200c} .",
            ".git\\x",
        ] {
            assert!(is_git_name(bad.as_bytes()), "{bad:?}");
            assert!(SkillPath::parse(&format!("vendor/{bad}/config")).is_err(), "{bad:?}");
        }
        for good in [".gitignore", ".gitattributes", ".gitmodules", "git", "git~", "git~x", "x.git", ".github"] {
            assert!(!is_git_name(good.as_bytes()), "{good:?}");
        }
    }

    #[test]
    fn f_06_bounds_length_and_depth() {
        assert_eq!(SkillPath::parse(&"a".repeat(4096)), Err(PathError::TooLong));
        assert_eq!(SkillPath::parse(&"a".repeat(256)), Err(PathError::TooLong));
        assert_eq!(SkillPath::parse(&"a/".repeat(200)), Err(PathError::TooLong));
    }

    #[test]
    fn an_ancestor_is_a_whole_prefix() {
        let path = SkillPath::parse("src/lib.rs").unwrap();
        assert!(path.starts_with(&SkillPath::parse("src").unwrap()));
        assert!(path.starts_with(&SkillPath::root()));
        assert!(!path.starts_with(&SkillPath::parse("sr").unwrap()));
        assert_eq!(path.parent().unwrap().as_str(), "src");
        assert_eq!(path.name(), Some("lib.rs"));
    }

    proptest! {
        #[test]
        fn what_parses_is_normal_and_parses_again(text in ".{0,60}") {
            if let Ok(path) = SkillPath::parse(&text) {
                if !path.is_root() {
                    prop_assert_eq!(SkillPath::parse(path.as_str()).unwrap(), path.clone());
                }
                prop_assert!(path.components().all(|c| c != ".." && c != "." && !is_git_name(c.as_bytes())));
                prop_assert!(!path.as_str().starts_with('/'));
            }
        }

        #[test]
        fn join_never_leaves_the_root(base in "[a-c]{1,2}(/[a-c]{1,2}){0,3}", steps in prop::collection::vec("(\\.\\.|\\.|[a-c]|)", 0..8)) {
            let base = SkillPath::parse(&base).unwrap();
            if let Ok(path) = base.join(&steps.join("/")) {
                prop_assert!(path.components().all(|c| c != ".."));
            }
        }
    }
}
