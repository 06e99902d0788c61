//! The way to a server: to addresses that were judged, one connection for each request, everything bounded.
//!
//! A [`Trail`] begins at the one server that a reference names. Where that is of this machine or of a private network, others
//! may be, too, as far as policies open them; where it is public, whatever it leads to has to be public. Where it leads is
//! judged by the policies as what was named is, unless a digest says what has to come.

use super::error::Fault;
use super::rules::{Reach, Rules};
use super::upload::Upload;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, LOCATION, TRANSFER_ENCODING,
    USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use skillhost_core::destination::{Destination, Scheme, WebUrl};
use skillhost_core::reach::{Opening, Openings};
use skillhost_core::reference::Reference;
use skillhost_egress::{Dialer, Driver, Pinned, Tls, special};
use std::time::Duration;
use tokio::time::timeout;

/// Most steps from one URL to another. Registries take one, to where they keep blobs; release pages take two.
const MAX_REDIRECTS: usize = 5;

/// How long servers may take.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// For a connection with its TLS.
    pub connect: Duration,
    /// Between two parts of what is sent, or of what comes.
    pub silence: Duration,
    /// For all of it.
    pub total: Duration,
}

impl Default for Waits {
    /// What a component of the largest size takes over a slow line.
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), silence: Duration::from_secs(30), total: Duration::from_secs(600) }
    }
}

/// The way out of this machine. Cheap to clone.
#[derive(Clone)]
pub(super) struct Way {
    dialer: Dialer,
    rules: Rules,
    pub(super) tls: Tls,
    pub(super) waits: Waits,
}

impl Way {
    pub(super) fn new(rules: Rules, waits: Waits) -> Self {
        Self { dialer: Dialer::new(rules.openings.clone()), rules, tls: Tls::default(), waits }
    }

    /// Resolves the server that was named, and judges its addresses. A loopback address that isn't meant is like any other
    /// private one.
    pub(super) async fn to(&self, named: &Destination, reach: Reach) -> Result<Trail<'_>, Fault> {
        let own = named.host().address().filter(|address| address.is_loopback() && reach == Reach::Meant);
        let opening = own.and_then(|_| named.to_string().parse::<Opening>().ok());
        let dialer = match opening {
            Some(opening) => Dialer::new(Openings::from_iter([vec![opening]])),
            None => self.dialer.clone(),
        };
        let pinned = dialer.pin(named).await.map_err(|error| Fault::opening(named, error.into()))?;
        let is_public = pinned.addresses().iter().all(|address| special(address.ip()).is_none());
        let further = if is_public { Dialer::new(Openings::default()) } else { self.dialer.clone() };
        Ok(Trail { way: self, named: pinned, further })
    }
}

/// The way to one server, and to those that it leads to.
pub(super) struct Trail<'a> {
    way: &'a Way,
    named: Pinned,
    /// For every other server.
    further: Dialer,
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) url: WebUrl,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn get(url: WebUrl) -> Self {
        Self::new(Method::GET, url)
    }

    pub(super) fn new(method: Method, url: WebUrl) -> Self {
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub(super) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl Trail<'_> {
    pub(super) fn named(&self) -> &Destination {
        self.named.destination()
    }

    /// Sends one request. A redirect is a reply like any other.
    pub(super) async fn send(&self, call: Call) -> Result<Reply, Fault> {
        let destination = call.url.destination().clone();
        let waits = self.way.waits;
        let stalled = || Fault::Stalled { destination: destination.clone() };
        let opened = timeout(waits.connect, async {
            let pinned = if destination == *self.named() {
                self.named.clone()
            } else {
                self.further.pin(&destination).await.map_err(|error| Fault::opening(&destination, error.into()))?
            };
            let opened = skillhost_egress::open::<Upload>(&pinned, call.url.scheme(), &self.way.tls).await;
            opened.map_err(|error| Fault::opening(&destination, error))
        });
        let (mut sender, driver) = opened.await.map_err(|_| stalled())??;
        let url = call.url.clone();
        let (request, mut sent) = message(call)?;
        let mut sending = std::pin::pin!(sender.send_request(request));
        let reply = loop {
            match timeout(waits.silence, &mut sending).await {
                Ok(reply) => break reply,
                // A large body takes its time, as long as it goes on.
                Err(_) if sent.has_moved() => {}
                Err(_) => return Err(stalled()),
            }
        };
        let reply = reply.map_err(|source| Fault::Broken { destination: destination.clone(), source })?;
        let (parts, body) = reply.into_parts();
        Ok(Reply { status: parts.status, headers: parts.headers, url, body, silence: waits.silence, _driver: driver })
    }

    /// Gets what stands behind a URL, through a few redirects. `named` is what policies call a place that one leads to, which
    /// they judge before anything is asked there; none where a digest says what has to come, whoever sends it. Credentials
    /// go no further than the first origin.
    pub(super) async fn get(
        &self,
        mut call: Call,
        named: impl Fn(&WebUrl) -> Option<Reference>,
    ) -> Result<Reply, Fault> {
        let first = (call.url.scheme(), call.url.destination().clone());
        for _ in 0..=MAX_REDIRECTS {
            let reply = self.send(call.clone()).await?;
            if !is_redirect(reply.status) {
                return Ok(reply);
            }
            call.url = reply.leads_to()?;
            if let Some(place) = named(&call.url) {
                self.way.rules.judge(&reply.destination(), &call.url, &place)?;
            }
            if (call.url.scheme(), call.url.destination()) != (first.0, &first.1) {
                call.headers.remove(AUTHORIZATION);
            }
        }
        Err(Fault::Redirect { destination: first.1, why: "too often" })
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

fn message(call: Call) -> Result<(Request<Upload>, super::upload::Sent), Fault> {
    let Call { method, url, mut headers, body } = call;
    let destination = url.destination();
    let host = if destination.port() == url.scheme().default_port() {
        destination.host().to_string()
    } else {
        destination.to_string()
    };
    let invalid = || Fault::Document { what: "the URL", reason: "can't be asked for".to_owned() };
    headers.insert(HOST, HeaderValue::from_str(&host).map_err(|_| invalid())?);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("skillhost/", env!("CARGO_PKG_VERSION"))));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    if body.is_empty() && (method == Method::POST || method == Method::PUT) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let (body, sent) = Upload::new(body);
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = url.path_and_query().parse().map_err(|_| invalid())?;
    *request.headers_mut() = headers;
    Ok((request, sent))
}

/// What came back; its body is not read yet.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Where it came from.
    pub(super) url: WebUrl,
    body: Incoming,
    silence: Duration,
    _driver: Driver,
}

impl Reply {
    pub(super) fn destination(&self) -> Destination {
        self.url.destination().clone()
    }

    /// A field that is there once, as text.
    pub(super) fn field(&self, name: &HeaderName) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    }

    /// The media type, without its parameters, in lower case.
    pub(super) fn media_type(&self) -> Option<String> {
        let field = self.field(&http::header::CONTENT_TYPE)?;
        Some(field.split(';').next()?.trim().to_ascii_lowercase())
    }

    /// Where a redirect leads: never to another scheme, so never to a file, and never out of TLS.
    pub(super) fn leads_to(&self) -> Result<WebUrl, Fault> {
        let fault = |why| Fault::Redirect { destination: self.destination(), why };
        let to = self.field(&LOCATION).ok_or_else(|| fault("without saying where to"))?;
        let url = self.url.join(to).map_err(|_| fault("to something else than a URL of the web"))?;
        match (self.url.scheme(), url.scheme()) {
            (Scheme::Https, Scheme::Http) => Err(fault("to a place without TLS")),
            (Scheme::Http, Scheme::Https) => Err(fault("from this machine to another scheme")),
            (Scheme::Http, Scheme::Http) if !is_loopback(&url) => {
                Err(fault("from this machine to a place without TLS"))
            }
            _ => Ok(url),
        }
    }

    /// Refuses a status that isn't success; `what` was asked for.
    pub(super) async fn success(self, what: &'static str) -> Result<Self, Fault> {
        if self.status.is_success() {
            return Ok(self);
        }
        let (destination, status) = (self.destination(), self.status);
        if matches!(status.as_u16(), 404 | 410) {
            return Err(Fault::NotFound { destination, what });
        }
        let code = self.code().await;
        Err(Fault::Status { destination, status, code })
    }

    /// The registry's word for what is wrong. Of all that it says this alone is quoted: it may repeat what it was sent.
    async fn code(self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Errors {
            errors: Vec<One>,
        }
        #[derive(serde::Deserialize)]
        struct One {
            code: String,
        }
        let text = self.read("an error", 16 << 10).await.ok()?;
        let code = serde_json::from_slice::<Errors>(&text).ok()?.errors.into_iter().next()?.code;
        let is_word = (1..=32).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        is_word.then_some(code)
    }

    /// Whether it is a page for people, which some servers send in the place of whatever they don't have.
    pub(super) fn is_page(&self) -> bool {
        self.media_type().is_some_and(|media| matches!(&*media, "text/html" | "application/xhtml+xml"))
    }

    /// Reads the body, up to a size.
    pub(super) async fn read(mut self, what: &'static str, most_bytes: u64) -> Result<Vec<u8>, Fault> {
        self.check_encoding(what)?;
        if self.is_page() {
            return Err(Fault::Page { destination: self.destination() });
        }
        let said = self.length()?;
        if said.is_some_and(|said| said > most_bytes) {
            return Err(Fault::TooLarge { what, most_bytes });
        }
        let mut bytes = Vec::with_capacity(said.unwrap_or(0).min(1 << 20) as usize);
        while let Some(part) = self.part().await? {
            if (bytes.len() + part.len()) as u64 > most_bytes {
                return Err(Fault::TooLarge { what, most_bytes });
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }

    /// Reads a body that has exactly this size.
    pub(super) async fn read_whole(self, what: &'static str, size_bytes: u64) -> Result<Vec<u8>, Fault> {
        if let Some(came) = self.length()?.filter(|length| *length != size_bytes && !self.is_page()) {
            return Err(Fault::Length { what, said: size_bytes, came });
        }
        let bytes = self.read(what, size_bytes).await.map_err(|fault| match fault {
            Fault::TooLarge { .. } => Fault::Length { what, said: size_bytes, came: size_bytes.saturating_add(1) },
            fault => fault,
        })?;
        match bytes.len() as u64 {
            came if came == size_bytes => Ok(bytes),
            came => Err(Fault::Length { what, said: size_bytes, came }),
        }
    }

    async fn part(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let frame = timeout(self.silence, self.body.frame());
            let Some(frame) = frame.await.map_err(|_| Fault::Stalled { destination: self.destination() })? else {
                return Ok(None);
            };
            let frame = frame.map_err(|source| Fault::Broken { destination: self.destination(), source })?;
            // Trailers say nothing that is believed.
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }

    fn length(&self) -> Result<Option<u64>, Fault> {
        let Some(text) = self.headers.get(CONTENT_LENGTH) else { return Ok(None) };
        let said = text.to_str().ok().and_then(|text| text.parse().ok());
        let invalid = || Fault::Document { what: "the reply", reason: "has a length that is none".to_owned() };
        said.map(Some).ok_or_else(invalid)
    }

    fn check_encoding(&self, what: &'static str) -> Result<(), Fault> {
        let is_other = |name, plain: &str| {
            self.headers.get_all(name).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(plain.as_bytes()))
        };
        if is_other(TRANSFER_ENCODING, "chunked") || is_other(CONTENT_ENCODING, "identity") {
            return Err(Fault::Encoded { destination: self.destination(), what });
        }
        Ok(())
    }
}

pub(super) fn is_loopback(url: &WebUrl) -> bool {
    url.destination().host().address().is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use futures::FutureExt;
    use futures::future::BoxFuture;
    use skillhost_egress::Resolve;
    use std::io;
    use std::net::IpAddr;

    /// Every name leads here.
    struct Always(&'static str);

    impl Resolve for Always {
        fn resolve(&self, _: String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
            let address = self.0.parse().unwrap();
            async move { Ok(vec![address]) }.boxed()
        }
    }

    fn way(leads_to: &'static str) -> Way {
        let openings = Openings::from_iter([vec!["10.0.0.0/8".parse().unwrap(), "127.0.0.1".parse().unwrap()]]);
        let dialer = Dialer::new(openings).with_resolver(Always(leads_to));
        Way { dialer, ..Way::new(Rules::default(), Waits::default()) }
    }

    fn to(text: &str) -> Destination {
        Destination::parse(text).unwrap()
    }

    #[tokio::test]
    async fn r_14_a_public_server_leads_to_no_private_address_though_a_policy_opens_it() {
        let (public, private) = (way("192.0.2.1"), way("10.0.0.1"));
        let from_public = public.to(&to("example.com:443"), Reach::Opened).await.unwrap();
        let from_private = private.to(&to("registry.corp.example:443"), Reach::Opened).await.unwrap();
        for inside in ["10.1.2.3:443", "127.0.0.1:443"] {
            assert!(from_public.further.pin(&to(inside)).await.unwrap_err().is_refusal(), "{inside}");
            assert!(from_private.further.pin(&to(inside)).await.is_ok(), "{inside}");
        }
        for closed in ["192.168.0.1:443", "169.254.169.254:80", "127.0.0.2:443"] {
            assert!(from_private.further.pin(&to(closed)).await.unwrap_err().is_refusal(), "{closed}");
        }
    }

    #[tokio::test]
    async fn r_14_what_is_named_is_refused_where_its_address_is_private_and_no_policy_opens_it() {
        let closed = Way::new(Rules::default(), Waits::default());
        for reach in [Reach::Meant, Reach::Opened] {
            for named in
                ["10.0.0.1:443", "169.254.169.254:443", "[fe80::1]:443", "0.0.0.0:443", "[::ffff:127.0.0.1]:443"]
            {
                assert!(matches!(closed.to(&to(named), reach).await, Err(Fault::Open { .. })), "{named}");
            }
        }
        // A loopback address that was written is meant; a name that leads to one isn't.
        assert!(closed.to(&to("127.0.0.1:443"), Reach::Meant).await.is_ok());
        assert!(closed.to(&to("[::1]:443"), Reach::Meant).await.is_ok());
        let lying = Way { dialer: Dialer::new(Openings::default()).with_resolver(Always("127.0.0.1")), ..closed };
        let refused = lying.to(&to("example.com:443"), Reach::Meant).await.err().unwrap();
        assert_eq!(refused.class(), crate::source::Class::Denied);
    }

    #[tokio::test]
    async fn r_17_a_lock_leads_to_no_loopback_address_that_no_policy_opens() {
        let closed = Way::new(Rules::default(), Waits::default());
        for named in ["127.0.0.1:5000", "127.9.9.9:443", "[::1]:443", "[::ffff:127.0.0.1]:443"] {
            let refused = closed.to(&to(named), Reach::Opened).await.err().unwrap();
            assert!(
                matches!(&refused, Fault::Open { .. }) && refused.class() == crate::source::Class::Denied,
                "{named}"
            );
        }
        // Nor by a name, whatever it leads to.
        for address in ["127.0.0.1", "::1", "10.0.0.1", "169.254.169.254", "fd00:ec2::254"] {
            let dialer = Dialer::new(Openings::default()).with_resolver(Always(address));
            let lying = Way { dialer, ..closed.clone() };
            assert!(lying.to(&to("example.com:443"), Reach::Opened).await.is_err(), "{address}");
            assert!(lying.to(&to("localhost:443"), Reach::Opened).await.is_err(), "{address}");
        }
        let open = Openings::from_iter([vec!["127.0.0.1:5000".parse().unwrap()]]);
        let opened = Way::new(Rules::new(open, |_| Ok(())), Waits::default());
        assert!(opened.to(&to("127.0.0.1:5000"), Reach::Opened).await.is_ok());
        assert!(opened.to(&to("127.0.0.1:5001"), Reach::Opened).await.is_err());
    }
}
