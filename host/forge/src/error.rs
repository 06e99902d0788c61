//! What can go wrong at a forge. No text holds a token, and what a forge said is escaped.

use crate::client::WebError;

/// Why a pull request could not be opened or brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForgeError {
    /// It can't be reached.
    #[error("{host} can't be reached")]
    Connection {
        /// The forge.
        host: String,
        /// Why.
        source: WebError,
    },
    /// It doesn't take the token, or the token may not do this.
    #[error("{host} refused the token with status {status}: {said}")]
    Refused {
        /// The forge.
        host: String,
        /// 401, 403 or 404, which forges answer for what a token may not see.
        status: u16,
        /// Its words.
        said: String,
    },
    /// It doesn't do what was asked.
    #[error("{host} answered with status {status}: {said}")]
    Status {
        /// The forge.
        host: String,
        /// The status.
        status: u16,
        /// Its words.
        said: String,
    },
    /// It sends on to somewhere else, where the token must not go.
    #[error("{host} sends on to another place, which is not followed")]
    Redirected {
        /// The forge.
        host: String,
    },
    /// Its answer is not of the documented interface.
    #[error("what {host} answered is not of its documented interface: {what}")]
    Answer {
        /// The forge.
        host: String,
        /// What is wrong.
        what: &'static str,
    },
    /// More than is read.
    #[error("{host} answered more than {limit} bytes")]
    TooLarge {
        /// The forge.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// A person closed or merged what the host had opened.
    #[error("the pull request {number} of this branch was closed or merged at {host}, and is left as it is")]
    Closed {
        /// The forge.
        host: String,
        /// Its number.
        number: u64,
    },
}

impl ForgeError {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Refused { .. } => {
                "give a token that may write pull requests of this repository, or look at its expiry"
            }
            Self::Redirected { .. } => {
                "the repository may have been renamed: `git remote set-url` gives the remote its new URL"
            }
            Self::Answer { .. } => "look at `kind` and `url` of the forge in config.toml",
            Self::Connection { .. } => {
                "the branch and PR.md are there: push and open it by hand, or start another run later"
            }
            _ => return None,
        })
    }

    /// The status that it answered with, where one came.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } | Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether a limit ended it.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Connection { source: WebError::TimedOut, .. })
    }

    /// Whether another one of the same branch may be what stands in the way.
    pub(crate) fn may_exist(&self) -> bool {
        matches!(self, Self::Status { status: 409 | 422, .. })
    }
}
