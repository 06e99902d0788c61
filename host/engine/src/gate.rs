//! The one gate that every call to the outside passes: grant check, audit intent, effect, audit outcome.

use crate::contract::Error;
use crate::error::CallError;
use crate::grantor::{Grantor, is_flag};
use crate::ports::{Sealed, Told};
use crate::uses::Uses;
use skillhost_audit::{AuditError, Auditor, Class, Count, Event, Intent, Kind, Outcome, Status};
use skillhost_core::capability::Effective;
use skillhost_core::destination::WebUrl;
use skillhost_core::name::SecretName;
use skillhost_core::path::SkillPath;
use skillhost_core::text::escape_terminal;
use skillhost_core::tier::Tier;
use skillhost_core::urls::Origin;
use std::future::Future;
use std::sync::Arc;

/// Most denials of one call that are kept for the report, and that go to the log one by one; the rest is counted.
const MAX_DENIALS: usize = 100;
/// Most effects of one call: each starts the cpu clock anew and writes two entries to the audit log, so that without a
/// bound a call could fill the disk with them. An agent that works for hours makes some hundred.
const MAX_EFFECTS: u32 = 10_000;
/// Where a call's skill gets what only a run has.
const RUN_REMEDY: &str = "skillhost run, where each skill has a worktree of its own";
/// What to do with a secret instead.
const HEADER_REMEDY: &str = "nothing can: a secret goes into a header";
/// Longest name or path in a denial, in characters.
const WHAT_CHARS: usize = 256;

/// What a call wanted and didn't get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The capability: `exec`, `model`, …
    pub capability: &'static str,
    /// What of it, escaped.
    pub what: String,
    /// The line that would grant it.
    pub remedy: String,
}

/// Something that needs a grant.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wish<'a> {
    /// Run a declared command, with these arguments of the skill's own.
    Exec { name: &'a str, arguments: &'a [String] },
    /// Call a model of this tier.
    Model(Tier),
    /// Ask a person.
    Ask,
    /// Read the change so far.
    ReadChange,
    /// Read how one file changed.
    ReadPath(&'a SkillPath),
    /// Commit to the agent's branch.
    Commit,
    /// Send a request there.
    Http(&'a WebUrl),
    /// Send a request to what is no URL that can be judged.
    UnreadableUrl(&'a str),
    /// Have the secret of this name put into a request.
    Secret(&'a str),
    /// Have it put into one that goes where the user doesn't let it go.
    SecretTo { name: &'a SecretName, url: &'a WebUrl },
    /// Have it put into a URL, which logs of servers are full of.
    SecretInUrl(&'a str),
}

/// Decides and records, for one call.
pub(crate) struct Gate {
    capabilities: Arc<Effective>,
    grantor: Grantor,
    auditor: Auditor,
    denials: Vec<Denial>,
    denied_count: u64,
    effects: u32,
    /// Where it is noted what was granted; nowhere in most calls.
    uses: Option<Uses>,
}

impl Gate {
    pub(crate) fn new(capabilities: Arc<Effective>, grantor: Grantor, auditor: Auditor) -> Self {
        Self { capabilities, grantor, auditor, denials: Vec::new(), denied_count: 0, effects: 0, uses: None }
    }

    /// The same, and what is granted is noted there.
    pub(crate) fn noting_uses(self, uses: Option<Uses>) -> Self {
        Self { uses, ..self }
    }

    pub(crate) fn capabilities(&self) -> &Effective {
        &self.capabilities
    }

    /// What was denied, and how often in all; nothing of it stays.
    pub(crate) fn take_denials(&mut self) -> (Vec<Denial>, u64) {
        (std::mem::take(&mut self.denials), std::mem::take(&mut self.denied_count))
    }

    /// Checks the grant, and gives the right to carry it out.
    ///
    /// The outer error ends the call: what can't be audited doesn't happen. The inner one is the guest's to read.
    pub(crate) fn check(&mut self, wish: Wish<'_>) -> wasmtime::Result<Result<Passage, Error>> {
        let event = |make: fn(Class, Kind) -> Event| make(wish.class(), wish.kind());
        match self.missing(wish) {
            None if wish.has_effect() && self.effects >= MAX_EFFECTS => {
                let most = format!("one call of a skill reaches outside {MAX_EFFECTS} times at most");
                Ok(Err(Error::Exhausted(most)))
            }
            None => {
                self.effects += u32::from(wish.has_effect());
                if let Some(uses) = &self.uses {
                    uses.wish(wish);
                }
                Ok(Ok(Passage { auditor: self.auditor.clone(), event: event(Event::granted) }))
            }
            Some((capability, what)) => {
                self.denied_count += 1;
                if self.denied_count <= MAX_DENIALS as u64 {
                    let wished = self.auditor.commit(wish.class(), &wish.subject());
                    self.auditor.decision(event(Event::denied).on(wished)).map_err(audit_failed)?;
                }
                let remedy = match wish {
                    // The flags of one call can't grant what only a run has.
                    _ if self.grantor == Grantor::Flags && wish.is_for_runs() => RUN_REMEDY.to_owned(),
                    Wish::ReadChange | Wish::Commit => self.grantor.remedy_for_all(capability),
                    Wish::SecretTo { name, url } => user_remedy(name, url),
                    Wish::SecretInUrl(_) => HEADER_REMEDY.to_owned(),
                    _ => self.grantor.remedy(capability, &what),
                };
                let what = escape_terminal(&what, WHAT_CHARS).to_string();
                let wanted = if is_flag(capability) { capability.to_owned() } else { format!("{capability} {what}") };
                let answer = if remedy == RUN_REMEDY {
                    format!("{wanted} is not available in a call; it is in {remedy}")
                } else {
                    format!("{wanted} was not granted; to grant it: {remedy}")
                };
                let denial = Denial { capability, what, remedy };
                if self.denials.len() < MAX_DENIALS && !self.denials.contains(&denial) {
                    self.denials.push(denial);
                }
                Ok(Err(Error::Denied(answer)))
            }
        }
    }

    /// Writes that a secret is about to be sent.
    pub(crate) fn carry(&self, name: &SecretName) -> wasmtime::Result<()> {
        let named = self.auditor.commit(Class::Secret, name.as_str().as_bytes());
        self.auditor.decision(Event::granted(Class::Secret, Kind::Send).on(named)).map_err(audit_failed)
    }

    /// The capability that the wish lacks, and what of it, not escaped; none where it is granted.
    fn missing(&self, wish: Wish<'_>) -> Option<(&'static str, String)> {
        let granted = &self.capabilities;
        match wish {
            Wish::Exec { name, arguments } => {
                if !granted.exec.iter().any(|command| command.as_str() == name) {
                    return Some(("exec", name.to_owned()));
                }
                (!arguments.is_empty() && !granted.exec_arguments).then(|| ("exec_arguments", "true".to_owned()))
            }
            Wish::Model(tier) => (!granted.model.contains(&tier)).then(|| ("model", tier.to_string())),
            Wish::Ask => (!granted.ask).then(|| ("ask", "true".to_owned())),
            Wish::ReadChange => granted.read.is_empty().then(|| ("read", "**".to_owned())),
            Wish::ReadPath(path) => (!granted.read.matches(path)).then(|| ("read", path.to_string())),
            Wish::Commit => granted.write.is_empty().then(|| ("write", "**".to_owned())),
            Wish::Http(url) => (!granted.http.matches(url)).then(|| ("http", without_query(&url.to_string()))),
            Wish::UnreadableUrl(text) => Some(("http", without_query(text))),
            Wish::Secret(name) => {
                (!granted.secrets.iter().any(|own| own.as_str() == name)).then(|| ("secrets", name.to_owned()))
            }
            Wish::SecretTo { name, url } => Some(("secrets", format!("{name} to {}", origin(url)))),
            Wish::SecretInUrl(name) => Some(("secrets", format!("{name} in a URL"))),
        }
    }
}

impl Wish<'_> {
    /// Whether the log has an entry for it alone; that of a path is its change's.
    fn has_effect(self) -> bool {
        !matches!(self, Self::ReadPath(_))
    }

    /// Whether it needs a worktree that is the agent's own.
    fn is_for_runs(self) -> bool {
        matches!(self, Self::Exec { .. } | Self::Commit)
    }

    fn class(self) -> Class {
        match self {
            Self::Exec { .. } => Class::Command,
            Self::Model(_) => Class::Model,
            Self::Ask => Class::Person,
            Self::ReadChange | Self::ReadPath(_) | Self::Commit => Class::Commit,
            Self::Http(_) | Self::UnreadableUrl(_) => Class::Network,
            Self::Secret(_) | Self::SecretTo { .. } | Self::SecretInUrl(_) => Class::Secret,
        }
    }

    /// What was wished for, as the log commits to it where it is denied.
    fn subject(self) -> Vec<u8> {
        match self {
            Self::Exec { name, arguments } => {
                let words: Vec<&str> = std::iter::once(name).chain(arguments.iter().map(String::as_str)).collect();
                words.join("\0").into_bytes()
            }
            Self::Model(tier) => tier.to_string().into_bytes(),
            Self::Ask => b"ask".to_vec(),
            Self::ReadChange => b"read".to_vec(),
            Self::ReadPath(path) => path.to_string().into_bytes(),
            Self::Commit => b"write".to_vec(),
            Self::Http(url) => url.destination().to_string().into_bytes(),
            Self::UnreadableUrl(text) => text.as_bytes().to_vec(),
            Self::Secret(name) | Self::SecretInUrl(name) => name.as_bytes().to_vec(),
            Self::SecretTo { name, .. } => name.to_string().into_bytes(),
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Exec { .. } | Self::Model(_) => Kind::Call,
            Self::Ask => Kind::Ask,
            Self::ReadChange | Self::ReadPath(_) => Kind::Read,
            Self::Commit => Kind::Create,
            Self::Http(_) | Self::UnreadableUrl(_) => Kind::Send,
            Self::Secret(_) | Self::SecretTo { .. } | Self::SecretInUrl(_) => Kind::Send,
        }
    }
}

/// A URL as a denial shows it: what a skill puts into a query is not for a terminal.
pub(crate) fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

fn origin(url: &WebUrl) -> String {
    let text = url.to_string();
    // The scheme's two slashes, and the path's one.
    let end = text.match_indices('/').nth(2).map_or(text.len(), |(at, _)| at);
    text[..end].to_owned()
}

/// Nobody but the user says where a secret goes.
fn user_remedy(name: &SecretName, url: &WebUrl) -> String {
    match origin(url).parse::<Origin>() {
        Ok(_) => format!("hosts = [\"{}\"] under [secrets.{name}] in config.toml", origin(url)),
        Err(_) => "nothing can: a secret is sent over TLS alone".to_owned(),
    }
}

/// The right to carry one effect out, once.
#[must_use]
pub(crate) struct Passage {
    auditor: Auditor,
    event: Event,
}

impl Passage {
    /// The same, with what is about to be asked, and of what.
    pub(crate) fn with(self, sealed: &Sealed) -> Self {
        let event = self.event.on(self.auditor.commit(self.event.class(), &sealed.on));
        let event = event.count(Count::BytesOut, sealed.bytes);
        let event = match sealed.payload {
            Some(payload) => event.payload(payload),
            None => event,
        };
        Self { event, ..self }
    }

    /// Writes the intent, carries the effect out, writes the outcome.
    pub(crate) async fn pass<T>(
        self,
        effect: impl Future<Output = Result<T, Error>>,
    ) -> wasmtime::Result<Result<T, Error>> {
        let begun = self.begin()?;
        let told = effect.await.map(|value| Told { value, outcome: Outcome::done() });
        begun.end(told)
    }

    /// The same for an effect that says itself what the log holds of its end.
    pub(crate) async fn pass_told<T>(
        self,
        effect: impl Future<Output = Result<Told<T>, Error>>,
    ) -> wasmtime::Result<Result<T, Error>> {
        let begun = self.begin()?;
        begun.end(effect.await)
    }

    /// Writes the intent, for an effect that several passages share.
    pub(crate) fn begin(self) -> wasmtime::Result<Begun> {
        self.auditor.intent(self.event).map(Begun).map_err(audit_failed)
    }
}

/// An effect that is under way.
pub(crate) struct Begun(Intent);

impl Begun {
    /// Writes the outcome; gives what the guest is told.
    pub(crate) fn end<T>(self, result: Result<Told<T>, Error>) -> wasmtime::Result<Result<T, Error>> {
        let (outcome, result) = match result {
            Ok(Told { value, outcome }) => (outcome, Ok(value)),
            Err(error) => (Outcome::of(status(&error)), Err(error)),
        };
        self.0.outcome(outcome).map_err(audit_failed)?;
        Ok(result)
    }

    /// Writes the outcome of an effect that ends when its call may be over.
    pub(crate) fn close(self, outcome: Outcome) -> Result<(), AuditError> {
        self.0.outcome(outcome)
    }
}

fn status(error: &Error) -> Status {
    match error {
        Error::Denied(_) => Status::Denied,
        Error::Invalid(_) | Error::TooLarge(_) => Status::Invalid,
        Error::Exhausted(_) => Status::Exhausted,
        Error::Cancelled => Status::Cancelled,
        Error::Failed(_) => Status::Failed,
    }
}

pub(crate) fn audit_failed(error: AuditError) -> wasmtime::Error {
    wasmtime::Error::new(CallError::Audit(error))
}
