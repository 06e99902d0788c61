//! `log`: what a skill says goes to whoever watches the run.

use crate::event::{Event, Watcher};
use skillhost_core::name::{AgentId, RunId};
use skillhost_core::text::Escaped;
use skillhost_engine::contract::log::Level;
use skillhost_engine::ports::Log;

pub(crate) struct LogPort {
    pub(crate) run: RunId,
    pub(crate) agent: AgentId,
    pub(crate) watcher: Watcher,
}

impl Log for LogPort {
    fn log(&self, level: Level, message: Escaped) {
        match level {
            Level::Debug => tracing::debug!(run = %self.run, agent = %self.agent, "{message}"),
            Level::Info => tracing::info!(run = %self.run, agent = %self.agent, "{message}"),
            Level::Warn | Level::Error => tracing::warn!(run = %self.run, agent = %self.agent, "{message}"),
        }
    }

    fn progress(&self, what: Escaped, _fraction: Option<f32>) {
        self.watcher.tell(&self.run, Event::Doing { agent: self.agent.clone(), what });
    }
}
