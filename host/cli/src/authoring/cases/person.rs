//! Who answers a skill's questions in a case, and who hears what it logs.

use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_core::text::Escaped;
use skillhost_engine::contract::log;
use skillhost_engine::ports::Log;
use skillhost_runs::{Person, Question};
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Most lines of a log that are kept.
const MAX_LINES: usize = 10_000;
/// Bytes of a log that are kept.
const MAX_LOG_BYTES: usize = 4 << 20;

/// Gives the answers of a case, one after the other, and then none.
pub(super) struct Answers(Mutex<VecDeque<String>>);

impl Answers {
    pub(super) fn new(answers: &[String]) -> Self {
        Self(Mutex::new(answers.iter().cloned().collect()))
    }

    /// What of the script was not met.
    pub(super) fn unmet(&self) -> Option<String> {
        let left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        left.front().map(|next| format!("the answer {next:?} was never asked for"))
    }
}

impl Person for Answers {
    fn answer<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Option<String>> {
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        async move { next }.boxed()
    }
}

/// Keeps what a skill logs.
#[derive(Default)]
pub(super) struct Heard(Mutex<Lines>);

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    bytes: usize,
    is_full: bool,
}

impl Heard {
    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lines.clone()
    }
}

impl Log for Heard {
    fn log(&self, level: log::Level, message: Escaped) {
        let level = match level {
            log::Level::Debug => "debug",
            log::Level::Info => "info",
            log::Level::Warn => "warn",
            log::Level::Error => "error",
        };
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = format!("{level}: {message}");
        if heard.is_full {
            return;
        }
        heard.bytes += line.len();
        heard.is_full = heard.lines.len() == MAX_LINES || heard.bytes > MAX_LOG_BYTES;
        let line = if heard.is_full { "… what it logged after this is not kept".to_owned() } else { line };
        heard.lines.push(line);
    }

    fn progress(&self, _message: Escaped, _fraction: Option<f32>) {}
}
