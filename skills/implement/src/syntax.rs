//! Notices an edit that breaks a file: JSON, TOML and YAML by parsing, code by the balance of its brackets. Only a new error
//! is reported, and reported is all it is: the balance is a heuristic. `finish` refuses only what a parser says.

mod brackets;

use std::ops::RangeInclusive;

use skillhost_sdk::clip::clip;
use skillhost_sdk::explore::numbered;

/// Larger files are not checked: parsing takes a multiple of their size in memory, and YAML a multiple in time.
const MAX_BYTES: usize = 1 << 20;
const MAX_YAML_BYTES: usize = 256 << 10;
/// Lines shown around an error that stands elsewhere than the edit.
const AROUND: usize = 3;
const MAX_CONTEXT_BYTES: usize = 2_000;
/// In a line that begins what one would call a function.
const HEADS: [&str; 11] =
    ["fn ", "func ", "function", "def ", "class ", "impl ", "struct ", "interface ", "=> {", "public ", "private "];

/// What is wrong, and where (1-based). It continues a sentence that begins with the file.
#[derive(Debug, PartialEq, Eq)]
struct Flaw {
    line: usize,
    what: String,
}

/// The error that `after` has and `before` had not, with the function around it where that is not among the lines `shown`.
pub(crate) fn new_error(path: &str, before: Option<&str>, after: &str, shown: RangeInclusive<usize>) -> Option<String> {
    let flaw = check(path, after)?;
    if let Some((before, old)) = before.and_then(|before| Some((before, check(path, before)?))) {
        // Where the balance was off before, it says nothing about this file.
        if parser(path).is_none() || is_same((before, &old), (after, &flaw)) {
            return None;
        }
    }
    let around = if shown.contains(&flaw.line) { String::new() } else { around(after, flaw.line) };
    Some(format!("[{path} was changed, but {}]{around}", flaw.what))
}

/// Whether a parser, not a heuristic, took `before` and refuses `after`.
pub(crate) fn broke(path: &str, before: &str, after: &str) -> bool {
    parser(path).is_some() && check(path, before).is_none() && check(path, after).is_some()
}

fn check(path: &str, text: &str) -> Option<Flaw> {
    if text.len() > MAX_BYTES {
        return None;
    }
    match parser(path) {
        Some(parse) => parse(text),
        None => brackets::flaw(text, extension(path)),
    }
}

/// What parses files of this kind, where something does.
fn parser(path: &str) -> Option<fn(&str) -> Option<Flaw>> {
    match extension(path) {
        "json" => Some(json),
        "toml" => Some(toml),
        "yaml" | "yml" => Some(yaml),
        _ => None,
    }
}

fn extension(path: &str) -> &str {
    path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("", |(_, extension)| extension)
}

fn json(text: &str) -> Option<Flaw> {
    let error = serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}')).err()?;
    Some(Flaw { line: error.line().max(1), what: format!("is not JSON: {error}") })
}

fn toml(text: &str) -> Option<Flaw> {
    let error = toml::de::DeTable::parse(text).err()?;
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let why = error.message().lines().next().unwrap_or_default();
    Some(Flaw { line, what: format!("is not TOML in line {line}: {why}") })
}

/// Templates, which only become YAML, don't parse before either.
fn yaml(text: &str) -> Option<Flaw> {
    if text.len() > MAX_YAML_BYTES {
        return None;
    }
    let error = saphyr_parser::Parser::new_from_str(text).find_map(Result::err)?;
    let line = error.marker().line().max(1);
    Some(Flaw { line, what: format!("is not YAML in line {line}: {}", error.info()) })
}

/// Whether an error is one that was there before, wherever it stands now.
fn is_same((before, old): (&str, &Flaw), (after, new): (&str, &Flaw)) -> bool {
    let bare = |flaw: &Flaw| flaw.what.chars().filter(|character| !character.is_ascii_digit()).collect::<String>();
    let line = |text: &str, flaw: &Flaw| text.lines().nth(flaw.line - 1).map(|line| line.trim().to_owned());
    bare(old) == bare(new) && line(before, old) == line(after, new)
}

/// The lines around an error, after the head of the function that it stands in.
fn around(text: &str, line: usize) -> String {
    let lines: Vec<&str> = text.lines().take(line).collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut least = lines.last().map_or(0, |line| indent(line));
    let mut head = None;
    for (index, text) in lines.iter().enumerate().rev() {
        if text.trim().is_empty() || indent(text) >= least {
            continue;
        }
        (least, head) = (indent(text), head.or(Some(index + 1)));
        if HEADS.iter().any(|word| text.contains(word)) {
            head = Some(index + 1);
            break;
        }
    }
    let from = line.saturating_sub(AROUND).max(1);
    let head = head.filter(|head| *head < from).map(|head| numbered(text, head, head)).unwrap_or_default();
    let shown = format!("{head}{}", numbered(text, from, line + AROUND));
    if shown.is_empty() { shown } else { format!("\n{}", clip(shown.trim_end(), MAX_CONTEXT_BYTES)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, before: Option<&str>, after: &str) -> Option<String> {
        new_error(path, before, after, 1..=9)
    }

    #[test]
    fn only_new_errors_are_reported() {
        let error = "[a.rs was changed, but `{` of line 1 is never closed]";
        assert_eq!(told("a.rs", Some("fn a() {}"), "fn a() {"), Some(error.into()));
        assert_eq!(told("a.rs", Some("fn a( {"), "fn b( {"), None);
        assert_eq!(told("a.txt", Some(""), "((("), None);
        for (path, old, new) in [
            ("a.json", "// comment\n{}", "// comment\n{\"a\": 1}"),
            ("a.toml", "a = 1\na = 2\n", "b = 1\na = 1\na = 2\n"),
            ("a.yml", "{{- if x }}\na: 1\n", "\n{{- if x }}\na: 2\n"),
        ] {
            assert_eq!(told(path, Some(old), new), None, "the same error, elsewhere");
        }
        assert!(told("a.toml", Some("a = 1\na = 2\n"), "a = 1\n[\n").is_some(), "another error");
    }

    #[test]
    fn parsers_name_the_line() {
        for (path, text, error) in [
            ("a.json", "{", "[a.json was changed, but is not JSON: EOF while parsing an object at line 1 column 1]"),
            ("a.toml", "a = 1\nb = [\n", "[a.toml was changed, but is not TOML in line "),
            ("a.yaml", "a:\n  b: 1\n c: 2\n", "[a.yaml was changed, but is not YAML in line 3: "),
            ("ci/a.yml", "- run: echo \"a: b\"\n", "[ci/a.yml was changed, but is not YAML in line 1: "),
        ] {
            let told = told(path, None, text).unwrap_or_default();
            assert!(told.starts_with(error), "{told}");
        }
        assert_eq!(told("a.yml", None, "on: [push]\njobs:\n  a: {runs-on: x}\n---\nb: |\n  {{ x }}\n"), None);
        assert_eq!(told("a.json", None, "\u{feff}{}"), None);
    }

    #[test]
    fn an_error_elsewhere_comes_with_its_function() {
        let body = "    x();\n".repeat(20);
        let text = format!("use a;\nfn far() {{\n{body}    if y {{\n        z(\n    }}\n}}\n");
        let told = new_error("a.rs", None, &text, 1..=5).unwrap_or_default();
        let expected = "[a.rs was changed, but `(` of line 24 meets `}` in line 25]\n\
                        2|fn far() {\n22|    x();\n23|    if y {\n24|        z(\n25|    }\n26|}";
        assert_eq!(told, expected);
        assert_eq!(around("a\n", 7), "");
    }

    #[test]
    fn only_a_parser_can_refuse() {
        assert!(broke("a.json", "{}", "{"));
        assert!(broke("a.toml", "a = 1\n", "a = 1\na = 2\n"));
        assert!(broke("a.yml", "a: 1\n", "a: [1\n"));
        assert!(!broke("a.toml", "a = 1\n", "[b]\nc = \"(\"\n"));
        assert!(!broke("a.json", "// comment\n{}", "{"), "it was not JSON before either");
        assert!(!broke("a.rs", "fn a() {}", "fn a() {"));
    }

    #[test]
    fn hostile_files_cost_little() {
        for (path, unit) in [
            ("a.json", "["),
            ("a.toml", "a.["),
            ("a.yml", "- "),
            ("a.yml", "[a: "),
            ("a.rs", "("),
            ("a.ts", "`${"),
            ("a.ts", "/"),
            ("a.py", "'"),
            ("a.rs", "r#"),
            ("a.go", "/*"),
        ] {
            check(path, &unit.repeat(MAX_YAML_BYTES / unit.len()));
        }
        assert_eq!(check("a.json", &"[".repeat(MAX_BYTES + 1)), None);
    }
}
