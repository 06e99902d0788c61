//! The Chat Completions protocol: what most servers and gateways speak.

mod decode;
mod encode;

pub(crate) use decode::Decoder;
pub(crate) use encode::{encode, system, tools, user};
