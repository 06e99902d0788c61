//! Why nothing was fetched, or published. What a server said stands in no text; what it named does, escaped.

use super::rules::Denial;
use http::StatusCode;
use skillhost_core::destination::Destination;
use skillhost_core::digest::Digest;
use skillhost_core::reference::{OciReference, Reference};
use skillhost_egress::{DialError, OpenError, certificate_fault};
use std::error::Error;
use std::io;
use std::time::Duration;

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

/// Why something was not published, or not all of it.
#[derive(Debug, thiserror::Error)]
#[error("{reference} can't be pushed")]
pub struct PushError {
    /// What was to be published.
    pub reference: OciReference,
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

    /// Whether it was refused for how near it leads, which whoever uses this machine can allow.
    pub fn leads_too_near(&self) -> bool {
        match &self.fault {
            Fault::Outside => true,
            Fault::Open { source: OpenError::Dial(error), .. } => error.is_refusal(),
            Fault::Git { class, .. } => *class == Class::Denied,
            _ => false,
        }
    }
}

impl PushError {
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
    /// A lock leads to a place of this machine that nobody named here.
    #[error("it leads out of the lock's folder, and nobody on this machine named it")]
    Outside,
    /// A repository can't be read, by a reader that was [handed in](super::Sources::with_git).
    #[error("the repository can't be read")]
    Git {
        /// Which kind of failure it is.
        class: Class,
        /// What to do about it.
        hint: Option<String>,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server has no such thing.
    #[error("{destination} has no {what}")]
    NotFound {
        /// The server.
        destination: Destination,
        /// What it doesn't have.
        what: &'static str,
    },
    /// There is no connection to the server, or none that may be made.
    #[error("no connection to {destination}")]
    Open {
        /// The server.
        destination: Destination,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The server's certificate is not, or no longer, one for it.
    #[error("the certificate of {destination} {reason}")]
    Certificate {
        /// The server.
        destination: Destination,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// What came is no HTTP, or broke off.
    #[error("the reply of {destination} broke off or is no HTTP")]
    Broken {
        /// The server.
        destination: Destination,
        /// How.
        #[source]
        source: hyper::Error,
    },
    /// The server refuses, or can't.
    #[error("{destination} answered {status}{}", code.as_ref().map(|code| format!(" {code}")).unwrap_or_default())]
    Status {
        /// The server.
        destination: Destination,
        /// With what.
        status: StatusCode,
        /// The registry's own word for it: letters and underscores.
        code: Option<String>,
    },
    /// A redirect leads where none may.
    #[error("{destination} redirects {why}")]
    Redirect {
        /// The server.
        destination: Destination,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A redirect leads where no policy allows.
    #[error("{destination} redirects to {to}")]
    NotAllowed {
        /// The server.
        destination: Destination,
        /// Where to, without what is meant for that server alone.
        to: String,
        /// The rule that says so.
        #[source]
        source: Denial,
    },
    /// The server sends a page for people.
    #[error("{destination} sent a web page")]
    Page {
        /// The server.
        destination: Destination,
    },
    /// What came is compressed, though nobody asked for that.
    #[error("{destination} sent {what} compressed")]
    Encoded {
        /// The server.
        destination: Destination,
        /// What was asked for.
        what: &'static str,
    },
    /// Nothing came for too long.
    #[error("{destination} stalled")]
    Stalled {
        /// The server.
        destination: Destination,
    },
    /// It took too long altogether.
    #[error("it took longer than {most:?}")]
    TooSlow {
        /// The most that it may take.
        most: Duration,
    },
    /// It is larger than it may be.
    #[error("{what} is larger than {most_bytes} bytes")]
    TooLarge {
        /// What is.
        what: &'static str,
        /// The most that is read, in bytes.
        most_bytes: u64,
    },
    /// There are more than may be.
    #[error("there are more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that are looked at.
        most: usize,
    },
    /// It has another size than was said.
    #[error("{what} was said to have {said} bytes and has {came}")]
    Length {
        /// What.
        what: &'static str,
        /// In bytes.
        said: u64,
        /// In bytes; where more were coming, one more than was said.
        came: u64,
    },
    /// It is something else than what was named.
    #[error("{what} is {found} and not {expected}")]
    Digest {
        /// What.
        what: &'static str,
        /// What was named.
        expected: Digest,
        /// What came.
        found: Digest,
    },
    /// A registry's document contradicts itself, or is none.
    #[error("{what} {reason}")]
    Document {
        /// Which one.
        what: &'static str,
        /// What is wrong with it; what it quotes is escaped.
        reason: String,
    },
    /// Credentials are there, and can't be used.
    #[error("the credentials for {registry} can't be used: {reason}")]
    Credentials {
        /// The registry.
        registry: String,
        /// Why; it never holds one.
        reason: String,
    },
    /// The registry wants its credentials sent to somebody else.
    #[error("{registry} asks for its credentials to be sent to {realm}")]
    Realm {
        /// The registry.
        registry: Destination,
        /// Where they were to go.
        realm: Destination,
    },
    /// The tag names something else already.
    #[error("the tag names {found} already")]
    Taken {
        /// The digest of the manifest that it names.
        found: Digest,
    },
    /// What is published needs a name that people can find.
    #[error("the reference has no tag, or a digest beside it")]
    Untagged,
    /// What was to be published is no component with a manifest.
    #[error("it is no skill")]
    NotASkill(#[source] Box<dyn Error + Send + Sync>),
}

impl Fault {
    /// What opening a connection came to.
    pub(crate) fn opening(destination: &Destination, source: OpenError) -> Self {
        let destination = destination.clone();
        match source {
            OpenError::Certificate(error) => Self::Certificate { destination, reason: certificate_fault(&error) },
            OpenError::Dial(DialError::TimedOut { .. }) => Self::Stalled { destination },
            source => Self::Open { destination, source },
        }
    }

    /// Which kind of failure it is.
    pub fn class(&self) -> Class {
        match self {
            Self::Status { status, .. } if matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                Class::Denied
            }
            Self::Open { source: OpenError::Dial(error), .. } if error.is_refusal() => Class::Denied,
            Self::Redirect { .. } | Self::NotAllowed { .. } | Self::Realm { .. } => Class::Denied,
            Self::Outside | Self::Taken { .. } => Class::Denied,
            Self::TooLarge { .. } | Self::TooMany { .. } | Self::Stalled { .. } | Self::TooSlow { .. } => Class::Limit,
            Self::Length { .. } | Self::Digest { .. } | Self::Document { .. } => Class::Integrity,
            Self::Git { class, .. } => *class,
            _ => Class::Unavailable,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::File(error) if error.kind() == io::ErrorKind::NotFound => "is the path right, from this folder?",
            Self::Unsupported | Self::File(_) => return None,
            Self::Git { hint, .. } => return hint.clone(),
            Self::NotFound { .. } => "is the name right? Some registries say this, too, where credentials are missing",
            Self::Open { destination, source: OpenError::Dial(error) } if error.is_refusal() => {
                return Some(if destination.host().name() == Some("localhost") {
                    "localhost is a name like any other: write 127.0.0.1".to_owned()
                } else {
                    format!("where that is meant, a policy opens it: [network] private = [\"{}\"]", destination.host())
                });
            }
            Self::Open { source: OpenError::Setup(_), .. } => {
                "install ca-certificates; where SSL_CERT_FILE is set, that file has to be there, and to hold certificates in PEM"
            }
            Self::Open { .. } | Self::Broken { .. } => "is the name right, and the network there?",
            Self::Certificate { .. } => "an authority of your own is named with SSL_CERT_FILE=/path/to/ca.pem",
            Self::Status { status, .. } => match status.as_u16() {
                401 | 403 => "log in with `docker login` or `podman login`, or see docs/registries.md for other ways",
                429 => "the server wants fewer requests; log in, or try again later",
                500.. => "the server has a problem of its own; try again later",
                _ => return None,
            },
            Self::Outside => "`skillhost add REF` names it, where you know what is there",
            Self::NotAllowed { .. } => "a policy that trusts this place names it, too, under [sources] allow",
            Self::Redirect { .. } => "name the place itself that it leads to, if you trust it",
            Self::Page { .. } => {
                "name the file or the registry itself, as a download link does, not a page that shows it"
            }
            Self::Encoded { .. } => "the server has to send the file as it is, without a Content-Encoding",
            Self::Stalled { .. } => "try again; nothing was changed",
            Self::TooSlow { .. } => {
                "try again; nothing was changed. config.toml says how long it may take: [sources] time"
            }
            Self::TooLarge { .. } => "a skill is one component; data that it needs belongs elsewhere",
            Self::TooMany { .. } => "whoever publishes it has to take some away",
            Self::Length { .. } | Self::Digest { .. } | Self::Document { .. } => {
                "nothing of it was used; tell whoever runs the server"
            }
            Self::Credentials { .. } => "docs/registries.md says where credentials are looked for",
            Self::Realm { .. } => "credentials go to the registry itself and to hosts of its domain alone",
            Self::Taken { .. } => "use another tag, or --force to let this one name something else",
            Self::Untagged => "write oci://HOST/NAME:TAG; the digest is the registry's answer",
            Self::NotASkill(_) => "`skillhost inspect FILE` says more",
        };
        Some(text.to_owned())
    }
}
