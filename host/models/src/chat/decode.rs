//! The stream of Chat Completions: pieces of one message, tool calls by index.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::decode::{Decode, Decoded, Flow, cut, parse};
use crate::endpoint::error_message;
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
    calls: BTreeMap<u64, ToolCall>,
    indexes_repeat: bool,
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
            return Err(Failure::new(Cause::Server, message));
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
        parts.extend(self.calls.into_values().map(Part::ToolCall));
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
        if let Some(piece) = text(delta, "/refusal") {
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
        let last = self.calls.keys().next_back().copied();
        let next = last.map_or(0, |last| last.saturating_add(1));
        // Servers that leave the index out begin a call with its id, and go on without one.
        let index = delta.get("index").and_then(Value::as_u64);
        let index = index.unwrap_or(if id.is_empty() { last.unwrap_or(0) } else { next });
        // And some give every parallel call the index 0: then a new id begins a call, and pieces belong to the newest.
        let clash = self.calls.get(&index).is_some_and(|call| !id.is_empty() && !call.id.is_empty() && call.id != id);
        self.indexes_repeat |= clash;
        let index = match (clash, self.indexes_repeat && id.is_empty()) {
            (true, _) => next,
            (false, true) => last.unwrap_or(index),
            (false, false) => index,
        };
        if self.calls.len() >= MAX_REPLY_PARTS && !self.calls.contains_key(&index) {
            return Err(Failure::new(Cause::TooLarge, "the reply has too many tool calls"));
        }
        let empty = || ToolCall { id: String::new(), name: String::new(), arguments: String::new() };
        let call = self.calls.entry(index).or_insert_with(empty);
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

    fn count(&mut self, event: &Value) {
        let Some(usage) = event.get("usage").filter(|usage| usage.is_object()) else { return };
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
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::event::ignore_events;
    use proptest::prelude::*;

    fn calls(deltas: &[Value]) -> Vec<(String, String)> {
        let mut decoder = Decoder::default();
        for delta in deltas {
            let event = json!({ "choices": [{ "delta": { "tool_calls": [delta] } }] });
            decoder.event(&event.to_string(), &ignore_events).unwrap();
        }
        decoder.event("{\"choices\":[{\"finish_reason\":\"tool_calls\"}]}", &ignore_events).unwrap();
        let decoded = Box::new(decoder).finish().unwrap();
        let call = |part| if let Part::ToolCall(call) = part { Some((call.id, call.arguments)) } else { None };
        decoded.parts.into_iter().filter_map(call).collect()
    }

    #[test]
    fn calls_of_careless_servers_come_together() {
        let piece = |text: &str| json!({ "function": { "arguments": text } });
        let begin =
            |index: Value, id: &str| json!({ "index": index, "id": id, "function": { "name": "x", "arguments": "{" } });
        let two = [("a".to_owned(), "{}".to_owned()), ("b".to_owned(), "{}".to_owned())];
        assert_eq!(calls(&[begin(Value::Null, "a"), piece("}"), begin(Value::Null, "b"), piece("}")]), two);
        let zero = json!({ "index": 0, "function": { "arguments": "}" } });
        assert_eq!(calls(&[begin(0.into(), "a"), zero.clone(), begin(0.into(), "b"), zero]), two);
        let object = json!({ "index": 7, "id": "c", "function": { "name": "x", "arguments": { "a": 1 } } });
        assert_eq!(calls(&[object]), [("c".to_owned(), "{\"a\":1}".to_owned())]);
    }

    #[test]
    fn m_04_done_without_a_reason_is_a_cut() {
        let mut decoder = Decoder::default();
        decoder.event(&json!({ "choices": [{ "delta": { "content": "half" } }] }).to_string(), &ignore_events).unwrap();
        assert_eq!(decoder.event("[DONE]", &ignore_events).unwrap(), Flow::Done);
        assert_eq!(Box::new(decoder).finish().unwrap_err().cause, Cause::Cut);
    }

    #[test]
    fn m_04_too_many_calls_are_refused() {
        let mut decoder = Decoder::default();
        let refused = (0..2_000).find_map(|index| {
            let event = json!({ "choices": [{ "delta": { "tool_calls": [{ "index": index, "id": "x" }] } }] });
            decoder.event(&event.to_string(), &ignore_events).err()
        });
        assert_eq!(refused.unwrap().cause, Cause::TooLarge);
    }

    proptest! {
        #[test]
        fn no_event_breaks_the_decoders(events in proptest::collection::vec(hostile(), 0..12)) {
            let mut decoders: [Box<dyn Decode>; 2] =
                [Box::<Decoder>::default(), Box::<crate::anthropic::Decoder>::default()];
            for event in &events {
                for decoder in &mut decoders {
                    drop(decoder.event(&event.to_string(), &ignore_events));
                }
            }
            for decoder in decoders {
                drop(decoder.finish());
            }
        }
    }

    /// JSON of the protocols' words in wrong places.
    fn hostile() -> impl Strategy<Value = Value> {
        let words = prop::sample::select(vec![
            "type",
            "index",
            "delta",
            "choices",
            "content",
            "tool_calls",
            "function",
            "arguments",
            "id",
            "usage",
            "text",
            "content_block",
            "content_block_start",
            "content_block_delta",
            "input_json_delta",
            "partial_json",
            "text_delta",
            "message_delta",
            "stop_reason",
            "finish_reason",
            "error",
            "message",
            "prompt_tokens",
            "prompt_tokens_details",
            "cached_tokens",
            "reasoning",
            "tool_use",
            "input_tokens",
        ]);
        let leaf = prop_oneof![
            Just(Value::Null),
            words.clone().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((words.clone(), inner), 0..6).prop_map(|fields| {
                    Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
                }),
            ]
        })
    }
}
