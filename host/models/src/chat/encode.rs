//! A request in the terms of Chat Completions.

use serde_json::{Map, Value, json};

use crate::json::{object_or_empty, sound_arguments};
use crate::protocol::Target;
use crate::request::{Message, Part, Request, Speaker, ToolChoice, ToolResult, called_name};
use crate::strict::is_strict;

/// The body of `POST …/chat/completions`.
pub(crate) fn encode(request: &Request, target: Target<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), target.model.into());
    body.insert("max_tokens".into(), target.max_output_tokens.into());
    body.insert("stream".into(), true.into());
    body.insert("stream_options".into(), json!({ "include_usage": true }));
    if !request.tools.is_empty() {
        body.insert("tools".into(), tools(request));
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
    let result = |result: &ToolResult| json!({ "role": "tool", "tool_call_id": result.id, "content": result.content });
    let messages = request.messages.iter().flat_map(|message| match message.speaker {
        Speaker::User => user(message, result),
        Speaker::Assistant => assistant(message).into_iter().collect(),
    });
    body.insert("messages".into(), system(request).chain(messages).collect());
    Value::Object(body)
}

/// The tools that a model may call. This, [`system`] and [`user`] are Ollama's as well.
pub(crate) fn tools(request: &Request) -> Value {
    let tools = request.tools.iter().map(|tool| {
        json!({
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": object_or_empty(&tool.parameters),
            },
        })
    });
    tools.collect()
}

/// The message that goes before all others, where there is one.
pub(crate) fn system(request: &Request) -> impl Iterator<Item = Value> {
    let system = request.system.iter().filter(|system| !system.is_empty());
    system.map(|system| json!({ "role": "system", "content": system }))
}

/// One message for each result of a tool, directly behind the calls, then one for the rest.
pub(crate) fn user(message: &Message, result: impl Fn(&ToolResult) -> Value) -> Vec<Value> {
    let results = message.parts.iter().filter_map(|part| match part {
        Part::ToolResult(returned) => Some(result(returned)),
        _ => None,
    });
    let text = message.joined_text();
    let said = (!text.is_empty()).then(|| json!({ "role": "user", "content": text }));
    results.chain(said).collect()
}

fn assistant(message: &Message) -> Option<Value> {
    let text = message.joined_text();
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
        if let Some((field, reasoning)) = message.parts.iter().find_map(reasoning) {
            encoded.insert(field, reasoning.into());
        }
    }
    Some(Value::Object(encoded))
}

fn call(part: &Part) -> Option<Value> {
    let Part::ToolCall(call) = part else { return None };
    let name = called_name(&call.name);
    let arguments = sound_arguments(&call.arguments);
    Some(json!({ "id": call.id, "type": "function", "function": { "name": name, "arguments": arguments } }))
}

/// Reasoning as it came, where it came from here, with the field that it came in.
fn reasoning(part: &Part) -> Option<(String, String)> {
    let Part::Reasoning(reasoning) = part else { return None };
    let reasoning: Value = serde_json::from_str(reasoning).ok()?;
    let field = reasoning["type"].as_str().filter(|field| super::decode::REASONING_FIELDS.contains(field))?;
    Some((field.to_owned(), reasoning["text"].as_str()?.to_owned()))
}
