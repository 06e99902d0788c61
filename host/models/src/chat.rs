//! The Chat Completions protocol: OpenAI's own service, and the many servers that speak it.

mod decode;
mod encode;

pub(crate) use decode::Decoder;
pub(crate) use encode::encode;

use crate::endpoint::KeyHeader;

pub(crate) const KEY_HEADER: KeyHeader = KeyHeader { name: "authorization", prefix: "Bearer " };

/// Where the service that made the protocol and those that follow it differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// OpenAI's own: `max_completion_tokens`, and no field that it does not know.
    Openai,
    /// The others: `max_tokens`, and reasoning in a field of its own.
    Compatible,
}
