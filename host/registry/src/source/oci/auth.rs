//! What a registry asks for before it answers, and who is told what.
//!
//! A registry names the server that gives tokens for it, and so it says where credentials go. They go to its own origin, or
//! to a host of its own domain, with TLS: `auth.docker.io` for `registry-1.docker.io`, `gitlab.com` for
//! `registry.gitlab.com`. Where another is named, that is an error. A registry could pass on what it was shown anyway; this
//! bounds what one that was fooled can do.

use crate::credentials::Credentials;
use crate::source::error::Fault;
use crate::source::http::{Call, Trail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use skillhost_core::destination::{Destination, Scheme, WebUrl};
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Largest reply with a token, in bytes.
const MAX_TOKEN_REPLY_BYTES: u64 = 256 << 10;
/// Longest challenge, in bytes.
const MAX_CHALLENGE_BYTES: usize = 4096;

/// What a registry asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenge {
    /// A name and a password.
    Basic,
    /// A token, from this server.
    Bearer {
        /// The server's URL, as it was written.
        realm: String,
        /// What the server calls the registry.
        service: Option<String>,
    },
}

impl Challenge {
    /// The first that is understood; a token rather than a password.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let fields = headers.get_all(WWW_AUTHENTICATE).iter().take(8).filter_map(|value| value.to_str().ok());
        let mut found: Vec<Self> = fields.filter_map(Self::parse).collect();
        found.sort_by_key(|challenge| matches!(challenge, Self::Basic));
        found.into_iter().next()
    }

    fn parse(field: &str) -> Option<Self> {
        if field.len() > MAX_CHALLENGE_BYTES {
            return None;
        }
        let (kind, rest) = field.trim().split_once(' ').unwrap_or((field.trim(), ""));
        if kind.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        let mut parameters = kind.eq_ignore_ascii_case("bearer").then(|| parameters(rest))?;
        let realm = parameters.remove("realm")?;
        Some(Self::Bearer { realm, service: parameters.remove("service") })
    }
}

/// `name="value"` and `name=value`, with commas between them. A name that comes twice is taken once.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let (mut found, mut rest) = (BTreeMap::new(), text.trim_start());
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(after) => after.split_once('"').unwrap_or((after, "")),
            None => after.split_once(',').map_or((after, ""), |(value, _)| (value, &after[value.len()..])),
        };
        found.entry(name.trim().to_ascii_lowercase()).or_insert_with(|| value.trim().to_owned());
        rest = after.trim_start_matches([',', ' ']);
    }
    found
}

/// What is sent with requests from now on; none where the registry wants credentials and there are none.
pub(super) async fn answer(
    trail: &Trail<'_>,
    scheme: Scheme,
    challenge: &Challenge,
    scope: &str,
    credentials: Option<&Credentials>,
) -> Result<Option<HeaderValue>, Fault> {
    match (challenge, credentials) {
        (Challenge::Basic, Some(Credentials::Basic { user, password })) => basic(user, password).map(Some),
        (Challenge::Basic, _) => Ok(None),
        (Challenge::Bearer { realm, service }, credentials) => {
            token(trail, scheme, realm, service.as_deref(), scope, credentials).await.map(Some)
        }
    }
}

fn basic(user: &str, password: &str) -> Result<HeaderValue, Fault> {
    let pair = Zeroizing::new(format!("{user}:{password}"));
    let text = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    secret(&text)
}

fn secret(text: &str) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Fault::Document { what: "the token", reason: "can't be sent".to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

async fn token(
    trail: &Trail<'_>,
    scheme: Scheme,
    realm: &str,
    service: Option<&str>,
    scope: &str,
    credentials: Option<&Credentials>,
) -> Result<HeaderValue, Fault> {
    let invalid = || Fault::Document { what: "the registry's challenge", reason: "names no server".to_owned() };
    let realm = WebUrl::parse(realm).map_err(|_| invalid())?;
    let registry = trail.named();
    let is_own = realm.scheme() == scheme && realm.destination() == registry;
    if realm.scheme() == Scheme::Http && !is_own {
        let destination = registry.clone();
        return Err(Fault::Redirect { destination, why: "to a server of tokens without TLS" });
    }
    if credentials.is_some() && !is_own && !is_of_one_domain(registry, realm.destination()) {
        return Err(Fault::Realm { registry: registry.clone(), realm: realm.destination().clone() });
    }
    let mut query = vec![("scope", scope)];
    query.extend(service.map(|service| ("service", service)));
    let call = match credentials {
        Some(Credentials::Identity(token)) => {
            query.extend([("grant_type", "refresh_token"), ("client_id", "skillhost"), ("refresh_token", token)]);
            let mut call = Call::new(Method::POST, realm).with(CONTENT_TYPE, FORM);
            call.body = encoded(&query).into_bytes().into();
            call
        }
        other => {
            let text = realm.to_string();
            let separator = if text.contains('?') { '&' } else { '?' };
            let call =
                Call::get(WebUrl::parse(&format!("{text}{separator}{}", encoded(&query))).map_err(|_| invalid())?);
            match other {
                Some(Credentials::Basic { user, password }) => call.with(AUTHORIZATION, basic(user, password)?),
                _ => call,
            }
        }
    };
    // Not followed anywhere else: whoever gives tokens is named by the registry, not by a redirect.
    let reply = trail.send(call).await?.success("token for it").await?;
    let bytes = Zeroizing::new(reply.read("the token", MAX_TOKEN_REPLY_BYTES).await?);
    let unreadable = || Fault::Document { what: "the token", reason: "can't be read".to_owned() };
    let answer: Answer = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
    let token = answer.token.or(answer.access_token).ok_or_else(unreadable)?;
    secret(&Zeroizing::new(format!("Bearer {}", *token)))
}

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

#[derive(Deserialize)]
struct Answer {
    token: Option<Zeroizing<String>>,
    access_token: Option<Zeroizing<String>>,
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs);
    text.finish()
}

/// Whether two hosts are of one domain: one is the other's, or both are of the same, which has a dot.
fn is_of_one_domain(registry: &Destination, realm: &Destination) -> bool {
    let (Some(one), Some(other)) = (registry.host().name(), realm.host().name()) else { return false };
    let is_beneath = |name: &str, domain: &str| {
        domain.contains('.') && name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let parent = one.split_once('.').map_or("", |(_, parent)| parent);
    is_beneath(other, one) || is_beneath(one, other) || is_beneath(other, parent)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn challenges_are_read() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        for (field, expected) in [
            ("Basic realm=\"x\"", Some(Challenge::Basic)),
            ("basic", Some(Challenge::Basic)),
            (
                "Bearer realm=\"https://auth.docker.io/token\",service=\"registry.docker.io\",scope=\"repository:a:pull,push\"",
                bearer("https://auth.docker.io/token", Some("registry.docker.io")),
            ),
            ("Bearer service=s, realm=https://a.example/t", bearer("https://a.example/t", Some("s"))),
            ("bearer realm=\"https://a.example/t", bearer("https://a.example/t", None)),
            ("Bearer realm=\"https://a/\",realm=\"https://b/\"", bearer("https://a/", None)),
            ("Bearer", None),
            ("Negotiate x", None),
            ("", None),
        ] {
            assert_eq!(Challenge::parse(field), expected, "{field}");
        }
        assert_eq!(Challenge::parse(&format!("Basic {}", "x".repeat(5000))), None);
    }

    #[test]
    fn r_15_credentials_stay_within_the_registrys_domain() {
        let to = |host: &str| Destination::parse(&format!("{host}:443")).unwrap();
        for (registry, realm, expected) in [
            ("registry-1.docker.io", "auth.docker.io", true),
            ("registry.gitlab.com", "gitlab.com", true),
            ("ghcr.io", "ghcr.io", true),
            ("registry.example.com", "gitlab.example.com", true),
            ("example.com", "auth.example.com", true),
            ("registry.example.com", "example.com.evil.org", false),
            ("registry.example.com", "evilexample.com", false),
            ("ghcr.io", "evil.io", false),
            ("registry.example.com", "com", false),
            ("127.0.0.1", "127.0.0.2", false),
        ] {
            assert_eq!(is_of_one_domain(&to(registry), &to(realm)), expected, "{registry} {realm}");
        }
    }
}
