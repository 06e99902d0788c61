//! The change, file by file: what git says about it, and the lines that it adds and removes.

use skillhost_sdk::{Change as Entry, ChangeKind, Error, Host};

/// More files than this are no change that a review could read.
const MAX_FILES: usize = 2_000;

/// The change against the base commit.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) files: Vec<ChangedFile>,
}

/// One file of it.
#[derive(Debug)]
pub(crate) struct ChangedFile {
    pub(crate) path: String,
    pub(crate) kind: ChangeKind,
    /// The unified diff; none where it is larger than the host hands over.
    pub(crate) diff: Option<String>,
}

/// A line that the change adds, where it stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Added<'a> {
    /// 1-based.
    pub(crate) line: u32,
    pub(crate) text: &'a str,
}

impl Change {
    pub(crate) fn read(host: &dyn Host) -> Result<Change, Error> {
        let entries = host.changes()?;
        if entries.is_empty() {
            return Err(Error::Invalid("there is no change to review".into()));
        }
        if entries.len() > MAX_FILES {
            return Err(Error::Exhausted(format!(
                "{} changed files; a review reads at most {MAX_FILES}",
                entries.len()
            )));
        }
        let file = |Entry { path, kind }: Entry| match host.diff(std::slice::from_ref(&path)) {
            Ok(diff) => Ok(ChangedFile { path, kind, diff: Some(diff) }),
            Err(Error::TooLarge(_)) => Ok(ChangedFile { path, kind, diff: None }),
            Err(error) => Err(error),
        };
        Ok(Change { files: entries.into_iter().map(file).collect::<Result<_, _>>()? })
    }
}

impl ChangedFile {
    /// The lines that the change adds.
    pub(crate) fn added(&self) -> Vec<Added<'_>> {
        let mut added = Vec::new();
        let mut line = None;
        for text in self.diff.as_deref().unwrap_or_default().lines() {
            if let Some(start) = hunk_start(text) {
                line = Some(start);
            } else if let Some(at) = &mut line {
                // Inside a hunk: `+++` is an added line that begins with `++`.
                match text.split_at_checked(1) {
                    Some(("+", text)) => {
                        added.push(Added { line: *at, text });
                        *at = at.saturating_add(1);
                    }
                    Some((" ", _)) | None => *at = at.saturating_add(1),
                    Some(("d", _)) => line = None, // `diff --git`: the next file's head.
                    _ => {}
                }
            }
        }
        added
    }
}

/// The first line of the new side, in `@@ -1,2 +3,4 @@`.
fn hunk_start(text: &str) -> Option<u32> {
    let (_, new) = text.strip_prefix("@@ -")?.split_once(" +")?;
    new.split([',', ' ']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn added_lines_have_their_numbers() {
        let diff = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@ fn a\n one\n-two\n+zwei\n+++plus\n three\n\
                    @@ -10 +11,2 @@\n-x\n+y\n\\ No newline at end of file\n";
        let file = ChangedFile { path: "x".into(), kind: ChangeKind::Modified, diff: Some(diff.into()) };
        let added: Vec<(u32, &str)> = file.added().iter().map(|added| (added.line, added.text)).collect();
        assert_eq!(added, [(2, "zwei"), (3, "++plus"), (11, "y")]);
    }
}
