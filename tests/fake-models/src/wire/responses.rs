//! OpenAI's Responses.

use serde_json::{Value, json};

use super::{event, pieces};
use crate::answer::Said;

pub(super) fn events(said: &Said, model: &str) -> Vec<String> {
    let begun = json!({ "id": "resp_1", "object": "response", "model": model, "status": "in_progress", "output": [] });
    let mut stream = vec![
        named("response.created", json!({ "response": begun })),
        named("response.in_progress", json!({ "response": begun })),
    ];
    let items = items(said);
    for (index, (begin, deltas, whole)) in items.iter().enumerate() {
        stream.push(named("response.output_item.added", json!({ "output_index": index, "item": begin })));
        for (kind, piece) in deltas {
            stream.push(named(kind, json!({ "output_index": index, "delta": piece })));
        }
        stream.push(named("response.output_item.done", json!({ "output_index": index, "item": whole })));
    }
    let usage = json!({
        "input_tokens": said.input_tokens + said.cached_input_tokens,
        "input_tokens_details": { "cached_tokens": said.cached_input_tokens },
        "output_tokens": said.output_tokens,
    });
    let output: Vec<&Value> = items.iter().map(|(_, _, whole)| whole).collect();
    let mut response = json!({ "id": "resp_1", "model": model, "output": output, "usage": usage });
    let end = match said.stop.as_deref() {
        Some(reason @ ("max_output_tokens" | "content_filter")) => {
            response["incomplete_details"] = json!({ "reason": reason });
            "response.incomplete"
        }
        _ => "response.completed",
    };
    stream.push(named(end, json!({ "response": response })));
    stream
}

/// Each item as it begins, its deltas, and as it is in the end.
type Item = (Value, Vec<(&'static str, String)>, Value);

fn items(said: &Said) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(reasoning) = &said.reasoning {
        let item = |summary: Value| json!({ "type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "sealed" });
        let deltas = pieces(reasoning).map(|piece| ("response.reasoning_summary_text.delta", piece)).collect();
        items.push((item(json!([])), deltas, item(json!([{ "type": "summary_text", "text": reasoning }]))));
    }
    if let Some(text) = &said.text {
        let item =
            |content: Value| json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": content });
        let deltas = pieces(text).map(|piece| ("response.output_text.delta", piece)).collect();
        items.push((
            item(json!([])),
            deltas,
            item(json!([{ "type": "output_text", "text": text, "annotations": [] }])),
        ));
    }
    for call in &said.calls {
        let raw = call.raw_arguments();
        let item = |arguments: &str| json!({ "type": "function_call", "id": "fc_1", "call_id": call.id, "name": call.name, "arguments": arguments });
        let deltas = pieces(&raw).map(|piece| ("response.function_call_arguments.delta", piece)).collect();
        items.push((item(""), deltas, item(&raw)));
    }
    items
}

pub(super) fn error(message: &str) -> String {
    let error = json!({ "code": "server_error", "message": message });
    named("response.failed", json!({ "response": { "status": "failed", "error": error } }))
}

pub(super) fn text(text: &str) -> String {
    named("response.output_text.delta", json!({ "output_index": 0, "delta": text }))
}

fn named(kind: &str, mut body: Value) -> String {
    body["type"] = kind.into();
    event(kind, &body)
}
