//! Anthropic's Messages protocol.

mod cache;
mod decode;
mod encode;

pub(crate) use decode::Decoder;
pub(crate) use encode::encode;

pub(crate) const HEADERS: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];
