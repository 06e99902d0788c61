//! Where a connection goes: a host and a port, alone or in a URL.

use crate::host::{Host, HostError};
use std::fmt;
use std::str::FromStr;

/// A host and a port: what a connection is made to, and all that a decision about it looks at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    host: Host,
    port: u16,
}

/// The schemes of the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Without TLS.
    Http,
    /// With TLS.
    Https,
}

impl Scheme {
    /// The port where a URL names none.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

impl Destination {
    /// A port of a host; none where it is port 0, which is nowhere.
    pub fn new(host: Host, port: u16) -> Result<Self, HostError> {
        if port == 0 { Err(HostError::Port) } else { Ok(Self { host, port }) }
    }

    /// Reads `host:port`.
    ///
    /// # Errors
    /// Where it is not that, or spelled in an unusual way.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        match split(text)? {
            (host, Some(port)) => Ok(Self { host: Host::parse(host)?, port }),
            (_, None) => Err(HostError::Port),
        }
    }

    /// Reads `host` or `host:port`.
    ///
    /// # Errors
    /// As [`Destination::parse`].
    pub fn parse_or(text: &str, default_port: u16) -> Result<Self, HostError> {
        let (host, port) = split(text)?;
        Self::new(Host::parse(host)?, port.unwrap_or(default_port))
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port; never 0.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Host and port of a text, where it names one.
pub(crate) fn split(text: &str) -> Result<(&str, Option<u16>), HostError> {
    let after_host = if text.starts_with('[') { text.find(']').ok_or(HostError::Ipv6)? } else { 0 };
    let Some(colon) = text[after_host..].find(':').map(|at| at + after_host) else { return Ok((text, None)) };
    let (host, port) = (&text[..colon], &text[colon + 1..]);
    if host.contains('@') || port.contains('@') {
        return Err(HostError::Userinfo);
    }
    if port.starts_with("//") {
        return Err(HostError::NotAHost);
    }
    // An address without brackets has further colons.
    if port.contains(':') {
        return Err(HostError::Ipv6);
    }
    let is_plain = port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    let port = if is_plain { u16::from_str(port).ok() } else { None };
    port.map(|port| (host, Some(port))).ok_or(HostError::Port)
}

/// A URL of the web, whose host was read by the same rules as every other: no user, no unusual spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebUrl {
    url: url::Url,
    scheme: Scheme,
    destination: Destination,
}

impl WebUrl {
    /// Reads an absolute URL.
    ///
    /// # Errors
    /// Where it is none, has another scheme, a user or a password, or spells its host in an unusual way.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        // The URL library takes blanks and line ends out, and backslashes for slashes.
        if text.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\') {
            return Err(HostError::Url);
        }
        let (scheme, rest) = text.split_once("://").ok_or(HostError::Url)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(HostError::Url),
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let destination = Destination::parse_or(authority, scheme.default_port())?;
        let url = url::Url::parse(text).map_err(|_| HostError::Url)?;
        // Two readings of one text: where they differ, neither is believed.
        let agrees = url.host_str() == Some(destination.host.to_string().as_str())
            && url.port_or_known_default() == Some(destination.port)
            && url.username().is_empty()
            && url.password().is_none();
        if agrees { Ok(Self { url, scheme, destination }) } else { Err(HostError::Url) }
    }

    /// Where a connection for it goes.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// With or without TLS.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Path and query, normalised: `/` at least, no `.` and `..` steps.
    pub fn path_and_query(&self) -> String {
        let query = self.url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.url.path())
    }

    /// The place alone, without query and fragment, in which servers keep what belongs to one request.
    pub fn without_query(&self) -> Self {
        let mut place = self.clone();
        place.url.set_query(None);
        place.url.set_fragment(None);
        place
    }

    /// The path, normalised.
    pub fn path(&self) -> &str {
        self.url.path()
    }

    /// The URL that a reference in a reply to it leads to, as a redirect's: checked like any other.
    ///
    /// # Errors
    /// As [`WebUrl::parse`].
    pub fn join(&self, reference: &str) -> Result<Self, HostError> {
        if reference.bytes().any(|b| b <= b' ' || b == 0x7f || b == b'\\') {
            return Err(HostError::Url);
        }
        // What names a host of its own is read as it is spelled, not as it was repaired.
        let first = reference.find(['/', '?', '#', ':']);
        if first.is_some_and(|at| reference[at..].starts_with(':')) {
            return Self::parse(reference);
        }
        if let Some(rest) = reference.strip_prefix("//") {
            let scheme = self.url.scheme();
            return Self::parse(&format!("{scheme}://{rest}"));
        }
        let joined = self.url.join(reference).map_err(|_| HostError::Url)?;
        Self::parse(joined.as_str())
    }
}

impl fmt::Display for WebUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.url.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn host_and_port() {
        for (text, shown) in [
            ("example.com:443", "example.com:443"),
            ("127.0.0.1:80", "127.0.0.1:80"),
            ("[::1]:8443", "[::1]:8443"),
            ("Example.com:65535", "example.com:65535"),
        ] {
            assert_eq!(Destination::parse(text).unwrap().to_string(), shown);
        }
        assert_eq!(Destination::parse_or("[::1]", 80).unwrap().to_string(), "[::1]:80");
        for (text, expected) in [
            ("example.com", HostError::Port),
            ("example.com:", HostError::Port),
            ("example.com:0", HostError::Port),
            ("example.com:0443", HostError::Port),
            ("example.com:+443", HostError::Port),
            ("example.com:65536", HostError::Port),
            ("example.com:443x", HostError::Port),
            ("example.com:443:443", HostError::Ipv6),
            ("example.com:x@127.0.0.1:80", HostError::Userinfo),
            ("https://example.com", HostError::NotAHost),
            ("::1:80", HostError::Empty),
            ("[::1]443", HostError::Port),
        ] {
            let error = Destination::parse(text).unwrap_err();
            // Which of two faults is named first doesn't matter where an address lacks its brackets.
            assert!(error == expected || error == HostError::Ipv6, "{text}: {error}");
        }
    }

    #[test]
    fn x_03_a_url_names_its_host_plainly() {
        let url = WebUrl::parse("HTTPS://Example.com/a/../b?q=1#f").unwrap();
        assert_eq!((url.destination().to_string().as_str(), url.scheme()), ("example.com:443", Scheme::Https));
        assert_eq!(url.path_and_query(), "/b?q=1");
        assert_eq!(url.without_query().to_string(), "https://example.com/b");
        assert_eq!(WebUrl::parse("http://[::1]:8080").unwrap().destination().to_string(), "[::1]:8080");
        for bad in [
            "ftp://example.com/",
            "file:///etc/passwd",
            "//example.com/",
            "/path",
            "http:/example.com/",
            "http:///example.com/",
            "http://user@example.com/",
            "http://example.com:x@127.0.0.1/",
            "http://example.com@127.0.0.1/",
            "http://@example.com/",
            "http://example.com\\@127.0.0.1/",
            "http:\\\\example.com/",
            "http://0x7f.1/",
            "http://2130706433/",
            "http://example.com./",
            "http://exa\tmple.com/",
            " http://example.com/",
            "http://example.com/\r\nHost: x",
            "http://ex%61mple.com/",
            "http://exаmple.com/",
            "http://example.com:0/",
            "http://example.com:/",
        ] {
            assert!(WebUrl::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn r_14_a_redirect_is_read_like_any_url() {
        let from = WebUrl::parse("https://example.com/a/b").unwrap();
        for (to, expected) in [
            ("/c", "https://example.com/c"),
            ("c?x=http://y.example/", "https://example.com/a/c?x=http://y.example/"),
            ("//other.example/", "https://other.example/"),
            ("http://127.0.0.1/", "http://127.0.0.1/"),
        ] {
            assert_eq!(from.join(to).unwrap().to_string(), expected);
        }
        for bad in [
            "file:///etc/passwd",
            "data:,x",
            "javascript:1",
            "http://0x7f.1/",
            "//user@x.example/",
            "/\\x.example",
            "ftp://x.example/",
        ] {
            assert!(from.join(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn two_readings_of_a_url_agree(text in "https?://[a-z0-9.@:%/?#\\[\\]\\\\x-]{0,24}") {
            if let Ok(read) = WebUrl::parse(&text) {
                let url = url::Url::parse(&text).unwrap();
                prop_assert_eq!(url.host_str().unwrap(), read.destination().host().to_string());
                prop_assert_eq!(&WebUrl::parse(&read.to_string()).unwrap(), &read);
            }
        }
    }
}
