//! OpenAI's Responses protocol.
//!
//! Nothing is stored at the provider (`store: false`): the conversation goes back whole, reasoning too, which comes
//! encrypted and is returned as it came.

mod decode;
mod encode;

pub(crate) use decode::Decoder;
pub(crate) use encode::encode;
