//! What an entry says, in words the host chose. There is no free text on purpose.

use serde::{Deserialize, Serialize};
use skillhost_core::digest::Digest;

use crate::{Commitment, Count, Counts};

/// The class of resource that a decision or an effect is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Class {
    /// Files of a worktree.
    File,
    /// A declared command.
    Command,
    /// A language model.
    Model,
    /// A branch or another git ref, here or at a remote.
    Ref,
    /// A commit, or what it is made from.
    Commit,
    /// A component.
    Skill,
    /// Something on the network other than a model.
    Network,
    /// A secret's value.
    Secret,
    /// A question to a person.
    Person,
    /// An agent's worktree.
    Worktree,
    /// A run, from start to end.
    Run,
    /// A key of a subject.
    Key,
    /// This log.
    Log,
}

impl Class {
    /// Whether an intent is on disk before its effect. These effects outlive a crash of the machine
    /// somewhere else, or cost money; file work is lost in the same crash as its entries.
    pub fn is_flushed(self) -> bool {
        // Making a worktree makes refs, and removing one removes what is nowhere else.
        let here = matches!(self, Self::Command | Self::Ref | Self::Worktree);
        here || matches!(self, Self::Model | Self::Network | Self::Secret | Self::Key)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Command => "command",
            Self::Model => "model",
            Self::Ref => "ref",
            Self::Commit => "commit",
            Self::Skill => "skill",
            Self::Network => "network",
            Self::Secret => "secret",
            Self::Person => "person",
            Self::Worktree => "worktree",
            Self::Run => "run",
            Self::Key => "key",
            Self::Log => "log",
        }
    }
}

/// What is done to the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Kind {
    /// A skill's export, a command or a model is called.
    Call,
    /// All file work of one call.
    Work,
    /// It is read.
    Read,
    /// Its content is changed.
    Write,
    /// It comes into being.
    Create,
    /// It is moved to another value.
    Update,
    /// It goes away.
    Remove,
    /// It is sent elsewhere: a push, a request.
    Send,
    /// A connection to it is made.
    Connect,
    /// A person is asked.
    Ask,
    /// It begins.
    Start,
    /// It ends.
    End,
    /// A gate is run.
    Gate,
    /// Its key is destroyed.
    Erase,
    /// An incomplete tail, left by a crash, was cut off.
    Recover,
}

/// What was decided over a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Decision {
    /// Grant and policy allow it.
    Granted,
    /// They don't.
    Denied,
    /// A person decides.
    Asked,
}

/// How an effect ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Status {
    /// It happened.
    Done,
    /// It was refused on the way.
    Denied,
    /// Its arguments were wrong.
    Invalid,
    /// A limit or a budget ended it.
    Exhausted,
    /// The run was cancelled.
    Cancelled,
    /// Its deadline passed.
    TimedOut,
    /// The guest trapped.
    Trapped,
    /// It failed otherwise.
    Failed,
    /// Nobody said how it ended: the host was interrupted in between.
    Abandoned,
}

/// A decision, or the intent to do something.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Event {
    pub(crate) class: Class,
    pub(crate) kind: Kind,
    pub(crate) decision: Decision,
    pub(crate) commitment: Option<Commitment>,
    pub(crate) counts: Counts,
    pub(crate) payload: Option<Digest>,
}

impl Event {
    /// Something that is allowed.
    pub fn granted(class: Class, kind: Kind) -> Self {
        let (commitment, counts, payload) = (None, Counts::default(), None);
        Self { class, kind, decision: Decision::Granted, commitment, counts, payload }
    }

    /// Something that is refused.
    pub fn denied(class: Class, kind: Kind) -> Self {
        Self { decision: Decision::Denied, ..Self::granted(class, kind) }
    }

    /// Something that a person is asked for.
    pub fn asked(class: Class, kind: Kind) -> Self {
        Self { decision: Decision::Asked, ..Self::granted(class, kind) }
    }

    /// What it is about.
    pub fn class(&self) -> Class {
        self.class
    }

    /// On this path, host, name or argument vector.
    pub fn on(self, commitment: Commitment) -> Self {
        Self { commitment: Some(commitment), ..self }
    }

    /// With this size or number.
    pub fn count(mut self, count: Count, n: u64) -> Self {
        self.counts.add(count, n);
        self
    }

    /// With this body.
    pub fn payload(self, payload: Digest) -> Self {
        Self { payload: Some(payload), ..self }
    }
}

/// How an intent ended.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Outcome {
    pub(crate) status: Status,
    pub(crate) exit_code: Option<i32>,
    pub(crate) http_status: Option<u16>,
    pub(crate) counts: Counts,
    pub(crate) payload: Option<Digest>,
}

impl Outcome {
    /// It happened.
    pub fn done() -> Self {
        Self::of(Status::Done)
    }

    /// It ended so.
    pub fn of(status: Status) -> Self {
        Self { status, exit_code: None, http_status: None, counts: Counts::default(), payload: None }
    }

    /// With the exit code of a command.
    pub fn exit_code(self, code: i32) -> Self {
        Self { exit_code: Some(code), ..self }
    }

    /// With the status of a reply over HTTP.
    pub fn http_status(self, status: u16) -> Self {
        Self { http_status: Some(status), ..self }
    }

    /// With this size or number.
    pub fn count(mut self, count: Count, n: u64) -> Self {
        self.counts.add(count, n);
        self
    }

    /// With all of these.
    pub fn counts(mut self, counts: &Counts) -> Self {
        self.counts.merge(counts);
        self
    }

    /// With this body.
    pub fn payload(self, payload: Digest) -> Self {
        Self { payload: Some(payload), ..self }
    }
}
