//! Port traits: one for each interface of the contract that reaches outside the store. `runs` gives them their
//! meaning. A port is called only after the gate has let the call through.
//!
//! Errors that a port returns are read by the guest, so they never hold a host path.

use crate::contract::{Error, changes, exec, log, model};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Method, Response};
use http_body_util::combinators::UnsyncBoxBody;
use skillhost_audit::Outcome;
use skillhost_core::destination::WebUrl;
use skillhost_core::digest::Digest;
use skillhost_core::name::SecretName;
use skillhost_core::path::SkillPath;
use skillhost_core::text::Escaped;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// What a call can reach. An absent port answers every call with `denied`.
#[derive(Clone, Default)]
pub struct Ports {
    /// Progress and diagnostics.
    pub log: Option<Arc<dyn Log>>,
    /// Language models.
    pub model: Option<Arc<dyn Model>>,
    /// Declared commands.
    pub exec: Option<Arc<dyn Exec>>,
    /// The change so far.
    pub changes: Option<Arc<dyn Changes>>,
    /// Questions to a person.
    pub ask: Option<Arc<dyn Ask>>,
    /// Requests over HTTP.
    pub http: Option<Arc<dyn Http>>,
}

/// Progress and diagnostics for people. Called inline, so it must not wait.
pub trait Log: Send + Sync {
    /// A message.
    fn log(&self, level: log::Level, message: Escaped);
    /// What the skill does now, and how far it is, from 0 to 1.
    fn progress(&self, message: Escaped, fraction: Option<f32>);
}

/// What is about to be asked, as the intent tells of it.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// What it is asked of (a model, an argument vector); the log holds a keyed commitment to it.
    pub on: Vec<u8>,
    /// The sealed body, where it is kept.
    pub payload: Option<Digest>,
    /// The body's size.
    pub bytes: u64,
}

/// What came of an effect, and what the log says of it.
#[derive(Debug, Clone)]
pub struct Told<T> {
    /// What the guest is given.
    pub value: T,
    /// How it ended, with its sizes and the sealed body.
    pub outcome: Outcome,
}

/// Language models.
pub trait Model: Send + Sync {
    /// Seals a request that is about to be sent.
    ///
    /// # Errors
    /// Where it can't be kept: then it is not sent.
    fn seal(&self, request: &model::Request) -> Result<Sealed, Error>;
    /// One completion.
    fn complete(&self, request: model::Request) -> BoxFuture<'_, Result<Told<model::Reply>, Error>>;
    /// Several, side by side; replies in the order of the requests.
    fn complete_all(&self, requests: Vec<model::Request>) -> BoxFuture<'_, Vec<Result<Told<model::Reply>, Error>>>;
    /// Tokens that a request and its reply may have together.
    ///
    /// # Errors
    /// Where no model is configured for the tier.
    fn window(&self, tier: model::Tier) -> Result<u64, Error>;
    /// What is left.
    fn remaining(&self) -> model::Budget;
}

/// Declared commands.
pub trait Exec: Send + Sync {
    /// Those that the project declares; which ones may be run is the gate's to decide.
    fn commands(&self) -> Vec<exec::Command>;
    /// Seals the argument vector of a command that is about to be run.
    ///
    /// # Errors
    /// Where there is no such command, or its arguments can't be kept: then it is not run.
    fn seal(&self, name: &str, arguments: &[String]) -> Result<Sealed, Error>;
    /// Runs one, with added arguments.
    fn run(&self, name: String, arguments: Vec<String>) -> BoxFuture<'_, Result<Told<exec::Outcome>, Error>>;
    /// A part of what a run or a gate printed.
    ///
    /// # Errors
    /// Where there is no such run.
    fn output(&self, id: String, offset: u64) -> Result<String, Error>;
}

/// The files that a call wrote and removed so far, through the guard.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Created, changed, or moved to.
    pub written: BTreeSet<SkillPath>,
    /// Removed, or moved away.
    pub removed: BTreeSet<SkillPath>,
}

/// The change so far, against the base commit.
pub trait Changes: Send + Sync {
    /// Every path that differs, those among them that only this call has touched; the engine hides the ones that may
    /// not be read.
    fn entries(&self, touched: Touched) -> BoxFuture<'_, Result<Vec<changes::Entry>, Error>>;
    /// A unified diff of these paths, new files among them.
    fn diff(&self, paths: Vec<SkillPath>) -> BoxFuture<'_, Result<String, Error>>;
    /// A file as it was at the base commit.
    fn original(&self, path: SkillPath, offset: u64) -> BoxFuture<'_, Result<Vec<u8>, Error>>;
    /// Commits to the agent's branch; gives the commit in hex.
    fn checkpoint(
        &self,
        message: String,
        also: Vec<SkillPath>,
        touched: Touched,
    ) -> BoxFuture<'_, Result<String, Error>>;
}

/// Questions to a person.
pub trait Ask: Send + Sync {
    /// The answer, or the default where nobody is there.
    fn ask(&self, question: String, options: Vec<String>, default: String) -> BoxFuture<'_, Result<String, Error>>;
}

/// Requests over HTTP. Which URLs may be reached was decided before.
pub trait Http: Send + Sync {
    /// Whether the user lets a secret go to this URL, in a header.
    fn carries(&self, secret: &SecretName, url: &WebUrl) -> bool;
    /// Seals what is about to be sent, and which secrets with it.
    ///
    /// # Errors
    /// Where it can't be kept: then it is not sent.
    fn seal(&self, method: &Method, url: &WebUrl, secrets: &[SecretName]) -> Result<Sealed, Error>;
    /// Sends a request to its URL's host and no other, follows nothing, and gives the reply without any secret.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<HttpBody>, HttpError>>;
}

/// A body, as it comes.
pub type HttpBody = UnsyncBoxBody<Bytes, HttpError>;

/// A request that was judged.
#[derive(Debug)]
pub struct HttpRequest {
    /// What is to be done.
    pub method: Method,
    /// Where.
    pub url: WebUrl,
    /// Its fields, with placeholders; none of them is about the connection or names a host.
    pub headers: HeaderMap,
    /// Its body.
    pub body: HttpBody,
    /// Secrets whose placeholders stand in the fields.
    pub secrets: Vec<SecretName>,
    /// How long it waits.
    pub waits: Waits,
}

/// How long a request waits for its server.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For the connection, TLS included.
    pub connect: Duration,
    /// From there to the reply's fields; the request's body is sent in that time.
    pub first_byte: Duration,
    /// For each further part of the reply.
    pub between_bytes: Duration,
}

/// Why a request failed, or a body broke off. A guest is told no more than the kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// It may not be sent.
    #[error("it may not be sent")]
    Denied,
    /// The host's address is a private one.
    #[error("its host's address is one that only a policy opens")]
    Address,
    /// The host's name has no address.
    #[error("its host can't be resolved")]
    Unresolved,
    /// The host takes no connection.
    #[error("its host takes no connection")]
    Unreachable,
    /// The connection took too long.
    #[error("connecting took too long")]
    ConnectTimedOut,
    /// The reply's fields took too long.
    #[error("the reply took too long")]
    ReplyTimedOut,
    /// A further part of the reply took too long.
    #[error("the reply stalled")]
    ReadTimedOut,
    /// The host's certificate isn't valid for it.
    #[error("its host's certificate isn't valid")]
    Certificate,
    /// No TLS can be spoken with it.
    #[error("TLS failed")]
    Tls,
    /// The call has sent too much.
    #[error("too much was sent")]
    SentTooMuch,
    /// The call was sent too much.
    #[error("too much was received")]
    ReceivedTooMuch,
    /// The reply's fields are too large, or too many.
    #[error("the reply's fields are too large")]
    HeadTooLarge,
    /// The reply is encoded in a way in which nobody could look for secrets.
    #[error("the reply is encoded")]
    Encoding,
    /// The server wants to speak another protocol.
    #[error("the server wants another protocol")]
    Upgrade,
    /// The request or the reply broke off.
    #[error("it broke off")]
    Cut,
    /// What came is no HTTP.
    #[error("it is not HTTP")]
    Protocol,
    /// The request can't be sent as it is.
    #[error("the request is invalid: {0}")]
    Invalid(&'static str),
}
