//! Patterns of URLs that a skill may send requests to: `https://api.example.com/v1/*`.
//!
//! They name a scheme, a host or all hosts beneath a name, a port where it is not the scheme's, and a path. In a path, `*`
//! at the end stands for whatever follows; elsewhere for what lies between two slashes.

use crate::destination::{Scheme, WebUrl};
use crate::glob::MAX_PATTERNS;
use crate::host::HostError;
use crate::reach::HostPattern;
use crate::text::escape_terminal;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 512;

/// A pattern of URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlPattern {
    text: String,
    scheme: Scheme,
    hosts: HostPattern,
    path: String,
}

/// Why a text is no pattern of URLs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlPatternError {
    /// Nothing that begins with a scheme of the web.
    #[error("a pattern begins with `https://`, or with `http://` where no TLS is wanted")]
    Scheme,
    /// What stands where the host should.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A pattern without a path.
    #[error("a pattern has a path: `/*` stands for everything on the host")]
    NoPath,
    /// A path that no request has, or a star where none can stand.
    #[error(
        "its path is no normal one: no `.` or `..` steps, no query, no blanks, no `**`, nothing percent-encoded that hides a slash or a dot"
    )]
    Path,
    /// Longer than [`MAX_PATTERN_BYTES`].
    #[error("it is longer than {MAX_PATTERN_BYTES} bytes")]
    TooLong,
    /// More than a list may hold.
    #[error("more than {MAX_PATTERNS} patterns in one list")]
    TooMany,
}

impl UrlPattern {
    /// Whether the pattern matches `url`. Its query doesn't count.
    pub fn matches(&self, url: &WebUrl) -> bool {
        self.scheme == url.scheme() && self.hosts.allows(url.destination()) && self.matches_path(url.path())
    }

    fn matches_path(&self, path: &str) -> bool {
        if self.path == "/*" {
            return true;
        }
        // A server may take `%2F` for a slash and climb from there: only who may reach all of a host may send that.
        if is_ambiguous(path) {
            return false;
        }
        let (steps, last) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let mut rest = path;
        for step in steps.split('/') {
            match rest.split_once('/') {
                Some((found, after)) if matches_step(step, found) => rest = after,
                _ => return false,
            }
        }
        match last.strip_suffix('*') {
            Some(beginning) => rest.starts_with(beginning),
            None => matches_step(last, rest),
        }
    }
}

/// A step of a path, where `*` stands for anything that is no slash.
fn matches_step(pattern: &str, step: &str) -> bool {
    let Some((beginning, end)) = pattern.split_once('*') else { return pattern == step };
    !step.contains('/')
        && step.len() >= beginning.len() + end.len()
        && step.starts_with(beginning)
        && step.ends_with(end)
}

/// Whether servers may read a path in another way than it is written: encoded slashes, dots and percent signs, also by
/// overlong or old codes, empty steps, and steps that lead upwards once their parameters are taken off.
fn is_ambiguous(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let is_step_up = |step: &str| matches!(step.split(';').next(), Some("." | ".."));
    ["%2f", "%5c", "%2e", "%25", "%00", "%c0", "%c1", "%u", "//"].iter().any(|hidden| lower.contains(hidden))
        || lower.split('/').any(is_step_up)
}

impl FromStr for UrlPattern {
    type Err = UrlPatternError;

    fn from_str(text: &str) -> Result<Self, UrlPatternError> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(UrlPatternError::TooLong);
        }
        let (scheme, rest) = scheme(text).ok_or(UrlPatternError::Scheme)?;
        let (authority, path) = match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let hosts = hosts(authority, scheme)?;
        match path {
            "" => return Err(UrlPatternError::NoPath),
            path if is_path(path) => {}
            _ => return Err(UrlPatternError::Path),
        }
        Ok(Self { text: text.to_owned(), scheme, hosts, path: path.to_owned() })
    }
}

/// As a URL spells it, lower case.
fn scheme(text: &str) -> Option<(Scheme, &str)> {
    let https = text.strip_prefix("https://").map(|rest| (Scheme::Https, rest));
    https.or_else(|| text.strip_prefix("http://").map(|rest| (Scheme::Http, rest)))
}

/// Hosts on one port: where none is named, the scheme's.
fn hosts(authority: &str, scheme: Scheme) -> Result<HostPattern, HostError> {
    // An IPv6 address ends with a bracket.
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    if has_port { authority.parse() } else { format!("{authority}:{}", scheme.default_port()).parse() }
}

/// Whether a path with stars in it is what requests can have: the URL library leaves it as it is.
fn is_path(path: &str) -> bool {
    let (steps, last) = path.rsplit_once('/').unwrap_or(("", path));
    let one_star = |step: &str| step.matches('*').count() <= 1;
    let is_normal = WebUrl::parse(&format!("https://x.example{path}")).is_ok_and(|url| url.path_and_query() == path);
    is_normal && !path.contains(['?', '#']) && !is_ambiguous(path) && steps.split('/').chain([last]).all(one_star)
}

impl fmt::Display for UrlPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A list of patterns; a URL matches where any of them does. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Urls(Arc<[UrlPattern]>);

impl Urls {
    /// Reads a list of patterns.
    ///
    /// # Errors
    /// Names the one that is none.
    pub fn parse<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let read = |text: S| {
            let text = text.as_ref();
            text.parse().map_err(|error: UrlPatternError| format!("`{}`: {error}", escape_terminal(text, 120)))
        };
        let patterns = patterns.into_iter().map(read).collect::<Result<Vec<UrlPattern>, _>>()?;
        if patterns.len() > MAX_PATTERNS {
            return Err(UrlPatternError::TooMany.to_string());
        }
        Ok(Self(patterns.into()))
    }

    /// Whether a pattern matches `url`.
    pub fn matches(&self, url: &WebUrl) -> bool {
        self.0.iter().any(|pattern| pattern.matches(url))
    }

    /// The patterns.
    pub fn patterns(&self) -> &[UrlPattern] {
        &self.0
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<String>> for Urls {
    type Error = String;

    fn try_from(patterns: Vec<String>) -> Result<Self, String> {
        Self::parse(patterns)
    }
}

impl From<Urls> for Vec<String> {
    fn from(urls: Urls) -> Self {
        urls.0.iter().map(ToString::to_string).collect()
    }
}

/// Lists that narrow each other: a URL matches where every list does. Without a list, nothing matches.
#[derive(Debug, Clone, Default)]
pub struct UrlLayers(Vec<Urls>);

impl UrlLayers {
    /// One more list to match.
    pub fn narrow(&mut self, urls: Urls) {
        self.0.push(urls);
    }

    /// Whether every list matches `url`.
    pub fn matches(&self, url: &WebUrl) -> bool {
        !self.0.is_empty() && self.0.iter().all(|urls| urls.matches(url))
    }

    /// Whether nothing can match: there is no list, or an empty one among them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(Urls::is_empty)
    }
}

impl<const N: usize> From<[Urls; N]> for UrlLayers {
    fn from(lists: [Urls; N]) -> Self {
        Self(lists.into())
    }
}

/// A scheme, one host and a port: where a secret may be sent. With TLS, or to this machine's own loopback address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(WebUrl);

impl Origin {
    /// Whether `url` is of this origin.
    pub fn is_of(&self, url: &WebUrl) -> bool {
        self.0.scheme() == url.scheme() && self.0.destination() == url.destination()
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = |why: &dyn fmt::Display| format!("`{}`: {why}", escape_terminal(text, 120));
        let url = WebUrl::parse(text).map_err(|error| refuse(&error))?;
        if url.path_and_query() != "/" || text.contains('#') {
            return Err(refuse(&"an origin has no path: `https://api.example.com`"));
        }
        let is_loopback = url.destination().host().address().is_some_and(|address| address.is_loopback());
        if url.scheme() == Scheme::Http && !is_loopback {
            return Err(refuse(
                &"without TLS anybody on the way could read the secret; http is for loopback addresses",
            ));
        }
        Ok(Self(url))
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn matches(pattern: &str, url: &str) -> bool {
        let url = WebUrl::parse(url).unwrap();
        pattern.parse::<UrlPattern>().unwrap().matches(&url)
    }

    #[test]
    fn a_pattern_names_scheme_host_port_and_path() {
        for (pattern, yes, no) in [
            (
                "https://api.example.com/v1/*",
                &[
                    "https://api.example.com/v1/",
                    "https://API.example.com:443/v1/a/b?q",
                    "https://api.example.com/x/../v1/a",
                ][..],
                &[
                    "https://api.example.com/v1",
                    "https://api.example.com/v10/a",
                    "https://api.example.com/v1/../v2/a",
                    "https://api.example.com/v1/%2e%2e/v2/a",
                    "http://api.example.com/v1/a",
                    "https://api.example.com:8443/v1/a",
                    "https://api.example.com.evil.example/v1/a",
                    "https://evil.example/v1/a?https://api.example.com/v1/",
                    "https://example.com/v1/a",
                ][..],
            ),
            (
                "https://*.example.com/*",
                &["https://a.example.com/", "https://a.b.example.com/x"],
                &["https://example.com/"],
            ),
            (
                "http://127.0.0.1:8080/a",
                &["http://127.0.0.1:8080/a?x"],
                &["http://127.0.0.1/a", "http://127.0.0.1:8080/a/"],
            ),
            ("https://[::1]/*", &["https://[::1]/x"], &["https://[::1]:8443/x"]),
            (
                "https://h.example/repos/*/issues*",
                &["https://h.example/repos/a/issues", "https://h.example/repos/b/issues/1/labels"],
                &[
                    "https://h.example/repos/a/b/issues",
                    "https://h.example/repos/issues",
                    "https://h.example/repos//issues",
                    "https://h.example/repos/a/pulls",
                ],
            ),
            (
                "https://h.example/a*z/x",
                &["https://h.example/abz/x"],
                &["https://h.example/a/z/x", "https://h.example/a/x"],
            ),
        ] {
            assert!(yes.iter().all(|url| matches(pattern, url)), "{pattern}");
            for url in no {
                assert!(!matches(pattern, url), "{pattern} {url}");
            }
        }
    }

    #[test]
    fn r_14_a_path_that_servers_read_in_two_ways_needs_the_whole_host() {
        for path in [
            "/v1/..%2fadmin",
            "/v1/%2E%2E%5Cadmin",
            "/v1/..;/admin",
            "/v1/.;x/admin",
            "/v1/%252e%252e/a",
            "/v1/a%00",
            "/v1/%c0%ae%c0%ae/a",
            "/v1/%C1%9Ca",
            "/v1/%u002e%u002e/a",
            "/v1//a",
        ] {
            let url = format!("https://h.example{path}");
            assert!(!matches("https://h.example/v1/*", &url), "{path}");
            assert!(matches("https://h.example/*", &url), "{path}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_the_reason() {
        for (bad, word) in [
            ("api.example.com/*", "https://"),
            ("HTTPS://h.example/*", "https://"),
            ("ftp://h.example/*", "https://"),
            ("https://h.example", "/*"),
            ("https://*/x", "*"),
            ("https://*.com/*", "*"),
            ("https://user@h.example/*", "user"),
            ("https://0x7f.1/*", "127.0.0.1"),
            ("https://h.example./*", "dot"),
            ("https://h.example/../x", "path"),
            ("https://h.example/a?b", "path"),
            ("https://h.example/a#b", "path"),
            ("https://h.example/a b", "path"),
            ("https://h.example/**", "path"),
            ("https://h.example/*/**/x", "path"),
            ("https://h.example/%2e%2e/x", "path"),
            ("https://h.example/a%2fb", "path"),
            ("https://h.example/a//b", "path"),
        ] {
            let error = Urls::parse([bad]).unwrap_err();
            assert!(error.contains(word), "{bad}: {error}");
        }
        assert!(Urls::parse(vec!["https://h.example/*"; MAX_PATTERNS + 1]).is_err());
    }

    #[test]
    fn a_url_is_allowed_where_each_layer_allows_it() {
        let url = WebUrl::parse("https://a.example.com/v1/x").unwrap();
        let urls = |pattern: &str| Urls::parse([pattern]).unwrap();
        let mut layers = UrlLayers::from([urls("https://*.example.com/*"), urls("https://a.example.com/v1/*")]);
        assert!(layers.matches(&url) && !UrlLayers::default().matches(&url));
        layers.narrow(urls("https://a.example.com/v2/*"));
        assert!(!layers.matches(&url));
    }

    #[test]
    fn r_15_an_origin_is_one_host_with_tls() {
        let origin: Origin = "https://api.example.com".parse().unwrap();
        for (url, expected) in [
            ("https://api.example.com/x", true),
            ("https://api.example.com:443/", true),
            ("https://api.example.com:8443/", false),
            ("http://api.example.com/", false),
            ("https://x.api.example.com/", false),
            ("https://evil.example/", false),
        ] {
            assert_eq!(origin.is_of(&WebUrl::parse(url).unwrap()), expected, "{url}");
        }
        for bad in
            ["https://api.example.com/v1", "http://api.example.com", "http://localhost", "https://*.example.com", "api"]
        {
            assert!(bad.parse::<Origin>().is_err(), "{bad}");
        }
        assert!("http://127.0.0.1:8080".parse::<Origin>().is_ok() && "http://[::1]".parse::<Origin>().is_ok());
    }

    proptest! {
        #[test]
        fn a_prefix_pattern_lets_nothing_else_through(path in "(/[a-z.%2fe;]{0,6}){0,4}") {
            if let Ok(url) = WebUrl::parse(&format!("https://h.example{path}")) {
                let pattern: UrlPattern = "https://h.example/a/*".parse().unwrap();
                prop_assert!(!pattern.matches(&url) || url.path().starts_with("/a/") && !is_ambiguous(url.path()));
            }
        }
    }
}
