//! What a wall did when it was tried, for people who want to know and not to believe.

use serde::Serialize;

/// One attempt at a wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// What was attempted, in words.
    pub tried: String,
    /// What came of it.
    pub happened: String,
    /// Whether that is what the wall is for.
    pub holds: bool,
}

impl Measured {
    /// An attempt, whether the wall held, and what came of it.
    pub fn new(tried: impl Into<String>, holds: bool, happened: impl Into<String>) -> Self {
        Self { tried: tried.into(), happened: happened.into(), holds }
    }
}
