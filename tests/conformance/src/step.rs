//! What a case tells of itself.

use serde::Deserialize;

/// A step of a case: what the guest did, what came of it, and what should have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) what: String,
    pub(crate) got: String,
    pub(crate) want: String,
}
