//! The definitions of the eleven tools, in the order in which they are always sent.

use skillhost_sdk::schema::{choice, flag_or_null, integer_or_null, list, object, text, text_or_null, tool};
use skillhost_sdk::{ToolDefinition, explore};

pub(crate) fn definitions() -> Vec<ToolDefinition> {
    let path = || text("Path relative to the repository's root.");
    let texts = |description| list(description, text(""));
    let criterion = object(&[
        ("id", text("The criterion's id.")),
        ("evidence", text_or_null("The command that shows it, or the id of its run; null where nothing shows it.")),
    ]);
    let answer =
        object(&[("finding", text("The finding's id.")), ("text", text("What you did about it, or why nothing."))]);
    let mut tools = explore::definitions();
    tools.extend([
        tool(
            "edit",
            "Replaces `old` by `new` in a file that you have read. `old` has to be found once, or be picked by `near_line`.",
            &[
                ("path", path()),
                ("old", text("The file's text, copied exactly, at most 6000 characters.")),
                ("new", text("What stands there instead, at most 6000 characters.")),
                ("all", flag_or_null("Replace every exact occurrence.")),
                ("near_line", integer_or_null("Where `old` occurs several times: the line near the one that is meant.")),
            ],
        ),
        tool(
            "write",
            "Writes a whole file, new or read before.",
            &[("path", path()), ("text", text("Everything that the file holds, at most 16000 characters."))],
        ),
        tool("rename", "Renames a file.", &[("from", path()), ("to", path())]),
        tool("remove", "Removes a file.", &[("path", path())]),
        tool(
            "run",
            "Runs a declared command on the tree as it is.",
            &[("name", text("The command's name.")), ("arguments", texts("Usually empty: arguments need a grant of their own."))],
        ),
        tool("diff", "Shows your change against the base.", &[("paths", texts("Empty for all."))]),
        tool("plan", "Stores your plan; a later one replaces it.", &[("text", text("At most 4000 characters."))]),
        tool(
            "finish",
            "Ends the step. `done` is checked: criteria, commands run after the last edit, files. Call it again when it shows the diff.",
            &[
                ("status", choice("Blocked where the step can't be done as it is meant.", &["done", "blocked"])),
                ("title", text("Imperative, at most 72 characters: the commit's subject line.")),
                ("what", text("What changed; for blocked, what stands in the way.")),
                ("why", text("Why it is done this way; for blocked, what you tried.")),
                ("breaking", texts("Each breaking change; usually empty.")),
                ("rollback", text("How to go back.")),
                ("criteria", list("One entry for each criterion.", criterion)),
                ("answers", list("One entry for each open finding; empty where there is none.", answer)),
            ],
        ),
    ]);
    tools
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// What all providers take: see `skillhost_sdk::schema`.
    fn check(schema: &Value) {
        const KEYWORDS: [&str; 7] =
            ["type", "description", "properties", "required", "additionalProperties", "items", "enum"];
        let keys: Vec<&String> = schema.as_object().into_iter().flat_map(|object| object.keys()).collect();
        assert!(!keys.is_empty() && keys.iter().all(|key| KEYWORDS.contains(&key.as_str())), "{schema}");
        if let Some(properties) = schema["properties"].as_object() {
            let names: Vec<&String> = properties.keys().collect();
            assert_eq!(schema["required"], serde_json::json!(names));
            assert_eq!(schema["additionalProperties"], false);
            properties.values().for_each(check);
        }
        if let Some(items) = schema.get("items") {
            check(items);
        }
    }

    #[test]
    fn every_provider_takes_the_tools() {
        let tools = definitions();
        let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
        let expected = ["list", "search", "read", "edit", "write", "rename", "remove", "run", "diff", "plan", "finish"];
        assert_eq!(names, expected);
        for tool in &tools {
            check(&serde_json::from_str(&tool.parameters).unwrap_or_default());
        }
        // More fields that may be null one provider refuses.
        let nullable: usize = tools.iter().map(|tool| tool.parameters.matches("\"null\"").count()).sum();
        assert!(nullable <= 16, "{nullable}");
    }
}
