//! The first wall: runs a skill's component with exactly the capabilities that it was granted.
//!
//! A component is read without running or compiling it ([`inspect`]), compiled once in a process that can be ended
//! ([`Engine::load`]), and called in a store of its own that is dropped afterwards, however the call ends ([`Call`]).
//! What reaches outside goes through the port traits of [`ports`], whose meaning `runs` gives; each such call passes
//! one gate: grant check, audit intent, effect, audit outcome. Files are reached through the guard in [`files`].

mod ambient;
mod cache;
mod call;
mod clock;
mod compile;
mod config;
pub mod contract;
mod engine;
mod error;
pub mod files;
mod gate;
mod grantor;
pub mod http;
pub mod inspect;
mod interfaces;
mod job;
mod limiter;
mod lines;
mod measure;
mod output;
pub mod ports;
mod record;
mod remedy;
mod schedule;
mod schema;
mod signature;
mod sockets;
mod state;
mod supervise;
#[cfg(feature = "testing")]
pub mod testing;
mod trap;
mod uses;
mod versions;

pub use call::{Call, Called};
pub use compile::{CompileLimits, Compiler};
pub use config::{Allocation, wasmtime_config};
pub use engine::{Engine, Options, Skill};
pub use error::{CallError, LoadError, Outdated, STUCK_HINT, Unanswered};
pub use gate::Denial;
pub use grantor::Grantor;
pub use job::{JobLimits, job_if_requested};
pub use lines::{Place, has_lines};
pub use measure::measure;
pub use output::Printed;
pub use record::Done;
pub use remedy::OFFERED;
pub use schedule::{runtime, runtime_of_one_call};
pub use supervise::{Watch, supervised};
pub use trap::{Frame, Trap};
pub use uses::Uses;
