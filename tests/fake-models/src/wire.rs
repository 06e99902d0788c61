//! Both protocols, as streams of events.

use serde_json::{Value, json};

use crate::answer::Said;
use crate::http::Received;

/// Pieces of a few characters, so that every client has to put them together.
const PIECE_CHARS: usize = 7;

/// The events of a reply, the last of which says that it is whole.
pub(crate) fn events(request: &Received, said: &Said) -> Vec<String> {
    let asked = request.body["model"].as_str().unwrap_or_default();
    let model = said.model.clone().unwrap_or_else(|| asked.to_owned());
    if is_anthropic(request) { anthropic(said, &model) } else { chat(said, &model) }
}

/// An error as it comes inside a stream.
pub(crate) fn stream_error(request: &Received, message: &str) -> String {
    if is_anthropic(request) {
        event("error", &json!({ "type": "error", "error": { "type": "overloaded_error", "message": message } }))
    } else {
        data(&json!({ "error": { "message": message, "code": 503 } }))
    }
}

/// An event without meaning, for streams without end.
pub(crate) fn filler(request: &Received) -> String {
    let text = "x".repeat(64 << 10);
    if is_anthropic(request) {
        let delta = json!({ "type": "text_delta", "text": text });
        event("content_block_delta", &json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
    } else {
        data(&json!({ "choices": [{ "index": 0, "delta": { "content": text } }] }))
    }
}

/// The last text that a request says.
pub(crate) fn last_text(request: &Received) -> &str {
    let last = request.body["messages"].as_array().and_then(|messages| messages.last());
    let content = last.map_or(&Value::Null, |last| &last["content"]);
    let block = content.as_array().and_then(|blocks| blocks.iter().rev().find_map(|block| block["text"].as_str()));
    content.as_str().or(block).unwrap_or_default()
}

fn is_anthropic(request: &Received) -> bool {
    request.path.ends_with("/messages")
}

fn anthropic(said: &Said, model: &str) -> Vec<String> {
    let usage = json!({
        "input_tokens": said.input_tokens,
        "cache_read_input_tokens": said.cached_input_tokens,
        "cache_creation_input_tokens": 0,
        "output_tokens": 1,
    });
    let start =
        json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [], "usage": usage });
    let mut events = vec![
        event("message_start", &json!({ "type": "message_start", "message": start })),
        event("ping", &json!({ "type": "ping" })),
    ];
    let mut index = 0;
    let mut block = |start: Value, deltas: Vec<Value>| {
        events.push(event(
            "content_block_start",
            &json!({ "type": "content_block_start", "index": index, "content_block": start }),
        ));
        for delta in deltas {
            let delta = json!({ "type": "content_block_delta", "index": index, "delta": delta });
            events.push(event("content_block_delta", &delta));
        }
        events.push(event("content_block_stop", &json!({ "type": "content_block_stop", "index": index })));
        index += 1;
    };
    if let Some(reasoning) = &said.reasoning {
        let mut deltas: Vec<Value> =
            pieces(reasoning).map(|piece| json!({ "type": "thinking_delta", "thinking": piece })).collect();
        deltas.push(json!({ "type": "signature_delta", "signature": "signed" }));
        block(json!({ "type": "thinking", "thinking": "", "signature": "" }), deltas);
    }
    if let Some(text) = &said.text {
        let deltas = pieces(text).map(|piece| json!({ "type": "text_delta", "text": piece })).collect();
        block(json!({ "type": "text", "text": "" }), deltas);
    }
    for call in &said.calls {
        let raw = call.raw_arguments();
        let deltas = pieces(&raw).map(|piece| json!({ "type": "input_json_delta", "partial_json": piece })).collect();
        block(json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": {} }), deltas);
    }
    let usual = if said.calls.is_empty() { "end_turn" } else { "tool_use" };
    let stop = said.stop.as_deref().unwrap_or(usual);
    let delta = json!({ "stop_reason": stop, "stop_sequence": null });
    let usage = json!({ "output_tokens": said.output_tokens });
    events.push(event("message_delta", &json!({ "type": "message_delta", "delta": delta, "usage": usage })));
    events.push(event("message_stop", &json!({ "type": "message_stop" })));
    events
}

fn chat(said: &Said, model: &str) -> Vec<String> {
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

fn event(name: &str, body: &Value) -> String {
    format!("event: {name}\ndata: {body}\n\n")
}

fn data(body: &Value) -> String {
    format!("data: {body}\n\n")
}

fn pieces(text: &str) -> impl Iterator<Item = String> + '_ {
    let characters: Vec<char> = text.chars().collect();
    (0..characters.len())
        .step_by(PIECE_CHARS)
        .map(move |at| characters[at..characters.len().min(at + PIECE_CHARS)].iter().collect())
}
