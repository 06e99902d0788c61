//! Names of hosts, as requests, lists and policies spell them. One parser, so that no two places read a text differently.
//!
//! What a URL library would repair is refused here: `0x7f.1`, `%65xample.com`, `example.com.` and `ｅxample.com` all name
//! a host that a reader of the text doesn't see. Each host has one spelling, and two hosts are equal where those are.

use std::fmt;
use std::net::IpAddr;

/// Longest name that the domain name system carries, as text.
const MAX_NAME_BYTES: usize = 253;
/// Longest part between two dots.
const MAX_LABEL_BYTES: usize = 63;

/// A host by name or by address: lower case, ASCII, in its one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(Kind);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Name(String),
    Address(IpAddr),
}

/// Why a text names no host, or no place on one. Holds nothing of the text but what is shown to be harmless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// Nothing is there.
    #[error("a host's name is missing")]
    Empty,
    /// A URL, or a path.
    #[error("a host is written without a scheme or a path, as in `example.com` or `example.com:8443`")]
    NotAHost,
    /// `user@host`.
    #[error("user names and passwords are not part of a host: write what stands behind the `@`")]
    Userinfo,
    /// Letters beyond ASCII, which can look like others.
    #[error("letters beyond ASCII are written in Punycode{}", hint(.0))]
    NotAscii(Option<String>),
    /// An address that a URL library would read in another way than people do.
    #[error("this is an unusual spelling of {0}: write that")]
    Unusual(String),
    /// `example.com.`
    #[error("a host's name ends without a dot")]
    TrailingDot,
    /// Something between dots is empty, too long, or no letters, digits and hyphens.
    #[error(
        "a host's name is made of letters, digits, hyphens and single dots, 63 characters at most between two dots"
    )]
    Label,
    /// Longer than a name can be.
    #[error("a host's name has 253 characters at most")]
    TooLong,
    /// An IPv6 address without brackets, or with a zone.
    #[error("an IPv6 address stands in brackets and names no interface, as in `[2001:db8::1]:8443`")]
    Ipv6,
    /// Not a port.
    #[error("a port is a number from 1 to 65535, written without leading zeros")]
    Port,
    /// A `*` elsewhere than at the start, or before too little.
    #[error("a `*` stands for the start of a name of two parts or more, as in `*.example.com`")]
    Wildcard,
    /// Not a URL of the web.
    #[error("a URL begins with `https://` or `http://` and holds no blanks, control characters or backslashes")]
    Url,
    /// Not a range of addresses.
    #[error("a range is an address with the rest zero, a slash and a length, as in `10.1.0.0/16`")]
    Range,
}

fn hint(punycode: &Option<String>) -> String {
    punycode.as_ref().map(|name| format!(": `{name}`")).unwrap_or_default()
}

impl Host {
    /// Reads a host in its one spelling; upper case is taken for lower case.
    ///
    /// # Errors
    /// Where the text is none, or spells one in another way.
    pub fn parse(text: &str) -> Result<Self, HostError> {
        if text.is_empty() {
            return Err(HostError::Empty);
        }
        if !text.is_ascii() {
            return Err(HostError::NotAscii(punycode(text)));
        }
        if text.contains('@') {
            return Err(HostError::Userinfo);
        }
        if text.contains(['/', '\\', '?', '#']) {
            return Err(HostError::NotAHost);
        }
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(HostError::Ipv6)?;
            return inner.parse().map(|address| Self(Kind::Address(IpAddr::V6(address)))).map_err(|_| HostError::Ipv6);
        }
        if text.contains(':') {
            return Err(if text.parse::<IpAddr>().is_ok() { HostError::Ipv6 } else { HostError::Port });
        }
        let text = text.to_ascii_lowercase();
        if text.len() > MAX_NAME_BYTES {
            return Err(HostError::TooLong);
        }
        if text.ends_with('.') {
            return Err(HostError::TrailingDot);
        }
        // The URL library knows every spelling that a client may take for an address.
        match url::Host::parse(&text) {
            Ok(url::Host::Ipv4(address)) if address.to_string() == text => Ok(Self(Kind::Address(address.into()))),
            Ok(url::Host::Ipv4(address)) => Err(HostError::Unusual(address.to_string())),
            Ok(url::Host::Domain(name)) if name == text && name.split('.').all(is_label) => Ok(Self(Kind::Name(name))),
            _ => Err(HostError::Label),
        }
    }

    /// The address, where it is named by one.
    pub fn address(&self) -> Option<IpAddr> {
        match self.0 {
            Kind::Address(address) => Some(address),
            Kind::Name(_) => None,
        }
    }

    /// The name, where it is named by one.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Kind::Name(name) => Some(name),
            Kind::Address(_) => None,
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        Self(Kind::Address(address))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Name(name) => f.write_str(name),
            Kind::Address(IpAddr::V4(address)) => address.fmt(f),
            Kind::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Letters, digits, hyphens inside; an underscore too, which some hosts have though the rules for hosts don't.
fn is_label(label: &str) -> bool {
    let is_good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    (1..=MAX_LABEL_BYTES).contains(&label.len())
        && label.bytes().all(is_good)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// What a browser would make of a name in other letters; none where that is no name, or one without such letters.
fn punycode(text: &str) -> Option<String> {
    let url::Host::Domain(name) = url::Host::parse(text).ok()? else { return None };
    (name.contains("xn--") && name.len() <= MAX_NAME_BYTES && name.split('.').all(is_label)).then_some(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_host_has_one_spelling() {
        for (text, shown) in [
            ("example.com", "example.com"),
            ("EXAMPLE.com", "example.com"),
            ("localhost", "localhost"),
            ("a_b.example.com", "a_b.example.com"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
            ("127.0.0.1", "127.0.0.1"),
            ("[::1]", "[::1]"),
            ("[0:0:0:0:0:0:0:1]", "[::1]"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(Host::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn x_03_unusual_spellings_are_refused() {
        for (text, expected) in [
            ("2130706433", HostError::Unusual("127.0.0.1".to_owned())),
            ("0x7f000001", HostError::Unusual("127.0.0.1".to_owned())),
            ("0x7f.1", HostError::Unusual("127.0.0.1".to_owned())),
            ("0177.0.0.1", HostError::Unusual("127.0.0.1".to_owned())),
            ("127.1", HostError::Unusual("127.0.0.1".to_owned())),
            ("127.0.0.01", HostError::Unusual("127.0.0.1".to_owned())),
            ("0", HostError::Unusual("0.0.0.0".to_owned())),
            ("1.2.3.4.5", HostError::Label),
            ("256.1.1.1", HostError::Label),
            ("example.com.", HostError::TrailingDot),
            ("127.0.0.1.", HostError::TrailingDot),
            ("user@example.com", HostError::Userinfo),
            ("example.com@127.0.0.1", HostError::Userinfo),
            ("https://example.com", HostError::NotAHost),
            ("example.com/x", HostError::NotAHost),
            ("example.com\\@x.org", HostError::Userinfo),
            ("a..example.com", HostError::Label),
            (".example.com", HostError::Label),
            ("-a.example.com", HostError::Label),
            ("%65xample.com", HostError::Label),
            ("exa mple.com", HostError::Label),
            ("example.com\r\nx", HostError::Label),
            ("example.com\0", HostError::Label),
            ("ex\u{0000}ample.com", HostError::Label),
            ("", HostError::Empty),
            ("*", HostError::Label),
            ("::1", HostError::Ipv6),
            ("[::1", HostError::Ipv6),
            ("[fe80::1%eth0]", HostError::Ipv6),
            ("[::1]x", HostError::Ipv6),
            ("[127.0.0.1]", HostError::Ipv6),
            ("xn--a.example", HostError::Label),
            ("ｅxample.com", HostError::NotAscii(None)),
            ("①②⑦.⓪.⓪.①", HostError::NotAscii(None)),
            ("exаmple.com", HostError::NotAscii(Some("xn--exmple-4nf.com".to_owned()))),
            ("example\u{3002}com", HostError::NotAscii(None)),
        ] {
            assert_eq!(Host::parse(text), Err(expected), "{text:?}");
        }
        assert_eq!(Host::parse(&"a.".repeat(130)), Err(HostError::TooLong));
        assert_eq!(Host::parse(&format!("{}.com", "a".repeat(64))), Err(HostError::Label));
    }

    proptest! {
        #[test]
        fn what_parses_parses_again_and_means_the_same_to_a_url_library(text in "[a-zA-Z0-9._\\[\\]:%@x-]{0,20}|\\PC{0,12}") {
            if let Ok(host) = Host::parse(&text) {
                prop_assert_eq!(&Host::parse(&host.to_string()).unwrap(), &host);
                let url = url::Url::parse(&format!("http://{text}/")).unwrap();
                prop_assert_eq!(url.host_str().unwrap(), host.to_string());
            }
        }
    }
}
