//! A skill's turn, and the second attempt where the first fails.

use crate::error::{FailureClass, RunError};
use crate::state::{Effort, State, Turn, role};
use skillhost_core::kind::Kind;
use skillhost_core::phase::Phase;
use skillhost_engine::contract::{Brief, Finding, Severity};
use skillhost_engine::{Call, Called, Engine, Unanswered};
use skillhost_models::{Allowance, Amount};
use std::sync::Arc;

impl State {
    /// Calls the skill of a turn. Where it fails, and a stronger tier could do better, that tier tries once more; there
    /// is no third attempt.
    pub(crate) async fn call<T, R>(
        &self,
        turn: Turn,
        brief: Brief,
        invoke: impl Fn(Call, Arc<Engine>, Brief) -> R,
        describe: impl Fn(&T) -> (bool, String),
    ) -> Result<T, RunError>
    where
        R: Future<Output = Result<Called<T>, Box<Unanswered>>> + Send + 'static,
        T: Send + 'static,
    {
        let effort = Effort::default();
        let before = self.budget.spent();
        let first = brief.clone();
        let error = match self.call_once(turn, &effort, |call, engine| invoke(call, engine, first), &describe).await {
            Err(error) if error.class() == FailureClass::Negative => error,
            ended => return ended,
        };
        if !self.has_stronger(turn.phase.kind(), &effort)? {
            return Err(error);
        }
        if !covers(self.budget.remaining(), before, self.budget.spent()) {
            self.warn(&format!("{}; what is left of the budget is too little for a second attempt", error.chain()));
            return Err(error);
        }
        self.warn(&format!("{}; a stronger tier tries once more", error.chain()));
        let again = told(brief, turn.phase, &error);
        self.call_once(turn, &effort.stronger(), |call, engine| invoke(call, engine, again), &describe).await
    }

    /// Whether another model would have answered a skill's calls, had each of them been raised by one tier.
    fn has_stronger(&self, kind: Kind, effort: &Effort) -> Result<bool, RunError> {
        let equipped = self.host.equipped(kind)?;
        let role = role(kind)?;
        let (skill, granted) = (equipped.role(), &equipped.capabilities.model);
        let model = |tier| self.host.models.roles().resolve(&role, skill.as_ref(), tier).ok();
        Ok(effort.asked().into_iter().any(|tier| {
            let stronger = tier.stronger();
            granted.contains(&stronger) && model(stronger).is_some() && model(stronger) != model(tier)
        }))
    }
}

/// Whether what is left pays for as much again as an attempt used, which a stronger model hardly stays below.
fn covers(left: Allowance, before: Amount, after: Amount) -> bool {
    let used = |of: fn(&Amount) -> u64| of(&after).saturating_sub(of(&before));
    let pays = |left: Option<u64>, used: u64| left.is_none_or(|left| left > used);
    pays(left.tokens, used(|amount| amount.tokens)) && pays(left.cost, used(|amount| amount.cost))
}

/// The brief of a second attempt. An author finds the tree as the first one left it, so it has to know why.
fn told(mut brief: Brief, phase: Phase, error: &RunError) -> Brief {
    if phase == Phase::Implement {
        brief.findings.push(Finding {
            id: "attempt-1".to_owned(),
            severity: Severity::Major,
            category: "failed attempt".to_owned(),
            at: None,
            quote: None,
            message: format!("an earlier attempt left the tree as it is, and ended: {}", error.chain()),
            suggestion: None,
        });
    }
    brief
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_attempt_needs_as_much_again_as_the_first_used() {
        let amount = |tokens, cost| Amount { tokens, cost, ..Amount::default() };
        let (before, after) = (amount(1_000, 50), amount(4_000, 150));
        for (tokens, cost, covered) in [
            (None, None, true),
            (Some(3_001), Some(101), true),
            (Some(3_000), Some(101), false),
            (Some(3_001), Some(100), false),
            (Some(0), None, false),
        ] {
            assert_eq!(covers(Allowance { tokens, cost }, before, after), covered, "{tokens:?} {cost:?}");
        }
        assert!(!covers(Allowance { tokens: Some(0), cost: None }, before, before), "nothing is left at all");
    }
}
