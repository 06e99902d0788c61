//! Recordings: what models were asked and said, as JSON lines, `skillhost.recording/1`.
//!
//! A call is found again by agent, phase, round and turn. A recorded request is kept beside its digest, with typed
//! placeholders for what differs from run to run, so that a replay which asks something else can say what. A recording
//! that somebody wrote by hand has replies only, and texts that a request must hold.

mod difference;
mod patterns;
mod recorder;
mod replay;
mod volatile;

use std::fmt;
use std::num::NonZeroU64;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use skillhost_core::digest::Digest;
use skillhost_core::name::AgentId;
use skillhost_core::phase::Phase;

pub use recorder::Recorder;
pub use replay::Replay;
pub use volatile::Volatile;

use crate::json::canonical;
use crate::reply::Reply;
use crate::request::Request;

const SCHEMA: &str = "skillhost.recording/1";

/// By what a call is found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CallKey {
    pub(crate) agent: AgentId,
    pub(crate) phase: Phase,
    pub(crate) round: u32,
    pub(crate) turn: u32,
}

impl fmt::Display for CallKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "agent {}, phase {}, round {}, turn {}", self.agent, self.phase, self.round, self.turn)
    }
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    schema: String,
    #[serde(default)]
    authored: bool,
}

/// Each further line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    agent: AgentId,
    phase: Phase,
    round: u32,
    turn: u32,
    /// What the skill was told of the model: tokens that a request and its reply may have together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window_tokens: Option<NonZeroU64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    expect: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<Value>,
    reply: Reply,
}

/// Why a recording can't be read or written, or does not hold a call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file can't be read.
    #[error("the recording can't be read: {reason}")]
    Unreadable {
        /// Why, without the path: a skill may read this.
        reason: String,
    },
    /// The new file can't be made.
    #[error("the recording can't be created: {reason}")]
    Uncreatable {
        /// Why, without the path.
        reason: String,
    },
    /// A call can't be written.
    #[error("the recording can't be written: {reason}")]
    Unwritable {
        /// Why.
        reason: String,
    },
    /// A line is not what it should be.
    #[error("line {line} of the recording: {reason}")]
    LineInvalid {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The call is not in it.
    #[error("the recording has no call for {call}; {known}")]
    CallMissing {
        /// What was looked for.
        call: String,
        /// What there is for that agent and phase.
        known: String,
    },
    /// The call is in it with another request.
    #[error("line {line} of the recording has another request for {call}:\n{difference}")]
    RequestDiffers {
        /// The line, from 1.
        line: usize,
        /// The call.
        call: String,
        /// Where they differ, one place on each line.
        difference: String,
    },
    /// An authored line expects a text that the request does not hold.
    #[error("line {line} of the recording expects a request for {call} that holds {text:?}")]
    TextMissing {
        /// The line, from 1.
        line: usize,
        /// The call.
        call: String,
        /// The text.
        text: String,
    },
    /// A call was made twice under one name.
    #[error("{call} was recorded already")]
    CallRepeated {
        /// The call.
        call: String,
    },
    /// A model names a recording that was not opened.
    #[error("the recording was not opened")]
    NotOpen,
}

impl RecordingError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Uncreatable { .. } => "an existing file is never overwritten: name a new one",
            Self::CallMissing { .. } | Self::RequestDiffers { .. } => {
                "the skill or its input changed since the recording: record again with --record FILE"
            }
            Self::LineInvalid { .. } => "the format is skillhost.recording/1: a header, then one call on each line",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

/// A request as recordings hold it: canonical, with placeholders. Equal requests of two runs give equal values.
fn neutral(request: &Request, volatile: &Volatile, scrub: &dyn Fn(&str) -> String) -> Result<Value, serde_json::Error> {
    let hide = |text: &str| volatile.hide(&scrub(text));
    Ok(canonical(map_texts(serde_json::to_value(request)?, &hide)))
}

fn map_texts(value: Value, map: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(map(&text)),
        Value::Array(items) => items.into_iter().map(|item| map_texts(item, map)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(key, value)| (map(&key), map_texts(value, map))).collect())
        }
        other => other,
    }
}

/// A reply with every text mapped; its counts stay.
fn map_reply(reply: &Reply, map: &dyn Fn(&str) -> String) -> Reply {
    use crate::request::Part;
    let mut mapped = reply.clone();
    for part in &mut mapped.parts {
        match part {
            Part::Text(text) | Part::Reasoning(text) => *text = map(text),
            Part::ToolCall(call) => {
                call.name = map(&call.name);
                call.arguments = map(&call.arguments);
            }
            Part::ToolResult(result) => result.content = map(&result.content),
        }
    }
    mapped
}
