//! Hosts, patterns of hosts, and URLs: each in one spelling.

use super::{Target, join, texts};
use skillhost_core::destination::{Destination, Scheme, WebUrl};
use skillhost_core::host::Host;
use skillhost_core::reach::{HostPattern, Opening};
use std::net::IpAddr;

pub(super) const TARGET: Target = Target {
    name: "destination",
    check,
    seeds,
    words: &[
        "http://",
        "https://",
        "//",
        "@",
        ":",
        ":443",
        ":0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "%65",
        "xn--",
        ".",
        "..",
        "*.",
        "\\",
        "?",
        "#",
        "/../",
        "\t",
        "localhost",
        "example.com",
        "10.0.0.0/8",
        "[fe80::1%25eth0]",
        "\u{ff0e}",
        "\u{430}",
        "\u{ad}",
        "_",
    ],
    mutations: 15_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let inputs = [
        ("https://Example.com/a/../b?q=1#f", "//other.example/x", "*.example.com:8443"),
        ("http://[::1]:8080/", "../c", "[2001:db8::1]:80"),
        ("https://127.0.0.1/x", "http://0x7f.1/", "10.0.0.0/8"),
        ("https://xn--bcher-kva.example/", "?q=http://y.example", "xn--bcher-kva.example"),
    ];
    inputs.map(|(url, reference, pattern)| join([url.as_bytes(), reference.as_bytes(), pattern.as_bytes()])).into()
}

fn check(data: &[u8]) {
    let [url, reference, pattern] = texts(data);
    for text in [&url, &reference, &pattern] {
        check_host(text);
    }
    if let Ok(url) = WebUrl::parse(&url) {
        check_url(&url);
        if let Ok(next) = url.join(&reference) {
            check_url(&next);
        }
        check_pattern(&pattern, url.destination());
    }
    if let Ok(opening) = pattern.parse::<Opening>() {
        check_opening(&pattern, &opening);
    }
}

/// What opens private addresses by a name opens them for that name alone.
fn check_opening(text: &str, opening: &Opening) {
    let unnamed = Destination::new(Host::parse("never-named.example").expect("a host"), 443).expect("a port");
    let names_addresses = text.contains(['/', '[']) || Host::parse(text).is_ok_and(|host| host.address().is_some());
    let names_it = text.to_ascii_lowercase().contains("example");
    assert!(names_addresses || names_it || !opening.covers(&unnamed, [10, 0, 0, 1].into()), "{text}");
}

fn check_host(text: &str) {
    let Ok(host) = Host::parse(text) else { return };
    let shown = host.to_string();
    assert!(
        shown.is_ascii()
            && !shown.contains(|c: char| c.is_ascii_uppercase() || c.is_ascii_whitespace() || "/@?#\\%".contains(c)),
        "{shown:?}"
    );
    // An IPv6 address may have its zeros written out.
    assert!(
        shown.eq_ignore_ascii_case(text) || text.starts_with('['),
        "{text:?} is not read as it is spelled: {shown}"
    );
    assert_eq!(Host::parse(&shown).as_ref(), Ok(&host));
    assert!(host.name().is_some() != host.address().is_some());
    // An IPv4 address in IPv6's clothes stands in no URL; its two readings differ.
    if matches!(host.address(), Some(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some()) {
        return;
    }
    // Whoever reads it as a URL's goes to the same place.
    let url = WebUrl::parse(&format!("https://{shown}/")).expect("a host stands in a URL");
    assert_eq!(url.destination().host(), &host);
    // Whoever would take it for an address of the old kind takes it for this one.
    if let Ok(address) = shown.parse::<IpAddr>() {
        assert_eq!(host.address(), Some(address));
    }
}

fn check_url(url: &WebUrl) {
    let text = url.to_string();
    assert_eq!(WebUrl::parse(&text).as_ref(), Ok(url), "{text}");
    assert!(!text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || byte == b'\\'), "{text:?}");
    let destination = url.destination();
    assert!(
        destination.port() != 0 && text.starts_with(if url.scheme() == Scheme::Https { "https://" } else { "http://" }),
        "{text}"
    );
    assert!(!url.path().split('/').any(|step| matches!(step, "." | "..")) && url.path().starts_with('/'), "{text}");
    assert_eq!(Destination::parse(&destination.to_string()).as_ref(), Ok(destination));
    let authority = text.split("://").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next()).expect("a URL");
    assert_eq!(Destination::parse_or(authority, url.scheme().default_port()).as_ref(), Ok(destination), "{text}");
}

/// A pattern names the host that it spells, or hosts beneath it.
fn check_pattern(text: &str, destination: &Destination) {
    let Ok(pattern) = text.parse::<HostPattern>() else { return };
    assert_eq!(pattern.to_string().parse::<HostPattern>().as_ref(), Ok(&pattern), "{text}");
    if !pattern.allows(destination) {
        return;
    }
    let host = destination.host().to_string();
    let lower = text.to_ascii_lowercase();
    let named = lower.strip_suffix(&format!(":{}", destination.port())).unwrap_or(&lower);
    match named.strip_prefix('*') {
        Some(suffix) => assert!(
            host.ends_with(suffix) && host.len() > suffix.len() && destination.host().name().is_some(),
            "{text} {host}"
        ),
        None => assert_eq!(named, host, "{text} allows {destination}"),
    }
}
