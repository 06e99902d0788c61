//! Ollama: one JSON value on each line.

use serde_json::{Value, json};

use super::pieces;
use crate::answer::Said;

pub(super) fn events(said: &Said, model: &str) -> Vec<String> {
    let part = |field: &str, value: Value| {
        let mut message = json!({ "role": "assistant", "content": "" });
        message[field] = value;
        line(&json!({ "model": model, "message": message, "done": false }))
    };
    let mut lines: Vec<String> = Vec::new();
    lines.extend(pieces(said.reasoning.as_deref().unwrap_or_default()).map(|piece| part("thinking", piece.into())));
    lines.extend(pieces(said.text.as_deref().unwrap_or_default()).map(|piece| part("content", piece.into())));
    for call in &said.calls {
        // An object, as the protocol has it, and what is none as it is.
        let raw = call.raw_arguments();
        let object =
            serde_json::from_str::<Value>(&raw).ok().filter(|value| value.is_object() && is_text_of(value, &raw));
        let function = json!({ "name": call.name, "arguments": object.unwrap_or_else(|| raw.into()) });
        lines.push(part("tool_calls", json!([{ "id": call.id, "function": function }])));
    }
    lines.push(line(&json!({
        "model": model,
        "message": { "role": "assistant", "content": "" },
        "done": true,
        "done_reason": said.stop.as_deref().unwrap_or("stop"),
        "prompt_eval_count": said.input_tokens + said.cached_input_tokens,
        "eval_count": said.output_tokens,
    })));
    lines
}

/// Whether writing the value gives exactly this text.
fn is_text_of(value: &Value, text: &str) -> bool {
    serde_json::to_string(value).is_ok_and(|written| written == text)
}

pub(super) fn error(message: &str) -> String {
    line(&json!({ "error": message }))
}

pub(super) fn text(text: &str) -> String {
    line(&json!({ "message": { "role": "assistant", "content": text }, "done": false }))
}

fn line(body: &Value) -> String {
    format!("{body}\n")
}
