//! What this crate asks of whoever can reach the network.

use skillhost_core::destination::WebUrl;
use std::fmt;
use std::io::{self, Read};

/// Sends requests of git's protocol, one at a time, and waits for what comes back.
///
/// An implementation judges the address that it connects to, verifies TLS, follows no redirect, asks no proxy and no
/// credential helper, and bounds each wait: then it fails with [`io::ErrorKind::TimedOut`]. An address that is not allowed
/// is [`io::ErrorKind::PermissionDenied`], a certificate that isn't valid, or none to judge it by,
/// [`io::ErrorKind::InvalidData`].
pub trait GitHttp: Send + Sync {
    /// Sends a request; gives the reply's head, and its body to be read.
    ///
    /// # Errors
    /// Where nothing came back. No text of the error, and of none that a body's reader gives, holds a password.
    fn send(&self, request: GitRequest<'_>) -> io::Result<GitReply>;
}

/// A request of git's protocol: a GET, or a POST where it has a body.
pub struct GitRequest<'a> {
    /// Where to.
    pub url: &'a WebUrl,
    /// Whose; sent as basic authentication, to this URL's origin and no other.
    pub credentials: Option<&'a Credentials>,
    /// What is sent.
    pub body: Option<GitBody>,
}

/// What a request sends.
pub struct GitBody {
    /// Its media type.
    pub content_type: &'static str,
    /// How many bytes there are.
    pub length: u64,
    /// The bytes.
    pub bytes: Box<dyn Read + Send>,
}

/// A reply.
pub struct GitReply {
    /// Its status.
    pub status: u16,
    /// Its media type, as it was sent.
    pub content_type: Option<String>,
    /// Where it sends on to.
    pub location: Option<String>,
    /// Its body.
    pub body: Box<dyn Read + Send>,
}

/// A user and a password or token. It shows nowhere, and is sent by an implementation of [`GitHttp`] alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// Of this user, who has no colon in the name.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self { user: user.into(), password: password.into() }
    }

    /// The user; a token may stand in its place.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password or token; may be empty.
    pub fn password(&self) -> &str {
        &self.password
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(hidden)")
    }
}
