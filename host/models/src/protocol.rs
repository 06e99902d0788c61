//! The protocol that each kind of provider speaks.

use serde_json::Value;

use crate::config::ProviderKind;
use crate::decode::Decode;
use crate::framing::Framing;
use crate::request::Request;
use crate::{anthropic, chat, ollama, responses};

/// What the HTTP of a protocol has of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head {
    /// The header that the key stands in.
    pub(crate) key_name: &'static str,
    /// What stands before it there.
    pub(crate) key_prefix: &'static str,
    /// Headers of every request.
    pub(crate) fixed: &'static [(&'static str, &'static str)],
    /// What comes back.
    pub(crate) framing: Framing,
}

/// What a request is encoded for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) model: &'a str,
    pub(crate) max_output_tokens: u32,
    /// Tokens that a request and its reply may have together.
    pub(crate) window_tokens: u64,
}

/// `Authorization: Bearer KEY`, and server-sent events.
const BEARER: Head = Head { key_name: "authorization", key_prefix: "Bearer ", fixed: &[], framing: Framing::Events };

impl ProviderKind {
    /// The last folder of a base URL that users leave out or not, and what follows it.
    pub(crate) fn path(self) -> (&'static str, &'static str) {
        match self {
            Self::Anthropic => ("/v1", "messages"),
            Self::Openai => ("", "responses"),
            Self::OpenaiCompatible => ("", "chat/completions"),
            Self::Ollama => ("/api", "chat"),
        }
    }

    pub(crate) fn head(self) -> Head {
        match self {
            Self::Anthropic => Head { key_name: "x-api-key", key_prefix: "", fixed: anthropic::HEADERS, ..BEARER },
            Self::Openai | Self::OpenaiCompatible => BEARER,
            Self::Ollama => Head { framing: Framing::Lines, ..BEARER },
        }
    }

    /// The body of a request.
    pub(crate) fn encode(self, request: &Request, target: Target<'_>) -> Value {
        match self {
            Self::Anthropic => anthropic::encode(request, target),
            Self::Openai => responses::encode(request, target),
            Self::OpenaiCompatible => chat::encode(request, target),
            Self::Ollama => ollama::encode(request, target),
        }
    }

    /// What reads a reply.
    pub(crate) fn decoder(self) -> Box<dyn Decode> {
        match self {
            Self::Anthropic => Box::<anthropic::Decoder>::default(),
            Self::Openai => Box::<responses::Decoder>::default(),
            Self::OpenaiCompatible => Box::<chat::Decoder>::default(),
            Self::Ollama => Box::<ollama::Decoder>::default(),
        }
    }
}
