//! What one call of a skill may use. A manifest asks, policy caps.

use crate::duration::Span;
use crate::size::Size;
use serde::{Deserialize, Serialize};

/// The limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Linear memories and tables of the whole store together.
    pub memory: Size,
    /// Computing between two host calls; waiting in a host call doesn't count.
    pub cpu: Span,
    /// Wall clock of the whole call.
    pub time: Span,
}

/// Limits as they are asked for, or capped: what is absent is left as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartialLimits {
    /// See [`Limits::memory`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Size>,
    /// See [`Limits::cpu`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Span>,
    /// See [`Limits::time`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Span>,
}

impl Limits {
    /// What a skill gets that asks for nothing: enough for an agent loop over a large repository.
    pub const DEFAULT: Self = Self { memory: Size::mib(256), cpu: Span::seconds(10), time: Span::seconds(600) };

    /// What no skill exceeds where no policy says more: the machine stays usable with several agents at work.
    pub const CEILING: Self = Self { memory: Size::mib(1024), cpu: Span::seconds(60), time: Span::seconds(4 * 3600) };

    /// The limits for a skill that asks for `asked`, under `caps`, each of which can only lower.
    pub fn resolve(asked: &PartialLimits, caps: &[PartialLimits]) -> Self {
        let mut limits = Self {
            memory: asked.memory.unwrap_or(Self::DEFAULT.memory).min(Self::CEILING.memory),
            cpu: asked.cpu.unwrap_or(Self::DEFAULT.cpu).min(Self::CEILING.cpu),
            time: asked.time.unwrap_or(Self::DEFAULT.time).min(Self::CEILING.time),
        };
        for cap in caps {
            limits.memory = cap.memory.map_or(limits.memory, |most| most.min(limits.memory));
            limits.cpu = cap.cpu.map_or(limits.cpu, |most| most.min(limits.cpu));
            limits.time = cap.time.map_or(limits.time, |most| most.min(limits.time));
        }
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_only_lowers() {
        let asked = PartialLimits { memory: Some(Size::mib(512)), cpu: None, time: Some(Span::seconds(99_999)) };
        let low = PartialLimits { memory: Some(Size::mib(64)), cpu: Some(Span::seconds(1)), time: None };
        let high = PartialLimits { memory: Some(Size::mib(4096)), cpu: Some(Span::seconds(600)), time: None };
        assert_eq!(Limits::resolve(&asked, &[high]).memory, Size::mib(512));
        let limits = Limits::resolve(&asked, &[high, low]);
        assert_eq!((limits.memory, limits.cpu, limits.time), (Size::mib(64), Span::seconds(1), Limits::CEILING.time));
    }
}
