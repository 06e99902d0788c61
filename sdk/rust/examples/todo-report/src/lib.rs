//! Lists TODO comments with file and line, and writes them as a Markdown report.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use skillhost_sdk::glob::Globs;
use skillhost_sdk::walk::walk;
use skillhost_sdk::{Error, Host, Level, write_error};
use std::collections::BTreeSet;

#[derive(Deserialize, JsonSchema)]
#[serde(default)]
struct Wanted {
    /// Where the report is written.
    #[schemars(length(min = 1))]
    path: String,
    /// Glob of the files to look in.
    #[schemars(length(min = 1))]
    pattern: String,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { path: "TODO.md".to_owned(), pattern: "**".to_owned() }
    }
}

#[derive(Serialize, JsonSchema)]
struct Reported {
    todos: Vec<Todo>,
}

/// A comment that says what is left to do.
#[derive(Serialize, JsonSchema)]
struct Todo {
    file: String,
    line: usize,
    text: String,
}

skillhost_sdk::export_tools! {
    /// Lists TODO comments with file and line, and writes them to a Markdown file.
    "report" => report,
}

fn report(host: &dyn Host, Wanted { path, pattern }: Wanted) -> Result<Reported, Error> {
    let globs = Globs::parse([&pattern]).map_err(Error::Invalid)?;
    let mut files = walk(host, "").map_err(Error::Failed)?.files;
    // An earlier report holds the same lines again.
    files.retain(|file| *file != path && globs.matches(file));
    files.sort();
    let todos: Vec<Todo> = files.iter().flat_map(|file| todos_in(host, file)).collect();
    host.write(&path, render(&todos).as_bytes()).map_err(|e| write_error(&path, &e))?;
    Ok(Reported { todos })
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use skillhost_sdk::{Tool, mock};

    fn called(host: &mock::Host, arguments: Value) -> Value {
        let answer = Tools::call(host, "report".to_owned(), arguments.to_string()).unwrap();
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
