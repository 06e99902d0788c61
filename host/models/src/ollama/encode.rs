//! A request in Ollama's terms.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::decode::REASONING;
use crate::chat::{system, tools, user};
use crate::json::object_or_empty;
use crate::protocol::Target;
use crate::request::{Message, Part, Request, Speaker, ToolChoice, called_name};

/// The body of `POST …/api/chat`.
pub(crate) fn encode(request: &Request, target: Target<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), target.model.into());
    body.insert("stream".into(), true.into());
    // The server's own context is a few thousand tokens, and it silently drops what is beyond.
    let options = json!({ "num_ctx": target.window_tokens, "num_predict": target.max_output_tokens });
    body.insert("options".into(), options);
    // Newer servers say so instead, where they are asked to.
    body.insert("truncate".into(), false.into());
    body.insert("shift".into(), false.into());
    // The protocol has no word for a call that is required, or forbidden.
    if !request.tools.is_empty() && request.tool_choice != ToolChoice::None {
        body.insert("tools".into(), tools(request));
    }
    if let Some(schema) = &request.schema {
        body.insert("format".into(), object_or_empty(schema));
    }
    let names = names(request);
    let messages = request.messages.iter().flat_map(|message| match message.speaker {
        Speaker::User => user(message, |result| {
            let tool = names.get(result.id.as_str()).copied().unwrap_or("invalid");
            json!({ "role": "tool", "tool_name": tool, "tool_call_id": result.id, "content": result.content })
        }),
        Speaker::Assistant => assistant(message).into_iter().collect(),
    });
    body.insert("messages".into(), system(request).chain(messages).collect());
    Value::Object(body)
}

/// Which tool a call's id stands for: a result names it, too.
fn names(request: &Request) -> BTreeMap<&str, &str> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let calls = parts.filter_map(|part| if let Part::ToolCall(call) = part { Some(call) } else { None });
    calls.map(|call| (call.id.as_str(), called_name(&call.name))).collect()
}

fn assistant(message: &Message) -> Option<Value> {
    let text = message.joined_text();
    let calls: Vec<Value> = message.parts.iter().filter_map(call).collect();
    if text.is_empty() && calls.is_empty() {
        return None;
    }
    let mut encoded = Map::new();
    encoded.insert("role".into(), "assistant".into());
    encoded.insert("content".into(), text.into());
    if !calls.is_empty() {
        // Models that reason between calls go on from it; elsewhere their templates drop it.
        if let Some(thinking) = message.parts.iter().find_map(thinking) {
            encoded.insert("thinking".into(), thinking.into());
        }
        encoded.insert("tool_calls".into(), calls.into());
    }
    Some(Value::Object(encoded))
}

fn call(part: &Part) -> Option<Value> {
    let Part::ToolCall(call) = part else { return None };
    let function = json!({ "name": called_name(&call.name), "arguments": object_or_empty(&call.arguments) });
    Some(json!({ "id": call.id, "function": function }))
}

/// Reasoning as it came, where it came from here.
fn thinking(part: &Part) -> Option<String> {
    let Part::Reasoning(reasoning) = part else { return None };
    let reasoning: Value = serde_json::from_str(reasoning).ok()?;
    (reasoning["type"] == REASONING).then(|| reasoning["text"].as_str().map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{ToolCall, ToolDefinition};
    use skillhost_core::capability::Tier;

    #[test]
    fn the_context_is_asked_for_and_a_forbidden_tool_is_not_offered() {
        let call = ToolCall { id: "1".into(), name: "x".into(), arguments: "{}".into() };
        let request = Request {
            tier: Tier::Standard,
            system: None,
            messages: vec![Message { speaker: Speaker::Assistant, parts: vec![Part::ToolCall(call)] }],
            tools: vec![ToolDefinition { name: "x".into(), description: String::new(), parameters: "{}".into() }],
            tool_choice: ToolChoice::None,
            schema: None,
            max_output_tokens: None,
        };
        let target = Target { model: "m", max_output_tokens: 7, window_tokens: 9_000 };
        let body = encode(&request, target);
        assert_eq!(body["options"], json!({ "num_ctx": 9_000, "num_predict": 7 }));
        assert_eq!((body.get("tools"), &body["messages"][0]["content"]), (None, &json!("")));
        let offered = encode(&Request { tool_choice: ToolChoice::Required, ..request }, target);
        assert_eq!(offered["tools"][0]["function"]["name"], "x");
    }
}
