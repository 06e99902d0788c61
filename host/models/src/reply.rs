//! What comes back from a model, after the host stopped believing it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::request::{Part, Request};

/// A reply's texts together. The longest outputs that providers sell are a tenth of it.
pub(crate) const MAX_REPLY_BYTES: usize = 8 << 20;
/// Blocks and tool calls in one reply.
pub(crate) const MAX_REPLY_PARTS: usize = 512;
/// A model's name, an id: longer ones are cut.
const MAX_LABEL_BYTES: usize = 128;

/// A model's reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// What it said, in order.
    pub parts: Vec<Part>,
    /// Why it ended.
    pub stop: Stop,
    /// What it used.
    pub usage: Usage,
    /// The model that the provider names.
    pub model: String,
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// It was complete.
    End,
    /// It asks for tools.
    ToolCalls,
    /// It was cut at the output limit or the window's end.
    Length,
    /// The provider or the model refused.
    Refused,
}

/// What a reply used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// All tokens of the request, those from the provider's cache included.
    pub input_tokens: u64,
    /// The part of them that came from the provider's cache.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cached_input_tokens: u64,
    /// Tokens of the reply, reasoning included.
    pub output_tokens: u64,
    /// Millionths of a US dollar; none where the price is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
}

impl Reply {
    /// The texts of all parts, in bytes.
    pub(crate) fn text_bytes(&self) -> usize {
        self.parts.iter().map(part_bytes).sum()
    }

    /// Makes a reply something that a skill can work with, whatever the server said:
    /// ids are unique in the conversation, arguments are never empty, and `stop` agrees with the parts.
    pub(crate) fn distrust(mut self, request: &Request) -> Self {
        let mut taken: BTreeSet<String> = request
            .messages
            .iter()
            .flat_map(|message| &message.parts)
            .filter_map(|part| match part {
                Part::ToolCall(call) => Some(call.id.clone()),
                _ => None,
            })
            .collect();
        let mut calls = false;
        for part in &mut self.parts {
            if let Part::ToolCall(call) = part {
                calls = true;
                call.id = unique(label(&call.id), &mut taken);
                call.name = label(&call.name);
                if call.arguments.trim().is_empty() {
                    call.arguments = "{}".to_owned();
                }
            }
        }
        self.parts.retain(|part| !matches!(part, Part::Text(text) if text.trim().is_empty()));
        // A cut or refused reply stays one even where it holds calls: their arguments may be half.
        self.stop = match (self.stop, calls) {
            (Stop::End | Stop::ToolCalls, true) => Stop::ToolCalls,
            (Stop::ToolCalls, false) => Stop::End,
            (stop, _) => stop,
        };
        self.model = label(&self.model);
        self
    }
}

/// A server's short text: bounded, without control characters.
pub(crate) fn label(text: &str) -> String {
    clean(text, MAX_LABEL_BYTES)
}

/// At most `max_bytes` of a text, without control characters.
pub(crate) fn clean(text: &str, max_bytes: usize) -> String {
    let mut cleaned = String::new();
    for character in text.chars() {
        if cleaned.len() + character.len_utf8() > max_bytes {
            break;
        }
        cleaned.push(if character.is_control() { ' ' } else { character });
    }
    cleaned
}

fn unique(id: String, taken: &mut BTreeSet<String>) -> String {
    let base = if id.is_empty() { "call".to_owned() } else { id };
    let mut candidate = base.clone();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{base}-{number}");
        number += 1;
    }
    candidate
}

fn part_bytes(part: &Part) -> usize {
    match part {
        Part::Text(text) | Part::Reasoning(text) => text.len(),
        Part::ToolCall(call) => call.id.len() + call.name.len() + call.arguments.len(),
        Part::ToolResult(result) => result.id.len() + result.content.len(),
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if hands over a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
