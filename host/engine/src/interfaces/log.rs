//! `log`: what a skill says, bounded and escaped before anybody sees it.

use crate::contract::log::{Host, Level};
use crate::state::CallState;
use skillhost_core::text::escape_terminal;

/// Longest message that is passed on, in characters.
const MESSAGE_CHARS: usize = 2000;
/// Messages of one call that are passed on.
const MAX_MESSAGES: u64 = 10_000;
/// Bytes of messages of one call that are passed on.
const MAX_LOGGED_BYTES: u64 = 4 << 20;

/// What a call has logged so far.
#[derive(Debug, Default)]
pub(crate) struct Logged {
    messages: u64,
    bytes: u64,
}

impl Logged {
    /// Counts a message; whether it is passed on.
    fn admit(&mut self, message: &str) -> bool {
        self.messages = self.messages.saturating_add(1);
        self.bytes = self.bytes.saturating_add(message.len() as u64);
        self.messages <= MAX_MESSAGES && self.bytes <= MAX_LOGGED_BYTES
    }
}

impl Host for CallState {
    fn log(&mut self, level: Level, message: String) -> wasmtime::Result<()> {
        if self.logged.admit(&message)
            && let Some(log) = &self.outside.ports.log
        {
            log.log(level, escape_terminal(&message, MESSAGE_CHARS));
        }
        Ok(())
    }

    fn progress(&mut self, message: String, fraction: Option<f32>) -> wasmtime::Result<()> {
        if self.logged.admit(&message)
            && let Some(log) = &self.outside.ports.log
        {
            let fraction = fraction.filter(|part| part.is_finite()).map(|part| part.clamp(0.0, 1.0));
            log.progress(escape_terminal(&message, MESSAGE_CHARS), fraction);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_05_a_flood_of_messages_is_cut_off() {
        let mut logged = Logged::default();
        assert_eq!((0..1_000_000).filter(|_| logged.admit("x")).count() as u64, MAX_MESSAGES);
        let mut logged = Logged::default();
        let large = "x".repeat(1 << 20);
        assert_eq!((0..100).filter(|_| logged.admit(&large)).count(), 4);
    }
}
