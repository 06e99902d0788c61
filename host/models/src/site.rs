//! Who makes a call: what a role, a budget and a recording need to know about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use skillhost_core::name::AgentId;
use skillhost_core::phase::Phase;

use crate::budget::Budget;
use crate::recording::Volatile;
use crate::role::Role;

/// Where a call comes from. One for each skill call; its clones share the turn counter.
#[derive(Clone, Debug)]
pub struct CallSite {
    /// The agent at work. Unique among the goals of one program, since recordings find calls by it.
    pub agent: AgentId,
    /// The phase that it works in.
    pub phase: Phase,
    /// The role, looked up in the roles after the skill's own name.
    pub role: Role,
    /// The skill's name as a role, where it may have a model of its own.
    pub skill: Option<Role>,
    /// The phase's round, from 1.
    pub round: u32,
    /// Counts the calls of this agent in this phase and round.
    pub turns: Turns,
    /// What pays for it.
    pub budget: Budget,
    /// The run's own volatile texts, for recordings.
    pub volatile: Arc<Volatile>,
}

/// Counts model calls. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<AtomicU32>);

impl Turns {
    /// The numbers of the next `count` calls, from 1 on. Handed out before the calls start, so that calls side by side
    /// get the same numbers in every run.
    pub(crate) fn take(&self, count: usize) -> Vec<u32> {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let first = self.0.fetch_add(count, Ordering::Relaxed);
        (0..count).map(|offset| first.wrapping_add(offset).wrapping_add(1)).collect()
    }
}
