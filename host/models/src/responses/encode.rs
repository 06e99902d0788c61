//! A request in the terms of Responses.

use serde_json::{Map, Value, json};
use skillhost_core::digest::Digest;

use crate::json::{object_or_empty, sound_arguments};
use crate::protocol::Target;
use crate::request::{Message, Part, Request, Speaker, ToolChoice, called_name};
use crate::strict::is_strict;

/// The least that the server takes.
const MIN_OUTPUT_TOKENS: u32 = 16;
/// Of the digest that names a conversation for the server's cache: it takes 64 bytes.
const CACHE_KEY_BYTES: usize = 32;

/// The body of `POST …/responses`.
pub(crate) fn encode(request: &Request, target: Target<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), target.model.into());
    body.insert("max_output_tokens".into(), target.max_output_tokens.max(MIN_OUTPUT_TOKENS).into());
    body.insert("stream".into(), true.into());
    body.insert("store".into(), false.into());
    body.insert("prompt_cache_key".into(), cache_key(request).into());
    if reasons(target.model) {
        body.insert("include".into(), json!(["reasoning.encrypted_content"]));
    }
    if !request.tools.is_empty() {
        let tools = request.tools.iter().map(|tool| {
            let parameters = object_or_empty(&tool.parameters);
            // Strictness is the server's default, and it refuses schemas beyond it.
            json!({
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "strict": is_strict(&parameters),
                "parameters": parameters,
            })
        });
        body.insert("tools".into(), tools.collect());
        let choice = match request.tool_choice {
            ToolChoice::Auto => "auto",
            ToolChoice::Required => "required",
            ToolChoice::None => "none",
        };
        body.insert("tool_choice".into(), choice.into());
    }
    if let Some(schema) = &request.schema {
        let schema = object_or_empty(schema);
        let strict = is_strict(&schema);
        let format = json!({ "type": "json_schema", "name": "reply", "strict": strict, "schema": schema });
        body.insert("text".into(), json!({ "format": format }));
    }
    if let Some(system) = request.system.as_deref().filter(|system| !system.is_empty()) {
        body.insert("instructions".into(), system.into());
    }
    body.insert("input".into(), request.messages.iter().flat_map(items).collect());
    Value::Object(body)
}

/// Whether to ask for encrypted reasoning, which the models that don't reason refuse to give.
fn reasons(model: &str) -> bool {
    let base = model.strip_prefix("ft:").unwrap_or(model);
    let plain = ["gpt-4", "gpt-3", "chatgpt"].iter().any(|family| base.starts_with(family));
    !plain && !base.contains("-chat")
}

/// One name for all calls of a conversation, by what they all begin with: the server sends them to where it has that
/// beginning.
fn cache_key(request: &Request) -> String {
    let first = request.messages.first().map(|message| &message.parts);
    let beginning = json!([request.system, request.tools, first]);
    let digest = Digest::of(beginning.to_string().as_bytes()).to_string();
    let (_, hex) = digest.split_once(':').unwrap_or(("", &digest));
    hex.chars().take(CACHE_KEY_BYTES).collect()
}

fn items(message: &Message) -> Vec<Value> {
    // Results of tools stand before anything else that the user says, as close to their calls as they can.
    let (results, others): (Vec<&Part>, Vec<&Part>) =
        message.parts.iter().partition(|part| matches!(part, Part::ToolResult(_)));
    let parts = results.into_iter().chain(others);
    let mut items: Vec<Value> = parts.filter_map(|part| item(part, message.speaker)).collect();
    // The server refuses reasoning that nothing follows.
    while items.last().is_some_and(|item| item["type"] == "reasoning") {
        items.pop();
    }
    items
}

fn item(part: &Part, speaker: Speaker) -> Option<Value> {
    let (role, kind) = match speaker {
        Speaker::User => ("user", "input_text"),
        Speaker::Assistant => ("assistant", "output_text"),
    };
    match part {
        Part::Text(text) if text.is_empty() => None,
        Part::Text(text) => {
            Some(json!({ "type": "message", "role": role, "content": [{ "type": kind, "text": text }] }))
        }
        Part::ToolCall(call) => Some(json!({
            "type": "function_call",
            "call_id": call.id,
            "name": called_name(&call.name),
            "arguments": sound_arguments(&call.arguments),
        })),
        Part::ToolResult(result) => {
            Some(json!({ "type": "function_call_output", "call_id": result.id, "output": result.content }))
        }
        Part::Reasoning(reasoning) => encrypted(reasoning),
    }
}

/// Reasoning as it came, where it came from here. What is not encrypted the server could only look up, and it stored
/// nothing.
fn encrypted(reasoning: &str) -> Option<Value> {
    const KEYS: [&str; 6] = ["type", "id", "summary", "content", "encrypted_content", "status"];
    let item: Value = serde_json::from_str(reasoning).ok()?;
    let fields = item.as_object()?;
    let own = item["type"] == "reasoning" && item["encrypted_content"].is_string() && item["summary"].is_array();
    (own && fields.keys().all(|key| KEYS.contains(&key.as_str()))).then_some(item)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::request::ToolDefinition;
    use skillhost_core::capability::Tier;

    fn request(messages: Vec<Message>) -> Request {
        Request {
            tier: Tier::Standard,
            system: Some("s".into()),
            messages,
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
            schema: None,
            max_output_tokens: None,
        }
    }

    fn said(speaker: Speaker, parts: Vec<Part>) -> Message {
        Message { speaker, parts }
    }

    fn body(request: &Request, model: &str) -> Value {
        encode(request, Target { model, max_output_tokens: 1, window_tokens: 1_000 })
    }

    #[test]
    fn reasoning_goes_back_before_what_follows_it_and_not_alone() {
        let reasoning = r#"{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"}"#;
        let think = || Part::Reasoning(reasoning.to_owned());
        let text = || Part::Text("t".to_owned());
        let kinds = |parts: Vec<Part>| {
            let body = body(&request(vec![said(Speaker::Assistant, parts)]), "gpt-5");
            body["input"].as_array().unwrap().iter().map(|item| item["type"].clone()).collect::<Vec<_>>()
        };
        assert_eq!(kinds(vec![think(), text(), think()]), ["reasoning", "message"]);
        assert_eq!(kinds(vec![think()]), Vec::<Value>::new());
        let body = body(&request(vec![said(Speaker::Assistant, vec![think(), text()])]), "gpt-5");
        assert_eq!(body["input"][0].to_string(), reasoning, "byte by byte");
    }

    #[test]
    fn encrypted_reasoning_is_asked_of_models_that_reason() {
        for (model, asked) in [
            ("gpt-5", true),
            ("o4-mini", true),
            ("gpt-5-codex", true),
            ("something-new", true),
            ("gpt-4.1-mini", false),
            ("ft:gpt-4o-2024-08-06:x", false),
            ("gpt-5-chat-latest", false),
        ] {
            assert_eq!(body(&request(Vec::new()), model).get("include").is_some(), asked, "{model}");
        }
    }

    #[test]
    fn a_conversation_keeps_its_cache_key_while_it_grows() {
        let first = said(Speaker::User, vec![Part::Text("conventions".into())]);
        let key =
            |messages: Vec<Message>| body(&request(messages), "m")["prompt_cache_key"].as_str().unwrap().to_owned();
        let begun = key(vec![first.clone()]);
        assert_eq!(begun.len(), CACHE_KEY_BYTES);
        assert_eq!(key(vec![first.clone(), said(Speaker::Assistant, vec![Part::Text("x".into())])]), begun);
        assert_ne!(key(vec![said(Speaker::User, vec![Part::Text("others".into())])]), begun);
    }

    #[test]
    fn strictness_is_said_either_way() {
        let strict =
            r#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}"#;
        let tool = |parameters: &str| ToolDefinition {
            name: "t".into(),
            description: String::new(),
            parameters: parameters.to_owned(),
        };
        let tools = vec![tool(strict), tool(r#"{"type":"object"}"#)];
        let request = Request { tools, schema: Some(strict.to_owned()), ..request(Vec::new()) };
        let body = body(&request, "m");
        let said = |at: usize| body["tools"][at]["strict"].as_bool();
        assert_eq!(
            (said(0), said(1), body["text"]["format"]["strict"].as_bool()),
            (Some(true), Some(false), Some(true))
        );
        assert_eq!(body["max_output_tokens"], 16, "no less than the server takes");
    }
}
