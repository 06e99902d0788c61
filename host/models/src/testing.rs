//! What the fuzz targets reach: a provider's stream without a connection, and a recording's replies without a run.

use skillhost_core::name::AgentId;
use skillhost_core::phase::Phase;

use crate::config::Provider;
use crate::endpoint;
use crate::recording::{CallKey, Replay, Volatile};
use crate::reply::{Reply, Usage};
use crate::request::Request;
use crate::{ModelError, ProviderConfig, ProviderKind, ProviderName, RecordingError};

/// Largest reply that a skill is given.
pub const MAX_REPLY_BYTES: usize = crate::reply::MAX_REPLY_BYTES;
/// Most parts of a reply.
pub const MAX_REPLY_PARTS: usize = crate::reply::MAX_REPLY_PARTS;

/// Reads a reply from the pieces of a stream, as it arrives from a server; none where the server broke the protocol, with
/// the reason.
///
/// # Errors
/// What a person would be told.
pub fn reply(kind: ProviderKind, pieces: &[&[u8]], request: &Request) -> Result<Reply, String> {
    let decoded = endpoint::read(kind.head().framing, pieces, kind.decoder()).map_err(|failure| failure.message)?;
    let reply = Reply { parts: decoded.parts, stop: decoded.stop, usage: Usage::default(), model: decoded.model };
    Ok(reply.distrust(request))
}

/// The first reply of an agent's phase, as a run that plays a recording back gets it.
///
/// # Errors
/// As a run would get them.
pub fn recorded(replay: &Replay, agent: AgentId, phase: Phase, request: &Request) -> Result<Reply, RecordingError> {
    replay.find(&CallKey { agent, phase, round: 1, turn: 1 }, request, &Volatile::default(), &str::to_owned)
}

/// The address that a provider's requests are sent to, and the variable that holds its key.
///
/// # Errors
/// Where it is not configured as it should be.
pub fn destination(name: &ProviderName, config: &ProviderConfig) -> Result<(String, Option<String>), ModelError> {
    let provider = Provider::find(name, Some(config))?;
    Ok((provider.url.to_string(), provider.key_env))
}
