//! A unified diff, as `git diff` writes it, taken apart into the edits that it stands for. The counts of its hunks are not
//! believed: models get them wrong, and what a hunk replaces is found by its text.

use serde_json::json;

use super::{Edit, hunks};

const NONE: &str = "/dev/null";

/// Whether it is one: a file's two heads, one after the other.
pub(super) fn is_one(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    lines.windows(2).any(|pair| is_head(pair[0], pair[1]))
}

fn is_head(line: &str, next: &str) -> bool {
    line.starts_with("--- ") && next.starts_with("+++ ")
}

pub(super) fn parse(text: &str) -> Result<Vec<Edit>, String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut heads: Vec<usize> = (1..lines.len()).filter(|at| is_head(lines[at - 1], lines[*at])).collect();
    heads.push(lines.len() + 1);
    let mut edits = vec![];
    for pair in heads.windows(2) {
        let (from, to) = (path(lines[pair[0] - 1], "--- "), path(lines[pair[0]], "+++ "));
        // Up to the next file's head, and what `git` says before it.
        let part = &lines[pair[0] + 1..pair[1] - 1];
        let end = part.iter().position(|line| line.starts_with("diff --git ")).unwrap_or(part.len());
        let part: Vec<&str> = part[..end].iter().copied().filter(|line| *line != "```").collect();
        if to == NONE {
            edits.push(("remove", json!({"path": from})));
            continue;
        }
        let near = part.iter().filter_map(|line| line_of(line)).collect::<Vec<_>>();
        let hunks = hunks(&part)?;
        if from == NONE {
            let text: String = hunks.into_iter().map(|(_, new)| new).collect();
            edits.push(("write", json!({"path": to, "text": text})));
            continue;
        }
        let near = if near.len() == hunks.len() { near } else { vec![] };
        for (index, (old, new)) in hunks.into_iter().enumerate() {
            edits.push(("edit", json!({"path": from, "old": old, "new": new, "near_line": near.get(index)})));
        }
        if from != to {
            edits.push(("rename", json!({"from": from, "to": to})));
        }
    }
    if edits.is_empty() { Err("the patch changes nothing".into()) } else { Ok(edits) }
}

/// A path without git's prefix and the time that `diff` adds.
fn path<'a>(line: &'a str, head: &str) -> &'a str {
    let path = line.strip_prefix(head).unwrap_or_default().split('\t').next().unwrap_or_default().trim();
    path.strip_prefix("a/").or(path.strip_prefix("b/")).unwrap_or(path)
}

/// The line at which a hunk will stand, which decides between several places.
fn line_of(line: &str) -> Option<u64> {
    let ranges = line.strip_prefix("@@ -")?;
    let new = ranges.split_once('+')?.1;
    new.split([',', ' ']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_is_the_edits_that_it_stands_for() {
        let diff = "diff --git a/b b/c\nindex 1..2\n--- a/b\n+++ b/c\n@@ -1,2 +1,2 @@ fn x\n one\n-two\n+zwei\n@@ -9 +9 @@\n\
                    --- four\n+four\n\\ No newline at end of file\ndiff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n\
                    +++ b/n\n@@ -0,0 +1 @@\n+new\n--- a/gone\t2026-01-01\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n";
        assert!(is_one(diff));
        assert_eq!(
            parse(diff),
            Ok(vec![
                ("edit", json!({"path": "b", "old": "one\ntwo\n", "new": "one\nzwei\n", "near_line": 1})),
                ("edit", json!({"path": "b", "old": "-- four\n", "new": "four\n", "near_line": 9})),
                ("rename", json!({"from": "b", "to": "c"})),
                ("write", json!({"path": "n", "text": "new\n"})),
                ("remove", json!({"path": "gone"})),
            ])
        );
    }

    #[test]
    fn what_is_none_or_broken_is_refused() {
        assert!(!is_one("--- a/b\n"));
        assert!(parse("--- a/b\n+++ b/b\n@@ -1 +1 @@\nx\n").is_err_and(|told| told.contains("begins with none of")));
        assert!(parse("--- a/b\n+++ b/b\n").is_err_and(|told| told.contains("changes nothing")));
        let hostile = "--- \n+++ \n".repeat(100);
        assert!(parse(&hostile).is_err());
    }
}
