//! What a run tells whoever watches it. Everything in it is fit for a terminal.

use skillhost_core::name::{AgentId, RunId};
use skillhost_core::phase::Phase;
use skillhost_core::text::Escaped;
use std::sync::Arc;

/// Something that happened in a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// It began.
    Started {
        /// What is to be achieved.
        goal: Escaped,
        /// Its branch.
        branch: Escaped,
        /// What it starts from: branch and short commit.
        base: Escaped,
    },
    /// A skill begins to work.
    PhaseStarted {
        /// Who.
        agent: AgentId,
        /// In which phase.
        phase: Phase,
        /// From 1.
        round: u32,
    },
    /// What it is doing.
    Doing {
        /// Who.
        agent: AgentId,
        /// What.
        what: Escaped,
    },
    /// What was used so far.
    Spent {
        /// Tokens.
        tokens: u64,
        /// Millionths of a US dollar; none where a price is unknown.
        cost_micro_usd: Option<u64>,
    },
    /// A phase ended.
    PhaseEnded {
        /// The phase, or `gates`.
        name: &'static str,
        /// The skill, or what stood in for it.
        by: Escaped,
        /// Whether nothing has to go back.
        is_good: bool,
        /// One line.
        note: Escaped,
        /// Wall clock.
        duration_ms: u64,
    },
    /// Something that a person should know.
    Warning(Escaped),
}

type Watch = dyn Fn(&RunId, Event) + Send + Sync;

/// Who is told, and of which run.
#[derive(Clone)]
pub struct Watcher(Arc<Watch>);

impl Watcher {
    /// Tells `watch`.
    pub fn new(watch: impl Fn(&RunId, Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(watch))
    }

    pub(crate) fn tell(&self, run: &RunId, event: Event) {
        (self.0)(run, event);
    }
}

impl std::fmt::Debug for Watcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watcher")
    }
}
