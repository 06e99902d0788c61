//! What the engine's ports mean in a run: models, the command sandbox, the worktree, a person.

mod ask;
mod changes;
mod exec;
mod log;
mod model;

pub(crate) use ask::AskPort;
pub use ask::{Person, Question};
pub(crate) use changes::ChangesPort;
pub(crate) use exec::{ExecPort, Outputs};
pub(crate) use log::LogPort;
pub(crate) use model::ModelPort;
