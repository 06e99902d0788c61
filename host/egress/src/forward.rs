//! A plain request, passed on: to the host that was checked, without what is meant for a proxy, and its reply back.

use crate::desk::{Desk, Refusal};
use crate::journal::Entry;
use crate::proxy::{MAX_HEAD_BYTES, MAX_HEADERS, check_host};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use hyper::header::{self, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, Uri, Version};
use hyper_util::rt::TokioIo;
use skillhost_core::destination::{Destination, Scheme};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::task::JoinHandle;

/// Headers for the next hop alone, and those that are meant for this proxy: whatever stands in them, a server that a
/// command may reach learns nothing of it.
static HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::EXPECT,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// What a client is sent.
pub(crate) enum Reply {
    Own(Full<Bytes>),
    Server(Box<Passed>),
}

/// A server's body. While it lasts, so does its connection; then the log has its outcome.
pub(crate) struct Passed {
    body: Incoming,
    _connection: Driver,
    _entry: Entry,
}

/// The task that drives a connection to a server.
struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Reply {
    pub(crate) fn empty() -> Self {
        Self::Own(Full::default())
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Self::Own(body) => Pin::new(body).poll_frame(cx).map_err(|never| match never {}),
            Self::Server(passed) => Pin::new(&mut passed.body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(body) => body.is_end_stream(),
            Self::Server(passed) => passed.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(body) => body.size_hint(),
            Self::Server(passed) => passed.body.size_hint(),
        }
    }
}

/// What a client is told that gets nothing else.
pub(crate) fn refuse(refusal: &Refusal) -> Response<Reply> {
    let text = format!("skillhost: {refusal}\n");
    let mut response = Response::new(Reply::Own(Full::new(Bytes::from(text))));
    *response.status_mut() = refusal.status();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Passes a request for an `http://` URL on.
pub(crate) async fn forward(request: Request<Incoming>, desk: &Desk) -> Result<Response<Reply>, Refusal> {
    let destination = target(request.uri())?;
    check_host(&request, &destination)?;
    let request = rewrite(request, &destination)?;
    let (server, entry) = desk.connect(&destination).await?;
    let mut client = http1::Builder::new();
    client.max_headers(MAX_HEADERS).max_buf_size(MAX_HEAD_BYTES);
    let (mut sender, connection) = client.handshake(TokioIo::new(server)).await.map_err(|_| Refusal::Reply)?;
    let driver = Driver(tokio::spawn(async move {
        // What goes wrong shows in the reply.
        let _ = connection.await;
    }));
    let response = sender.send_request(request).await.map_err(|_| Refusal::Reply)?;
    // Another protocol on this connection is one that nobody checks.
    if response.status().is_informational() {
        return Err(Refusal::Reply);
    }
    let (mut head, body) = response.into_parts();
    // Where both are there, the length is not what the body was read by.
    if head.headers.contains_key(header::TRANSFER_ENCODING) {
        head.headers.remove(header::CONTENT_LENGTH);
    }
    strip(&mut head.headers);
    head.version = Version::HTTP_11;
    Ok(Response::from_parts(head, Reply::Server(Box::new(Passed { body, _connection: driver, _entry: entry }))))
}

/// Where a request goes that is made to a proxy.
fn target(uri: &Uri) -> Result<Destination, Refusal> {
    let authority = uri.authority().ok_or(Refusal::Malformed("this is a proxy: requests name a whole URL"))?;
    if uri.scheme_str() != Some("http") {
        return Err(Refusal::Malformed("this proxy passes on http:// URLs; for others, use CONNECT"));
    }
    Ok(Destination::parse_or(authority.as_str(), Scheme::Http.default_port())?)
}

/// The request as the server gets it.
fn rewrite(request: Request<Incoming>, destination: &Destination) -> Result<Request<Incoming>, Refusal> {
    let (mut head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    head.uri = path.parse().map_err(|_| Refusal::Malformed("the URL's path can't be passed on"))?;
    head.version = Version::HTTP_11;
    strip(&mut head.headers);
    // The body was read, so its length is known or it goes in chunks; what the client said of it is not repeated.
    head.headers.remove(header::CONTENT_LENGTH);
    let is_default = destination.port() == Scheme::Http.default_port();
    let host = if is_default { destination.host().to_string() } else { destination.to_string() };
    let host = HeaderValue::from_str(&host).map_err(|_| Refusal::Malformed("the host can't be passed on"))?;
    head.headers.insert(HOST, host);
    head.headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(Request::from_parts(head, body))
}

/// Takes out what is for one hop: the usual headers, those that `Connection` names, and all that begin with `Proxy-`.
fn strip(headers: &mut HeaderMap) {
    let named = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> =
        named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    let proxy: Vec<HeaderName> = headers.keys().filter(|name| name.as_str().starts_with("proxy-")).cloned().collect();
    for name in named.iter().chain(&proxy).chain(&HOP) {
        headers.remove(name);
    }
}
