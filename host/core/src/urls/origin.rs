//! Where a secret may be sent.

use crate::destination::{Scheme, WebUrl};
use crate::text::escape_terminal;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

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
}
