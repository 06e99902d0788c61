//! What a call came to: denials with their remedies, a skill's own error, an exit code.

use super::recorded::Recorded;
use crate::calling::denied::Denied;
use crate::failure::{Exit, Failure};
use serde::Serialize;
use skillhost_core::text::escape_terminal;
use skillhost_engine::contract::Error;
use skillhost_engine::{CallError, STUCK_HINT};

/// What the call gave, for programs.
#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) schema: &'static str,
    pub(super) skill: &'a str,
    pub(super) version: &'a str,
    pub(super) digest: String,
    pub(super) tool: Option<&'a str>,
    pub(super) result: Option<serde_json::Value>,
    pub(super) error: Option<String>,
    pub(super) written: Vec<String>,
    pub(super) removed: Vec<String>,
    pub(super) denied: Vec<Denied>,
    /// Questions, each with its answer and whose it was.
    pub(super) asked: Vec<String>,
    pub(super) tokens: u64,
    pub(super) cost_micro_usd: Option<u64>,
    pub(super) duration_ms: u64,
    /// What it used of its grants, where that was wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) recorded: Option<Recorded>,
}

/// An error that a skill returned: its text, escaped.
pub(super) fn describe(error: &Error) -> String {
    let say = |text: &str| escape_terminal(text, 500).to_string();
    match error {
        Error::Denied(text) => format!("denied: {}", say(text)),
        Error::Invalid(text) => format!("invalid input: {}", say(text)),
        Error::Exhausted(text) => format!("exhausted: {}", say(text)),
        Error::Cancelled => "cancelled".to_owned(),
        Error::TooLarge(bytes) => format!("too large: {bytes} bytes"),
        Error::Failed(text) => format!("failed: {}", say(text)),
    }
}

pub(super) fn exit_of(error: &Error) -> Exit {
    match error {
        Error::Denied(_) => Exit::Denied,
        Error::Exhausted(_) => Exit::Limit,
        Error::Cancelled => Exit::Interrupted,
        Error::Invalid(_) | Error::TooLarge(_) | Error::Failed(_) => Exit::Negative,
    }
}

/// A call that ended without an answer. Of a trap, all of its functions are told where that is wanted.
pub(super) fn call_failure(name: &str, error: &CallError, is_whole: bool) -> Failure {
    let exit = match error {
        CallError::Audit(_) => Exit::Integrity,
        CallError::MissingExport(_) => Exit::Configuration,
        CallError::UnknownTool(_) => Exit::Usage,
        CallError::Schema { what: "the arguments", .. } => Exit::Usage,
        error if error.is_limit() => Exit::Limit,
        _ => Exit::Negative,
    };
    let failure = Failure::new(exit, format!("{name} ended without an answer")).because_of_all(error);
    match error {
        CallError::Schema { .. } => failure.hint("skillhost inspect shows what its tools take"),
        CallError::Trap(trap) => failure.with_backtrace(&trap.backtrace(is_whole)),
        CallError::Stuck(_) => failure.hint(STUCK_HINT),
        error if error.is_limit() => {
            failure.hint("its manifest's [limits] can ask for more, up to the machine's policy")
        }
        _ => failure,
    }
}
