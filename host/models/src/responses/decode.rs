//! The stream of Responses: output items by index, each added, filled and done; the last event holds the usage.

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
    items: BTreeMap<u64, Item>,
    refused: bool,
    stop: Option<Stop>,
    tokens: Option<Tokens>,
}

#[derive(Debug)]
enum Item {
    Message(String),
    Call(ToolCall),
    /// As it came, to be sent back unchanged.
    Reasoning(Value),
    Other,
}

impl Decode for Decoder {
    fn event(&mut self, data: &str, events: Events<'_>) -> Result<Flow, Failure> {
        // Not of this protocol, but some gateways end every stream like this.
        if data.trim() == "[DONE]" {
            return Ok(Flow::Done);
        }
        let event = parse(data)?;
        match text(&event, "/type").unwrap_or_default() {
            "response.created" | "response.in_progress" => self.name(&event),
            "response.output_item.added" | "response.output_item.done" => {
                self.put(index(&event)?, event.get("item").unwrap_or(&Value::Null), events)?;
            }
            "response.output_text.delta" => {
                let piece = delta(&event);
                events(Event::Text { bytes: piece.len() });
                self.message(&event)?.push_str(piece);
            }
            "response.refusal.delta" => {
                let piece = delta(&event);
                self.refused |= !piece.is_empty();
                self.message(&event)?.push_str(piece);
            }
            "response.function_call_arguments.delta" => self.call(&event)?.arguments.push_str(delta(&event)),
            "response.function_call_arguments.done" => {
                if let Some(whole) = text(&event, "/arguments") {
                    self.call(&event)?.arguments = whole.to_owned();
                }
            }
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                events(Event::Reasoning { bytes: delta(&event).len() });
            }
            "response.completed" | "response.incomplete" => {
                self.end(&event, events)?;
                return Ok(Flow::Done);
            }
            "response.failed" => return Err(failure(&json!({ "error": event.pointer("/response/error") }))),
            "error" => return Err(failure(&event)),
            // Parts that begin and end, tools of the provider's own, and what the protocol may add.
            _ => {}
        }
        Ok(Flow::More)
    }

    fn finish(self: Box<Self>) -> Result<Decoded, Failure> {
        let Some(stop) = self.stop else { return Err(cut()) };
        let stop = if self.refused { Stop::Refused } else { stop };
        let parts = self.items.into_values().filter_map(Item::into_part).collect();
        Ok(Decoded { parts, stop, tokens: self.tokens, model: self.model })
    }
}

impl Decoder {
    fn name(&mut self, event: &Value) {
        if let Some(model) = text(event, "/response/model") {
            self.model = model.to_owned();
        }
    }

    /// Adds an item, or replaces it by what it is in the end. What is empty there takes nothing away.
    fn put(&mut self, index: u64, item: &Value, events: Events<'_>) -> Result<(), Failure> {
        let own = |pointer: &str| text(item, pointer).unwrap_or_default().to_owned();
        let new = match text(item, "/type").unwrap_or_default() {
            "message" => {
                let parts = item.get("content").and_then(Value::as_array).into_iter().flatten();
                let mut whole = String::new();
                for part in parts {
                    let refusal = text(part, "/refusal").unwrap_or_default();
                    self.refused |= !refusal.is_empty();
                    whole.push_str(text(part, "/text").unwrap_or(refusal));
                }
                Item::Message(whole)
            }
            "function_call" => {
                Item::Call(ToolCall { id: own("/call_id"), name: own("/name"), arguments: own("/arguments") })
            }
            "reasoning" => Item::Reasoning(item.clone()),
            _ => Item::Other,
        };
        let slot = self.slot(index, || Item::Other)?;
        match (new, slot) {
            (Item::Message(whole), Item::Message(_)) if whole.is_empty() => {}
            (Item::Call(mut call), slot) => {
                match slot {
                    Item::Call(begun) if begun.name == call.name => {
                        if call.arguments.is_empty() {
                            call.arguments = std::mem::take(&mut begun.arguments);
                        }
                    }
                    _ => events(Event::ToolCall { name: call.name.clone() }),
                }
                *slot = Item::Call(call);
            }
            (new, slot) => *slot = new,
        }
        Ok(())
    }

    fn slot(&mut self, index: u64, empty: fn() -> Item) -> Result<&mut Item, Failure> {
        if !self.items.contains_key(&index) && self.items.len() >= MAX_REPLY_PARTS {
            return Err(Failure::new(Cause::TooLarge, "the reply has too many items"));
        }
        Ok(self.items.entry(index).or_insert_with(empty))
    }

    fn message(&mut self, event: &Value) -> Result<&mut String, Failure> {
        match self.slot(index(event)?, || Item::Message(String::new()))? {
            Item::Message(text) => Ok(text),
            _ => Err(malformed("the stream fills an item with text that is no message")),
        }
    }

    fn call(&mut self, event: &Value) -> Result<&mut ToolCall, Failure> {
        match self.slot(index(event)?, || Item::Other)? {
            Item::Call(call) => Ok(call),
            _ => Err(malformed("the stream fills an item with arguments that is no call")),
        }
    }

    fn end(&mut self, event: &Value, events: Events<'_>) -> Result<(), Failure> {
        self.name(event);
        // Gateways that don't stream send all items at once.
        if self.items.is_empty() {
            let output = event.pointer("/response/output").and_then(Value::as_array);
            for (item, index) in output.into_iter().flatten().zip(0..) {
                self.put(index, item, events)?;
            }
        }
        let usage = event.pointer("/response/usage");
        let counts = |usage: &&Value| ["input_tokens", "output_tokens"].iter().any(|field| usage[*field].is_u64());
        // A usage without a number is none.
        if let Some(usage) = usage.filter(counts) {
            let input = count(usage, "/input_tokens");
            let cached_input = count(usage, "/input_tokens_details/cached_tokens").min(input);
            let output = count(usage, "/output_tokens");
            self.tokens = Some(Tokens { fresh_input: input - cached_input, cached_input, cache_write: 0, output });
        }
        self.stop = Some(match text(event, "/type") {
            Some("response.completed") => Stop::End,
            // It is cut, for whatever reason.
            _ => match text(event, "/response/incomplete_details/reason") {
                Some("content_filter") => Stop::Refused,
                _ => Stop::Length,
            },
        });
        Ok(())
    }
}

impl Item {
    fn into_part(self) -> Option<Part> {
        Some(match self {
            Self::Message(text) => Part::Text(text),
            Self::Call(call) => Part::ToolCall(call),
            Self::Reasoning(item) => Part::Reasoning(item.to_string()),
            Self::Other => return None,
        })
    }
}

fn index(event: &Value) -> Result<u64, Failure> {
    let index = event.get("output_index").and_then(Value::as_u64);
    index.ok_or_else(|| malformed("the stream has an item without an index"))
}

fn delta(event: &Value) -> &str {
    text(event, "/delta").unwrap_or_default()
}

fn failure(body: &Value) -> Failure {
    let message = error_message(body).unwrap_or_else(|| "the stream reports an error".to_owned());
    Failure::new(error_cause(body, Cause::Server), message)
}

#[cfg(test)]
#[path = "decode_tests.rs"]
mod tests;
