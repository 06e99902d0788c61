//! One registry, spoken to about one repository: where it is, and who asks.

use super::auth::{self, Challenge};
use super::document::MAX_DOCUMENT_BYTES;
use super::media;
use crate::credentials::{Credentials, Wallet};
use crate::source::error::Fault;
use crate::source::http::{Call, Reply, Trail, Way};
use crate::source::rules::Reach;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use skillhost_core::destination::{Destination, Scheme, WebUrl};
use skillhost_core::digest::Digest;
use skillhost_core::host::Host;
use skillhost_core::reference::{OciReference, Reference};
use std::sync::Mutex;
use tokio::sync::OnceCell;

/// The header in which registries say what they sent.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// Where Docker's own registry is, which everybody calls by another name.
const DOCKER: (&str, &str) = ("docker.io", "registry-1.docker.io");

/// What is asked for: whether for more than reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Pull,
    Push,
}

/// What holds what comes to what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// Its digest, which is checked: it may come from whoever has it, as blobs come from where a registry stores them.
    ByDigest,
    /// Nothing but the place that it comes from, so that policies judge each place that a redirect leads to.
    ByPlace,
}

pub(super) struct Session<'a> {
    trail: Trail<'a>,
    scheme: Scheme,
    reference: &'a OciReference,
    access: Access,
    wallet: &'a Wallet,
    credentials: OnceCell<Option<Credentials>>,
    /// What is sent with each request since the registry asked for it.
    authorization: Mutex<Option<HeaderValue>>,
}

/// A document, and the digest of its bytes.
pub(super) struct Fetched {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
    pub(super) media_type: Option<String>,
}

impl<'a> Session<'a> {
    /// Resolves the registry. One on a loopback address is asked whether it speaks without TLS; no other is.
    pub(super) async fn open(
        reference: &'a OciReference,
        reach: Reach,
        access: Access,
        way: &'a Way,
        wallet: &'a Wallet,
    ) -> Result<Self, Fault> {
        let registry = place(&reference.registry);
        let trail = way.to(&registry, reach).await?;
        let scheme = if reference.is_loopback() { local_scheme(&trail).await? } else { Scheme::Https };
        let (credentials, authorization) = (OnceCell::new(), Mutex::new(None));
        Ok(Self { trail, scheme, reference, access, wallet, credentials, authorization })
    }

    pub(super) fn registry(&self) -> &Destination {
        self.trail.named()
    }

    /// A URL of this repository.
    pub(super) fn url(&self, rest: &str) -> Result<WebUrl, Fault> {
        url(self.scheme, self.registry(), &format!("/v2/{}/{rest}", self.reference.repository))
    }

    /// Whether a URL is one of this registry, which credentials may be sent to.
    pub(super) fn is_own(&self, url: &WebUrl) -> bool {
        url.scheme() == self.scheme && url.destination() == self.registry()
    }

    /// Sends a request, and once more with what the registry asks for. Only what is read is followed elsewhere.
    pub(super) async fn send(&self, call: Call, held: Held) -> Result<Reply, Fault> {
        let reply = self.attempt(call.clone(), held).await?;
        if reply.status != StatusCode::UNAUTHORIZED || !self.is_own(&reply.url) {
            return Ok(reply);
        }
        let Some(challenge) = Challenge::read(&reply.headers) else { return Ok(reply) };
        let credentials = self.credentials.get_or_try_init(|| async {
            let found = self.wallet.find(self.reference).await;
            found.map_err(|reason| Fault::Credentials { registry: self.reference.registry_name(), reason })
        });
        let credentials = credentials.await?.as_ref();
        let scope = match self.access {
            Access::Pull => format!("repository:{}:pull", self.reference.repository),
            Access::Push => format!("repository:{}:pull,push", self.reference.repository),
        };
        let Some(authorization) = auth::answer(&self.trail, self.scheme, &challenge, &scope, credentials).await? else {
            return Ok(reply);
        };
        *self.authorization.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(authorization);
        self.attempt(call, held).await
    }

    async fn attempt(&self, mut call: Call, held: Held) -> Result<Reply, Fault> {
        let known = self.authorization.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Some(value) = known.filter(|_| self.is_own(&call.url)) {
            call.headers.insert(AUTHORIZATION, value);
        }
        if matches!(call.method, Method::GET | Method::HEAD) {
            self.trail.get(call, |to| (held == Held::ByPlace).then(|| self.named(to))).await
        } else {
            self.trail.send(call).await
        }
    }

    /// What policies call a place that a redirect leads to: what is asked of a registry is its repository's, whatever else
    /// is a file of the web. This registry is called as the reference calls it.
    fn named(&self, to: &WebUrl) -> Reference {
        let is_own = to.destination() == self.registry();
        let registry = if is_own { self.reference.registry_name() } else { spelled(to.destination()) };
        artifact(&registry, to.path()).unwrap_or_else(|| Reference::Web(to.without_query()))
    }

    /// Gets a manifest or an index by tag or digest; none where there is none.
    pub(super) async fn document_if_there(&self, name: &str, what: &'static str) -> Result<Option<Fetched>, Fault> {
        let accepted = media::MANIFESTS.iter().chain(&media::INDEXES).copied().collect::<Vec<_>>().join(", ");
        let accepted = HeaderValue::from_str(&accepted).map_err(|_| unspeakable())?;
        let call = Call::get(self.url(&format!("manifests/{name}"))?).with(ACCEPT, accepted);
        let held = if name.parse::<Digest>().is_ok() { Held::ByDigest } else { Held::ByPlace };
        let reply = self.send(call, held).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(reply.success("such artifact").await?, what, name.parse().ok()).await.map(Some)
    }

    pub(super) async fn document(&self, name: &str, what: &'static str) -> Result<Fetched, Fault> {
        let absent = || Fault::NotFound { destination: self.registry().clone(), what: "such artifact" };
        self.document_if_there(name, what).await?.ok_or_else(absent)
    }

    /// Gets a blob of a known size.
    pub(super) async fn blob(&self, digest: &Digest, size_bytes: u64, what: &'static str) -> Result<Vec<u8>, Fault> {
        let reply = self.send(Call::get(self.url(&format!("blobs/{digest}"))?), Held::ByDigest).await?;
        let bytes = reply.success("such blob").await?.read_whole(what, size_bytes).await?;
        check(what, digest, &bytes)?;
        Ok(bytes)
    }
}

async fn read(reply: Reply, what: &'static str, expected: Option<Digest>) -> Result<Fetched, Fault> {
    let media_type = reply.media_type();
    let said = reply.field(&CONTENT_DIGEST).map(str::to_owned);
    let bytes = reply.read(what, MAX_DOCUMENT_BYTES).await?;
    let digest = Digest::of(&bytes);
    // Registries may name digests of other kinds here; of this kind it has to be the right one.
    for expected in expected.into_iter().chain(said.and_then(|said| said.parse().ok())) {
        check(what, &expected, &bytes)?;
    }
    Ok(Fetched { bytes, digest, media_type })
}

fn check(what: &'static str, expected: &Digest, bytes: &[u8]) -> Result<(), Fault> {
    let found = Digest::of(bytes);
    if found == *expected { Ok(()) } else { Err(Fault::Digest { what, expected: *expected, found }) }
}

/// The artifact of a registry that a path of its interface asks for.
fn artifact(registry: &str, path: &str) -> Option<Reference> {
    let (rest, name) = path.strip_prefix("/v2/")?.rsplit_once('/')?;
    let repository = rest.strip_suffix("/manifests").or_else(|| rest.strip_suffix("/referrers"))?;
    let separator = if name.contains(':') { '@' } else { ':' };
    format!("oci://{registry}/{repository}{separator}{name}").parse().ok()
}

/// A registry as references spell it.
fn spelled(registry: &Destination) -> String {
    let is_usual = registry.port() == Scheme::Https.default_port();
    if is_usual { registry.host().to_string() } else { registry.to_string() }
}

/// Where a registry is.
fn place(registry: &Destination) -> Destination {
    let is_docker = registry.host().name() == Some(DOCKER.0) && registry.port() == Scheme::Https.default_port();
    let own =
        is_docker.then(|| Host::parse(DOCKER.1).ok().and_then(|host| Destination::new(host, registry.port()).ok()));
    own.flatten().unwrap_or_else(|| registry.clone())
}

pub(super) fn url(scheme: Scheme, destination: &Destination, path: &str) -> Result<WebUrl, Fault> {
    let name = match scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    WebUrl::parse(&format!("{name}://{destination}{path}")).map_err(|_| unspeakable())
}

fn unspeakable() -> Fault {
    Fault::Document { what: "the reference", reason: "can't be asked for".to_owned() }
}

/// How a registry on this machine speaks. One with TLS answers a request without it by an error, or not at all.
async fn local_scheme(trail: &Trail<'_>) -> Result<Scheme, Fault> {
    match trail.send(Call::get(url(Scheme::Http, trail.named(), "/v2/")?)).await {
        Ok(reply) if reply.status == StatusCode::BAD_REQUEST => Ok(Scheme::Https),
        Ok(_) => Ok(Scheme::Http),
        Err(Fault::Broken { .. }) => Ok(Scheme::Https),
        Err(fault) => Err(fault),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn r_18_what_a_redirect_asks_of_a_registry_is_called_as_references_call_it() {
        let digest = Digest::of(b"x");
        for (registry, path, expected) in [
            ("r.example:443", "/v2/acme/x/manifests/1.2.0", Some("oci://r.example/acme/x:1.2.0".to_owned())),
            ("r.example:5000", "/v2/x/manifests/1", Some("oci://r.example:5000/x:1".to_owned())),
            ("r.example:443", &format!("/v2/x/manifests/{digest}"), Some(format!("oci://r.example/x@{digest}"))),
            ("r.example:443", &format!("/v2/x/referrers/{digest}"), Some(format!("oci://r.example/x@{digest}"))),
            ("r.example:443", "/v2/x/blobs/1", None),
            ("r.example:443", "/v2/x/../y/manifests/1", None),
            ("r.example:443", "/v2/x%2fy/manifests/1", None),
            ("r.example:443", "/other/x/manifests/1", None),
            ("r.example:443", "/v2/manifests/1", None),
            ("r.example:443", "/v2/x/manifests/", None),
        ] {
            let found = artifact(&spelled(&Destination::parse(registry).unwrap()), path).map(|found| found.to_string());
            assert_eq!(found, expected, "{registry} {path}");
        }
    }
}
