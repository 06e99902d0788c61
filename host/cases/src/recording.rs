//! A case's replies as a recording that the host plays back, as it does in a run.

use crate::case::{Reply, Stop};
use serde_json::{Value, json};
use skillhost_core::phase::Phase;

/// The recording, for a skill that asks in this phase.
#[must_use]
pub fn recording(replies: &[Reply], phase: Phase) -> String {
    let mut lines = json!({ "schema": "skillhost.recording/1", "authored": true }).to_string();
    for (reply, turn) in replies.iter().zip(1_u32..) {
        let line = json!({ "agent": "main", "phase": phase, "round": 1, "turn": turn, "reply": said(reply, turn) });
        lines += "\n";
        lines += &line.to_string();
    }
    lines
}

fn said(reply: &Reply, turn: u32) -> Value {
    let text = reply.text.iter().map(|text| json!({ "text": text }));
    let calls = reply.tool_calls.iter().zip(1_u32..).map(|(call, at)| {
        let id = call.id.clone().unwrap_or_else(|| format!("call-{turn}-{at}"));
        json!({ "tool_call": { "id": id, "name": call.name, "arguments": call.arguments } })
    });
    let stop = match reply.stop {
        Some(Stop::Length) => "length",
        Some(Stop::Refused) => "refused",
        None if reply.tool_calls.is_empty() => "end",
        None => "tool-calls",
    };
    json!({
        "parts": text.chain(calls).collect::<Vec<_>>(),
        "stop": stop,
        "usage": { "input_tokens": reply.input_tokens, "output_tokens": reply.output_tokens },
        "model": "scripted",
    })
}
