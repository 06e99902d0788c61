//! Writing a recording.

use std::collections::BTreeSet;
use std::io::Write;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use skillhost_core::digest::Digest;
use skillhost_core::text::escape_json;

use super::{CallKey, Entry, Header, RecordingError, SCHEMA, Volatile, map_reply, neutral};
use crate::ambient;
use crate::reply::Reply;
use crate::request::Request;

/// Writes calls as they end, each line at once, so that a run that is killed leaves what it had.
pub struct Recorder {
    state: Mutex<State>,
}

struct State {
    file: Box<dyn Write + Send>,
    calls: BTreeSet<CallKey>,
}

impl Recorder {
    /// A new file, readable by its owner alone: it holds prompts and replies.
    ///
    /// # Errors
    /// Where it exists already, or can't be made.
    pub fn create(path: &Path) -> Result<Self, RecordingError> {
        let file =
            ambient::create_private(path).map_err(|error| RecordingError::Uncreatable { reason: error.to_string() })?;
        let mut state = State { file, calls: BTreeSet::new() };
        let header = Header { schema: SCHEMA.to_owned(), authored: false };
        state.write(&serde_json::to_string(&header).map_err(unwritable)?)?;
        Ok(Self { state: Mutex::new(state) })
    }

    /// Adds a call.
    pub(crate) fn record(
        &self,
        call: CallKey,
        window_tokens: u64,
        request: &Request,
        reply: &Reply,
        volatile: &Volatile,
        scrub: &dyn Fn(&str) -> String,
    ) -> Result<(), RecordingError> {
        let neutral = neutral(request, volatile, scrub).map_err(unwritable)?;
        let entry = Entry {
            agent: call.agent.clone(),
            phase: call.phase,
            round: call.round,
            turn: call.turn,
            window_tokens: NonZeroU64::new(window_tokens),
            expect: Vec::new(),
            request_digest: Some(Digest::of(neutral.to_string().as_bytes())),
            request: Some(neutral),
            reply: map_reply(reply, &|text| volatile.hide_literals(&scrub(text))),
        };
        let line = escape_json(&serde_json::to_string(&entry).map_err(unwritable)?).to_string();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.calls.insert(call.clone()) {
            return Err(RecordingError::CallRepeated { call: call.to_string() });
        }
        state.write(&line)
    }
}

impl State {
    fn write(&mut self, line: &str) -> Result<(), RecordingError> {
        self.file
            .write_all(format!("{line}\n").as_bytes())
            .and_then(|()| self.file.flush())
            .map_err(|error| RecordingError::Unwritable { reason: error.to_string() })
    }
}

fn unwritable(error: serde_json::Error) -> RecordingError {
    RecordingError::Unwritable { reason: error.to_string() }
}
