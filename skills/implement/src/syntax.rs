//! Notices an edit that breaks a file: JSON and TOML by parsing, code by the balance of its brackets. Only a new error is reported, and
//! reported is all it is: the balance is a heuristic. `finish` refuses only what a parser says.

/// Extensions whose brackets are counted, and how their comments and quotes work.
const CODE: [&str; 20] = [
    "rs", "js", "jsx", "mjs", "cjs", "ts", "tsx", "go", "java", "kt", "c", "h", "cc", "cpp", "hpp", "cs", "css",
    "scss", "php", "py",
];

/// The error that `after` has and `before` had not.
pub(crate) fn new_error(path: &str, before: Option<&str>, after: &str) -> Option<String> {
    let error = error(path, after)?;
    let had_one = before.is_some_and(|before| self::error(path, before).is_some());
    (!had_one).then(|| format!("[{path} was changed, but {error}]"))
}

/// Whether a parser, not a heuristic, took `before` and refuses `after`.
pub(crate) fn broke(path: &str, before: &str, after: &str) -> bool {
    let parses = |text: &str| parsed(path, text).map(|error| error.is_none());
    (parses(before), parses(after)) == (Some(true), Some(false))
}

fn error(path: &str, text: &str) -> Option<String> {
    match extension(path) {
        extension if CODE.contains(&extension) => unbalanced(text, extension),
        _ => parsed(path, text).flatten(),
    }
}

/// What a parser says of the text; none where there is no parser for it.
fn parsed(path: &str, text: &str) -> Option<Option<String>> {
    match extension(path) {
        "json" => Some(json(text)),
        "toml" => Some(toml(text)),
        _ => None,
    }
}

fn extension(path: &str) -> &str {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension)
}

fn json(text: &str) -> Option<String> {
    serde_json::from_str::<serde_json::Value>(text).err().map(|error| format!("is not JSON: {error}"))
}

fn toml(text: &str) -> Option<String> {
    let error = toml::de::DeTable::parse(text).err()?;
    let at = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
    let at = at.map(|line| format!(" in line {line}")).unwrap_or_default();
    Some(format!("is not TOML{at}: {}", error.message().lines().next().unwrap_or_default()))
}

/// The first bracket that has no partner, outside strings and comments.
fn unbalanced(text: &str, extension: &str) -> Option<String> {
    let characters: Vec<char> = text.chars().collect();
    let at = |index: usize| characters.get(index).copied().unwrap_or('\n');
    let (mut index, mut line) = (0, 1);
    let mut open: Vec<(char, usize)> = Vec::new();
    while index < characters.len() {
        let character = characters[index];
        let end = match character {
            '/' if extension != "py" && at(index + 1) == '/' => skip_until(&characters, index, "\n"),
            '#' if extension == "py" => skip_until(&characters, index, "\n"),
            '/' if extension != "py" && at(index + 1) == '*' => skip_until(&characters, index + 2, "*/"),
            '"' if extension == "py" && at(index + 1) == '"' && at(index + 2) == '"' => {
                skip_until(&characters, index + 3, "\"\"\"")
            }
            '"' => skip_string(&characters, index, extension == "rs"),
            '`' if extension != "rs" => skip_string(&characters, index, true),
            '\'' if extension == "rs" => skip_char(&characters, index),
            '\'' => skip_string(&characters, index, false),
            '(' | '[' | '{' => {
                open.push((character, line));
                index + 1
            }
            ')' | ']' | '}' => {
                let partner = match character {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                match open.pop() {
                    Some((bracket, _)) if bracket == partner => index + 1,
                    Some((bracket, from)) => {
                        return Some(format!("`{bracket}` of line {from} meets `{character}` in line {line}"));
                    }
                    None => return Some(format!("`{character}` in line {line} closes nothing")),
                }
            }
            _ => index + 1,
        };
        line += characters[index..end.min(characters.len())].iter().filter(|&&c| c == '\n').count();
        index = end;
    }
    open.pop().map(|(bracket, from)| format!("`{bracket}` of line {from} is never closed"))
}

fn skip_until(characters: &[char], from: usize, end: &str) -> usize {
    let end: Vec<char> = end.chars().collect();
    let rest = characters.get(from..).unwrap_or_default();
    rest.windows(end.len())
        .position(|window| window == end)
        .map_or(characters.len(), |position| from + position + end.len())
}

/// After the closing quote; a string that may not span lines ends with its line.
fn skip_string(characters: &[char], from: usize, spans_lines: bool) -> usize {
    let mut index = from + 1;
    while index < characters.len() {
        match characters[index] {
            '\\' => index += 1,
            '\n' if !spans_lines => return index,
            character if character == characters[from] => return index + 1,
            _ => {}
        }
        index += 1;
    }
    characters.len()
}

/// A Rust character literal, or one step where the quote begins a lifetime.
fn skip_char(characters: &[char], from: usize) -> usize {
    match (characters.get(from + 1), characters.get(from + 2)) {
        (Some('\\'), _) => skip_string(characters, from, false),
        (Some(_), Some('\'')) => from + 3,
        _ => from + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_new_errors_are_reported() {
        assert_eq!(
            new_error("a.rs", Some("fn a() {}"), "fn a() {"),
            Some("[a.rs was changed, but `{` of line 1 is never closed]".into())
        );
        assert_eq!(new_error("a.rs", Some("fn a( {"), "fn b( {"), None);
        assert_eq!(new_error("a.txt", Some(""), "((("), None);
        let toml = new_error("a.toml", Some("a = 1"), "a = 1\nb = [\n").unwrap_or_default();
        assert!(toml.starts_with("[a.toml was changed, but is not TOML in line "), "{toml}");
        assert!(new_error("a.json", None, "{").is_some_and(|error| error.contains("not JSON")));
    }

    #[test]
    fn strings_comments_and_lifetimes_do_not_count() {
        for (name, text) in [
            ("a.rs", "fn a<'a>(x: &'a str) { let c = '{'; let s = \"}\\\"{\"; let n = '\\''; /* ( */ } // ["),
            ("a.ts", "const a = `${x} (`; const b = '('; // don't {\n"),
            ("a.py", "x = \"\"\"(((\n\"\"\" # {\ny = '('\n"),
        ] {
            assert_eq!(error(name, text), None, "{name}");
        }
    }

    #[test]
    fn the_line_of_a_wrong_bracket_is_named() {
        assert_eq!(error("a.js", "f(\n[1)\n"), Some("`[` of line 2 meets `)` in line 2".into()));
        assert_eq!(error("a.js", "\n\n}"), Some("`}` in line 3 closes nothing".into()));
    }

    #[test]
    fn only_a_parser_can_refuse() {
        assert!(broke("a.json", "{}", "{"));
        assert!(broke("a.toml", "a = 1\n", "a = 1\na = 2\n"));
        assert!(!broke("a.toml", "a = 1\n", "[b]\nc = \"(\"\n"));
        assert!(!broke("a.json", "// comment\n{}", "{"), "it was not JSON before either");
        assert!(!broke("a.rs", "fn a() {}", "fn a() {"));
    }
}
