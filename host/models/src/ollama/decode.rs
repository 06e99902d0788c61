//! Ollama's stream: pieces of one message, calls whole, and the counts with the last.

use serde_json::{Value, json};

use crate::decode::{Decode, Decoded, Flow, cut, parse};
use crate::endpoint::{error_cause, error_message};
use crate::event::{Event, Events};
use crate::failure::{Cause, Failure};
use crate::json::{count, text};
use crate::price::Tokens;
use crate::reply::{MAX_REPLY_PARTS, Stop};
use crate::request::{Part, ToolCall};

/// How reasoning is told apart from other providers'.
pub(super) const REASONING: &str = "ollama_thinking";

/// A reply in the making.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    model: String,
    thinking: String,
    text: String,
    calls: Vec<ToolCall>,
    stop: Option<Stop>,
    tokens: Option<Tokens>,
}

impl Decode for Decoder {
    fn event(&mut self, data: &str, events: Events<'_>) -> Result<Flow, Failure> {
        let event = parse(data)?;
        if event.get("error").is_some_and(|error| !error.is_null()) {
            let message = error_message(&event).unwrap_or_else(|| "the stream reports an error".to_owned());
            return Err(Failure::new(error_cause(&event, Cause::Server), message));
        }
        if let Some(model) = text(&event, "/model").filter(|_| self.model.is_empty()) {
            self.model = model.to_owned();
        }
        if let Some(piece) = text(&event, "/message/thinking").filter(|piece| !piece.is_empty()) {
            events(Event::Reasoning { bytes: piece.len() });
            self.thinking.push_str(piece);
        }
        if let Some(piece) = text(&event, "/message/content").filter(|piece| !piece.is_empty()) {
            events(Event::Text { bytes: piece.len() });
            self.text.push_str(piece);
        }
        for call in event.pointer("/message/tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.add_call(call, events)?;
        }
        if event.get("done") != Some(&Value::Bool(true)) {
            return Ok(Flow::More);
        }
        self.stop = Some(if text(&event, "/done_reason") == Some("length") { Stop::Length } else { Stop::End });
        // Both or none: a count that is left out would be taken for 0.
        if ["prompt_eval_count", "eval_count"].iter().all(|field| event.get(field).is_some_and(Value::is_u64)) {
            let (fresh_input, output) = (count(&event, "/prompt_eval_count"), count(&event, "/eval_count"));
            self.tokens = Some(Tokens { fresh_input, output, ..Tokens::default() });
        }
        Ok(Flow::Done)
    }

    fn finish(self: Box<Self>) -> Result<Decoded, Failure> {
        let Some(stop) = self.stop else { return Err(cut()) };
        let mut parts = Vec::new();
        if !self.thinking.is_empty() {
            parts.push(Part::Reasoning(json!({ "type": REASONING, "text": self.thinking }).to_string()));
        }
        if !self.text.is_empty() {
            parts.push(Part::Text(self.text));
        }
        parts.extend(self.calls.into_iter().map(Part::ToolCall));
        Ok(Decoded { parts, stop, tokens: self.tokens, model: self.model })
    }
}

impl Decoder {
    fn add_call(&mut self, call: &Value, events: Events<'_>) -> Result<(), Failure> {
        if self.calls.len() >= MAX_REPLY_PARTS {
            return Err(Failure::new(Cause::TooLarge, "the reply has too many tool calls"));
        }
        let own = |pointer: &str| text(call, pointer).unwrap_or_default().to_owned();
        let arguments = match call.pointer("/function/arguments") {
            Some(Value::String(raw)) => raw.clone(),
            Some(whole @ Value::Object(_)) => whole.to_string(),
            _ => String::new(),
        };
        let name = own("/function/name");
        events(Event::ToolCall { name: name.clone() });
        // Older servers give no id.
        self.calls.push(ToolCall { id: own("/id"), name, arguments });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::event::ignore_events;

    fn decode(events: &[Value]) -> Result<Decoded, Failure> {
        let mut decoder = Decoder::default();
        for event in events {
            decoder.event(&event.to_string(), &ignore_events)?;
        }
        Box::new(decoder).finish()
    }

    #[test]
    fn a_server_without_ids_and_half_a_count_is_understood() {
        let calls = json!([{ "function": { "name": "x", "arguments": { "b": 1, "a": [2] } } }, { "function": {} }]);
        let last = json!({ "message": { "tool_calls": calls }, "done": true, "done_reason": "stop", "eval_count": 9 });
        let decoded = decode(&[last]).unwrap();
        let call = |name: &str, arguments: &str| {
            Part::ToolCall(ToolCall { id: String::new(), name: name.into(), arguments: arguments.into() })
        };
        assert_eq!(decoded.parts, [call("x", "{\"b\":1,\"a\":[2]}"), call("", "")]);
        assert_eq!(decoded.tokens, None, "what is not counted is estimated");
    }

    #[test]
    fn m_04_streams_that_break_the_protocol_are_refused() {
        let call = json!({ "message": { "tool_calls": [{ "function": { "name": "x" } }] } });
        for (events, cause) in [
            (vec![], Cause::Cut),
            (vec![json!({ "message": { "content": "half" }, "done": false })], Cause::Cut),
            (vec![json!({ "done": "true" })], Cause::Cut),
            (vec![json!({ "error": "it ran out of memory" })], Cause::Server),
            (vec![call; 600], Cause::TooLarge),
        ] {
            assert_eq!(decode(&events).unwrap_err().cause, cause);
        }
    }
}
