//! The proxy that a command with a list of hosts finds on its loopback.
//!
//! Its network namespace stays empty. Init makes a listener in it and hands that to the host, which accepts connections
//! from outside: no process in the sandbox stands between, nothing is mounted, and the command has no socket of the
//! host's.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

/// Where it listens inside. Always the same, so that output does not depend on the machine.
pub(crate) const INSIDE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3128);

/// The variables by which clients find a proxy: curl reads small letters, most others both; npm, pip, go and cargo read
/// these, and Yarn of version 2 and later its own.
const ADDRESS: [&str; 8] = [
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
];
/// A test's own server is spoken to directly.
const DIRECT: [(&str, &str); 2] = [("NO_PROXY", "localhost,127.0.0.1,::1"), ("no_proxy", "localhost,127.0.0.1,::1")];
/// Node's own `fetch` and `http` look at the variables only where this is set.
const NODE: (&str, &str) = ("NODE_USE_ENV_PROXY", "1");
/// Whom the machine trusts, as one file: Debian's place, then Fedora's.
const ROOTS: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"];
/// Clients that bring roots of their own, or look elsewhere, trust whom the machine trusts: TLS passes through to them,
/// and a company's own root is known to the machine alone.
const TRUST: [&str; 7] = [
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "GIT_SSL_CAINFO",
];

/// Who serves the proxy's listener, from outside of the sandbox.
#[derive(Clone)]
pub struct Serve(Arc<dyn Fn(TcpListener) -> io::Result<()> + Send + Sync>);

impl Serve {
    /// `start` is called once for each command, before it starts, and returns at once.
    pub fn new(start: impl Fn(TcpListener) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self(Arc::new(start))
    }

    pub(crate) fn start(&self, listener: TcpListener) -> io::Result<()> {
        (self.0)(listener)
    }
}

impl fmt::Debug for Serve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Serve")
    }
}

/// What a command's clients need to know of a proxy at `address`.
pub(crate) fn variables(address: SocketAddr) -> impl Iterator<Item = (&'static str, String)> {
    let roots = ROOTS.iter().find(|file| Path::new(file).is_file());
    let trust = roots.into_iter().flat_map(|file| TRUST.iter().map(|name| (*name, (*file).to_owned())));
    let found = ADDRESS.iter().map(move |name| (*name, format!("http://{address}")));
    found.chain(DIRECT.into_iter().chain([NODE]).map(|(name, value)| (name, value.to_owned()))).chain(trust)
}
