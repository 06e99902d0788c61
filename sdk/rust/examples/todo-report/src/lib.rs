//! Lists TODO comments with file and line, and writes them as a Markdown report.

use serde_json::{Value, json};
use skillhost_sdk::glob::Globs;
use skillhost_sdk::walk::walk;
use skillhost_sdk::{Error, Host, Level, Tool, write_error};
use std::collections::BTreeSet;

struct Skill;

impl Tool for Skill {
    fn call(host: &dyn Host, name: String, arguments: String) -> Result<String, Error> {
        let given: Value = serde_json::from_str(&arguments).map_err(|e| Error::Invalid(e.to_string()))?;
        let text = |key: &str, other: &str| given[key].as_str().unwrap_or(other).to_owned();
        match name.as_str() {
            "report" => report(host, &text("path", "TODO.md"), &text("pattern", "**")),
            other => Err(Error::Invalid(format!("there is no tool {other}"))),
        }
    }
}

/// A comment that says what is left to do.
struct Todo {
    file: String,
    line: usize,
    text: String,
}

fn report(host: &dyn Host, path: &str, pattern: &str) -> Result<String, Error> {
    let globs = Globs::parse([pattern]).map_err(Error::Invalid)?;
    let mut files = walk(host, "").map_err(Error::Failed)?.files;
    // An earlier report holds the same lines again.
    files.retain(|file| file != path && globs.matches(file));
    files.sort();
    let todos: Vec<Todo> = files.iter().flat_map(|file| todos_in(host, file)).collect();
    host.write(path, render(&todos).as_bytes()).map_err(|e| write_error(path, &e))?;
    let todos: Vec<Value> =
        todos.iter().map(|todo| json!({ "file": todo.file, "line": todo.line, "text": todo.text })).collect();
    Ok(json!({ "todos": todos }).to_string())
}

/// Those of one file. What is no text, or too large for one, has none.
fn todos_in(host: &dyn Host, file: &str) -> Vec<Todo> {
    let bytes = host.load(file).unwrap_or_else(|error| {
        host.log(Level::Warn, &format!("{file} is left out: {error}"));
        Vec::new()
    });
    let text = String::from_utf8(bytes).unwrap_or_default();
    if text.contains('\0') {
        return Vec::new();
    }
    let found = text.split('\n').enumerate().filter_map(|(index, line)| Some((index + 1, said(line)?)));
    found.map(|(line, text)| Todo { file: file.to_owned(), line, text: text.to_owned() }).collect()
}

/// What stands behind the word TODO in a line, without `:` or `(name):`.
fn said(line: &str) -> Option<&str> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_word =
        |&(at, word): &(usize, &str)| !line[..at].ends_with(in_word) && !line[at + word.len()..].starts_with(in_word);
    let (at, word) = line.match_indices("TODO").find(is_word)?;
    let rest = &line[at + word.len()..];
    let rest = rest.strip_prefix('(').and_then(|name| Some(name.split_once(')')?.1)).unwrap_or(rest);
    Some(rest.strip_prefix(':').unwrap_or(rest).trim())
}

fn render(todos: &[Todo]) -> String {
    let files: BTreeSet<&str> = todos.iter().map(|todo| todo.file.as_str()).collect();
    let list: String = todos.iter().map(|todo| format!("- `{}:{}` {}\n", todo.file, todo.line, todo.text)).collect();
    let list = if list.is_empty() { "None.\n" } else { &list };
    format!("# TODO report\n\n{} in {} files.\n\n{list}", todos.len(), files.len())
}

skillhost_sdk::export_tool!(Skill);

#[cfg(test)]
mod tests {
    use super::*;
    use skillhost_sdk::mock;

    fn called(host: &mock::Host, arguments: Value) -> Value {
        let answer = Skill::call(host, "report".to_owned(), arguments.to_string()).unwrap();
        serde_json::from_str(&answer).unwrap()
    }

    #[test]
    fn todos_are_listed_by_path_and_line() {
        let host = mock::Host::new()
            .file("src/b.py", "# TODO(ann): rename\nx = 1\n# TODO later\n")
            .file("src/a.rs", "fn a() {}\n// TODO: fix this\r\n")
            .file("TODOS.txt", "TODOS are no TODO_s\n")
            .file("nul", "\0TODO no");
        let todo = |file: &str, line: u32, text: &str| json!({ "file": file, "line": line, "text": text });
        let todos = [todo("src/a.rs", 2, "fix this"), todo("src/b.py", 1, "rename"), todo("src/b.py", 3, "later")];
        assert_eq!(called(&host, json!({})), json!({ "todos": todos }));
        assert!(
            host.text("TODO.md").unwrap().starts_with("# TODO report\n\n3 in 2 files.\n\n- `src/a.rs:2` fix this\n")
        );
    }

    #[test]
    fn a_report_of_nothing_says_so() {
        let host = mock::Host::new().file("a", "TODO: x");
        assert_eq!(called(&host, json!({"path": "docs/list.md", "pattern": "b/**"})), json!({ "todos": [] }));
        assert_eq!(host.text("docs/list.md").unwrap(), "# TODO report\n\n0 in 0 files.\n\nNone.\n");
    }
}
