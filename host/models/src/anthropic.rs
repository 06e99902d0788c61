//! Anthropic's Messages protocol.

mod decode;
mod encode;

pub(crate) use decode::Decoder;
pub(crate) use encode::encode;

use crate::endpoint::KeyHeader;

pub(crate) const KEY_HEADER: KeyHeader = KeyHeader { name: "x-api-key", prefix: "" };
pub(crate) const HEADERS: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];
