//! One client for everything that is asked of a repository's host.
//!
//! A name is resolved once for each origin, through the rules of `egress`, and connections go to the addresses that were
//! judged. Nothing is followed by itself, no proxy of the environment is asked, and plain HTTP stays on this machine.

use reqwest::{Client as Http, redirect};
use skillhost_core::destination::{Destination, Scheme, WebUrl};
use skillhost_core::reach::Opening;
use skillhost_egress::{DialError, Dialer, certificate_fault};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// For a connection with its handshakes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// For one request of a forge's interface: they answer within seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Addresses that are tried: large sites name some eight, of two kinds.
const MAX_ADDRESSES: usize = 4;

/// Reaches repositories' hosts. Cheap to clone; clones share what is open.
#[derive(Clone)]
pub struct Client {
    dialer: Dialer,
    nearness: Nearness,
    patience: Duration,
    open: Arc<Mutex<HashMap<(Scheme, Destination), Http>>>,
}

/// How near a host may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nearness {
    /// As near as policies open.
    Opened,
    /// And on this machine, where the URL itself says so.
    Loopback,
    /// And wherever its name leads.
    Anywhere,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebError {
    /// The host's own rules, or the name, or nobody there.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// It would go over a network without TLS.
    #[error("{0} can't be reached without TLS")]
    Plain(Destination),
    /// TLS can't be set up on this machine.
    #[error("TLS can't be set up: {0}")]
    Tls(String),
    /// The server's certificate is not, or no longer, one for it.
    #[error("its certificate {0}")]
    Certificate(&'static str),
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Connection(String),
    /// Nothing came for too long.
    #[error("nothing was answered in time")]
    TimedOut,
}

impl Client {
    /// For hosts that somebody else may have named: of addresses that lead into this machine or its network, those are
    /// reached that a policy opens.
    pub fn new(dialer: Dialer) -> Self {
        Self { dialer, nearness: Nearness::Opened, patience: PATIENCE, open: Arc::default() }
    }

    /// For hosts of URLs that a person typed: a loopback address, and `localhost`, is meant.
    pub fn of_a_typed_url(dialer: Dialer) -> Self {
        Self { nearness: Nearness::Loopback, ..Self::new(dialer) }
    }

    /// With another time that one request of a forge's interface may take, all in all.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// For hosts that the user named, as a provider's URL is: also where these are private ones.
    pub fn of_the_users_own(dialer: Dialer) -> Self {
        Self { nearness: Nearness::Anywhere, ..Self::new(dialer) }
    }

    /// What sends requests to the origin of a URL.
    pub(crate) async fn to(&self, url: &WebUrl) -> Result<Http, WebError> {
        let origin = (url.scheme(), url.destination().clone());
        if let Some(http) = self.lock().get(&origin) {
            return Ok(http.clone());
        }
        let addresses = self.addresses(url).await?;
        let http = connector(url, &addresses)?;
        Ok(self.lock().entry(origin).or_insert(http).clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(Scheme, Destination), Http>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The addresses that connections may go to.
    async fn addresses(&self, url: &WebUrl) -> Result<Vec<SocketAddr>, WebError> {
        let destination = url.destination();
        let (host, port) = (destination.host(), destination.port());
        let here = match host.address() {
            // A name server can't move it.
            None if host.name() == Some("localhost") => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            address => address.into_iter().filter(|address| address.to_canonical().is_loopback()).collect(),
        };
        if url.scheme() == Scheme::Http && here.is_empty() {
            return Err(WebError::Plain(destination.clone()));
        }
        if self.nearness != Nearness::Opened && !here.is_empty() {
            return Ok(here.into_iter().map(|at: IpAddr| (at, port).into()).collect());
        }
        let pinned = match self.dialer.pin(destination).await {
            Err(refused) if refused.is_refusal() && self.nearness == Nearness::Anywhere => {
                let own: Opening = host.to_string().parse().map_err(|_| refused)?;
                Dialer::new([vec![own]].into_iter().collect()).pin(destination).await?
            }
            pinned => pinned?,
        };
        Ok(pinned.addresses().iter().take(MAX_ADDRESSES).copied().collect())
    }
}

fn connector(url: &WebUrl, addresses: &[SocketAddr]) -> Result<Http, WebError> {
    // Fails only where a provider is installed already, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut http = Http::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(CONNECT_TIMEOUT)
        .https_only(url.scheme() == Scheme::Https)
        .user_agent(concat!("skillhost/", env!("CARGO_PKG_VERSION")))
        .resolve_to_addrs(&url.destination().host().to_string(), addresses);
    if url.scheme() == Scheme::Http {
        // Nothing is verified there, so a machine without certificates can do it, too.
        http = http.tls_certs_only([]);
    }
    http.build().map_err(|error| WebError::Tls(chain(&error)))
}

/// An error with its causes, on one line and without the URL: the outermost alone says little.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What is wrong with the server's certificate, where that is what went wrong.
fn certificate(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(rustls::Error::InvalidCertificate(fault)) = error.downcast_ref() {
            return Some(certificate_fault(fault));
        }
        // What an I/O error was made of is not its cause, but stands in its place.
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = inner.map(|inner| inner as _).or_else(|| error.source());
    }
    None
}

impl WebError {
    pub(crate) fn of(error: reqwest::Error) -> Self {
        match certificate(&error) {
            _ if error.is_timeout() => Self::TimedOut,
            Some(fault) => Self::Certificate(fault),
            None => Self::Connection(chain(&error.without_url())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use skillhost_core::reach::Openings;

    #[tokio::test]
    async fn r_17_a_loopback_address_is_reached_where_it_was_typed_or_a_policy_opens_it() {
        let dialer = |openings: &[&str]| {
            let openings: Vec<_> = openings.iter().map(|opening| opening.parse().unwrap()).collect();
            Dialer::new(Openings::from_iter([openings]))
        };
        let reaches = async |client: Client, url: &str| client.addresses(&WebUrl::parse(url).unwrap()).await.is_ok();
        for url in ["http://127.0.0.1:3000/a.git", "https://127.9.9.9/a.git", "https://[::1]/a.git"] {
            assert!(reaches(Client::of_a_typed_url(dialer(&[])), url).await, "{url}");
            assert!(reaches(Client::of_the_users_own(dialer(&[])), url).await, "{url}");
            assert!(!reaches(Client::new(dialer(&[])), url).await, "{url}");
            assert!(reaches(Client::new(dialer(&["127.0.0.0/8", "[::1]"])), url).await, "{url}");
        }
        assert!(reaches(Client::of_a_typed_url(dialer(&[])), "https://localhost/a.git").await);
        assert!(!reaches(Client::new(dialer(&[])), "https://localhost/a.git").await);
        for url in ["https://10.0.0.1/a.git", "https://169.254.169.254/a.git"] {
            assert!(!reaches(Client::of_a_typed_url(dialer(&[])), url).await, "{url}");
            assert!(!reaches(Client::new(dialer(&[])), url).await, "{url}");
        }
        for client in [Client::new(dialer(&["10.0.0.1"])), Client::of_the_users_own(dialer(&[]))] {
            assert!(!reaches(client, "http://10.0.0.1/a.git").await, "without TLS");
        }
    }
}
