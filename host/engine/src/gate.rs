//! The one gate that every call to the outside passes: grant check, audit intent, effect, audit outcome.

use crate::call::Grantor;
use crate::contract::Error;
use crate::error::CallError;
use skillhost_audit::{Auditor, Class, Event, Intent, Kind, Outcome, Status};
use skillhost_core::capability::Effective;
use skillhost_core::text::escape_terminal;
use skillhost_core::tier::Tier;
use std::future::Future;
use std::sync::Arc;

/// Most denials of one call that are kept for the report; each goes to the log.
const MAX_DENIALS: usize = 100;

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
    /// Run a declared command, with or without arguments of the skill's own.
    Exec { name: &'a str, with_arguments: bool },
    /// Call a model of this tier.
    Model(Tier),
    /// Ask a person.
    Ask,
    /// Read the change so far.
    ReadChange,
    /// Commit to the agent's branch.
    Commit,
}

/// Decides and records, for one call.
pub(crate) struct Gate {
    capabilities: Arc<Effective>,
    grantor: Grantor,
    auditor: Auditor,
    denials: Vec<Denial>,
}

impl Gate {
    pub(crate) fn new(capabilities: Arc<Effective>, grantor: Grantor, auditor: Auditor) -> Self {
        Self { capabilities, grantor, auditor, denials: Vec::new() }
    }

    pub(crate) fn capabilities(&self) -> &Effective {
        &self.capabilities
    }

    pub(crate) fn into_denials(self) -> Vec<Denial> {
        self.denials
    }

    /// Checks the grant, and gives the right to carry it out.
    ///
    /// The outer error ends the call: what can't be audited doesn't happen. The inner one is the guest's to read.
    pub(crate) fn check(&mut self, wish: Wish<'_>) -> wasmtime::Result<Result<Passage, Error>> {
        let event = |make: fn(Class, Kind) -> Event| make(wish.class(), wish.kind());
        match self.missing(wish) {
            None => Ok(Ok(Passage { auditor: self.auditor.clone(), event: event(Event::granted) })),
            Some((capability, what)) => {
                self.auditor.decision(event(Event::denied)).map_err(audit_failed)?;
                let remedy = self.grantor.remedy(capability, &what);
                let wanted = if what == "true" { capability.to_owned() } else { format!("{capability} {what}") };
                let answer = format!("{wanted} was not granted; to grant it: {remedy}");
                let denial = Denial { capability, what, remedy };
                if self.denials.len() < MAX_DENIALS && !self.denials.contains(&denial) {
                    self.denials.push(denial);
                }
                Ok(Err(Error::Denied(answer)))
            }
        }
    }

    /// The capability that the wish lacks; none where it is granted.
    fn missing(&self, wish: Wish<'_>) -> Option<(&'static str, String)> {
        let granted = &self.capabilities;
        match wish {
            Wish::Exec { name, with_arguments } => {
                if !granted.exec.iter().any(|command| command.as_str() == name) {
                    return Some(("exec", escape_terminal(name, 64).to_string()));
                }
                (with_arguments && !granted.exec_arguments).then(|| ("exec_arguments", "true".to_owned()))
            }
            Wish::Model(tier) => (!granted.model.contains(&tier)).then(|| ("model", tier.to_string())),
            Wish::Ask => (!granted.ask).then(|| ("ask", "true".to_owned())),
            Wish::ReadChange => granted.read.is_empty().then(|| ("read", "**".to_owned())),
            Wish::Commit => granted.write.is_empty().then(|| ("write", "**".to_owned())),
        }
    }
}

impl Wish<'_> {
    fn class(self) -> Class {
        match self {
            Self::Exec { .. } => Class::Command,
            Self::Model(_) => Class::Model,
            Self::Ask => Class::Person,
            Self::ReadChange | Self::Commit => Class::Commit,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Exec { .. } | Self::Model(_) => Kind::Call,
            Self::Ask => Kind::Ask,
            Self::ReadChange => Kind::Read,
            Self::Commit => Kind::Create,
        }
    }
}

/// The right to carry one effect out, once.
#[must_use]
pub(crate) struct Passage {
    auditor: Auditor,
    event: Event,
}

impl Passage {
    /// Writes the intent, carries the effect out, writes the outcome.
    pub(crate) async fn pass<T>(
        self,
        effect: impl Future<Output = Result<T, Error>>,
    ) -> wasmtime::Result<Result<T, Error>> {
        let begun = self.begin()?;
        let result = effect.await;
        begun.end(&result)?;
        Ok(result)
    }

    /// Writes the intent, for an effect that several passages share.
    pub(crate) fn begin(self) -> wasmtime::Result<Begun> {
        self.auditor.intent(self.event).map(Begun).map_err(audit_failed)
    }
}

/// An effect that is under way.
pub(crate) struct Begun(Intent);

impl Begun {
    /// Writes the outcome.
    pub(crate) fn end<T>(self, result: &Result<T, Error>) -> wasmtime::Result<()> {
        let status = result.as_ref().map_or_else(status, |_| Status::Done);
        self.0.outcome(Outcome::of(status)).map_err(audit_failed)
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

pub(crate) fn audit_failed(error: skillhost_audit::AuditError) -> wasmtime::Error {
    wasmtime::Error::new(CallError::Audit(error.to_string()))
}
