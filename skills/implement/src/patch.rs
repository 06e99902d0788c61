//! `apply_patch`, which some models call although nobody offered it. A patch is taken apart into the edits that it stands
//! for, and each of them is one of `edit`, `write`, `rename` and `remove`, with all of their rules.

mod unified;

use regex_lite::Regex;
use serde_json::{Value, json};
use skillhost_sdk::arguments::{Arguments, Malformed};
use skillhost_sdk::schema::{list, text, text_or_null, tool};
use skillhost_sdk::{ToolDefinition, path};

use crate::tools;

/// The tool's name.
pub(crate) const NAME: &str = "apply_patch";
/// The fields in which models send it.
const FIELDS: [&str; 5] = ["input", "patch", "patchText", "diff", "text"];
/// The field that holds it as the words of a command, the last of them the patch.
const COMMAND: &str = "command";
/// More edits than this in one patch are several patches.
const MAX_EDITS: usize = 50;
/// Of a path in whatever was written, be it JSON or the head of a patch, whole or cut.
const PATH: &str = r#""(?:path|from|to)"\s*:\s*"([^"\\]+)"|\*\*\* (?:Add|Update|Delete) File: ([^\r\n\\"]+)|(?:---|\+\+\+) [ab]/([^\s\\"]+)"#;
const MOVE: &str = "*** Move to: ";

/// An edit as the call of a tool.
type Edit = (&'static str, Value);

/// The tool as it is called. It is not offered.
pub(crate) fn definition() -> ToolDefinition {
    let mut fields: Vec<(&str, Value)> = FIELDS.iter().map(|field| (*field, text_or_null("The patch."))).collect();
    fields.push((COMMAND, list("The patch as the last word.", text(""))));
    tool(NAME, "Applies a patch.", &fields)
}

/// The files that arguments name, which could not be read as a whole.
pub(crate) fn named_paths(raw: &str) -> Vec<String> {
    let Ok(regex) = Regex::new(PATH) else { return vec![] };
    let named = regex.captures_iter(raw).filter_map(|found| found.get(1).or(found.get(2)).or(found.get(3)));
    named.filter_map(|named| path::clean(named.as_str()).ok()).collect()
}

/// The edits of a patch, as calls of the tools that make them.
pub(crate) fn edits(arguments: &Arguments) -> Result<Vec<(&'static str, Arguments)>, String> {
    let command = arguments.texts(COMMAND).pop().unwrap_or_default();
    let text = FIELDS.iter().find_map(|field| arguments.text_or_null(field)).unwrap_or(&command);
    let edits = parse(&text.replace("\r\n", "\n"))?;
    if edits.len() > MAX_EDITS {
        return Err(format!("the patch has {} parts, of at most {MAX_EDITS}: send it in smaller ones", edits.len()));
    }
    let definitions = tools::definitions();
    let call = |(name, arguments): Edit| {
        let tool = definitions.iter().find(|tool| tool.name == name).ok_or("there is no such tool")?;
        let arguments = Arguments::parse(&arguments.to_string(), &tool.parameters);
        arguments.map(|arguments| (name, arguments)).map_err(|(Malformed::Unreadable(why) | Malformed::Unfit(why))| why)
    };
    edits.into_iter().map(call).collect()
}

fn parse(text: &str) -> Result<Vec<Edit>, String> {
    // What stands around the envelope, such as a fence or a command, is left out; its beginning may be missing.
    let body = match text.split_once("*** Begin Patch") {
        Some((_, body)) => body,
        None if text.lines().find(|line| !line.trim().is_empty()).is_some_and(is_head) => text,
        None if unified::is_one(text) => return unified::parse(text),
        None => return Err("a patch begins with `*** Begin Patch`; or use edit".into()),
    };
    let (body, _) =
        body.split_once("*** End Patch").ok_or("the patch has no `*** End Patch`, so it was cut off: send less")?;
    let mut lines = body.lines().peekable();
    let mut edits = vec![];
    while let Some(line) = lines.next() {
        // The lines of this part, up to the head of the next.
        let mut part = vec![];
        while let Some(line) = lines.next_if(|line| !is_head(line)) {
            part.push(line);
        }
        if let Some(path) = line.strip_prefix("*** Add File: ") {
            let added = part.iter().map(|line| line.strip_prefix('+').map(|line| format!("{line}\n")));
            let text: String = added.collect::<Option<_>>().ok_or("each line of an added file begins with `+`")?;
            edits.push(("write", json!({"path": path, "text": text})));
        } else if let Some(path) = line.strip_prefix("*** Delete File: ") {
            edits.push(("remove", json!({"path": path})));
        } else if let Some(path) = line.strip_prefix("*** Update File: ") {
            let to = part.first().and_then(|first| first.strip_prefix(MOVE));
            for (old, new) in hunks(&part[usize::from(to.is_some())..])? {
                edits.push(("edit", json!({"path": path, "old": old, "new": new})));
            }
            edits.extend(to.map(|to| ("rename", json!({"from": path, "to": to}))));
        } else if let Some(line) = Some(line).into_iter().chain(part).find(|line| !line.trim().is_empty()) {
            return Err(format!(
                "`{line}` is no head of a part: those are `*** Add File: `, `*** Update File: ` and `*** Delete File: `"
            ));
        }
    }
    if edits.is_empty() { Err("the patch changes nothing".into()) } else { Ok(edits) }
}

fn is_head(line: &str) -> bool {
    ["*** Add File: ", "*** Update File: ", "*** Delete File: "].iter().any(|head| line.starts_with(head))
}

/// What stands there before and after, hunk by hunk. What `@@` names is no more than a hint, and is left out.
fn hunks(lines: &[&str]) -> Result<Vec<(String, String)>, String> {
    let mut hunks = vec![];
    let (mut old, mut new) = (String::new(), String::new());
    for line in lines.iter().chain(&["@@"]) {
        if line.starts_with("@@") {
            let hunk = (std::mem::take(&mut old), std::mem::take(&mut new));
            hunks.extend((hunk.0 != hunk.1).then_some(hunk));
            continue;
        }
        let (sign, text) = line.split_at_checked(1).unwrap_or((" ", ""));
        match sign {
            " " | "-" | "+" => {
                if sign != "+" {
                    old.push_str(&format!("{text}\n"));
                }
                if sign != "-" {
                    new.push_str(&format!("{text}\n"));
                }
            }
            _ if line.starts_with("*** End of File") || line.starts_with("\\ No newline") => {}
            _ => return Err(format!("`{line}` begins with none of ` `, `-`, `+` and `@@`")),
        }
    }
    Ok(hunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(body: &str) -> Result<Vec<Edit>, String> {
        parse(&format!("*** Begin Patch\n{body}*** End Patch\n"))
    }

    #[test]
    fn a_patch_is_the_edits_that_it_stands_for() {
        let body = "*** Add File: a\n+x\n+\n*** Update File: b\n*** Move to: c\n@@ fn f\n one\n-two\n+zwei\n\n@@\n-four\n\
                    *** End of File\n*** Delete File: d\n";
        assert_eq!(
            patch(body),
            Ok(vec![
                ("write", json!({"path": "a", "text": "x\n\n"})),
                ("edit", json!({"path": "b", "old": "one\ntwo\n\n", "new": "one\nzwei\n\n"})),
                ("edit", json!({"path": "b", "old": "four\n", "new": ""})),
                ("rename", json!({"from": "b", "to": "c"})),
                ("remove", json!({"path": "d"})),
            ])
        );
    }

    #[test]
    fn what_is_not_a_patch_is_refused() {
        for (body, why) in [
            ("", "changes nothing"),
            ("*** Update File: a\n one\n", "changes nothing"),
            ("*** Add File: a\nx\n", "begins with `+`"),
            ("*** Update File: a\nx\n", "begins with none of"),
            ("*** Frobnicate: a\n", "is no head of a part"),
        ] {
            assert!(patch(body).is_err_and(|told| told.contains(why)), "{body}");
        }
        assert!(parse("*** Begin Patch\n*** Delete File: a\n").is_err_and(|told| told.contains("cut off")));
        assert!(parse("*** Delete File: a").is_err_and(|told| told.contains("cut off")));
        assert!(parse("Delete a").is_err_and(|told| told.contains("Begin Patch")));
    }

    #[test]
    fn it_is_taken_in_whatever_it_comes_in() {
        let delete = "*** Begin Patch\n*** Delete File: a\n*** End Patch";
        let heredoc = format!("apply_patch <<'EOF'\n{delete}\nEOF");
        for given in [
            json!({"input": delete}),
            json!({"patch": format!("```\n{delete}\n```")}),
            json!({"diff": delete.trim_start_matches("*** Begin Patch\n")}),
            json!({"command": ["apply_patch", delete]}),
            json!({"command": heredoc}),
            json!(delete),
        ] {
            let arguments = Arguments::parse(&given.to_string(), &definition().parameters);
            let names = arguments.map(|it| edits(&it).map(|edits| edits.iter().map(|it| it.0).collect::<Vec<_>>()));
            assert_eq!(names, Ok(Ok(vec!["remove"])), "{given}");
        }
    }

    #[test]
    fn paths_are_found_in_what_was_cut() {
        assert_eq!(named_paths(r#"{"path": "./a.rs", "old": "x"#), ["a.rs"]);
        assert_eq!(named_paths(r#"{"input":"*** Begin Patch\n*** Update File: src/b.rs\n@@\n-x"#), ["src/b.rs"]);
        assert_eq!(named_paths(r#"{"patch":"--- a/x.rs\n+++ b/y.rs\n@@"#), ["x.rs", "y.rs"]);
        assert_eq!(named_paths(r#"{"pa"#), [""; 0]);
    }
}
