//! Anthropic's stream: blocks by index, each started, filled and stopped.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::decode::{Decode, Decoded, Flow, cut, malformed, parse};
use crate::endpoint::{error_cause, error_message};
use crate::event::{Event, Events};
use crate::failure::{Cause, Failure};
use crate::json::{count, text};
use crate::price::Tokens;
use crate::reply::{MAX_REPLY_PARTS, Stop};
use crate::request::{Part, ToolCall};

/// A reply in the making.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    model: String,
    blocks: BTreeMap<u64, Block>,
    stop: Option<Stop>,
    tokens: Option<Tokens>,
    whole: bool,
}

#[derive(Debug)]
enum Block {
    Text(String),
    ToolUse { id: String, name: String, given: Value, json: String },
    Thinking { thinking: String, signature: String },
    Redacted(String),
    Other,
}

impl Decode for Decoder {
    fn event(&mut self, data: &str, events: Events<'_>) -> Result<Flow, Failure> {
        let event = parse(data)?;
        match text(&event, "/type").unwrap_or_default() {
            "message_start" => {
                self.model = text(&event, "/message/model").unwrap_or_default().to_owned();
                self.count(event.pointer("/message/usage"));
            }
            "content_block_start" => self.start(&event, events)?,
            "content_block_delta" => self.fill(&event, events)?,
            "message_delta" => {
                if let Some(reason) = text(&event, "/delta/stop_reason") {
                    self.stop = Some(stop(reason));
                }
                self.count(event.get("usage"));
            }
            "message_stop" => {
                self.whole = true;
                return Ok(Flow::Done);
            }
            "error" => return Err(failure(&event)),
            // `ping`, `content_block_stop`, and what the protocol may add: it asks clients to ignore those.
            _ => {}
        }
        Ok(Flow::More)
    }

    fn finish(self: Box<Self>) -> Result<Decoded, Failure> {
        let Some(stop) = self.stop.filter(|_| self.whole) else { return Err(cut()) };
        let parts = self.blocks.into_values().filter_map(Block::into_part).collect();
        Ok(Decoded { parts, stop, tokens: self.tokens, model: self.model })
    }
}

impl Decoder {
    fn start(&mut self, event: &Value, events: Events<'_>) -> Result<(), Failure> {
        let own = |pointer: &str| text(event, pointer).unwrap_or_default().to_owned();
        let block = match text(event, "/content_block/type").unwrap_or_default() {
            "text" => Block::Text(own("/content_block/text")),
            "tool_use" => {
                let name = own("/content_block/name");
                events(Event::ToolCall { name: name.clone() });
                let given = event.pointer("/content_block/input").cloned().unwrap_or_default();
                Block::ToolUse { id: own("/content_block/id"), name, given, json: String::new() }
            }
            "thinking" => {
                Block::Thinking { thinking: own("/content_block/thinking"), signature: own("/content_block/signature") }
            }
            "redacted_thinking" => Block::Redacted(own("/content_block/data")),
            _ => Block::Other,
        };
        if self.blocks.len() >= MAX_REPLY_PARTS {
            return Err(Failure::new(Cause::TooLarge, "the reply has too many blocks"));
        }
        match self.blocks.insert(index(event)?, block) {
            None => Ok(()),
            Some(_) => Err(malformed("the stream starts one block twice")),
        }
    }

    fn fill(&mut self, event: &Value, events: Events<'_>) -> Result<(), Failure> {
        let block = self.blocks.get_mut(&index(event)?);
        let kind = text(event, "/delta/type").unwrap_or_default();
        let piece = |field: &str| text(event, field).unwrap_or_default();
        match (kind, block) {
            ("text_delta", Some(Block::Text(whole))) => {
                let piece = piece("/delta/text");
                events(Event::Text { bytes: piece.len() });
                whole.push_str(piece);
            }
            ("input_json_delta", Some(Block::ToolUse { json, .. })) => json.push_str(piece("/delta/partial_json")),
            ("thinking_delta", Some(Block::Thinking { thinking, .. })) => {
                let piece = piece("/delta/thinking");
                events(Event::Reasoning { bytes: piece.len() });
                thinking.push_str(piece);
            }
            ("signature_delta", Some(Block::Thinking { signature, .. })) => {
                signature.push_str(piece("/delta/signature"))
            }
            ("text_delta" | "input_json_delta" | "thinking_delta" | "signature_delta", _) => {
                return Err(malformed("the stream fills a block that it did not start"));
            }
            _ => {}
        }
        Ok(())
    }

    /// Usage comes at the start and, cumulative, at the end; the end's may leave out what did not change.
    fn count(&mut self, usage: Option<&Value>) {
        const COUNTS: [&str; 2] = ["input_tokens", "output_tokens"];
        let counts = |usage: &&Value| COUNTS.iter().any(|field| usage.get(field).is_some_and(Value::is_u64));
        // A usage without a number is none.
        let Some(usage) = usage.filter(counts) else { return };
        let tokens = self.tokens.get_or_insert_default();
        let mut update = |field: &str, slot: fn(&mut Tokens) -> &mut u64| {
            if usage.get(field).is_some_and(Value::is_u64) {
                *slot(tokens) = count(usage, &format!("/{field}"));
            }
        };
        update("input_tokens", |tokens| &mut tokens.fresh_input);
        update("cache_read_input_tokens", |tokens| &mut tokens.cached_input);
        update("cache_creation_input_tokens", |tokens| &mut tokens.cache_write);
        update("output_tokens", |tokens| &mut tokens.output);
    }
}

impl Block {
    fn into_part(self) -> Option<Part> {
        Some(match self {
            Self::Text(text) => Part::Text(text),
            Self::ToolUse { id, name, given, json } => {
                // Servers that don't stream arguments put them into the block's start.
                let whole = json.is_empty() && given.as_object().is_some_and(|fields| !fields.is_empty());
                Part::ToolCall(ToolCall { id, name, arguments: if whole { given.to_string() } else { json } })
            }
            Self::Thinking { thinking, signature } => {
                Part::Reasoning(json!({ "type": "thinking", "thinking": thinking, "signature": signature }).to_string())
            }
            Self::Redacted(data) => Part::Reasoning(json!({ "type": "redacted_thinking", "data": data }).to_string()),
            Self::Other => return None,
        })
    }
}

fn index(event: &Value) -> Result<u64, Failure> {
    event.get("index").and_then(Value::as_u64).ok_or_else(|| malformed("the stream has a block without an index"))
}

fn stop(reason: &str) -> Stop {
    match reason {
        "tool_use" => Stop::ToolCalls,
        "max_tokens" | "model_context_window_exceeded" => Stop::Length,
        "refusal" => Stop::Refused,
        _ => Stop::End,
    }
}

fn failure(event: &Value) -> Failure {
    let cause = error_cause(event, Cause::Server);
    Failure::new(cause, error_message(event).unwrap_or_else(|| "the stream reports an error".to_owned()))
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

    fn start(index: u64, block: Value) -> Value {
        json!({ "type": "content_block_start", "index": index, "content_block": block })
    }

    fn end() -> [Value; 2] {
        [json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" } }), json!({ "type": "message_stop" })]
    }

    #[test]
    fn arguments_that_come_with_the_block_are_taken() {
        let [delta, stop] = end();
        let block = json!({ "type": "tool_use", "id": "1", "name": "x", "input": { "a": 1 } });
        let decoded = decode(&[start(0, block), delta, stop]).unwrap();
        assert!(matches!(&decoded.parts[0], Part::ToolCall(call) if call.arguments == "{\"a\":1}"));
        assert!(decoded.tokens.is_none(), "a server that does not count is counted for");
    }

    #[test]
    fn redacted_reasoning_is_kept_and_unknown_blocks_are_not() {
        let [delta, stop] = end();
        let redacted = start(1, json!({ "type": "redacted_thinking", "data": "xyz" }));
        let decoded = decode(&[start(0, json!({ "type": "new" })), redacted, delta, stop]).unwrap();
        assert_eq!(decoded.parts, [Part::Reasoning("{\"type\":\"redacted_thinking\",\"data\":\"xyz\"}".into())]);
    }

    #[test]
    fn a_usage_without_a_number_counts_nothing() {
        let [delta, stop] = end();
        let begin = |usage: Value| json!({ "type": "message_start", "message": { "usage": usage } });
        assert_eq!(decode(&[begin(json!({})), delta.clone(), stop.clone()]).unwrap().tokens, None);
        let counted = decode(&[begin(json!({ "input_tokens": 0 })), delta, stop]).unwrap();
        assert_eq!(counted.tokens, Some(Tokens::default()));
    }

    #[test]
    fn m_04_streams_that_break_the_protocol_are_refused() {
        let text = || start(0, json!({ "type": "text" }));
        let fill = json!({ "type": "content_block_delta", "index": 1, "delta": { "type": "text_delta", "text": "x" } });
        let [delta, stop] = end();
        for (events, cause) in [
            (vec![text(), text()], Cause::Malformed),
            (vec![text(), fill], Cause::Malformed),
            (vec![json!({ "type": "content_block_start" })], Cause::Malformed),
            (vec![text(), delta], Cause::Cut),
            (vec![text(), stop], Cause::Cut),
            (vec![json!({ "type": "error", "error": { "type": "overloaded_error" } })], Cause::Server),
            (vec![json!({ "type": "error", "error": { "type": "invalid_request_error" } })], Cause::Request),
            ((0..600).map(|index| start(index, json!({ "type": "text" }))).collect(), Cause::TooLarge),
        ] {
            assert_eq!(decode(&events).unwrap_err().cause, cause);
        }
    }
}
