//! The `[[tool]]` entries of `skill.toml`, where the component tells its tools itself.
//!
//! What a tool takes and gives is in the types of its sources. Some languages know those only in what they compile, so the
//! component answers one operation beyond its own with all of them: its name is none that a manifest can declare, so that
//! nobody else calls it. What comes is a component's text, and counts once it was read again as a part of the manifest.

use serde::{Deserialize, Serialize};
use skillhost_core::document::MAX_DOCUMENT_BYTES;
use skillhost_core::kind::Kind;
use skillhost_core::manifest::{Manifest, Tool};
use skillhost_core::text::escape_terminal;
use toml_edit::Value;
use toml_edit::ser::ValueSerializer;

/// The operation that a component is asked for its tools with.
pub const TELL_TOOLS: &str = "skillhost:tools";
/// What the answer is.
const SCHEMA: &str = "skillhost.tools/1";
/// What stands above entries that are written anew, to the end of the manifest.
const MARK: &str = "# Written by the build from the types in src/: change them there.";
/// Stands where there are no entries yet, while the component is asked.
const PLACEHOLDER: &str = "\n[[tool]]\nname = \"to-be-told\"\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    schema: String,
    tools: Vec<Tool>,
}

/// Whether the build writes the entries of this manifest: it did before, or there are none. Others are their author's.
pub fn are_told(text: &str, manifest: &Manifest) -> bool {
    manifest.skill.kind == Kind::Tool && (manifest.tools.is_empty() || mark(text).is_some())
}

/// The manifest with which a component is asked: this one, with some entry where it has none.
pub fn before_told(text: &str, manifest: &Manifest) -> String {
    if manifest.tools.is_empty() { format!("{text}{PLACEHOLDER}") } else { text.to_owned() }
}

/// The tools that a component told.
///
/// # Errors
/// Where the answer is no such document, with what is wrong, escaped.
pub fn read_told(answer: &str) -> Result<Vec<Tool>, String> {
    if answer.len() > MAX_DOCUMENT_BYTES {
        return Err(format!("it has {} bytes; a manifest has at most {MAX_DOCUMENT_BYTES}", answer.len()));
    }
    let told: Told = serde_json::from_str(answer).map_err(|e| escape_terminal(&e.to_string(), 300).to_string())?;
    if told.schema != SCHEMA {
        return Err(format!("its schema is not {SCHEMA}: the SDK is newer than this program, or older"));
    }
    Ok(told.tools)
}

/// The manifest with these entries, in place of those that were written before. The same tools give the same text.
///
/// # Errors
/// Where a schema can't be written in TOML, which has no null, with the tool, escaped. Where something of the author's stands
/// below the mark, with its line: it would be lost.
pub fn with_tools(text: &str, tools: &[Tool]) -> Result<String, String> {
    let own = &text[..mark(text).unwrap_or(text.len())];
    check_below(own, &text[own.len()..])?;
    let entries: Vec<String> = tools.iter().map(entry).collect::<Result<_, _>>()?;
    Ok(format!("{}\n\n{MARK}\n{}", own.trim_end(), entries.join("\n")))
}

/// Below the mark are entries as the build writes them, and nothing else.
fn check_below(own: &str, below: &str) -> Result<(), String> {
    let is_of_author = |line: &str| {
        let line = line.trim();
        line != MARK && (line.starts_with('#') || (line.starts_with('[') && line != "[[tool]]"))
    };
    match below.lines().position(is_of_author) {
        Some(at) => {
            let line = own.lines().count() + at + 1;
            Err(format!("skill.toml:{line}: what stands below the line that the build wrote goes above it"))
        }
        None => Ok(()),
    }
}

/// Where the marking line begins.
fn mark(text: &str) -> Option<usize> {
    let mut at = 0;
    text.split_inclusive('\n').find_map(|line| {
        let begin = at;
        at += line.len();
        (line.trim_end() == MARK).then_some(begin)
    })
}

fn entry(tool: &Tool) -> Result<String, String> {
    let unwritable = |reason: &dyn std::fmt::Display| {
        format!("the tool `{}`: {}", tool.name, escape_terminal(&reason.to_string(), 300))
    };
    match tool.serialize(ValueSerializer::new()) {
        Ok(Value::InlineTable(fields)) => {
            let lines: String = fields.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
            Ok(format!("[[tool]]\n{lines}"))
        }
        Ok(_) => Err(unwritable(&"it is no table")),
        Err(error) => Err(unwritable(&error)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    const OWN: &str = "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"tool\"\n";

    fn told(tools: &serde_json::Value) -> Result<Vec<Tool>, String> {
        read_told(&json!({ "schema": SCHEMA, "tools": tools }).to_string())
    }

    #[test]
    fn entries_are_written_below_the_mark_and_again_the_same() {
        let parameters =
            json!({ "type": "object", "properties": { "a b": { "enum": ["ü\"\n", 1, 0.5] } }, "required": [] });
        let tools = told(&json!([
            { "name": "one", "description": "Says \"one\".", "parameters": parameters, "returns": {}, "read_only": true },
            { "name": "two", "parameters": { "type": "object" } },
        ]));
        let tools = tools.unwrap();
        let written = with_tools(OWN, &tools).unwrap();
        assert!(written.starts_with(&format!("{OWN}\n{MARK}\n[[tool]]\nname = \"one\"\n")), "{written}");
        assert!(written.ends_with("parameters = { type = \"object\" }\nread_only = false\n"), "{written}");
        let manifest = Manifest::parse(&written).unwrap();
        assert_eq!(manifest.tools, tools);
        assert_eq!(with_tools(&written, &tools).unwrap(), written);
        assert!(with_tools(&written.replace('\n', "\r\n"), &tools).unwrap().ends_with(&written[OWN.len()..]));
        assert_eq!(before_told(&written, &manifest), written);
    }

    #[test]
    fn what_an_author_wrote_below_the_mark_is_not_lost() {
        let written = with_tools(OWN, &told(&json!([{ "name": "one" }])).unwrap()).unwrap();
        for more in ["[limits]\nmemory = \"64MiB\"\n", "# mine\n"] {
            let why = with_tools(&format!("{written}\n{more}"), &[]).unwrap_err();
            assert!(why.starts_with("skill.toml:13: ") && why.contains("goes above it"), "{why}\n{written}");
        }
    }

    #[test]
    fn entries_without_the_mark_are_their_authors() {
        let of = |text: &str| are_told(text, &Manifest::parse_draft(text).unwrap());
        let entry = "\n[[tool]]\nname = \"one\"\n";
        assert!(of(OWN));
        assert!(of(&format!("{OWN}\n{MARK}{entry}")));
        assert!(!of(&format!("{OWN}{entry}")));
        assert!(!of(&format!("{OWN}\n# Written by the build from src/skill.py: change them there.{entry}")));
        assert!(!of(&OWN.replace("tool", "review")));
        let draft = Manifest::parse_draft(OWN).unwrap();
        assert_eq!(Manifest::parse(&before_told(OWN, &draft)).unwrap().tools.len(), 1);
    }

    #[test]
    fn what_is_no_list_of_tools_is_refused() {
        for bad in ["", "[]", "{}", "{\"schema\":\"skillhost.tools/2\",\"tools\":[]}", "\u{1b}[2J", "null"] {
            let why = read_told(bad).unwrap_err();
            assert!(!why.contains('\u{1b}'), "{why}");
        }
        assert!(read_told(&"[".repeat(MAX_DOCUMENT_BYTES)).is_err(), "it is nested too deeply");
        assert!(read_told(&" ".repeat(MAX_DOCUMENT_BYTES + 1)).unwrap_err().contains("bytes"));
        assert!(told(&json!([{ "name": "skillhost:tools" }])).is_err());
        assert!(told(&json!([{ "name": "a", "grants": ["**"] }])).is_err());
        let tools = told(&json!([{ "name": "a", "parameters": { "enum": [null] } }])).unwrap();
        assert!(with_tools(OWN, &tools).unwrap_err().starts_with("the tool `a`: "));
    }
}
