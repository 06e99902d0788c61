//! Anthropic's Messages.

use serde_json::{Value, json};

use super::{event, pieces};
use crate::answer::Said;

pub(super) fn events(said: &Said, model: &str) -> Vec<String> {
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

pub(super) fn error(message: &str) -> String {
    event("error", &json!({ "type": "error", "error": { "type": "overloaded_error", "message": message } }))
}

pub(super) fn text(text: &str) -> String {
    let delta = json!({ "type": "text_delta", "text": text });
    event("content_block_delta", &json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
}
