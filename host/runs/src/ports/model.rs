//! `model`: the contract's requests in the models crate's terms, and back.

use crate::event::{Event, Watcher};
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_audit::{BodyKind, Count, Outcome, Payloads};
use skillhost_core::capability::Effective;
use skillhost_core::digest::Digest;
use skillhost_core::name::RunId;
use skillhost_core::text::escape_terminal;
use skillhost_core::tier::Tier;
use skillhost_engine::contract::{Error, model as wit};
use skillhost_engine::ports::{Model, Sealed, Told};
use skillhost_models as models;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

pub(crate) struct ModelPort {
    pub(crate) models: Arc<models::Models>,
    pub(crate) site: models::CallSite,
    pub(crate) payloads: Arc<Payloads>,
    pub(crate) run: RunId,
    pub(crate) run_budget: models::Budget,
    /// In a second attempt: what the skill may do, which still bounds the tiers.
    pub(crate) stronger: Option<Arc<Effective>>,
    /// The tiers that were asked for.
    pub(crate) asked: Arc<Mutex<BTreeSet<Tier>>>,
    pub(crate) watcher: Watcher,
    /// Names of the models that answered.
    pub(crate) answered: Arc<Mutex<BTreeSet<String>>>,
    /// Why the newest call failed; none where it didn't.
    pub(crate) failed: Arc<Mutex<Option<models::ModelError>>>,
}

/// What arrived of a reply so far, told once for each KiB.
#[derive(Default)]
struct Arrived {
    reasoning: AtomicUsize,
    text: AtomicUsize,
}

impl Arrived {
    /// What to say after this event; most pieces are a few bytes, and say nothing.
    fn tell(&self, event: models::Event) -> Option<String> {
        let grew = |sum: &AtomicUsize, bytes: usize| {
            let before = sum.fetch_add(bytes, Relaxed);
            let kib = before.saturating_add(bytes).div_ceil(1024);
            (kib > before.div_ceil(1024)).then_some(kib)
        };
        match event {
            models::Event::Reasoning { bytes } => {
                grew(&self.reasoning, bytes).map(|kib| format!("model thinks, {kib} KiB"))
            }
            models::Event::Text { bytes } => grew(&self.text, bytes).map(|kib| format!("model writes, {kib} KiB")),
            models::Event::ToolCall { name } => Some(format!("model asks for {name}")),
            models::Event::Retry { attempt, delay, reason } => {
                self.reasoning.store(0, Relaxed);
                self.text.store(0, Relaxed);
                let (next, seconds) = (attempt + 1, delay.as_secs());
                Some(format!("model call failed ({reason}); try {next} in {seconds} s"))
            }
            _ => None,
        }
    }
}

impl ModelPort {
    fn tell(&self, arrived: &Arrived, event: models::Event) {
        if let Some(text) = arrived.tell(event) {
            let what = escape_terminal(&text, 200);
            self.watcher.tell(&self.run, Event::Doing { agent: self.site.agent.clone(), what });
        }
    }

    /// The tier that a request goes to.
    fn tier(&self, asked: wit::Tier) -> Tier {
        let asked = tier_from_wit(asked);
        if let Ok(mut tiers) = self.asked.lock() {
            tiers.insert(asked);
        }
        let is_granted = |granted: &Arc<Effective>| granted.model.contains(&asked.stronger());
        if self.stronger.as_ref().is_some_and(is_granted) { asked.stronger() } else { asked }
    }

    fn request(&self, request: wit::Request) -> models::Request {
        models::Request { tier: self.tier(request.tier), ..request_from_wit(request) }
    }

    /// Keeps what was said, sealed; the log refers to it by digest.
    fn keep(&self, kind: BodyKind, body: &impl serde::Serialize) -> Result<(Digest, u64), Error> {
        let text = serde_json::to_vec(body).map_err(|e| Error::Failed(e.to_string()))?;
        let digest =
            self.payloads.put(kind, &text).map_err(|e| Error::Failed(format!("it could not be recorded: {e}")))?;
        Ok((digest, text.len() as u64))
    }

    fn took(&self, reply: Result<models::Reply, models::ModelError>) -> Result<Told<wit::Reply>, Error> {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => {
                let told = failed(&error);
                self.note(Some(error));
                return Err(told);
            }
        };
        self.note(None);
        let (payload, bytes) = self.keep(BodyKind::Reply, &reply)?;
        let outcome = Outcome::done()
            .payload(payload)
            .count(Count::BytesIn, bytes)
            .count(Count::TokensIn, reply.usage.input_tokens)
            .count(Count::TokensOut, reply.usage.output_tokens);
        if let Ok(mut answered) = self.answered.lock() {
            answered.insert(reply.model.clone());
        }
        let spent = self.run_budget.spent();
        self.watcher.tell(&self.run, Event::Spent { tokens: spent.tokens, cost_micro_usd: spent.known_cost() });
        Ok(Told { value: reply_to_wit(reply), outcome })
    }

    fn note(&self, error: Option<models::ModelError>) {
        if let Ok(mut failed) = self.failed.lock() {
            *failed = error;
        }
    }
}

impl Model for ModelPort {
    fn seal(&self, request: &wit::Request) -> Result<Sealed, Error> {
        let request = self.request(request.clone());
        let (payload, bytes) = self.keep(BodyKind::Prompt, &request)?;
        // Where none is set, the call fails, and says so; the log tells of the attempt all the same.
        let model = self.models.roles().resolve(&self.site.role, self.site.skill.as_ref(), request.tier);
        let on = model.map_or_else(|_| request.tier.to_string(), ToString::to_string);
        Ok(Sealed { on: on.into_bytes(), payload: Some(payload), bytes })
    }

    fn complete(&self, request: wit::Request) -> BoxFuture<'_, Result<Told<wit::Reply>, Error>> {
        async move {
            let (request, arrived) = (self.request(request), Arrived::default());
            self.took(self.models.complete(&self.site, &request, &|event| self.tell(&arrived, event)).await)
        }
        .boxed()
    }

    fn complete_all(&self, requests: Vec<wit::Request>) -> BoxFuture<'_, Vec<Result<Told<wit::Reply>, Error>>> {
        async move {
            let requests: Vec<_> = requests.into_iter().map(|request| self.request(request)).collect();
            let arrived = Arrived::default();
            let replies = self.models.complete_all(&self.site, &requests, &|event| self.tell(&arrived, event)).await;
            replies.into_iter().map(|reply| self.took(reply)).collect()
        }
        .boxed()
    }

    fn window(&self, tier: wit::Tier) -> Result<u64, Error> {
        self.models.window(&self.site, self.tier(tier)).map_err(|e| failed(&e))
    }

    fn remaining(&self) -> wit::Budget {
        let left = self.site.budget.remaining();
        wit::Budget { tokens: left.tokens, cost: left.cost }
    }
}

/// What a skill may know of a failed call. The hint is for people, and reaches them with the run's error.
fn failed(error: &models::ModelError) -> Error {
    let mut text = error.to_string();
    if let Some(hint) = error.hint() {
        text = format!("{text} ({hint})");
    }
    match error {
        models::ModelError::Exhausted(_) => Error::Exhausted(text),
        _ => Error::Failed(text),
    }
}

fn tier_from_wit(tier: wit::Tier) -> Tier {
    match tier {
        wit::Tier::Cheap => Tier::Cheap,
        wit::Tier::Standard => Tier::Standard,
        wit::Tier::Capable => Tier::Capable,
    }
}

fn request_from_wit(request: wit::Request) -> models::Request {
    let message = |message: wit::Message| models::Message {
        speaker: match message.speaker {
            wit::Speaker::User => models::Speaker::User,
            wit::Speaker::Assistant => models::Speaker::Assistant,
        },
        parts: message.parts.into_iter().map(part_from_wit).collect(),
    };
    models::Request {
        tier: tier_from_wit(request.tier),
        system: request.system,
        messages: request.messages.into_iter().map(message).collect(),
        tools: request
            .tools
            .into_iter()
            .map(|tool| models::ToolDefinition {
                name: tool.name,
                description: tool.description,
                parameters: tool.parameters,
            })
            .collect(),
        tool_choice: match request.tool_choice {
            wit::ToolChoice::Auto => models::ToolChoice::Auto,
            wit::ToolChoice::Required => models::ToolChoice::Required,
            wit::ToolChoice::None => models::ToolChoice::None,
        },
        schema: request.schema,
        max_output_tokens: request.max_output_tokens,
    }
}

fn part_from_wit(part: wit::Part) -> models::Part {
    match part {
        wit::Part::Text(text) => models::Part::Text(text),
        wit::Part::Reasoning(text) => models::Part::Reasoning(text),
        wit::Part::ToolCall(call) => {
            models::Part::ToolCall(models::ToolCall { id: call.id, name: call.name, arguments: call.arguments })
        }
        wit::Part::ToolResult(result) => models::Part::ToolResult(models::ToolResult {
            id: result.id,
            content: result.content,
            failed: result.failed,
        }),
    }
}

fn part_to_wit(part: models::Part) -> wit::Part {
    match part {
        models::Part::Text(text) => wit::Part::Text(text),
        models::Part::Reasoning(text) => wit::Part::Reasoning(text),
        models::Part::ToolCall(call) => {
            wit::Part::ToolCall(wit::ToolCall { id: call.id, name: call.name, arguments: call.arguments })
        }
        models::Part::ToolResult(result) => {
            wit::Part::ToolResult(wit::ToolResult { id: result.id, content: result.content, failed: result.failed })
        }
    }
}

fn reply_to_wit(reply: models::Reply) -> wit::Reply {
    wit::Reply {
        parts: reply.parts.into_iter().map(part_to_wit).collect(),
        stop: match reply.stop {
            models::Stop::End => wit::Stop::End,
            models::Stop::ToolCalls => wit::Stop::ToolCalls,
            models::Stop::Length => wit::Stop::Length,
            models::Stop::Refused => wit::Stop::Refused,
        },
        usage: wit::Usage {
            input_tokens: reply.usage.input_tokens,
            cached_input_tokens: reply.usage.cached_input_tokens,
            output_tokens: reply.usage.output_tokens,
            cost: reply.usage.cost,
        },
        model: reply.model,
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
