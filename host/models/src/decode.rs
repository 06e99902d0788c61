//! What the protocols' decoders give, and how they are driven.

use serde_json::Value;

use crate::event::Events;
use crate::failure::{Cause, Failure};
use crate::price::Tokens;
use crate::reply::Stop;
use crate::request::Part;

/// Takes a stream's events one by one, and is a reply at the end.
pub(crate) trait Decode: Send {
    /// The next event.
    fn event(&mut self, data: &str, events: Events<'_>) -> Result<Flow, Failure>;

    /// The reply, where the stream said that it is whole.
    fn finish(self: Box<Self>) -> Result<Decoded, Failure>;
}

/// Whether more is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Read on.
    More,
    /// The protocol's last event.
    Done,
}

/// A whole reply, as the server told it.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) parts: Vec<Part>,
    pub(crate) stop: Stop,
    /// None where the server did not say.
    pub(crate) tokens: Option<Tokens>,
    pub(crate) model: String,
}

/// An event's JSON.
pub(crate) fn parse(data: &str) -> Result<Value, Failure> {
    serde_json::from_str(data).map_err(|_| Failure::new(Cause::Malformed, "an event of the stream is not JSON"))
}

/// The failure of a stream that ended too early.
pub(crate) fn cut() -> Failure {
    Failure::new(Cause::Cut, "the stream ended before the reply was whole")
}

/// The failure of a stream that breaks its protocol.
pub(crate) fn malformed(what: &str) -> Failure {
    Failure::new(Cause::Malformed, what)
}
