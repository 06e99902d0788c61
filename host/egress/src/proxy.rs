//! The proxy that a command's clients speak to: `CONNECT` for TLS, which passes through untouched, and requests for
//! `http://` URLs.
//!
//! Each connection carries one request. A second one on it, sent or smuggled, is never read as a request: after
//! `CONNECT` all bytes belong to the host that was checked, and after a plain request the connection is closed. What a
//! redirect leads to is asked for by the client in a new request, and is checked like the first.

use crate::desk::{Desk, Refusal, Rules};
use crate::dial::Dialer;
use crate::forward::{self, Reply};
use crate::journal::{Entry, Journal};
use crate::meter::{Meter, Metered};
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use skillhost_core::destination::Destination;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{JoinHandle, JoinSet};

/// Connections of one command at one time: package managers use up to some 60. Further ones wait.
const MAX_CONNECTIONS: usize = 128;
/// Before the next connection is taken, where one could not be.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);
/// Request line and headers: servers take 8 to 32 KiB.
pub(crate) const MAX_HEAD_BYTES: usize = 64 << 10;
/// Headers of one message.
pub(crate) const MAX_HEADERS: usize = 128;

/// How long a connection is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For the whole head of a request: a client on the same machine sends it at once.
    pub request: Duration,
    /// The longest silence. Servers that prepare an answer for longer say something in between.
    pub silence: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), silence: Duration::from_secs(120) }
    }
}

/// The way out of one command, at work. Everything of it ends when this is dropped.
pub struct Proxy {
    /// Dropped to end it.
    stop: oneshot::Sender<Infallible>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Serves those who connect to `listener`.
    ///
    /// # Errors
    /// Where the listener can't be used.
    pub fn start(
        listener: std::net::TcpListener,
        dialer: Dialer,
        rules: Rules,
        journal: Arc<Journal>,
        waits: Waits,
    ) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let desk = Arc::new(Desk { dialer: dialer.apart(), rules, journal });
        let (stop, stopped) = oneshot::channel();
        Ok(Self { stop, accepting: tokio::spawn(accept(listener, desk, waits, stopped)) })
    }

    /// Ends every connection, and waits until each has its outcome in the log.
    pub async fn end(self) {
        drop(self.stop);
        // It fails where the runtime is going down, and then all is ended anyway.
        let _ = self.accepting.await;
    }
}

/// Serves until `stopped` ends.
async fn accept(listener: TcpListener, desk: Arc<Desk>, waits: Waits, mut stopped: oneshot::Receiver<Infallible>) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let permit = Arc::clone(&permits).acquire_owned().await;
            (listener.accept().await, permit)
        };
        let (accepted, permit) = tokio::select! {
            next = next => next,
            _ = &mut stopped => break,
        };
        let Ok((client, _)) = accepted else {
            // Out of descriptors, or the client is gone already: not a reason to end, nor to spin.
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let desk = Arc::clone(&desk);
        connections.spawn(async move {
            serve(client, desk, waits).await;
            drop(permit);
        });
        while connections.try_join_next().is_some() {}
    }
    connections.shutdown().await;
}

/// One connection of a client.
async fn serve(client: TcpStream, desk: Arc<Desk>, waits: Waits) {
    let meter: Arc<Meter> = Arc::default();
    let tunnel: Arc<Mutex<Option<Tunnel>>> = Arc::default();
    let connection = {
        let (desk, tunnel) = (Arc::clone(&desk), Arc::clone(&tunnel));
        let service = service_fn(move |request| {
            let (desk, tunnel) = (Arc::clone(&desk), Arc::clone(&tunnel));
            async move { Ok::<_, Infallible>(answer(request, &desk, &tunnel).await) }
        });
        let mut server = http1::Builder::new();
        server.timer(TokioTimer::new()).header_read_timeout(waits.request);
        server.keep_alive(false).max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD_BYTES);
        server.serve_connection(TokioIo::new(Metered::new(client, Arc::clone(&meter))), service).with_upgrades()
    };
    let exchange = async {
        // A client that breaks off has nobody to tell; one that speaks no HTTP was told, and is noted.
        if connection.await.is_err_and(|error| error.is_parse()) {
            desk.refuse_malformed();
        }
        let upgraded = tunnel.lock().ok().and_then(|mut tunnel| tunnel.take());
        if let Some(tunnel) = upgraded {
            tunnel.run().await;
        }
    };
    tokio::select! {
        () = exchange => {}
        () = meter.silent_for(waits.silence) => {}
    }
}

/// Both ends of a connection whose bytes nobody here reads.
struct Tunnel {
    client: OnUpgrade,
    server: Metered,
    _entry: Entry,
}

impl Tunnel {
    async fn run(mut self) {
        if let Ok(client) = self.client.await {
            let mut client = TokioIo::new(client);
            // However it ends, the log has the bytes.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut self.server).await;
        }
    }
}

async fn answer(request: Request<Incoming>, desk: &Desk, tunnel: &Mutex<Option<Tunnel>>) -> Response<Reply> {
    let answered = match request.method() {
        &Method::CONNECT => connect(request, desk, tunnel).await,
        _ => forward::forward(request, desk).await,
    };
    answered.unwrap_or_else(|refusal| {
        if matches!(refusal, Refusal::Host(_) | Refusal::Malformed(_)) {
            desk.refuse_malformed();
        }
        forward::refuse(&refusal)
    })
}

async fn connect(
    mut request: Request<Incoming>,
    desk: &Desk,
    tunnel: &Mutex<Option<Tunnel>>,
) -> Result<Response<Reply>, Refusal> {
    let target = request.uri().authority().ok_or(Refusal::Malformed("CONNECT names a host and a port"))?;
    let destination = Destination::parse(target.as_str())?;
    check_host(&request, &destination)?;
    let has_body = request.headers().contains_key(hyper::header::TRANSFER_ENCODING)
        || request.headers().get(hyper::header::CONTENT_LENGTH).is_some_and(|length| length != "0");
    if has_body {
        return Err(Refusal::Malformed("CONNECT has no body"));
    }
    let client = hyper::upgrade::on(&mut request);
    let (server, entry) = desk.connect(&destination).await?;
    if let Ok(mut place) = tunnel.lock() {
        *place = Some(Tunnel { client, server, _entry: entry });
    }
    Ok(Response::new(Reply::empty()))
}

/// The `Host` header, where there is one, says what the target says.
pub(crate) fn check_host(request: &Request<Incoming>, destination: &Destination) -> Result<(), Refusal> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let Some(host) = hosts.next() else { return Ok(()) };
    let host = host.to_str().map_err(|_| Refusal::Malformed("the Host header is no text"))?;
    let agrees = Destination::parse_or(host, destination.port())? == *destination;
    if agrees && hosts.next().is_none() {
        Ok(())
    } else {
        Err(Refusal::Malformed("the Host header names another host than the request"))
    }
}
