//! Chat Completions.

use serde_json::{Value, json};

use super::{data, pieces};
use crate::answer::Said;

pub(super) fn events(said: &Said, model: &str) -> Vec<String> {
    let chunk = |delta: Value, finish: Value| {
        data(&json!({
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "model": model,
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        }))
    };
    let mut events = vec![chunk(json!({ "role": "assistant", "content": "" }), Value::Null)];
    for piece in pieces(said.reasoning.as_deref().unwrap_or_default()) {
        events.push(chunk(json!({ "reasoning_content": piece }), Value::Null));
    }
    for piece in pieces(said.text.as_deref().unwrap_or_default()) {
        events.push(chunk(json!({ "content": piece }), Value::Null));
    }
    for (index, call) in said.calls.iter().enumerate() {
        let function = json!({ "name": call.name, "arguments": "" });
        let begin = json!({ "index": index, "id": call.id, "type": "function", "function": function });
        events.push(chunk(json!({ "tool_calls": [begin] }), Value::Null));
        let raw = call.raw_arguments();
        for piece in pieces(&raw) {
            let more = json!({ "index": index, "function": { "arguments": piece } });
            events.push(chunk(json!({ "tool_calls": [more] }), Value::Null));
        }
    }
    let usual = if said.calls.is_empty() { "stop" } else { "tool_calls" };
    events.push(chunk(json!({}), said.stop.as_deref().unwrap_or(usual).into()));
    let usage = json!({
        "prompt_tokens": said.input_tokens + said.cached_input_tokens,
        "completion_tokens": said.output_tokens,
        "prompt_tokens_details": { "cached_tokens": said.cached_input_tokens },
    });
    events.push(data(&json!({ "id": "chatcmpl-1", "model": model, "choices": [], "usage": usage })));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

pub(super) fn error(message: &str) -> String {
    data(&json!({ "error": { "message": message, "code": 503 } }))
}

pub(super) fn text(text: &str) -> String {
    data(&json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }))
}
