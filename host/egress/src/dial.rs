//! Resolving a name once, judging what comes back, and connecting to that and nothing else.

use crate::address::special;
use crate::ambient;
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_core::destination::Destination;
use skillhost_core::reach::Openings;
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// A resolver tries several servers for some seconds each; longer than this, nobody answers.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(15);
/// For one address. A handshake around the world takes less than a second, a lost packet is sent again twice in this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Addresses that are tried: large sites name some eight, of two kinds.
const MAX_TRIED: usize = 4;
/// Addresses that are judged; a longer answer is refused rather than judged in part.
const MAX_ADDRESSES: usize = 256;
/// Lookups of one command or call at one time. Each holds a thread of the runtime's blocking ones for as long as the
/// resolver takes, whether or not anybody still waits for it.
const MAX_LOOKUPS: usize = 16;
/// Those of all together: a quarter of these threads.
const MAX_ALL_LOOKUPS: usize = 128;

/// Names to addresses.
pub trait Resolve: Send + Sync {
    /// The addresses of a name.
    fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver.
#[derive(Debug)]
struct System;

impl Resolve for System {
    fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        ambient::resolve(name).boxed()
    }
}

/// Makes connections, under the openings that policies give. Cheap to clone.
///
/// Which hosts may be reached at all is the caller's to decide, before: this judges addresses.
#[derive(Clone)]
pub struct Dialer {
    resolver: Arc<dyn Resolve>,
    openings: Openings,
    lookups: Arc<Semaphore>,
    /// Of all that were [set apart](Dialer::apart).
    all_lookups: Arc<Semaphore>,
}

/// Why there is no connection. Texts name the host and what is special about its address, never the address itself: a
/// guest reads them, and would learn what names of the internal network mean.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// One of its addresses is special, and no policy opens it.
    #[error("{destination} is a {range} address, which only a policy can open")]
    Special {
        /// Where it was to go.
        destination: Destination,
        /// The first such address, for the log.
        address: IpAddr,
        /// What is special.
        range: &'static str,
    },
    /// The name has no address, or too many.
    #[error("{destination} can't be resolved")]
    Unresolved {
        /// Where it was to go.
        destination: Destination,
        /// The system's reason, where it gave one.
        #[source]
        source: Option<io::Error>,
    },
    /// No address takes a connection.
    #[error("{destination} takes no connection")]
    Unreachable {
        /// Where it was to go.
        destination: Destination,
        /// The system's reason for the last address.
        #[source]
        source: io::Error,
    },
    /// Resolving or connecting took too long.
    #[error("{destination} didn't answer in time")]
    TimedOut {
        /// Where it was to go.
        destination: Destination,
    },
}

impl DialError {
    /// Whether it was refused, and not merely failed.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Special { .. })
    }
}

/// A destination whose addresses were judged. A connection through it goes to one of them.
#[derive(Debug, Clone)]
pub struct Pinned {
    destination: Destination,
    addresses: Vec<SocketAddr>,
}

/// A connection, and the address that it goes to.
#[derive(Debug)]
pub struct Connection {
    /// The bytes.
    pub stream: TcpStream,
    /// Where they go.
    pub address: SocketAddr,
}

impl Dialer {
    /// With the system's resolver.
    pub fn new(openings: Openings) -> Self {
        let (lookups, all_lookups) = (Semaphore::new(MAX_LOOKUPS), Semaphore::new(MAX_ALL_LOOKUPS));
        let (lookups, all_lookups) = (Arc::new(lookups), Arc::new(all_lookups));
        Self { resolver: Arc::new(System), openings, lookups, all_lookups }
    }

    /// With another resolver.
    pub fn with_resolver(self, resolver: impl Resolve + 'static) -> Self {
        Self { resolver: Arc::new(resolver), ..self }
    }

    /// The same with lookups of its own: a command, or a skill's call, whose names aren't answered holds up itself first.
    pub fn apart(&self) -> Self {
        Self { lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)), ..self.clone() }
    }

    /// [`Dialer::pin`], then [`Pinned::connect`].
    ///
    /// # Errors
    /// As these.
    pub async fn connect(&self, destination: &Destination) -> Result<Connection, DialError> {
        self.pin(destination).await?.connect().await
    }

    /// Resolves a destination, once, and judges every address.
    ///
    /// # Errors
    /// Where it can't be resolved, or one address is special and no policy opens it: an answer that mixes public and
    /// private addresses is an attack or a mistake.
    pub async fn pin(&self, destination: &Destination) -> Result<Pinned, DialError> {
        let addresses = match destination.host().address() {
            Some(address) => vec![address],
            None => self.resolve(destination).await?,
        };
        for address in &addresses {
            if let Some(range) = special(*address).filter(|_| !self.openings.cover(destination, *address)) {
                return Err(DialError::Special { destination: destination.clone(), address: *address, range });
            }
        }
        let port = destination.port();
        let addresses = addresses.into_iter().map(|address| SocketAddr::new(address.to_canonical(), port)).collect();
        Ok(Pinned { destination: destination.clone(), addresses })
    }

    async fn resolve(&self, destination: &Destination) -> Result<Vec<IpAddr>, DialError> {
        let unresolved = |source| DialError::Unresolved { destination: destination.clone(), source };
        let timed_out = || DialError::TimedOut { destination: destination.clone() };
        let name = destination.host().to_string();
        let looked_up = async {
            // Before there is a task: those who wait for a place go with their caller.
            let own = Arc::clone(&self.lookups).acquire_owned().await;
            let shared = Arc::clone(&self.all_lookups).acquire_owned().await;
            let resolver = Arc::clone(&self.resolver);
            // It keeps its place as long as the lookup lasts, also where nobody waits for it any more.
            let lookup = async move {
                let _places = (own, shared);
                resolver.resolve(name).await
            };
            tokio::spawn(lookup).await
        };
        let answer = timeout(RESOLVE_TIMEOUT, looked_up).await.map_err(|_| timed_out())?;
        let found = answer.map_err(io::Error::other).flatten().map_err(|error| unresolved(Some(error)))?;
        // In the order of the answer, which is the system's preference; each once.
        let mut known = BTreeSet::new();
        let addresses: Vec<IpAddr> = found.into_iter().filter(|address| known.insert(*address)).collect();
        let is_usable = (1..=MAX_ADDRESSES).contains(&addresses.len());
        if is_usable { Ok(addresses) } else { Err(unresolved(None)) }
    }
}

impl Pinned {
    /// Where it goes by name.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// The addresses, in the order in which they are tried.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Connects to the first address that takes it.
    ///
    /// # Errors
    /// Where none does.
    pub async fn connect(&self) -> Result<Connection, DialError> {
        let mut last = None;
        for address in self.addresses.iter().take(MAX_TRIED) {
            match timeout(CONNECT_TIMEOUT, ambient::connect(*address)).await {
                Ok(Ok(stream)) => return Ok(Connection { stream, address: *address }),
                Ok(Err(error)) => last = Some(error),
                Err(_) => {}
            }
        }
        let destination = self.destination.clone();
        Err(match last {
            Some(source) => DialError::Unreachable { destination, source },
            None => DialError::TimedOut { destination },
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;
    use skillhost_core::reach::Opening;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    /// Answers from a list, one after the other.
    struct Scripted(Mutex<Vec<Vec<&'static str>>>);

    impl Resolve for Scripted {
        fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let answer = self.0.lock().unwrap().remove(0);
            async move { Ok(answer.into_iter().map(|address| address.parse().unwrap()).collect()) }.boxed()
        }
    }

    fn dialer(open: &[&str], answers: &[&[&'static str]]) -> Dialer {
        let layer: Vec<Opening> = open.iter().map(|text| text.parse().unwrap()).collect();
        let answers = answers.iter().map(|answer| answer.to_vec()).collect();
        let openings = if open.is_empty() { Openings::default() } else { Openings::from_iter([layer]) };
        Dialer::new(openings).with_resolver(Scripted(Mutex::new(answers)))
    }

    fn to(text: &str) -> Destination {
        Destination::parse(text).unwrap()
    }

    #[tokio::test]
    async fn x_03_private_addresses_are_refused_by_name_and_by_literal() {
        for answer in
            [&["127.0.0.1"][..], &["8.8.8.8", "10.0.0.1"], &["::ffff:127.0.0.1"], &["2606:4700::1", "fe80::1"]]
        {
            let refused = dialer(&[], &[answer]).pin(&to("example.com:443")).await.unwrap_err();
            assert!(refused.is_refusal(), "{answer:?}: {refused}");
            assert!(!answer.iter().any(|address| refused.to_string().contains(address)), "{refused}");
        }
        for literal in ["127.0.0.1:80", "[::1]:80", "169.254.169.254:80", "[::ffff:10.0.0.1]:443"] {
            assert!(dialer(&[], &[]).connect(&to(literal)).await.unwrap_err().is_refusal(), "{literal}");
        }
    }

    #[tokio::test]
    async fn x_03_an_answer_that_changes_later_changes_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let dialer = dialer(&["127.0.0.0/8"], &[&["127.0.0.1"], &["127.0.0.2"]]);
        let pinned = dialer.pin(&to(&format!("example.com:{port}"))).await.unwrap();
        for _ in 0..2 {
            let connection = pinned.connect().await.unwrap();
            assert_eq!(connection.address, listener.local_addr().unwrap());
            assert_eq!(connection.stream.peer_addr().unwrap(), connection.address);
        }
        // First public, so that it passes, then private: the second one is judged like the first.
        let dialer = self::dialer(&[], &[&["192.0.2.1"], &["127.0.0.1"]]);
        let destination = to(&format!("example.com:{port}"));
        assert_eq!(dialer.pin(&destination).await.unwrap().addresses()[0].ip().to_string(), "192.0.2.1");
        assert!(dialer.pin(&destination).await.unwrap_err().is_refusal());
    }

    /// Doesn't answer for names that begin so, until it is told to; counts them.
    #[derive(Clone)]
    struct Silent {
        asked: Arc<AtomicUsize>,
        answers: Arc<Semaphore>,
    }

    impl Silent {
        fn new() -> Self {
            Self { asked: Arc::default(), answers: Arc::new(Semaphore::new(0)) }
        }
    }

    impl Resolve for Silent {
        fn resolve(&self, name: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let silent = name.starts_with("silent");
            self.asked.fetch_add(usize::from(silent), Relaxed);
            let answers = Arc::clone(&self.answers);
            async move {
                if silent {
                    answers.acquire().await.unwrap().forget();
                }
                Ok(vec!["192.0.2.1".parse().unwrap()])
            }
            .boxed()
        }
    }

    /// Asks for many names that nobody answers, and goes once no more of them can be asked for.
    async fn ask_and_go(dialer: &Dialer, count: usize) {
        let mut waiting = JoinSet::new();
        for n in 0..count {
            let (dialer, place) = (dialer.clone(), to(&format!("silent{n}.example:443")));
            waiting.spawn(async move { dialer.pin(&place).await });
        }
        while dialer.lookups.available_permits() > 0 && dialer.all_lookups.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        waiting.shutdown().await;
        // What was started by them has its turn.
        for _ in 0..10 * count {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn r_16_names_that_are_not_answered_hold_up_their_own_command_alone() {
        let one = Dialer::new(Openings::default()).with_resolver(Silent::new());
        let other = one.apart();
        ask_and_go(&one, MAX_LOOKUPS).await;
        assert!(other.pin(&to("example.com:443")).await.is_ok());
    }

    #[tokio::test]
    async fn r_16_lookups_that_nobody_waits_for_are_bounded() {
        let resolver = Silent::new();
        let dialer = Dialer::new(Openings::default()).with_resolver(resolver.clone());
        ask_and_go(&dialer, 1000).await;
        assert_eq!(resolver.asked.load(Relaxed), MAX_LOOKUPS);
        // And those of many commands together.
        for _ in 0..2 * MAX_ALL_LOOKUPS / MAX_LOOKUPS {
            ask_and_go(&dialer.apart(), 20).await;
        }
        assert_eq!(resolver.asked.load(Relaxed), MAX_ALL_LOOKUPS);
        // Once there is room again, nothing is asked for those who went.
        resolver.answers.add_permits(10_000);
        while dialer.all_lookups.available_permits() < MAX_ALL_LOOKUPS {
            tokio::task::yield_now().await;
        }
        assert_eq!(resolver.asked.load(Relaxed), MAX_ALL_LOOKUPS);
    }

    #[tokio::test]
    async fn a_policy_opens_what_it_names() {
        let answer: &[&[&str]] = &[&["10.1.2.3"]];
        for open in ["10.0.0.0/8", "example.com", "*.example.com"] {
            let pinned = dialer(&[open], answer).pin(&to("example.com:443")).await;
            assert_eq!(pinned.is_ok(), open != "*.example.com", "{open}");
        }
        // A name opens networks, and never the machine itself.
        for answer in [&["127.0.0.1"][..], &["169.254.169.254"], &["10.1.2.3", "127.0.0.1"]] {
            let error = dialer(&["example.com"], &[answer]).pin(&to("example.com:443")).await.unwrap_err();
            assert!(error.is_refusal(), "{answer:?}");
        }
        let mixed: &[&[&str]] = &[&["10.1.2.3", "127.0.0.1"]];
        assert!(dialer(&["10.0.0.0/8"], mixed).pin(&to("example.com:443")).await.is_err());
    }

    #[tokio::test]
    async fn no_address_and_too_many_are_no_answer() {
        let many: Vec<&'static str> =
            (0..=MAX_ADDRESSES).map(|n| &*Box::leak(format!("8.8.{}.{}", n / 256, n % 256).into_boxed_str())).collect();
        for answer in [&[][..], &many] {
            let error = dialer(&[], &[answer]).pin(&to("example.com:443")).await.unwrap_err();
            assert!(matches!(error, DialError::Unresolved { .. }), "{error}");
        }
    }
}
