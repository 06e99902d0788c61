//! Whether a model can do what skills need of it: a few short calls, bounded in tokens, and what came of each.

mod trial;

use std::time::{Duration, Instant};

use serde::Serialize;
use skillhost_core::name::AgentId;
use skillhost_core::phase::Phase;
use skillhost_core::text::escape_terminal;

use crate::ambient;
use crate::budget::{Allowance, Budget};
use crate::error::ModelError;
use crate::models::Models;
use crate::recording::Volatile;
use crate::reply::Reply;
use crate::role::ModelRef;
use crate::site::{CallSite, Turns};
use trial::Trial;

/// What the probe of one model may use in all: three questions of some hundred tokens, each with the longest answer.
const MAX_TOKENS: u64 = 12_000;
/// What is shown of an error.
const MAX_SHOWN_CHARS: usize = 300;

/// What became of a model that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probed {
    /// `provider:model`, or a recording.
    pub model: String,
    /// What was tried, in order; what follows a call that failed is left out.
    pub findings: Vec<Finding>,
    /// Milliseconds from the first question to the first sign of an answer.
    pub first_ms: Option<u64>,
    /// Tokens of the answers in a second, waiting included.
    pub tokens_per_second: Option<u64>,
    /// Tokens that a request and its reply may have together, as skills are told.
    pub window_tokens: Option<u64>,
    /// What the probe used.
    pub tokens: u64,
    /// Millionths of a US dollar; none where the price is unknown.
    pub cost_micro_usd: Option<u64>,
    /// What to do about the first thing that failed.
    pub hint: Option<String>,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What, in words.
    pub tried: &'static str,
    /// Whether the model did it.
    pub holds: bool,
    /// Whether skills need it; the rest makes them quicker.
    pub is_needed: bool,
    /// What came of it.
    pub happened: String,
}

impl Probed {
    /// Whether skills can work with the model.
    pub fn is_fit(&self) -> bool {
        self.findings.iter().all(|finding| finding.holds || !finding.is_needed)
    }
}

/// What was measured on the way.
#[derive(Default)]
struct Clock {
    first: Option<Duration>,
    answering: Duration,
    output_tokens: u64,
}

impl Models {
    /// Tries a model. A recording is not asked anything: it answers its own run alone.
    pub async fn probe(&self, model: &ModelRef) -> Probed {
        let mut probed = Probed {
            model: escape_terminal(&model.to_string(), MAX_SHOWN_CHARS).to_string(),
            findings: Vec::new(),
            first_ms: None,
            tokens_per_second: None,
            window_tokens: None,
            tokens: 0,
            cost_micro_usd: None,
            hint: None,
        };
        let ModelRef::Api { .. } = model else {
            let happened = "a recording answers the run that it was made of, and is not asked here".to_owned();
            probed.findings.push(Finding { tried: "play it back", holds: true, is_needed: true, happened });
            return probed;
        };
        let budget = Budget::root("the probe", Allowance { tokens: Some(MAX_TOKENS), cost: None });
        let mut clock = Clock::default();
        if let Err(error) = self.try_all(model, &budget, &mut clock, &mut probed).await {
            probed.hint = error.hint();
            let (tried, is_needed) = match probed.findings.len() {
                0 => ("reach it", true),
                done => Trial::ALL.get(done - 1).map_or(("ask it", true), |trial| (trial.tried(), trial.is_needed())),
            };
            let happened = shown(&error.to_string());
            probed.findings.push(Finding { tried, holds: false, is_needed, happened });
        }
        let spent = budget.spent();
        (probed.tokens, probed.cost_micro_usd) = (spent.tokens, spent.known_cost());
        probed.first_ms = clock.first.map(millis);
        probed.tokens_per_second = (clock.output_tokens * 1_000).checked_div(millis(clock.answering));
        probed
    }

    async fn try_all(
        &self,
        model: &ModelRef,
        budget: &Budget,
        clock: &mut Clock,
        probed: &mut Probed,
    ) -> Result<(), ModelError> {
        self.learn_window_of(model).await;
        probed.window_tokens = self.window_of(model)?;
        for trial in Trial::ALL {
            let reply = self.ask(model, trial, budget, clock).await?;
            if probed.findings.is_empty() {
                let happened = shown(&format!("{} answered", reply.model));
                probed.findings.push(Finding { tried: "reach it", holds: true, is_needed: true, happened });
            }
            let (holds, happened) = match trial.judge(&reply) {
                Ok(happened) => (true, happened),
                Err(happened) => (false, happened),
            };
            if !holds && trial.is_needed() && probed.hint.is_none() {
                probed.hint = Some(trial.hint().to_owned());
            }
            let happened = shown(&happened);
            probed.findings.push(Finding { tried: trial.tried(), holds, is_needed: trial.is_needed(), happened });
        }
        Ok(())
    }

    async fn ask(
        &self,
        model: &ModelRef,
        trial: Trial,
        budget: &Budget,
        clock: &mut Clock,
    ) -> Result<Reply, ModelError> {
        let site = CallSite {
            agent: AgentId::main(),
            phase: Phase::Implement,
            role: "probe".parse()?,
            skill: None,
            round: 1,
            turns: Turns::default(),
            budget: budget.clone(),
            volatile: Volatile::default().into(),
        };
        let begun = ambient::now();
        let first = std::sync::OnceLock::<Instant>::new();
        let note = |_| {
            first.get_or_init(ambient::now);
        };
        let answer = self.complete_by(model, &site, &trial.request(), &note).await;
        if let Ok(reply) = &answer {
            clock.output_tokens = clock.output_tokens.saturating_add(reply.usage.output_tokens);
            clock.answering = clock.answering.saturating_add(begun.elapsed());
            clock.first = clock.first.or(first.get().map(|at| at.duration_since(begun)));
        }
        answer
    }
}

/// What a model or a server said, on one line, without what a terminal would obey.
fn shown(text: &str) -> String {
    escape_terminal(text, MAX_SHOWN_CHARS).to_string()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
