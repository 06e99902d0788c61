//! The name of a commit.

use crate::error::WorktreeError;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The full id of a commit, in hex. That it exists is not implied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(git2::Oid);

impl CommitId {
    /// The first 12 hexadecimal digits: enough for people to tell commits apart.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }

    pub(crate) fn oid(self) -> git2::Oid {
        self.0
    }
}

impl From<git2::Oid> for CommitId {
    fn from(oid: git2::Oid) -> Self {
        Self(oid)
    }
}

impl FromStr for CommitId {
    type Err = WorktreeError;

    fn from_str(text: &str) -> Result<Self, WorktreeError> {
        let whole = text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let oid = if whole { git2::Oid::from_str(text).ok() } else { None };
        oid.filter(|oid| !oid.is_zero())
            .map(Self)
            .ok_or_else(|| WorktreeError::Revision { revision: text.chars().take(80).collect(), shallow: false })
    }
}

impl TryFrom<String> for CommitId {
    type Error = WorktreeError;

    fn try_from(text: String) -> Result<Self, WorktreeError> {
        text.parse()
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> String {
        id.to_string()
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
