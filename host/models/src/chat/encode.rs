//! A request in the terms of Chat Completions.

use serde_json::{Map, Value, json};

use super::Dialect;
use crate::json::object_or_empty;
use crate::request::{Message, Part, Request, Speaker, ToolChoice, is_tool_name};

/// The body of `POST …/chat/completions`.
pub(crate) fn encode(request: &Request, model: &str, max_output_tokens: u32, dialect: Dialect) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), model.into());
    let limit = match dialect {
        Dialect::Openai => "max_completion_tokens",
        Dialect::Compatible => "max_tokens",
    };
    body.insert(limit.into(), max_output_tokens.into());
    body.insert("stream".into(), true.into());
    body.insert("stream_options".into(), json!({ "include_usage": true }));
    if !request.tools.is_empty() {
        body.insert(
            "tools".into(),
            request
                .tools
                .iter()
                .map(|tool| {
                    json!({
                        "type": "function",
                        "function": {
                            "name": tool.name,
                            "description": tool.description,
                            "parameters": object_or_empty(&tool.parameters),
                        },
                    })
                })
                .collect(),
        );
        body.insert(
            "tool_choice".into(),
            match request.tool_choice {
                ToolChoice::Auto => "auto",
                ToolChoice::Required => "required",
                ToolChoice::None => "none",
            }
            .into(),
        );
    }
    if let Some(schema) = &request.schema {
        let schema = object_or_empty(schema);
        let schema = json!({ "name": "reply", "strict": is_strict(&schema), "schema": schema });
        body.insert("response_format".into(), json!({ "type": "json_schema", "json_schema": schema }));
    }
    let system = request.system.iter().filter(|system| !system.is_empty());
    let system = system.map(|system| json!({ "role": "system", "content": system }));
    let messages = system.chain(request.messages.iter().flat_map(|message| encode_message(message, dialect)));
    body.insert("messages".into(), messages.collect());
    Value::Object(body)
}

/// Whether the server can hold a reply to this schema exactly: every object lists all of its fields as required and
/// allows no other, and nothing is asked that its subset lacks. Strictness for any other is refused.
fn is_strict(schema: &Value) -> bool {
    const PLAIN: [&str; 6] = ["type", "description", "title", "enum", "const", "$schema"];
    let Some(fields) = schema.as_object() else { return false };
    let is_object = match &schema["type"] {
        Value::String(kind) => kind == "object",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "object"),
        _ => false,
    };
    if is_object {
        let Some(properties) = schema["properties"].as_object() else { return false };
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let all = properties.keys().all(|name| required.iter().any(|known| known == name));
        if schema["additionalProperties"] != Value::Bool(false) || !all {
            return false;
        }
    }
    fields.iter().all(|(key, value)| match key.as_str() {
        "properties" | "$defs" => value.as_object().is_some_and(|all| all.values().all(is_strict)),
        "items" => is_strict(value),
        "anyOf" => value.as_array().is_some_and(|all| all.iter().all(is_strict)),
        "required" | "additionalProperties" => is_object,
        "$ref" => value.as_str().is_some_and(|to| to.starts_with('#')),
        key => PLAIN.contains(&key),
    })
}

fn encode_message(message: &Message, dialect: Dialect) -> Vec<Value> {
    match message.speaker {
        Speaker::User => user(message),
        Speaker::Assistant => assistant(message, dialect).into_iter().collect(),
    }
}

/// One message for each result of a tool, directly behind the calls, then one for the rest.
fn user(message: &Message) -> Vec<Value> {
    let results = message.parts.iter().filter_map(|part| match part {
        Part::ToolResult(result) => {
            Some(json!({ "role": "tool", "tool_call_id": result.id, "content": result.content }))
        }
        _ => None,
    });
    let text = joined_text(message);
    let said = (!text.is_empty()).then(|| json!({ "role": "user", "content": text }));
    results.chain(said).collect()
}

fn assistant(message: &Message, dialect: Dialect) -> Option<Value> {
    let text = joined_text(message);
    let calls: Vec<Value> = message.parts.iter().filter_map(call).collect();
    if text.is_empty() && calls.is_empty() {
        return None;
    }
    let mut encoded = Map::new();
    encoded.insert("role".into(), "assistant".into());
    encoded.insert("content".into(), if text.is_empty() { Value::Null } else { text.into() });
    if !calls.is_empty() {
        encoded.insert("tool_calls".into(), calls.into());
        // Servers that reason between calls want it back there, and some refuse it anywhere else.
        if let Some((field, reasoning)) =
            message.parts.iter().find_map(reasoning).filter(|_| dialect == Dialect::Compatible)
        {
            encoded.insert(field, reasoning.into());
        }
    }
    Some(Value::Object(encoded))
}

fn call(part: &Part) -> Option<Value> {
    let Part::ToolCall(call) = part else { return None };
    let name = if is_tool_name(&call.name) { &call.name } else { "invalid" };
    // What is sound goes back byte by byte, for the sake of the server's cache.
    let sound = serde_json::from_str::<Map<String, Value>>(&call.arguments).is_ok();
    let arguments = if sound { &call.arguments } else { "{}" };
    Some(json!({ "id": call.id, "type": "function", "function": { "name": name, "arguments": arguments } }))
}

/// Reasoning as it came, where it came from here, with the field that it came in.
fn reasoning(part: &Part) -> Option<(String, String)> {
    let Part::Reasoning(reasoning) = part else { return None };
    let reasoning: Value = serde_json::from_str(reasoning).ok()?;
    let field = reasoning["type"].as_str().filter(|field| super::decode::REASONING_FIELDS.contains(field))?;
    Some((field.to_owned(), reasoning["text"].as_str()?.to_owned()))
}

fn joined_text(message: &Message) -> String {
    let texts = message.parts.iter().filter_map(|part| match part {
        Part::Text(text) if !text.is_empty() => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_strict_subset_holds_is_strict() {
        let object = |fields: Value, required: Value| json!({ "type": "object", "properties": fields, "required": required, "additionalProperties": false });
        let text = json!({ "type": ["string", "null"], "description": "x" });
        let list = json!({ "type": "array", "items": object(json!({ "a": text }), json!(["a"])) });
        assert!(is_strict(&object(json!({ "all": list, "how": { "enum": ["a"] } }), json!(["all", "how"]))));
        for loose in [
            json!({ "type": "object" }),
            json!({ "type": "object", "properties": {}, "required": [] }),
            object(json!({ "a": text }), json!([])),
            object(json!({ "a": { "type": "object" } }), json!(["a"])),
            object(json!({ "a": { "type": "string", "pattern": "x" } }), json!(["a"])),
            json!({ "allOf": [text] }),
            json!(true),
        ] {
            assert!(!is_strict(&loose), "{loose}");
        }
    }
}
