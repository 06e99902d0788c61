//! The front door: which model a call means, and the way there: a provider or a recording.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use skillhost_core::capability::Tier;

use crate::ambient;
use crate::budget::Amount;
use crate::config::{Provider, ProviderConfig};
use crate::error::ModelError;
use crate::event::Events;
use crate::key::Key;
use crate::recording::{CallKey, Recorder, RecordingError, Replay};
use crate::reply::{Reply, Usage};
use crate::request::Request;
use crate::role::{ModelRef, ProviderName, Role, Roles};
use crate::send::{Line, estimate_tokens, max_output_tokens};
use crate::site::CallSite;
use crate::tuning::Tuning;

/// Calls of one skill that run side by side; providers limit the rate of more.
pub const MAX_PARALLEL_CALLS: usize = 4;
/// What a recording that says no window of its own tells skills, which plan by it: enough that none of them shortens
/// anything.
const REPLAY_WINDOW_TOKENS: u64 = 200_000;

/// What the models are made of.
#[derive(Debug)]
pub struct Setup {
    /// `[providers]` of the user's configuration.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// Who uses which model.
    pub roles: Roles,
    /// Timing.
    pub tuning: Tuning,
    /// How a variable that holds a key is read: from the environment, except in tests.
    pub variable: fn(&str) -> Option<String>,
    /// Where jitter comes from: chance, except in tests.
    pub random: fn() -> u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            providers: BTreeMap::new(),
            roles: Roles::default(),
            tuning: Tuning::default(),
            variable: ambient::variable,
            random: ambient::random,
        }
    }
}

/// All models of one program.
pub struct Models {
    providers: BTreeMap<ProviderName, ProviderConfig>,
    roles: Roles,
    replays: BTreeMap<PathBuf, Replay>,
    recorder: Option<Recorder>,
    tuning: Tuning,
    variable: fn(&str) -> Option<String>,
    random: fn() -> u64,
    /// The keys of every provider, used or not, so that a recording and its replay are scrubbed alike.
    keys: Vec<Key>,
    lines: Mutex<BTreeMap<ProviderName, Arc<Line>>>,
}

impl Models {
    /// Reads the recordings that are named. Keys are sent when they are needed, and only then have to be sound.
    ///
    /// # Errors
    /// Where a provider's name or a recording is not what it should be.
    pub fn open(setup: Setup) -> Result<Self, ModelError> {
        let Setup { providers, roles, tuning, variable, random } = setup;
        let named = |(name, config): (String, ProviderConfig)| name.parse().map(|name| (name, config));
        let providers = providers.into_iter().map(named).collect::<Result<BTreeMap<_, _>, _>>()?;
        let mut replays = BTreeMap::new();
        for model in roles.models() {
            if let ModelRef::Replay(path) = model {
                replays.insert(path.clone(), Replay::open(path)?);
            }
        }
        let keys = keys(&providers, variable);
        let lines = Mutex::default();
        Ok(Self { providers, roles, replays, recorder: None, tuning, variable, random, keys, lines })
    }

    /// Records every call from now on into a new file.
    ///
    /// # Errors
    /// Where the file exists, or can't be made.
    pub fn record_to(&mut self, file: &Path) -> Result<(), ModelError> {
        self.recorder = Some(Recorder::create(file)?);
        Ok(())
    }

    /// The recordings among the models that somebody wrote by hand.
    pub fn scripts(&self) -> impl Iterator<Item = &Path> {
        self.replays.iter().filter(|(_, replay)| replay.is_authored()).map(|(path, _)| path.as_path())
    }

    /// Checks, before a run starts, that a role has a model, and its provider a key. Gives the model where it has no
    /// price, so that no budget of money bounds it; recordings bring their own.
    ///
    /// # Errors
    /// What the first call would fail with.
    pub fn check(&self, role: &Role, skill: Option<&Role>, tier: Tier) -> Result<Option<&ModelRef>, ModelError> {
        let found = self.roles.resolve(role, skill, tier)?;
        Ok(match found {
            ModelRef::Api { provider, model } => (!self.line(provider)?.is_priced(model)).then_some(found),
            ModelRef::Replay(_) => None,
        })
    }

    /// The roles, for warnings and reports.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Asks the servers that know it how large the windows of a role's models are, each model once. What can't be
    /// learned is what it would be otherwise.
    pub async fn learn_windows(&self, role: &Role, skill: Option<&Role>, tiers: impl IntoIterator<Item = Tier>) {
        for model in tiers.into_iter().filter_map(|tier| self.roles.resolve(role, skill, tier).ok()) {
            self.learn_window_of(model).await;
        }
    }

    /// The same of one model.
    pub(crate) async fn learn_window_of(&self, model: &ModelRef) {
        let ModelRef::Api { provider, model } = model else { return };
        if let Ok(line) = self.line(provider) {
            line.learn_window(model).await;
        }
    }

    /// Tokens that a request and its reply may have together.
    ///
    /// # Errors
    /// Where no model is set, or its provider is not ready.
    pub fn window(&self, site: &CallSite, tier: Tier) -> Result<u64, ModelError> {
        match self.roles.resolve(&site.role, site.skill.as_ref(), tier)? {
            ModelRef::Api { provider, model } => Ok(self.line(provider)?.window_tokens(model)),
            ModelRef::Replay(path) => {
                let replay = self.replays.get(path).ok_or(RecordingError::NotOpen)?;
                let told = replay.window_tokens(&site.agent, site.phase, site.round, tier);
                Ok(told.unwrap_or(REPLAY_WINDOW_TOKENS))
            }
        }
    }

    /// The same of a provider's model; none for a recording, which says it for each of its calls.
    pub(crate) fn window_of(&self, model: &ModelRef) -> Result<Option<u64>, ModelError> {
        match model {
            ModelRef::Api { provider, model } => Ok(Some(self.line(provider)?.window_tokens(model))),
            ModelRef::Replay(_) => Ok(None),
        }
    }

    /// One call. Dropping the future cancels it; what it reserved then counts as spent.
    ///
    /// # Errors
    /// See [`ModelError`]; a failed call is not recorded.
    pub async fn complete(&self, site: &CallSite, request: &Request, events: Events<'_>) -> Result<Reply, ModelError> {
        let turn = site.turns.take(1).first().copied().unwrap_or(1);
        self.complete_turn(site, turn, request, events).await
    }

    /// Several calls side by side, [`MAX_PARALLEL_CALLS`] at once; replies in the order of the requests.
    pub async fn complete_all(
        &self,
        site: &CallSite,
        requests: &[Request],
        events: Events<'_>,
    ) -> Vec<Result<Reply, ModelError>> {
        let turns = site.turns.take(requests.len());
        let mut calls = Vec::with_capacity(requests.len());
        for (turn, request) in turns.into_iter().zip(requests) {
            calls.push(self.complete_turn(site, turn, request, events));
        }
        futures::stream::iter(calls).buffered(MAX_PARALLEL_CALLS).collect().await
    }

    async fn complete_turn(
        &self,
        site: &CallSite,
        turn: u32,
        request: &Request,
        events: Events<'_>,
    ) -> Result<Reply, ModelError> {
        request.check()?;
        let call = CallKey { agent: site.agent.clone(), phase: site.phase, round: site.round, turn };
        let reply = match self.roles.resolve(&site.role, site.skill.as_ref(), request.tier)? {
            ModelRef::Replay(path) => self.play(path, &call, site, request)?,
            model => self.complete_by(model, site, request, events).await?,
        };
        if let Some(recorder) = &self.recorder {
            let window_tokens = self.window(site, request.tier)?;
            recorder.record(call, window_tokens, request, &reply, &site.volatile, &|text| self.scrub(text))?;
        }
        Ok(reply)
    }

    /// One call of a provider's model, whoever's it is.
    pub(crate) async fn complete_by(
        &self,
        model: &ModelRef,
        site: &CallSite,
        request: &Request,
        events: Events<'_>,
    ) -> Result<Reply, ModelError> {
        match model {
            ModelRef::Api { provider, model } => self.line(provider)?.ask(model, request, &site.budget, events).await,
            ModelRef::Replay(_) => Err(RecordingError::NotOpen.into()),
        }
    }

    /// A recorded reply, paid from the budget like any other, so that a budget ends a replay where it ended the run.
    fn play(&self, path: &PathBuf, call: &CallKey, site: &CallSite, request: &Request) -> Result<Reply, ModelError> {
        let replay = self.replays.get(path).ok_or(RecordingError::NotOpen)?;
        let output_tokens = u64::from(max_output_tokens(request, &site.budget));
        let usage = Usage { input_tokens: estimate_tokens(request), output_tokens, ..Usage::default() };
        let reservation = site.budget.reserve(Amount::of(&usage))?;
        match replay.find(call, request, &site.volatile, &|text| self.scrub(text)) {
            Ok(reply) => {
                let reply = reply.distrust(request);
                reservation.settle(&reply.usage);
                Ok(reply)
            }
            Err(error) => {
                reservation.release();
                Err(error.into())
            }
        }
    }

    fn line(&self, name: &ProviderName) -> Result<Arc<Line>, ModelError> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(name) {
            return Ok(Arc::clone(line));
        }
        let provider = Provider::find(name, self.providers.get(name))?;
        let line = Arc::new(Line::new(provider, self.tuning, self.variable, self.random)?);
        lines.insert(name.clone(), Arc::clone(&line));
        Ok(line)
    }

    /// A text without any provider's key.
    pub fn scrub(&self, text: &str) -> String {
        self.keys.iter().fold(text.to_owned(), |text, key| key.scrub(&text))
    }
}

/// Every key that the environment holds. What can't be one is said where its provider is asked.
fn keys(configured: &BTreeMap<ProviderName, ProviderConfig>, variable: fn(&str) -> Option<String>) -> Vec<Key> {
    let built_in = ["anthropic", "openai"].into_iter().filter_map(|name| name.parse::<ProviderName>().ok());
    let names: BTreeSet<ProviderName> = configured.keys().cloned().chain(built_in).collect();
    let variables: BTreeSet<String> =
        names.iter().filter_map(|name| Provider::find(name, configured.get(name)).ok()?.key_env).collect();
    variables.iter().filter_map(|name| Key::new(&variable(name)?)).collect()
}
