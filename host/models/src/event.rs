//! What a call tells while it goes on: sizes and names, never content.

use std::time::Duration;

/// One step of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// This many more bytes of text arrived.
    Text {
        /// Bytes of the piece.
        bytes: usize,
    },
    /// This many more bytes of reasoning arrived.
    Reasoning {
        /// Bytes of the piece.
        bytes: usize,
    },
    /// The model began to ask for a tool.
    ToolCall {
        /// The tool's name as the model wrote it: at most 128 bytes, no control characters.
        name: String,
    },
    /// What arrived so far is thrown away, and the request is sent again.
    Retry {
        /// The attempt that failed, from 1.
        attempt: u32,
        /// How long the host waits.
        delay: Duration,
        /// Why.
        reason: String,
    },
}

/// Who is told.
pub type Events<'a> = &'a (dyn Fn(Event) + Send + Sync);

/// Tells nobody.
pub fn ignore_events(_: Event) {}
