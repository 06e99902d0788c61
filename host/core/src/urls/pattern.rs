//! One pattern of URLs: how it is read, and what it matches.

use crate::destination::{Scheme, WebUrl};
use crate::host::HostError;
use crate::reach::HostPattern;
use std::fmt;
use std::str::FromStr;

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
}

impl UrlPattern {
    /// Whether the pattern matches `url`. Its query doesn't count.
    pub fn matches(&self, url: &WebUrl) -> bool {
        self.scheme == url.scheme() && self.hosts.allows(url.destination()) && self.matches_path(url.path())
    }

    /// Whether every URL that `other` matches is matched by this one, as far as that can be told from the patterns: by the
    /// same path, or by one with its only star at the end for one that begins so.
    pub fn covers(&self, other: &Self) -> bool {
        let beginning = self.path.strip_suffix('*').filter(|beginning| !beginning.contains('*'));
        self.scheme == other.scheme
            && self.hosts.covers(&other.hosts)
            && (self.path == other.path || beginning.is_some_and(|beginning| other.path.starts_with(beginning)))
    }

    /// Whether a URL could match both: no is a no, and a yes may be wrong.
    pub fn may_overlap(&self, other: &Self) -> bool {
        let before_star = |path: &str| path.split('*').next().unwrap_or_default().to_owned();
        let (own, theirs) = (before_star(&self.path), before_star(&other.path));
        self.scheme == other.scheme
            && self.hosts.may_overlap(&other.hosts)
            && (own.starts_with(&theirs) || theirs.starts_with(&own))
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
pub(crate) fn is_ambiguous(path: &str) -> bool {
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
            let error = bad.parse::<UrlPattern>().unwrap_err().to_string();
            assert!(error.contains(word), "{bad}: {error}");
        }
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
