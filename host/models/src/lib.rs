//! Language models: where they are, who may ask them, and what that may cost.
//!
//! A skill asks for a tier, never for a model. The host maps the skill's role and the tier to `provider:model`, holds
//! the key, reserves the worst case from the budgets before it sends anything, and settles with what was really used.
//! Everything that a server sends back is data: bounded, scrubbed of the key, and distrusted where it says how it ended.
//!
//! A recording takes the place of a provider: [`Recorder`] writes what was said, [`Replay`] says it again.
//!
//! Architecture invariant: a key goes to the one origin that the user configured for it. No redirect is followed, no
//! proxy is used, and nothing that a repository says can name an origin.

mod ambient;
mod anthropic;
mod budget;
mod chat;
mod config;
mod decode;
mod endpoint;
mod error;
mod event;
mod failure;
mod framing;
mod json;
mod key;
mod known;
mod lines;
mod models;
mod ollama;
mod price;
mod probe;
mod protocol;
mod recording;
mod reply;
mod request;
mod responses;
mod role;
mod send;
mod site;
mod sse;
mod strict;
mod suggestion;
#[cfg(feature = "testing")]
pub mod testing;
mod tuning;

pub use budget::{Allowance, Amount, Budget, Exhausted, Reservation};
pub use config::{ProviderConfig, ProviderKind};
pub use error::ModelError;
pub use event::{Event, Events, ignore_events};
pub use models::{MAX_PARALLEL_CALLS, Models, Setup};
pub use probe::{Finding, Probed};
pub use recording::{Recorder, RecordingError, Replay, Volatile};
pub use reply::{Reply, Stop, Usage};
pub use request::{Message, Part, Request, Speaker, ToolCall, ToolChoice, ToolDefinition, ToolResult};
pub use role::{ModelRef, Override, ProviderName, Role, Roles, SharedProvider};
pub use site::{CallSite, Turns};
pub use suggestion::{Suggestion, suggestions};
pub use tuning::Tuning;
