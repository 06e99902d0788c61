//! Finds lines that stand for code instead of being it: `// ... rest unchanged`.

/// Together with an ellipsis, these make a comment a placeholder.
const WORDS: [&str; 7] =
    ["rest of", "unchanged", "existing code", "remaining code", "same as before", "as before", "omitted"];
const COMMENT_MARKS: [&str; 7] = ["//", "#", "/*", "<!--", "--", "{/*", ";"];

/// The first such line of `new` that is not in `old` as well.
pub(crate) fn find(new: &str, old: &str) -> Option<String> {
    let is_placeholder = |line: &&str| {
        let line = line.trim().to_lowercase();
        let is_comment =
            COMMENT_MARKS.iter().any(|mark| line.starts_with(mark)) || line.starts_with("...") || line.starts_with('…');
        let has_ellipsis = line.contains("...") || line.contains('…');
        is_comment && has_ellipsis && WORDS.iter().any(|word| line.contains(word))
    };
    let known = |line: &&str| old.lines().any(|other| other.trim() == line.trim());
    new.lines().filter(is_placeholder).find(|line| !known(line)).map(|line| line.trim().to_owned())
}

pub(crate) fn refusal(line: &str) -> String {
    format!("\"{line}\" stands for code that would be lost. Write it out, or edit a smaller block.")
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn placeholders_are_found_and_code_is_not() {
        for line in [
            "// ... rest of the file unchanged",
            "  # ... existing code ...",
            "<!-- … omitted … -->",
            "... rest of function",
        ] {
            assert_eq!(find(&format!("a\n{line}\nb"), ""), Some(line.trim().to_owned()));
        }
        for line in ["let all = [...rest];", "// the rest of the world", "// loading...", "println!(\"... unchanged\")"]
        {
            assert_eq!(find(line, ""), None, "{line}");
        }
        assert_eq!(find("// ... unchanged", "x\n  // ... unchanged\n"), None, "it was in the file before");
    }
}
