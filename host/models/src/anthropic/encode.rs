//! A request in Anthropic's terms.

use serde_json::{Map, Value, json};

use super::cache;
use crate::json::object_or_empty;
use crate::protocol::Target;
use crate::request::{Message, Part, Request, Speaker, ToolChoice, called_name};

/// The body of `POST /v1/messages`.
pub(crate) fn encode(request: &Request, target: Target<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".into(), target.model.into());
    body.insert("max_tokens".into(), target.max_output_tokens.into());
    body.insert("stream".into(), true.into());
    if !request.tools.is_empty() {
        body.insert(
            "tools".into(),
            request
                .tools
                .iter()
                .map(|tool| {
                    json!({
                        "name": tool.name,
                        "description": tool.description,
                        "input_schema": object_or_empty(&tool.parameters),
                    })
                })
                .collect(),
        );
        let choice = match request.tool_choice {
            ToolChoice::Auto => "auto",
            ToolChoice::Required => "any",
            ToolChoice::None => "none",
        };
        body.insert("tool_choice".into(), json!({ "type": choice }));
    }
    if let Some(system) = request.system.as_deref().filter(|system| !system.trim().is_empty()) {
        body.insert("system".into(), json!([{ "type": "text", "text": system }]));
    }
    if let Some(schema) = &request.schema {
        let format = json!({ "type": "json_schema", "schema": object_or_empty(schema) });
        body.insert("output_config".into(), json!({ "format": format }));
    }
    body.insert("messages".into(), request.messages.iter().filter_map(message).collect());
    cache::mark(&mut body);
    Value::Object(body)
}

/// A message; none where nothing is left of it, since the server refuses empty ones.
fn message(message: &Message) -> Option<Value> {
    let role = match message.speaker {
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
    };
    // Results of tools have to stand before anything else that the user says.
    let (results, others): (Vec<&Part>, Vec<&Part>) =
        message.parts.iter().partition(|part| matches!(part, Part::ToolResult(_)));
    let blocks: Vec<Value> = results.into_iter().chain(others).filter_map(block).collect();
    (!blocks.is_empty()).then(|| json!({ "role": role, "content": blocks }))
}

fn block(part: &Part) -> Option<Value> {
    match part {
        // The server refuses text of white space alone.
        Part::Text(text) if text.trim().is_empty() => None,
        Part::Text(text) => Some(json!({ "type": "text", "text": text })),
        Part::ToolCall(call) => Some(json!({
            "type": "tool_use",
            "id": safe_id(&call.id),
            "name": called_name(&call.name),
            "input": object_or_empty(&call.arguments),
        })),
        Part::ToolResult(result) => Some(json!({
            "type": "tool_result",
            "tool_use_id": safe_id(&result.id),
            // An empty result is allowed, one of white space alone is not.
            "content": if result.content.trim().is_empty() { "" } else { &result.content },
            "is_error": result.failed,
        })),
        Part::Reasoning(reasoning) => thinking(reasoning),
    }
}

/// Reasoning as it came, where it came from here. Another provider's is dropped.
fn thinking(reasoning: &str) -> Option<Value> {
    let block: Value = serde_json::from_str(reasoning).ok()?;
    let keys: &[&str] = match block.get("type")?.as_str()? {
        "thinking" => &["type", "thinking", "signature"],
        "redacted_thinking" => &["type", "data"],
        _ => return None,
    };
    let fields = block.as_object()?;
    let whole = fields.len() == keys.len() && keys.iter().all(|key| fields.get(*key).is_some_and(Value::is_string));
    whole.then_some(block)
}

/// The server takes letters, digits, `_` and `-`; ids of another provider may hold more.
fn safe_id(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{ToolCall, ToolResult};
    use skillhost_core::capability::Tier;

    #[test]
    fn text_of_white_space_alone_is_left_out() {
        let said = |speaker, parts| Message { speaker, parts };
        let call = ToolCall { id: "1".into(), name: "x".into(), arguments: "{}".into() };
        let result = ToolResult { id: "1".into(), content: "\n".into(), failed: false };
        let request = Request {
            tier: Tier::Standard,
            system: Some(" \n".into()),
            messages: vec![
                said(Speaker::User, vec![Part::Text("go".into()), Part::Text("\n\n".into())]),
                said(Speaker::Assistant, vec![Part::Text(" ".into()), Part::ToolCall(call)]),
                said(Speaker::User, vec![Part::ToolResult(result), Part::Text("\t".into())]),
                said(Speaker::Assistant, vec![Part::Text("\u{a0}".into())]),
            ],
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
            schema: None,
            max_output_tokens: None,
        };
        let body = encode(&request, Target { model: "m", max_output_tokens: 1, window_tokens: 1 });
        assert_eq!(body.get("system"), None);
        let kinds = |at: usize| {
            let blocks = body["messages"][at]["content"].as_array();
            blocks.map(|blocks| blocks.iter().map(|block| block["type"].clone()).collect::<Vec<_>>())
        };
        assert_eq!(kinds(0), Some(vec!["text".into()]));
        assert_eq!(kinds(1), Some(vec!["tool_use".into()]));
        assert_eq!(kinds(2), Some(vec!["tool_result".into()]));
        assert_eq!((body["messages"][2]["content"][0]["content"].as_str(), kinds(3)), (Some(""), None));
    }
}
