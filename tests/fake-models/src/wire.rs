//! The protocols, as streams of events. Which one is spoken is in the path that was asked.

mod anthropic;
mod chat;
mod ollama;
mod responses;

use serde_json::{Value, json};

use crate::answer::Said;
use crate::http::Received;

/// Pieces of a few characters, so that every client has to put them together.
const PIECE_CHARS: usize = 7;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Anthropic,
    Chat,
    Responses,
    Ollama,
}

fn protocol(request: &Received) -> Protocol {
    match request.path.rsplit('/').next().unwrap_or_default() {
        "messages" => Protocol::Anthropic,
        "responses" => Protocol::Responses,
        "chat" => Protocol::Ollama,
        _ => Protocol::Chat,
    }
}

/// The events of a reply, the last of which says that it is whole.
pub(crate) fn events(request: &Received, said: &Said) -> Vec<String> {
    let asked = request.body["model"].as_str().unwrap_or_default();
    let model = said.model.as_deref().unwrap_or(asked);
    match protocol(request) {
        Protocol::Anthropic => anthropic::events(said, model),
        Protocol::Chat => chat::events(said, model),
        Protocol::Responses => responses::events(said, model),
        Protocol::Ollama => ollama::events(said, model),
    }
}

/// What the stream says that it is.
pub(crate) fn content_type(request: &Received) -> &'static str {
    match protocol(request) {
        Protocol::Ollama => "application/x-ndjson",
        _ => "text/event-stream",
    }
}

/// An error as it comes inside a stream.
pub(crate) fn stream_error(request: &Received, message: &str) -> String {
    match protocol(request) {
        Protocol::Anthropic => anthropic::error(message),
        Protocol::Chat => chat::error(message),
        Protocol::Responses => responses::error(message),
        Protocol::Ollama => ollama::error(message),
    }
}

/// The body of an error with a status of its own.
pub(crate) fn error(request: &Received, message: &str) -> Value {
    match protocol(request) {
        Protocol::Ollama => json!({ "error": message }),
        _ => json!({ "type": "error", "error": { "type": "scripted", "message": message } }),
    }
}

/// An event without meaning, for streams without end.
pub(crate) fn filler(request: &Received) -> String {
    let text = "x".repeat(64 << 10);
    match protocol(request) {
        Protocol::Anthropic => anthropic::text(&text),
        Protocol::Chat => chat::text(&text),
        Protocol::Responses => responses::text(&text),
        Protocol::Ollama => ollama::text(&text),
    }
}

/// A sign of life that says nothing.
pub(crate) fn ping(request: &Received) -> &'static str {
    match protocol(request) {
        Protocol::Ollama => "\n",
        _ => ": ping\n\n",
    }
}

/// How many of a reply's events are left out, so that it breaks off in the middle of a part.
pub(crate) fn left_out(request: &Received) -> usize {
    match protocol(request) {
        Protocol::Anthropic | Protocol::Chat => 3,
        Protocol::Responses => 2,
        // What comes comes whole, and the end behind it is one line.
        Protocol::Ollama => 1,
    }
}

/// The last text that a request says.
pub(crate) fn last_text(request: &Received) -> &str {
    let list = if protocol(request) == Protocol::Responses { "input" } else { "messages" };
    let last = request.body[list].as_array().and_then(|messages| messages.last());
    let content = last.map_or(&Value::Null, |last| &last["content"]);
    let block = content.as_array().and_then(|blocks| blocks.iter().rev().find_map(|block| block["text"].as_str()));
    content.as_str().or(block).unwrap_or_default()
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
