//! The stream of Chat Completions: pieces of one message, tool calls by index.

use serde_json::{Value, json};

use crate::decode::{Decode, Decoded, Flow, cut, parse};
use crate::endpoint::{error_cause, error_message};
use crate::event::{Event, Events};
use crate::failure::{Cause, Failure};
use crate::json::{count, text};
use crate::price::Tokens;
use crate::reply::{MAX_REPLY_PARTS, Stop};
use crate::request::{Part, ToolCall};

/// The fields in which servers send reasoning.
pub(super) const REASONING_FIELDS: [&str; 2] = ["reasoning_content", "reasoning"];

/// A reply in the making.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    model: String,
    reasoning_field: Option<&'static str>,
    reasoning: String,
    text: String,
    refused: bool,
    /// With the index that the server gave, in the order of their beginning.
    calls: Vec<(Option<u64>, ToolCall)>,
    stop: Option<Stop>,
    tokens: Option<Tokens>,
}

impl Decode for Decoder {
    fn event(&mut self, data: &str, events: Events<'_>) -> Result<Flow, Failure> {
        if data.trim() == "[DONE]" {
            return Ok(Flow::Done);
        }
        let event = parse(data)?;
        if event.get("error").is_some_and(|error| !error.is_null()) {
            let message = error_message(&event).unwrap_or_else(|| "the stream reports an error".to_owned());
            return Err(Failure::new(error_cause(&event, Cause::Server), message));
        }
        if let Some(model) = text(&event, "/model").filter(|_| self.model.is_empty()) {
            self.model = model.to_owned();
        }
        self.count(&event);
        if let Some(choice) = event.pointer("/choices/0") {
            self.add(choice.get("delta").unwrap_or(&Value::Null), events)?;
            if let Some(reason) = text(choice, "/finish_reason") {
                self.stop = Some(stop(reason));
            }
        }
        Ok(Flow::More)
    }

    /// `finish_reason` is what makes a reply whole: some servers leave `[DONE]` out, and some send it after an error.
    fn finish(self: Box<Self>) -> Result<Decoded, Failure> {
        let Some(stop) = self.stop else { return Err(cut()) };
        let mut parts = Vec::new();
        if let Some(field) = self.reasoning_field {
            parts.push(Part::Reasoning(json!({ "type": field, "text": self.reasoning }).to_string()));
        }
        if !self.text.is_empty() {
            parts.push(Part::Text(self.text));
        }
        parts.extend(self.calls.into_iter().map(|(_, call)| Part::ToolCall(call)));
        let stop = if self.refused { Stop::Refused } else { stop };
        Ok(Decoded { parts, stop, tokens: self.tokens, model: self.model })
    }
}

impl Decoder {
    fn add(&mut self, delta: &Value, events: Events<'_>) -> Result<(), Failure> {
        if let Some(piece) = text(delta, "/content").filter(|piece| !piece.is_empty()) {
            events(Event::Text { bytes: piece.len() });
            self.text.push_str(piece);
        }
        if let Some(piece) = text(delta, "/refusal").filter(|piece| !piece.is_empty()) {
            self.refused = true;
            self.text.push_str(piece);
        }
        // Some servers send both fields with one text.
        let field = REASONING_FIELDS.into_iter().find(|field| delta.get(field).is_some_and(Value::is_string));
        if let Some((field, piece)) = field.and_then(|field| Some((field, delta.get(field)?.as_str()?)))
            && !piece.is_empty()
            && *self.reasoning_field.get_or_insert(field) == field
        {
            events(Event::Reasoning { bytes: piece.len() });
            self.reasoning.push_str(piece);
        }
        for call in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.add_call(call, events)?;
        }
        Ok(())
    }

    fn add_call(&mut self, delta: &Value, events: Events<'_>) -> Result<(), Failure> {
        let id = text(delta, "/id").unwrap_or_default();
        let name = text(delta, "/function/name").unwrap_or_default();
        let index = delta.get("index").and_then(Value::as_u64);
        let at = match self.call_of(index, id, name) {
            Some(at) => at,
            None if self.calls.len() >= MAX_REPLY_PARTS => {
                return Err(Failure::new(Cause::TooLarge, "the reply has too many tool calls"));
            }
            None => {
                let empty = ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
                self.calls.push((index, empty));
                self.calls.len() - 1
            }
        };
        let Some((_, call)) = self.calls.get_mut(at) else { return Ok(()) };
        if call.id.is_empty() {
            call.id = id.to_owned();
        }
        if call.name.is_empty() && !name.is_empty() {
            events(Event::ToolCall { name: name.to_owned() });
            call.name = name.to_owned();
        }
        match delta.pointer("/function/arguments") {
            Some(Value::String(piece)) => call.arguments.push_str(piece),
            // Against the protocol, but seen: arguments that are an object.
            Some(whole @ Value::Object(_)) => call.arguments = whole.to_string(),
            _ => {}
        }
        Ok(())
    }

    /// The call that a delta goes on with; none where it begins one.
    ///
    /// By the protocol an index names a call. But servers leave it out, or give every call the index 0; some repeat a
    /// call's id on each delta, and some make a new one up each time. What none of them does is to begin a call without
    /// its function's name.
    fn call_of(&self, index: Option<u64>, id: &str, name: &str) -> Option<usize> {
        // The newest that fits.
        let same_place = self.calls.iter().rposition(|(known, _)| *known == index);
        let is_same = |(known, call): &(Option<u64>, ToolCall)| {
            !id.is_empty() && call.id == id && (index.is_none() || *known == index)
        };
        let same_id = self.calls.iter().rposition(is_same);
        match (same_id, same_place) {
            (Some(at), _) => Some(at),
            // An index that is new begins a call, also where its name comes later.
            (None, None) if index.is_some() => None,
            (None, Some(at)) if index.is_some() => {
                let other = |(_, call): &(_, ToolCall)| !id.is_empty() && !call.id.is_empty();
                (name.is_empty() || !self.calls.get(at).is_some_and(other)).then_some(at)
            }
            _ if !name.is_empty() => None,
            _ => self.calls.len().checked_sub(1),
        }
    }

    fn count(&mut self, event: &Value) {
        // A usage without a number is none.
        let counts = |usage: &&Value| ["prompt_tokens", "completion_tokens"].iter().any(|f| usage[*f].is_u64());
        let Some(usage) = event.get("usage").filter(counts) else { return };
        let input = count(usage, "/prompt_tokens");
        let cached_input = count(usage, "/prompt_tokens_details/cached_tokens").min(input);
        let output = count(usage, "/completion_tokens");
        self.tokens = Some(Tokens { fresh_input: input - cached_input, cached_input, cache_write: 0, output });
    }
}

fn stop(reason: &str) -> Stop {
    match reason {
        "tool_calls" | "function_call" => Stop::ToolCalls,
        "length" => Stop::Length,
        "content_filter" => Stop::Refused,
        _ => Stop::End,
    }
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
