//! Why nothing was fetched. What a server said is quoted nowhere but where it is said so, and escaped there.

use skillhost_core::reference::Reference;
use std::io;

/// Why a reference gave nothing.
#[derive(Debug, thiserror::Error)]
#[error("{reference} can't be fetched")]
pub struct FetchError {
    /// What was to be fetched.
    pub reference: Reference,
    /// Why it wasn't.
    #[source]
    pub fault: Fault,
}

impl FetchError {
    /// Which kind of failure it is.
    pub fn class(&self) -> Class {
        self.fault.class()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.fault.hint()
    }
}

/// The kinds of failure that exit codes tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It isn't there, or can't be reached (3).
    Unavailable,
    /// A rule of the host or the policy is against it, or the server wants other credentials (4).
    Denied,
    /// It is larger, or takes longer, than it may (5).
    Limit,
    /// It isn't what it says it is (6).
    Integrity,
}

/// What went wrong with a source.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing here fetches such a reference.
    #[error("nothing fetches such a reference here")]
    Unsupported,
    /// A file can't be read.
    #[error("the file can't be read")]
    File(#[source] io::Error),
    /// A repository can't be read, by a reader that was [handed in](super::Sources::with_git).
    #[error("the repository can't be read")]
    Git(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It is larger than it may be.
    #[error("{what} is larger than {most_bytes} bytes")]
    TooLarge {
        /// What is.
        what: &'static str,
        /// The most that is read, in bytes.
        most_bytes: u64,
    },
}

impl Fault {
    /// Which kind of failure it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Unsupported | Self::File(_) | Self::Git(_) => Class::Unavailable,
            Self::TooLarge { .. } => Class::Limit,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooLarge { .. } => Some("a skill is one component; data that it needs belongs elsewhere".to_owned()),
            _ => None,
        }
    }
}
