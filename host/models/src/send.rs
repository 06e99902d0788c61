//! One call to a provider: reserve, try, settle, and try again where that may help.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::budget::{Amount, Budget};
use crate::config::{Provider, ProviderKind};
use crate::decode::Decoded;
use crate::endpoint::Endpoint;
use crate::error::ModelError;
use crate::event::{Event, Events};
use crate::failure::{Cause, Failure};
use crate::key::Key;
use crate::known::is_hosted;
use crate::ollama;
use crate::price::Tokens;
use crate::protocol::Target;
use crate::reply::{MAX_REPLY_BYTES, Reply, Usage};
use crate::request::Request;
use crate::tuning::Tuning;

/// The longest reply where a skill does not say one. What the smallest current models write at most.
pub(crate) const DEFAULT_MAX_OUTPUT_TOKENS: u32 = 8_192;

/// Where a budget ends, the longest reply shrinks as far as this, so that an agent can still say where it stands.
const MIN_OUTPUT_TOKENS: u32 = 1_024;

/// A provider that is ready to be asked.
pub(crate) struct Line {
    provider: Provider,
    endpoint: Endpoint,
    /// What the server said of its models' windows; none where it said nothing that could be one.
    windows: Mutex<BTreeMap<String, Option<u64>>>,
    tuning: Tuning,
    random: fn() -> u64,
}

impl Line {
    /// Reads the provider's key and prepares its client. Opens no connection.
    pub(crate) fn new(
        provider: Provider,
        tuning: Tuning,
        variable: fn(&str) -> Option<String>,
        random: fn() -> u64,
    ) -> Result<Self, ModelError> {
        let read = |name: &str| Key::read(&provider.name, name, variable(name));
        let key = provider.key_env.as_deref().map(read).transpose()?;
        let endpoint = Endpoint::new(provider.url.clone(), key, provider.kind.head(), tuning)
            .map_err(|reason| ModelError::TlsUnavailable { provider: provider.name.clone(), reason })?;
        Ok(Self { provider, endpoint, windows: Mutex::default(), tuning, random })
    }

    /// Whether the model's price is known.
    pub(crate) fn is_priced(&self, model: &str) -> bool {
        self.provider.price(model).is_some()
    }

    /// Tokens that a request and its reply may have together.
    pub(crate) fn window_tokens(&self, model: &str) -> u64 {
        let learned = self.windows().get(model).copied().flatten();
        learned.unwrap_or_else(|| self.provider.window_tokens(model))
    }

    /// Asks the server for a model's window, once, where it can say it and the user did not. What was said first stays,
    /// since a skill may have been told of it.
    pub(crate) async fn learn_window(&self, model: &str) {
        if self.provider.kind != ProviderKind::Ollama
            || self.provider.has_window()
            || self.windows().contains_key(model)
        {
            return;
        }
        let shown = self.endpoint.look_up(ollama::SHOW, &ollama::show(model)).await;
        if let Err(failure) = &shown {
            tracing::debug!(provider = %self.provider.name, cause = ?failure.cause, "no window was learned");
        }
        let window = shown.ok().and_then(|shown| ollama::window_tokens(&shown, is_hosted(model)));
        self.windows().entry(model.to_owned()).or_insert(window);
    }

    fn windows(&self) -> MutexGuard<'_, BTreeMap<String, Option<u64>>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks, as often as the tuning allows. Each attempt is reserved and settled by itself: what a broken one used is
    /// paid, and one that the budget no longer covers is not made.
    pub(crate) async fn ask(
        &self,
        model: &str,
        request: &Request,
        budget: &Budget,
        events: Events<'_>,
    ) -> Result<Reply, ModelError> {
        let max_output_tokens = max_output_tokens(request, budget);
        let target = Target { model, max_output_tokens, window_tokens: self.window_tokens(model) };
        let body = self.provider.kind.encode(request, target);
        let mut attempt = 1;
        loop {
            let reservation = budget.reserve(self.worst_case(model, request, max_output_tokens))?;
            let failure = match self.endpoint.attempt(&body, self.provider.kind.decoder(), events).await {
                Ok(decoded) => {
                    let reply = self.reply(model, request, decoded);
                    reservation.settle(&reply.usage);
                    return self.bounded(reply);
                }
                Err(failure) => failure,
            };
            match (failure.received_bytes, failure.cause) {
                // A server that fell silent after it took the request may bill what it read.
                (0, cause) if cause != Cause::Stalled => reservation.release(),
                (bytes, _) => {
                    let used = broken_tokens(request, bytes, max_output_tokens);
                    reservation.settle(&self.usage(model, &used));
                }
            }
            if !failure.may_pass() || attempt >= self.tuning.attempts {
                return Err(self.error(model, attempt, failure));
            }
            let Some(delay) = self.tuning.delay(attempt, failure.retry_after, (self.random)()) else {
                return Err(self.error(model, attempt, failure.too_late()));
            };
            tracing::debug!(provider = %self.provider.name, attempt, cause = ?failure.cause, "attempt failed");
            events(Event::Retry { attempt, delay, reason: failure.message });
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    fn reply(&self, model: &str, request: &Request, decoded: Decoded) -> Reply {
        let Decoded { parts, stop, tokens, model: named } = decoded;
        let named = if named.is_empty() { model.to_owned() } else { named };
        let mut reply = Reply { parts, stop, usage: Usage::default(), model: named };
        // A server that does not count is counted for.
        let counted = tokens.unwrap_or_else(|| Tokens {
            fresh_input: estimate_tokens(request),
            output: tokens_of(reply.text_bytes()),
            ..Tokens::default()
        });
        reply.usage = self.usage(model, &counted);
        reply.distrust(request)
    }

    fn bounded(&self, reply: Reply) -> Result<Reply, ModelError> {
        if reply.text_bytes() > MAX_REPLY_BYTES {
            let provider = self.provider.name.clone();
            return Err(ModelError::ReplyTooLarge { provider, limit_bytes: MAX_REPLY_BYTES });
        }
        Ok(reply)
    }

    fn usage(&self, model: &str, tokens: &Tokens) -> Usage {
        Usage {
            input_tokens: tokens.fresh_input.saturating_add(tokens.cached_input).saturating_add(tokens.cache_write),
            cached_input_tokens: tokens.cached_input,
            output_tokens: tokens.output,
            cost: self.provider.price(model).map(|price| price.cost(tokens)),
        }
    }

    fn worst_case(&self, model: &str, request: &Request, max_output_tokens: u32) -> Amount {
        // Writing the cache is the dearest way to read an input.
        let tokens =
            Tokens { cache_write: estimate_tokens(request), output: u64::from(max_output_tokens), ..Tokens::default() };
        Amount::of(&self.usage(model, &tokens))
    }

    fn error(&self, model: &str, attempts: u32, failure: Failure) -> ModelError {
        let provider = self.provider.name.clone();
        let message = failure.message;
        match failure.cause {
            Cause::Status(status @ (401 | 403)) => {
                ModelError::KeyRefused { provider, variable: self.provider.key_env.clone(), status, message }
            }
            Cause::Status(404) => ModelError::ModelUnknown { provider, model: model.to_owned(), message },
            Cause::Status(300..=399) => ModelError::Redirected { provider },
            Cause::Status(status) if !matches!(status, 408 | 429 | 500..=599) => {
                ModelError::RequestRefused { provider, status, message }
            }
            Cause::Request => ModelError::RequestRefused { provider, status: 200, message },
            Cause::TooLarge => ModelError::ReplyTooLarge { provider, limit_bytes: self.tuning.max_stream_bytes },
            _ => ModelError::Unavailable { provider, attempts, message },
        }
    }
}

/// The longest reply that a request asks for, or, near the end of its budget, what that leaves for one.
pub(crate) fn max_output_tokens(request: &Request, budget: &Budget) -> u32 {
    let asked = request.max_output_tokens.unwrap_or(DEFAULT_MAX_OUTPUT_TOKENS);
    let left = budget.remaining().tokens.map_or(u64::MAX, |left| left.saturating_sub(estimate_tokens(request)));
    let left = u32::try_from(left).unwrap_or(u32::MAX);
    asked.min(left.max(MIN_OUTPUT_TOKENS))
}

/// A request's tokens, on the high side.
pub(crate) fn estimate_tokens(request: &Request) -> u64 {
    // Every message and tool has a frame of a few tokens around it.
    const FRAME_TOKENS: usize = 16;
    let frames = 1 + request.messages.len() + request.tools.len();
    tokens_of(request.text_bytes()).saturating_add((frames * FRAME_TOKENS) as u64)
}

/// Text in the common tokenisers has 3.5 to 4.5 bytes to a token, and code little less.
fn tokens_of(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(3)
}

/// What an attempt used that broke in the middle: its whole input, and about a token for each event that arrived.
fn broken_tokens(request: &Request, received_bytes: usize, max_output_tokens: u32) -> Tokens {
    const EVENT_BYTES: u64 = 100;
    let output = (received_bytes as u64).div_ceil(EVENT_BYTES).min(u64::from(max_output_tokens));
    Tokens { fresh_input: estimate_tokens(request), output, ..Tokens::default() }
}
