//! Reading a recording, which may be hostile: everything is bounded, and nothing unknown is passed over.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::num::NonZeroU64;
use std::path::Path;

use serde_json::Value;
use skillhost_core::capability::Tier;
use skillhost_core::digest::Digest;
use skillhost_core::name::AgentId;
use skillhost_core::phase::Phase;
use skillhost_core::text::escape_terminal;

use super::{CallKey, Entry, Header, RecordingError, SCHEMA, Volatile, difference, map_reply, neutral};
use crate::ambient;
use crate::reply::{MAX_REPLY_BYTES, MAX_REPLY_PARTS, Reply};
use crate::request::{MAX_REQUEST_BYTES, Part, Request};

const MAX_FILE_BYTES: u64 = 256 << 20;
/// A request and a reply, each escaped as JSON, with room.
const MAX_LINE_BYTES: usize = 2 * (MAX_REQUEST_BYTES + MAX_REPLY_BYTES);
const MAX_CALLS: usize = 100_000;
const MAX_EXPECTED_TEXTS: usize = 64;
/// The model of recordings that somebody wrote.
const SCRIPTED: &str = "scripted";
/// What an error quotes of a file.
const MAX_REASON_CHARS: usize = 300;

/// A recording that was read and checked.
#[derive(Debug)]
pub struct Replay {
    authored: bool,
    calls: BTreeMap<CallKey, Recorded>,
}

#[derive(Debug)]
struct Recorded {
    line: usize,
    entry: Entry,
}

impl Replay {
    /// Reads a recording's file.
    ///
    /// # Errors
    /// Names the line that is not what it should be.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        let text = ambient::read_text(path, MAX_FILE_BYTES)
            .map_err(|error| RecordingError::Unreadable { reason: error.to_string() })?;
        Self::parse(&text)
    }

    /// Reads a recording's text.
    ///
    /// # Errors
    /// Names the line that is not what it should be.
    pub fn parse(text: &str) -> Result<Self, RecordingError> {
        let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let (first, number) = lines.next().ok_or_else(|| invalid(1, "it is empty"))?;
        let header: Header = parse_line(first, number)?;
        if header.schema != SCHEMA {
            return Err(invalid(number, format!("the schema is not {SCHEMA}")));
        }
        let mut replay = Self { authored: header.authored, calls: BTreeMap::new() };
        for (text, line) in lines {
            let entry: Entry = parse_line(text, line)?;
            check(&entry, header.authored).map_err(|reason| invalid(line, reason))?;
            if replay.calls.len() >= MAX_CALLS {
                return Err(invalid(line, format!("it has more than {MAX_CALLS} calls")));
            }
            let call = CallKey { agent: entry.agent.clone(), phase: entry.phase, round: entry.round, turn: entry.turn };
            match replay.calls.entry(call) {
                Slot::Vacant(slot) => drop(slot.insert(Recorded { line, entry })),
                Slot::Occupied(slot) => {
                    return Err(invalid(line, format!("{} is on line {} already", slot.key(), slot.get().line)));
                }
            }
        }
        Ok(replay)
    }

    /// Whether somebody wrote it by hand: its models are scripted ones.
    pub fn is_authored(&self) -> bool {
        self.authored
    }

    /// The window that a skill was told of in a round of its phase, for a tier; none where no line says it.
    pub(crate) fn window_tokens(&self, agent: &AgentId, phase: Phase, round: u32, tier: Tier) -> Option<u64> {
        let of_turn = |turn| CallKey { agent: agent.clone(), phase, round, turn };
        let lines = self.calls.range(of_turn(1)..=of_turn(u32::MAX)).map(|(_, recorded)| &recorded.entry);
        // A scripted line has no request, and stands for every tier.
        let mut lines = lines.filter(|entry| match &entry.request {
            Some(request) => request.get("tier").and_then(Value::as_str) == Some(tier.as_str()),
            None => true,
        });
        lines.find_map(|entry| entry.window_tokens).map(NonZeroU64::get)
    }

    /// The reply to a call, where the request is the one that was recorded.
    pub(crate) fn find(
        &self,
        call: &CallKey,
        request: &Request,
        volatile: &Volatile,
        scrub: &dyn Fn(&str) -> String,
    ) -> Result<Reply, RecordingError> {
        let Some(Recorded { line, entry }) = self.calls.get(call) else {
            return Err(RecordingError::CallMissing { call: call.to_string(), known: self.known(call) });
        };
        if let Some(text) = entry.expect.iter().find(|text| !request.texts().any(|held| held.contains(text.as_str()))) {
            let text = text.chars().take(MAX_REASON_CHARS).collect();
            return Err(RecordingError::TextMissing { line: *line, call: call.to_string(), text });
        }
        if let (Some(digest), Some(recorded)) = (&entry.request_digest, &entry.request) {
            let now = neutral(request, volatile, scrub)
                .map_err(|error| RecordingError::Unreadable { reason: error.to_string() })?;
            if Digest::of(now.to_string().as_bytes()) != *digest {
                let difference = difference::describe(recorded, &now);
                return Err(RecordingError::RequestDiffers { line: *line, call: call.to_string(), difference });
            }
        }
        let mut reply = map_reply(&entry.reply, &|text| volatile.restore(text));
        if self.authored {
            // Nobody was asked, and nothing is paid, whatever was written beside the reply.
            reply.model = SCRIPTED.to_owned();
            reply.usage.cost = Some(0);
        }
        Ok(reply)
    }

    /// What there is for a call's agent and phase.
    fn known(&self, call: &CallKey) -> String {
        const MAX_SHOWN: usize = 12;
        let calls = self.calls.keys().filter(|known| known.agent == call.agent && known.phase == call.phase);
        let turns: Vec<String> = calls.map(|known| format!("{}.{}", known.round, known.turn)).collect();
        match turns.len() {
            0 => "it has none for this agent and phase".to_owned(),
            count if count > MAX_SHOWN => format!("it has {count} for this agent and phase"),
            _ => format!("for this agent and phase it has (round.turn) {}", turns.join(", ")),
        }
    }
}

fn check(entry: &Entry, authored: bool) -> Result<(), String> {
    if entry.round == 0 || entry.turn == 0 {
        return Err("rounds and turns count from 1".to_owned());
    }
    match (authored, &entry.request_digest, &entry.request) {
        (true, None, None) => {}
        (true, ..) => return Err("an authored recording has no requests, only texts to expect".to_owned()),
        (false, Some(digest), Some(request)) => {
            if Digest::of(request.to_string().as_bytes()) != *digest {
                return Err("the request is not the one that its digest names".to_owned());
            }
        }
        (false, ..) => {
            return Err("request or request_digest is missing; only authored recordings have none".to_owned());
        }
    }
    if !authored && !entry.expect.is_empty() {
        return Err("expect stands in authored recordings only".to_owned());
    }
    if entry.expect.len() > MAX_EXPECTED_TEXTS {
        return Err(format!("it expects more than {MAX_EXPECTED_TEXTS} texts"));
    }
    if entry.reply.parts.len() > MAX_REPLY_PARTS || entry.reply.text_bytes() > MAX_REPLY_BYTES {
        return Err("the reply is larger than any model's".to_owned());
    }
    if entry.reply.parts.iter().any(|part| matches!(part, Part::ToolResult(_))) {
        return Err("a reply holds no tool_result".to_owned());
    }
    Ok(())
}

fn parse_line<T: serde::de::DeserializeOwned>(text: &str, line: usize) -> Result<T, RecordingError> {
    if text.len() > MAX_LINE_BYTES {
        return Err(invalid(line, format!("it is longer than {} MiB", MAX_LINE_BYTES >> 20)));
    }
    serde_json::from_str(text).map_err(|error| invalid(line, error.to_string()))
}

fn invalid(line: usize, reason: impl AsRef<str>) -> RecordingError {
    RecordingError::LineInvalid { line, reason: escape_terminal(reason.as_ref(), MAX_REASON_CHARS).as_str().to_owned() }
}
