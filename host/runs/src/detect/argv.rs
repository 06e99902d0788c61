//! A command line as an argument vector. No shell is involved where none is needed; where one is, it is named.

/// Words that only a shell knows, so that splitting the line at `&&` would change what it does.
const SHELL_WORDS: &[&str] = &[
    ".", "alias", "cd", "do", "eval", "exec", "exit", "export", "for", "if", "pushd", "set", "shopt", "source", "then",
    "trap", "ulimit", "umask", "unset", "until", "while",
];

/// The argument vectors of a line: one, or one for each command that `&&` joins. Where the line needs a shell, one
/// vector that calls it. None for a line that holds nothing or that no argument can hold.
pub(super) fn commands(line: &str) -> Vec<Vec<String>> {
    let line = line.trim();
    if line.is_empty() || line.contains('\0') {
        return Vec::new();
    }
    let parts: Option<Vec<Vec<String>>> = line.split("&&").map(split).collect();
    match parts {
        Some(parts) if parts.iter().all(|part| is_program(part)) => parts,
        _ => vec![vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()]],
    }
}

fn is_program(argv: &[String]) -> bool {
    argv.first().is_some_and(|word| !word.is_empty() && !SHELL_WORDS.contains(&word.as_str()))
}

/// Whether a vector calls a shell because its line needed one.
pub(super) fn is_shell(argv: &[String]) -> bool {
    argv.len() == 3 && argv[0] == "sh" && argv[1] == "-c"
}

/// The words of a line as a shell would part them; none where it would do more than that.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '$' | '`' => return None,
                        '\\' => match chars.next()? {
                            c @ ('"' | '\\') => word.push(c),
                            _ => return None,
                        },
                        c => word.push(c),
                    }
                }
            }
            '\n' | '\r' => return None,
            c if c.is_whitespace() => words.extend(word.take()),
            '|' | '&' | ';' | '<' | '>' | '(' | ')' | '$' | '`' | '\\' | '*' | '?' | '[' | ']' | '{' | '}' | '!' => {
                return None;
            }
            '~' | '#' if word.is_none() => return None,
            // An assignment before the command.
            '=' if words.is_empty() => return None,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(line: &str) -> Vec<String> {
        commands(line).iter().map(|argv| argv.join("·")).collect()
    }

    #[test]
    fn a_plain_line_needs_no_shell() {
        assert_eq!(shown("npm test"), ["npm·test"]);
        assert_eq!(shown("npm  run 'a b' \"c \\\" d\" --x=y ''"), ["npm·run·a b·c \" d·--x=y·"]);
        assert_eq!(shown("npm run lint && npm test"), ["npm·run·lint", "npm·test"]);
    }

    #[test]
    fn what_needs_a_shell_gets_one() {
        for line in [
            "cd web && npm test",
            "a | b",
            "a; b",
            "CI=1 npm test",
            "tape test/*.js",
            "echo $HOME",
            "a > b",
            "a || b",
            "(a)",
            "a &",
            "echo \"`x`\"",
            "open 'quote",
            "export A=1 && b",
            "a && ",
            "ls ~",
            "'' a",
        ] {
            assert_eq!(shown(line), [format!("sh·-c·{}", line.trim())], "{line}");
        }
        assert!(shown(" ").is_empty() && shown("a\0b").is_empty());
    }

    proptest! {
        #[test]
        fn every_line_gives_something_that_can_run(line in "[a-z '\"\\\\&|$=\\n]{0,30}") {
            for argv in commands(&line) {
                prop_assert!(is_program(&argv) && !argv.iter().any(|arg| arg.contains('\0')));
            }
        }
    }
}
