//! The change against the base commit, file by file: what git says of it, and the lines that it adds and removes.
//!
//! Whoever judges a change reads it once, through this. Nothing of it is unbounded: a file whose diff the host does not hand
//! over, or that comes after [`MAX_DIFF_BYTES`], has none here, and says so.

use crate::{Change, ChangeKind, Error, Host};

/// More files than this are no change that anybody could judge.
const MAX_FILES: usize = 2_000;
/// Diffs that are kept in memory, of all files together.
const MAX_DIFF_BYTES: usize = 24 << 20;
/// Files beyond this are not looked at as a whole.
const MAX_TEXT_BYTES: u64 = 2 << 20;

/// The change against the base commit.
pub struct Changed<'h> {
    host: &'h dyn Host,
    /// Each file that differs, in the host's order.
    pub files: Vec<ChangedFile>,
}

/// One file of it.
#[derive(Debug)]
pub struct ChangedFile {
    /// Where it is now; for a deleted one, where it was.
    pub path: String,
    /// What was done to it.
    pub kind: ChangeKind,
    /// The unified diff; none where it is larger than what is handed over or kept.
    pub diff: Option<String>,
}

/// A line that the change adds, where it stands now, or removes, where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// 1-based.
    pub line: u32,
    /// Without its end.
    pub text: &'a str,
}

impl<'h> Changed<'h> {
    /// Reads the whole change.
    pub fn read(host: &'h dyn Host) -> Result<Changed<'h>, Error> {
        let entries = host.changes()?;
        if entries.len() > MAX_FILES {
            return Err(Error::Exhausted(format!(
                "{} changed files; at most {MAX_FILES} are looked at",
                entries.len()
            )));
        }
        let mut left = MAX_DIFF_BYTES;
        let mut files = Vec::with_capacity(entries.len());
        for Change { path, kind } in entries {
            let diff = match host.diff(std::slice::from_ref(&path)) {
                Ok(diff) => (diff.len() <= left).then_some(diff),
                Err(Error::TooLarge(_)) => None,
                Err(error) => return Err(error),
            };
            left -= diff.as_ref().map_or(0, String::len);
            files.push(ChangedFile { path, kind, diff });
        }
        Ok(Changed { host, files })
    }

    /// The host that it was read from.
    pub fn host(&self) -> &'h dyn Host {
        self.host
    }

    /// A file as it is now; none where it is not there, no text, or too large.
    pub fn text(&self, path: &str) -> Option<String> {
        let is_small = self.host.size(path).is_ok_and(|size| size <= MAX_TEXT_BYTES);
        is_small.then(|| self.host.read(path).ok()).flatten().and_then(|bytes| String::from_utf8(bytes).ok())
    }

    /// A file's beginning as it was at the base commit, a MiB of it; none where it was not there, or is no text.
    pub fn original(&self, path: &str) -> Option<String> {
        self.host.original(path, 0).ok().and_then(|bytes| String::from_utf8(bytes).ok())
    }
}

impl ChangedFile {
    /// The lines that the change adds.
    pub fn added(&self) -> Vec<Line<'_>> {
        self.lines('+')
    }

    /// The lines that it removes.
    pub fn removed(&self) -> Vec<Line<'_>> {
        self.lines('-')
    }

    /// What stands before the first hunk: modes, renames, and whether git takes it for binary.
    pub fn head(&self) -> impl Iterator<Item = &str> {
        self.diff.as_deref().unwrap_or_default().lines().take_while(|line| !line.starts_with("@@ "))
    }

    /// Where the file was, by git's `rename from` line or by its `---` line.
    pub fn from(&self) -> Option<&str> {
        self.head()
            .find_map(|line| line.strip_prefix("rename from "))
            .or_else(|| self.head().find_map(|line| line.strip_prefix("--- a/")))
    }

    fn lines(&self, wanted: char) -> Vec<Line<'_>> {
        let mut lines = Vec::new();
        // The numbers of the next line, before and now; none outside of a hunk.
        let mut at: Option<(u32, u32)> = None;
        for text in self.diff.as_deref().unwrap_or_default().lines() {
            if let Some(starts) = hunk_starts(text) {
                at = Some(starts);
                continue;
            }
            let Some((before, now)) = &mut at else { continue };
            // Inside a hunk `+++` is an added line that begins with `++`.
            let (sign, rest) = text.split_at_checked(1).unwrap_or((" ", ""));
            let number = if wanted == '+' { *now } else { *before };
            if sign.starts_with(wanted) {
                lines.push(Line { line: number, text: rest });
            }
            match sign {
                "+" => *now = now.saturating_add(1),
                "-" => *before = before.saturating_add(1),
                " " => (*before, *now) = (before.saturating_add(1), now.saturating_add(1)),
                "d" => at = None, // `diff --git`: the next file's head.
                _ => {}
            }
        }
        lines
    }
}

/// The first lines of both sides, in `@@ -1,2 +3,4 @@`.
fn hunk_starts(text: &str) -> Option<(u32, u32)> {
    let (before, now) = text.strip_prefix("@@ -")?.split_once(" +")?;
    let number = |side: &str| side.split([',', ' ']).next()?.parse().ok();
    Some((number(before)?, number(now)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::mock;

    #[test]
    fn lines_have_their_numbers() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@ fn a\n one\n-two\n+zwei\r\n+++plus\n three\n\
                    @@ -10 +11,2 @@\n-x\n+y\n\\ No newline at end of file\n";
        let file = ChangedFile { path: "x".into(), kind: ChangeKind::Modified, diff: Some(diff.into()) };
        let pairs = |lines: Vec<Line<'static>>| lines.into_iter().map(|it| (it.line, it.text)).collect::<Vec<_>>();
        let file: &'static ChangedFile = Box::leak(Box::new(file));
        assert_eq!(pairs(file.added()), [(2, "zwei"), (3, "++plus"), (11, "y")]);
        assert_eq!(pairs(file.removed()), [(2, "two"), (10, "x")]);
        assert_eq!(file.from(), Some("x"));
    }

    #[test]
    fn what_is_too_large_or_no_text_is_not_there() {
        let host = mock::Host::new().file("a.rs", "fn a() {}\n");
        host.files.borrow_mut().insert("big.rs".into(), "x\n".repeat(2 << 20).into_bytes());
        host.files.borrow_mut().insert("bytes".into(), vec![0xff, 0xfe]);
        let changed = Changed::read(&host).unwrap();
        assert_eq!(changed.files.iter().map(|file| file.diff.is_some()).collect::<Vec<_>>(), [false, true]);
        assert_eq!((changed.text("big.rs"), changed.text("bytes"), changed.text("none")), (None, None, None));
        assert_eq!(changed.original("a.rs"), Some("fn a() {}\n".into()));
    }
}
