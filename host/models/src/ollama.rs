//! Ollama's own protocol: a local server that needs no key, and cuts what is beyond the context it was asked for.

mod decode;
mod encode;
mod show;

pub(crate) use decode::Decoder;
pub(crate) use encode::encode;
pub(crate) use show::{SHOW, show, window_tokens};
