//! What can go wrong with a repository elsewhere. No text holds a password, and what a server said is escaped.

use crate::error::WorktreeError;
use skillhost_core::text::escape_terminal;
use std::io;

/// Longest part of a server's own words that an error quotes, in characters.
const MAX_QUOTED_CHARS: usize = 300;

/// Why a repository elsewhere could not be read or pushed to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// Not a URL of a repository that can be reached from here.
    #[error("not the URL of a repository: {rule}")]
    Url {
        /// What is wrong with it.
        rule: String,
    },
    /// A URL that names ssh, which no program is started for.
    #[error("a repository can't be reached over ssh from here")]
    Ssh,
    /// No remote of this name is configured.
    #[error("the repository has no remote named {name:?}")]
    Unknown {
        /// The name.
        name: String,
    },
    /// The server wants to know who asks, or doesn't let them.
    #[error("{host} refused access with status {status}")]
    Refused {
        /// Host and port.
        host: String,
        /// 401 or 403.
        status: u16,
    },
    /// There is no such repository, or only others may see it.
    #[error("{host} has no such repository, or doesn't show it")]
    NotFound {
        /// Host and port.
        host: String,
    },
    /// Another status than git's protocol knows.
    #[error("{host} answered with status {status}")]
    Status {
        /// Host and port.
        host: String,
        /// The status.
        status: u16,
    },
    /// The server sends on to another one, which nobody named.
    #[error("{host} sends on to another place, which is not followed")]
    Redirected {
        /// Host and port.
        host: String,
    },
    /// Something else than git is served there.
    #[error("{host} doesn't speak git's protocol there")]
    NotGit {
        /// Host and port.
        host: String,
    },
    /// The connection failed, or was refused by the host's own rules.
    #[error("{host} can't be reached")]
    Connection {
        /// Host and port.
        host: String,
        /// Why.
        source: io::Error,
    },
    /// The server broke the protocol.
    #[error("what the repository's server sent is not git's protocol: {what}")]
    Protocol {
        /// Where.
        what: &'static str,
    },
    /// The server said what is wrong, in its own words.
    #[error("the repository's server said: {text}")]
    Said {
        /// Escaped, and cut.
        text: String,
    },
    /// More than the host takes in.
    #[error("the repository's server sent more than {limit} {what}")]
    TooMuch {
        /// The limit.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// Nothing came for too long, or all of it took too long.
    #[error("the repository's server took too long")]
    TooSlow,
    /// No branch, tag or commit of this name is there.
    #[error("{revision:?} names no branch, tag or whole commit id of the repository")]
    Revision {
        /// The name.
        revision: String,
    },
    /// The commit has no regular file of this name.
    #[error("the commit {commit} has no regular file {path:?}")]
    NoFile {
        /// The commit.
        commit: String,
        /// The path.
        path: String,
    },
    /// The branch at the remote is not where the host left it.
    #[error("the branch {name:?} was changed at the remote by somebody else")]
    Moved {
        /// The branch.
        name: String,
    },
    /// The remote took the objects and not the branch, or neither.
    #[error("the remote refused the branch {name:?}: {reason}")]
    Rejected {
        /// The branch.
        name: String,
        /// Its own words, escaped and cut.
        reason: String,
    },
    /// A repository on this machine: the user's, the one that is read or pushed to, or the one that a pack is kept in.
    #[error(transparent)]
    Repository(#[from] WorktreeError),
}

impl From<git2::Error> for RemoteError {
    fn from(error: git2::Error) -> Self {
        Self::Repository(error.into())
    }
}

impl RemoteError {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        let advice = match self {
            Self::Url { .. } => {
                "name it as https://HOST/PATH, as file:///PATH, or as a path that begins with `/` or `./`; http is for \
                 loopback addresses alone"
            }
            Self::Ssh => "name it by its https URL, and give a token: no ssh program is started",
            Self::Unknown { .. } => "`git remote -v` lists them; `git remote add NAME URL` adds one",
            Self::Refused { .. } => "give a token that may read and write this repository, or look at its expiry",
            Self::NotFound { .. } => "look at the URL, and at what the token may see",
            Self::Connection { source, .. } => match source.kind() {
                io::ErrorKind::PermissionDenied => "where that is meant, a policy opens it: [network] private",
                io::ErrorKind::InvalidData => "an authority of your own is named with SSL_CERT_FILE=/path/to/ca.pem",
                _ => "is the name right, and the network there?",
            },
            Self::Status { status: 429, .. } => "the server wants fewer requests; try again later",
            Self::Status { status: 500.., .. } => "the server has a problem of its own; try again later",
            Self::TooSlow => "try again later",
            Self::Protocol { .. } => "nothing of it was used; tell whoever runs the server",
            Self::Redirected { .. } => "name the place that it sends to, if you trust that",
            Self::NotGit { .. } => "look at the URL: it names the repository, not a page about it",
            Self::Moved { .. } => {
                "nothing was pushed, and the branch is still here: look at the remote's, then push it yourself"
            }
            Self::Revision { .. } => "name a branch, a tag or all 40 digits of a commit's id",
            Self::Repository(error) => return error.hint(),
            _ => return None,
        };
        Some(advice.to_owned())
    }

    /// Whether a limit of the host, or of time, ended it.
    pub fn is_limit(&self) -> bool {
        match self {
            Self::TooMuch { .. } | Self::TooSlow => true,
            Self::Repository(error) => error.is_limit(),
            _ => false,
        }
    }

    /// What a server said, fit to be shown.
    pub(super) fn quoted(text: &[u8]) -> String {
        escape_terminal(String::from_utf8_lossy(text).trim(), MAX_QUOTED_CHARS).as_str().to_owned()
    }

    pub(super) fn said(text: &[u8]) -> Self {
        Self::Said { text: Self::quoted(text) }
    }

    pub(super) fn protocol(what: &'static str) -> Self {
        Self::Protocol { what }
    }

    pub(super) fn url(rule: impl ToString) -> Self {
        Self::Url { rule: rule.to_string() }
    }
}
