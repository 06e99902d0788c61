//! What the engine's ports mean in a run: models, the command sandbox, the worktree, a person,
//! hosts of the network.

mod ask;
mod changes;
mod exec;
mod http;
mod log;
mod model;

pub(crate) use ask::AskPort;
pub use ask::{Person, Question};
pub(crate) use changes::ChangesPort;
pub(crate) use exec::{ExecPort, Outputs};
pub(crate) use http::HttpPort;
pub(crate) use log::LogPort;
pub(crate) use model::ModelPort;
