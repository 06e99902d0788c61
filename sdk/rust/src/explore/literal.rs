//! The text that a line has to hold to match a regular expression: looking for it is many times as fast as the expression, and
//! most lines don't hold it.

/// The longest text that each match holds, as far as the pattern tells without being understood; "" where it doesn't.
pub(super) fn required(pattern: &str) -> String {
    // What stands behind an alternative, or under a flag, is not required as it stands.
    if pattern.contains('|') || pattern.contains("(?") {
        return String::new();
    }
    let (mut longest, mut run) = (String::new(), String::new());
    let mut chars = pattern.chars();
    while let Some(character) = chars.next() {
        let literal = match character {
            '\\' => match chars.next() {
                Some(escaped) if escaped.is_ascii_punctuation() => Some(escaped),
                Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B') => None,
                // A character by its number, or another that no one reads here: nothing behind it is.
                _ => break,
            },
            '*' | '?' | '{' => {
                run.pop();
                None
            }
            '+' | '.' | '^' | '$' => None,
            '(' | ')' | '[' | ']' | '}' => break,
            plain => Some(plain),
        };
        if character == '{' && !chars.by_ref().any(|inner| inner == '}') {
            break;
        }
        match literal {
            Some(literal) => run.push(literal),
            None => keep_longer(&mut longest, &mut run),
        }
    }
    keep_longer(&mut longest, &mut run);
    longest
}

fn keep_longer(longest: &mut String, run: &mut String) {
    if run.len() > longest.len() {
        std::mem::swap(longest, run);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::required;
    use regex_lite::Regex;

    const PATTERNS: [(&str, &str); 19] = [
        ("plain_text", "plain_text"),
        (r"fn \w+_of\(", "_of("),
        (r"colou?rs", "colo"),
        ("ab+cd*e", "ab"),
        (r"a{0,2}bc", "bc"),
        (r"x{2}yy{3}z", "y"),
        (r"^use .*;$", "use "),
        ("one|other", ""),
        ("(?i)name", ""),
        ("name(s)?", "name"),
        ("[a-z]+name", ""),
        (r"\.rs$", ".rs"),
        (r"\x41bc", ""),
        (r"a\pLb", "a"),
        (r"\bword\b", "word"),
        ("é*clair", "clair"),
        ("ab??c", "a"),
        ("a{", ""),
        ("", ""),
    ];

    #[test]
    fn it_is_the_longest_text_that_each_match_holds() {
        for (pattern, literal) in PATTERNS {
            assert_eq!(required(pattern), literal, "{pattern}");
        }
    }

    #[test]
    fn no_match_is_lost() {
        let lines = [
            "plain_text",
            "fn two_of(",
            "colors colours",
            "abbcde abce",
            "bc aabc",
            "xxyyyyz",
            "use std;",
            "other",
            "NAME",
            "names",
            "xname",
            "a.rs",
            "Abc",
            "aéb",
            "a word",
            "éclair clair",
            "ac abc",
            "name",
            "x",
        ];
        let mut matched = 0;
        for (pattern, _) in PATTERNS {
            let Ok(regex) = Regex::new(pattern) else { continue };
            for line in lines.iter().filter(|line| regex.is_match(line)) {
                assert!(line.contains(&required(pattern)), "{pattern}: {line}");
                matched += 1;
            }
        }
        assert!(matched > 40, "{matched}");
    }
}
