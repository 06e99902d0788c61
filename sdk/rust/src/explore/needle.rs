//! Plain text that every match of a regular expression holds. To look for that first is a hundred times as fast as the
//! expression itself, and most searches are for a name.

/// Shorter text stands almost everywhere.
const MIN_BYTES: usize = 3;

/// The longest such text, where the expression is simple enough to tell.
pub(super) fn needle(regex: &str) -> Option<String> {
    // What chooses, groups or sets flags is not taken apart.
    if regex.contains(['|', '(', '[', '{']) {
        return None;
    }
    let (mut longest, mut run) = (String::new(), String::new());
    let mut characters = regex.chars().peekable();
    while let Some(character) = characters.next() {
        let literal = match character {
            '\\' => match characters.next() {
                // The digits behind it are no text.
                Some('x' | 'u' | 'U') => return None,
                escaped => escaped.filter(char::is_ascii_punctuation),
            },
            '.' | '^' | '$' | '*' | '+' | '?' => None,
            plain => Some(plain),
        };
        // A character that may be missing is not part of it.
        let literal = literal.filter(|_| !matches!(characters.peek(), Some('*' | '?')));
        run.extend(literal);
        if literal.is_none() || characters.peek() == Some(&'+') {
            longest = if run.len() > longest.len() { run.clone() } else { longest };
            run.clear();
        }
    }
    longest = if run.len() > longest.len() { run } else { longest };
    (longest.len() >= MIN_BYTES).then_some(longest)
}

#[cfg(test)]
mod tests {
    use super::needle;

    #[test]
    fn what_every_match_holds() {
        for (regex, expected) in [
            ("needle", Some("needle")),
            (r"fn \w+\.call", Some(".call")),
            (r"^\s*pub fn x$", Some("pub fn x")),
            (r"colou?r_name", Some("r_name")),
            ("abcd+ef", Some("abcd")),
            ("abc*", None),
            ("a|bcd", None),
            ("(?i)needle", None),
            ("(abc)?x", None),
            (r"\bfoo_bar\b", Some("foo_bar")),
            (r"a\\bc", Some(r"a\bc")),
            (r"\x41bcd", None),
            (r"\u0041bcd", None),
            (r"\w\d", None),
            ("", None),
        ] {
            assert_eq!(needle(regex).as_deref(), expected, "{regex}");
            // Against the expression itself: what it matches holds the needle.
            let Some(needle) = needle(regex) else { continue };
            let matched =
                ["needle", "fn a.call", "  pub fn x", "color_name", "colour_name", "abcddef", "a foo_bar", r"a\bc"];
            let compiled = regex_lite::Regex::new(regex).map_err(|error| error.to_string());
            assert!(compiled.is_ok_and(|it| matched.iter().all(|text| !it.is_match(text) || text.contains(&needle))));
        }
    }
}
