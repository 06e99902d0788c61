//! The SDK for skills written in Rust: the interfaces of `wit/` as plain types, one way to export each kind, and a mock host.
//!
//! ```
//! use skillhost_sdk::{Brief, Check, CheckOutcome, Error, Host, Verify, mock};
//!
//! /// Passes a criterion when some gate ended with exit code 0.
//! struct AnyGate;
//!
//! impl Verify for AnyGate {
//!     fn verify(_host: &dyn Host, brief: Brief) -> Result<Vec<Check>, Error> {
//!         let evidence: Vec<String> =
//!             brief.gates.iter().filter(|gate| gate.exit_code == Some(0)).map(|gate| gate.evidence.clone()).collect();
//!         let outcome = if evidence.is_empty() { CheckOutcome::NotRun } else { CheckOutcome::Passed };
//!         Ok(brief
//!             .criteria
//!             .into_iter()
//!             .map(|criterion| Check { id: criterion.id, outcome, evidence: evidence.clone(), detail: String::new() })
//!             .collect())
//!     }
//! }
//!
//! skillhost_sdk::export_verify!(AnyGate); // the component's export; nothing on other targets
//!
//! // The same function, natively, over a mock host:
//! let host = mock::Host::new();
//! let checks = AnyGate::verify(&host, mock::brief("a goal")).expect("no gate is not an error");
//! assert!(checks.is_empty());
//! ```
//!
//! Beside that it holds what every skill that talks to a model needs: the [tool loop](conversation) with a context that fits
//! the model's window, the [rendering of a brief](prompt) in an order that caches well, and the [read-only tools](explore)
//! `list`, `search` and `read`. Several conversations can go on [side by side](side_by_side). What an author checks before it
//! finishes is checked again by a verifier and a reviewer, with the same code: whether [tests ran](count_tests), whether those of
//! the base are [still there](intact), and what else can be [seen in a change](checks) without a model.

#[doc(hidden)]
pub mod bindings;

mod allowance;
mod ambient;
pub mod arguments;
pub mod changed;
pub mod checks;
pub mod clip;
mod context;
pub mod conversation;
pub mod encoding;
pub mod explore;
pub mod glob;
mod host;
mod imports;
pub mod intact;
mod kinds;
pub mod mock;
pub mod path;
pub mod prompt;
mod repeats;
pub mod schema;
pub mod side_by_side;
pub mod tools;
pub mod walk;

pub use bindings::imports::skillhost::skill::{
    changes::{Entry as Change, Kind as ChangeKind},
    exec::{Command, Outcome},
    log::Level,
    model::{
        Budget, Message, Part, Reply, Request, Speaker, Stop, Tier, ToolCall, ToolChoice, ToolDefinition, ToolResult,
        Usage,
    },
    types::{Answer, Brief, Criterion, Document, Error, Finding, Gate, Location, Severity, Step},
};
pub use bindings::{
    implement::exports::skillhost::skill::implement::Summary,
    spec::exports::skillhost::skill::spec::Specification,
    verify::exports::skillhost::skill::verify::{Check, Outcome as CheckOutcome},
};
pub use host::{FileKind, Host, MAX_LOAD_BYTES, Node, read_error, write_error};
pub use imports::Imports;
pub use kinds::{Implement, Review, Spec, Tool, Verify};
pub use skillhost_suite::{Counts, count_tests};

/// What a review is about, and what it returns.
pub mod review {
    pub use crate::bindings::review::exports::skillhost::skill::review::{Report, Subject, Verdict};
}
