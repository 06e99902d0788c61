//! `model`: the contract's requests in the models crate's terms, and back.

use crate::event::{Event, Watcher};
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_audit::{BodyKind, Payloads};
use skillhost_core::capability::Effective;
use skillhost_core::name::RunId;
use skillhost_core::text::escape_terminal;
use skillhost_core::tier::Tier;
use skillhost_engine::contract::{Error, model as wit};
use skillhost_engine::ports::Model;
use skillhost_models as models;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

pub(crate) struct ModelPort {
    pub(crate) models: Arc<models::Models>,
    pub(crate) site: models::CallSite,
    pub(crate) payloads: Arc<Payloads>,
    pub(crate) run: RunId,
    pub(crate) run_budget: models::Budget,
    /// In a second attempt: what the skill may do, which still bounds the tiers.
    pub(crate) stronger: Option<Arc<Effective>>,
    pub(crate) watcher: Watcher,
    /// Names of the models that answered.
    pub(crate) answered: Arc<Mutex<BTreeSet<String>>>,
}

impl ModelPort {
    fn tell(&self, event: models::Event) {
        let what = match event {
            models::Event::ToolCall { name } => escape_terminal(&format!("model asks for {name}"), 80),
            models::Event::Retry { attempt, delay, reason } => {
                let text = format!("model call failed ({reason}); try {} in {} s", attempt + 1, delay.as_secs());
                escape_terminal(&text, 200)
            }
            _ => return,
        };
        self.watcher.tell(&self.run, Event::Doing { agent: self.site.agent.clone(), what });
    }

    /// The tier that a request goes to.
    fn tier(&self, asked: wit::Tier) -> Tier {
        let asked = tier_from_wit(asked);
        let is_granted = |granted: &Arc<Effective>| granted.model.contains(&asked.stronger());
        if self.stronger.as_ref().is_some_and(is_granted) { asked.stronger() } else { asked }
    }

    fn request(&self, request: wit::Request) -> models::Request {
        models::Request { tier: self.tier(request.tier), ..request_from_wit(request) }
    }

    /// Keeps what was said, sealed; the log refers to it by digest.
    fn keep(&self, kind: BodyKind, body: &impl serde::Serialize) -> Result<(), Error> {
        let text = serde_json::to_vec(body).map_err(|e| Error::Failed(e.to_string()))?;
        self.payloads.put(kind, &text).map(drop).map_err(|e| Error::Failed(format!("it could not be recorded: {e}")))
    }

    fn took(&self, reply: models::Reply) -> Result<wit::Reply, Error> {
        self.keep(BodyKind::Reply, &reply)?;
        if let Ok(mut answered) = self.answered.lock() {
            answered.insert(reply.model.clone());
        }
        let spent = self.run_budget.spent();
        self.watcher.tell(&self.run, Event::Spent { tokens: spent.tokens, cost_micro_usd: spent.cost });
        Ok(reply_to_wit(reply))
    }
}

impl Model for ModelPort {
    fn complete(&self, request: wit::Request) -> BoxFuture<'_, Result<wit::Reply, Error>> {
        async move {
            let request = self.request(request);
            self.keep(BodyKind::Prompt, &request)?;
            let reply = self.models.complete(&self.site, &request, &|event| self.tell(event)).await;
            reply.map_err(|e| failed(&e)).and_then(|reply| self.took(reply))
        }
        .boxed()
    }

    fn complete_all(&self, requests: Vec<wit::Request>) -> BoxFuture<'_, Vec<Result<wit::Reply, Error>>> {
        async move {
            let requests: Vec<_> = requests.into_iter().map(|request| self.request(request)).collect();
            if let Some(error) = requests.iter().find_map(|request| self.keep(BodyKind::Prompt, request).err()) {
                return requests.iter().map(|_| Err(error.clone())).collect();
            }
            let replies = self.models.complete_all(&self.site, &requests, &|event| self.tell(event)).await;
            replies.into_iter().map(|reply| reply.map_err(|e| failed(&e)).and_then(|reply| self.took(reply))).collect()
        }
        .boxed()
    }

    fn window(&self, tier: wit::Tier) -> Result<u64, Error> {
        self.models.window(&self.site.role, self.site.skill.as_ref(), self.tier(tier)).map_err(|e| failed(&e))
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
