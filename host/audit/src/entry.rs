use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use skillhost_core::{
    digest::Digest,
    name::{AgentId, RunId, SkillName},
};

use crate::{AuditError, Class, Commitment, Counts, Decision, Event, Kind, Outcome, Status};

/// Version of the entry format.
pub const FORMAT_VERSION: u32 = 1;

/// The most that one line may take, newline included. Real ones take less than 1 KiB; the limit
/// lets a reader refuse anything larger without looking at it.
pub const MAX_ENTRY_BYTES: usize = 32 << 10;

/// In whose name something is done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// None for the host itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The policy that held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Digest>,
    /// The skill at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<Skill>,
}

/// A skill, by name and content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skill {
    /// Digest of the component.
    pub digest: Digest,
    /// Name in the manifest.
    pub name: SkillName,
}

/// Which part of the write-ahead discipline an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// A decision without an effect.
    Decision,
    /// An effect is about to happen.
    Intent,
    /// It happened, or not.
    Outcome,
}

/// One line of the log. The fields stand in the order of their names: canonical JSON sorts them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<'a> {
    /// In whose name.
    pub actor: Cow<'a, Actor>,
    /// On what.
    pub class: Class,
    /// On which one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commitment: Option<Commitment>,
    /// Sizes and numbers.
    #[serde(default, skip_serializing_if = "Counts::is_empty")]
    pub counts: Counts,
    /// Set in decisions and intents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// From intent to outcome, by a clock that doesn't jump.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_us: Option<u64>,
    /// Of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Of a reply over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// In outcomes: `seq` of the intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
    /// What is done.
    pub kind: Kind,
    /// Set in outcomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Status>,
    /// Digest of the ciphertext of a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Digest>,
    /// Leaf hash of the line before.
    pub prev: Digest,
    /// The run or session that the log belongs to.
    pub run: Cow<'a, RunId>,
    /// Counts from 0, without a gap.
    pub seq: u64,
    /// Decision, intent or outcome.
    pub step: Step,
    /// Microseconds since 1970, by the machine's clock, which may go back.
    pub time_us: u64,
    /// [`FORMAT_VERSION`].
    pub v: u32,
}

/// What differs from entry to entry; the log adds the rest.
#[derive(Clone, Copy)]
pub(crate) enum Draft {
    Decision(Event),
    Intent(Event),
    Outcome { of: u64, class: Class, kind: Kind, duration_us: u64, outcome: Outcome },
}

/// Where in the log an entry stands.
pub(crate) struct Place<'a> {
    pub(crate) run: &'a RunId,
    pub(crate) seq: u64,
    pub(crate) prev: Digest,
    pub(crate) time_us: u64,
}

impl Draft {
    pub(crate) fn entry<'a>(self, actor: &'a Actor, place: Place<'a>) -> Entry<'a> {
        let (step, class, kind) = match &self {
            Self::Decision(event) => (Step::Decision, event.class, event.kind),
            Self::Intent(event) => (Step::Intent, event.class, event.kind),
            Self::Outcome { class, kind, .. } => (Step::Outcome, *class, *kind),
        };
        let mut entry = Entry {
            actor: Cow::Borrowed(actor),
            class,
            commitment: None,
            counts: Counts::default(),
            decision: None,
            duration_us: None,
            exit_code: None,
            http_status: None,
            intent: None,
            kind,
            outcome: None,
            payload: None,
            prev: place.prev,
            run: Cow::Borrowed(place.run),
            seq: place.seq,
            step,
            time_us: place.time_us,
            v: FORMAT_VERSION,
        };
        match self {
            Self::Decision(event) | Self::Intent(event) => {
                entry.commitment = event.commitment;
                entry.counts = event.counts;
                entry.decision = Some(event.decision);
                entry.payload = event.payload;
            }
            Self::Outcome { of, duration_us, outcome, .. } => {
                entry.counts = outcome.counts;
                entry.duration_us = Some(duration_us);
                entry.exit_code = outcome.exit_code;
                entry.http_status = outcome.http_status;
                entry.intent = Some(of);
                entry.outcome = Some(outcome.status);
                entry.payload = outcome.payload;
            }
        }
        entry
    }
}

/// A buffer that holds a zero byte, then a line: the input of its leaf hash, without a copy.
#[derive(Default)]
pub(crate) struct Line(Vec<u8>);

impl Line {
    /// Encodes `entry`, and returns its leaf hash.
    pub(crate) fn encode(&mut self, entry: &Entry<'_>) -> Result<Digest, AuditError> {
        self.0.clear();
        self.0.push(0);
        serde_json::to_writer(&mut self.0, entry).map_err(|e| AuditError::LogWrite(e.into()))?;
        if self.0.len() > MAX_ENTRY_BYTES {
            return Err(AuditError::EntryTooLarge { bytes: self.0.len() });
        }
        let leaf = Digest::of(&self.0);
        self.0.push(b'\n');
        Ok(leaf)
    }

    /// The line with its newline.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.get(1..).unwrap_or_default()
    }
}

/// Leaf hash of a line without its newline, as in RFC 6962.
pub(crate) fn leaf_hash(line: &[u8]) -> Digest {
    let mut leaf = Vec::with_capacity(line.len() + 1);
    leaf.push(0);
    leaf.extend_from_slice(line);
    Digest::of(&leaf)
}

/// Parses a line; `None` for whatever is no entry of this format.
pub(crate) fn parse(line: &[u8]) -> Option<Entry<'static>> {
    let entry: Entry<'static> = serde_json::from_slice(line).ok()?;
    (entry.v == FORMAT_VERSION).then_some(entry)
}
