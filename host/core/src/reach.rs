//! What may be reached: the hosts that a project lists, and the places of a company that only a policy opens.

use crate::destination::{Destination, split};
use crate::host::{Host, HostError};
use ipnet::IpNet;
use serde::Deserialize;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

/// The ports that an entry without one stands for.
pub const WEB_PORTS: [u16; 2] = [443, 80];

/// One entry of a list: `example.com`, `example.com:8443`, `*.example.com`, `[2001:db8::1]:80`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct HostPattern {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Hosts {
    /// This one.
    One(Host),
    /// Every name that ends in a dot and this, not this itself.
    Beneath(String),
}

impl Hosts {
    fn parse(text: &str) -> Result<Self, HostError> {
        let Some(parent) = text.strip_prefix("*.") else {
            return if text.contains('*') { Err(HostError::Wildcard) } else { Host::parse(text).map(Self::One) };
        };
        // A star over a whole top-level domain is no list any more.
        match Host::parse(parent)?.name() {
            Some(name) if name.contains('.') => Ok(Self::Beneath(name.to_owned())),
            _ => Err(HostError::Wildcard),
        }
    }

    fn contain(&self, host: &Host) -> bool {
        match self {
            Self::One(one) => one == host,
            Self::Beneath(parent) => {
                let beneath = host.name().and_then(|name| name.strip_suffix(parent.as_str()));
                beneath.is_some_and(|beneath| beneath.ends_with('.') && beneath.len() > 1)
            }
        }
    }
}

impl HostPattern {
    /// Whether it names `destination`: the host, and its port or, where it names none, those of the web.
    pub fn allows(&self, destination: &Destination) -> bool {
        let port = destination.port();
        self.hosts.contain(destination.host()) && self.port.map_or(WEB_PORTS.contains(&port), |own| own == port)
    }

    /// Whether every destination that `other` names is named by this one.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let hosts = match (&self.hosts, &other.hosts) {
            (hosts, Hosts::One(one)) => hosts.contain(one),
            (Hosts::Beneath(own), Hosts::Beneath(theirs)) => {
                own == theirs || theirs.strip_suffix(own.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
            (Hosts::One(_), Hosts::Beneath(_)) => false,
        };
        hosts && self.port == other.port
    }

    /// Whether a destination could be named by both.
    pub(crate) fn may_overlap(&self, other: &Self) -> bool {
        let hosts = match (&self.hosts, &other.hosts) {
            (Hosts::One(one), hosts) | (hosts, Hosts::One(one)) => hosts.contain(one),
            (Hosts::Beneath(one), Hosts::Beneath(other)) => {
                one.ends_with(other.as_str()) || other.ends_with(one.as_str())
            }
        };
        let ports = |port: Option<u16>| port.map_or(WEB_PORTS.to_vec(), |port| vec![port]);
        hosts && ports(self.port).iter().any(|port| ports(other.port).contains(port))
    }
}

impl FromStr for HostPattern {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let (hosts, port) = split(text)?;
        Ok(Self { hosts: Hosts::parse(hosts)?, port })
    }
}

impl TryFrom<String> for HostPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error| named(&text, &error))
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.hosts {
            Hosts::One(host) => host.fmt(f)?,
            Hosts::Beneath(parent) => write!(f, "*.{parent}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// Whether the name of a host can open an address: where it is one of a private network (unique-local, or shared by a
/// carrier), and not one at which clouds hand out credentials. Whoever answers for the name chooses its address, so what
/// leads to the machine itself or its neighbours has to be opened as what it is.
pub fn opens_by_name(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            let is_shared = a == 100 && b & 0xc0 == 64;
            (address.is_private() || is_shared) && address.octets() != [100, 100, 100, 200]
        }
        IpAddr::V6(address) => {
            let [a, b, ..] = address.segments();
            address.is_unique_local() && !matches!((a, b), (0xfd00, 0xec2) | (0xfd20, 0xce))
        }
    }
}

/// One entry of a policy's `[network] private`: a host whose addresses may be private ones, or a range of addresses.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Opening {
    place: Place,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Range(IpNet),
    Hosts(Hosts),
}

impl Opening {
    /// Whether a connection to `destination` may go to its address `address`, though that is private.
    pub fn covers(&self, destination: &Destination, address: IpAddr) -> bool {
        let is_there = match &self.place {
            Place::Range(range) => range.contains(&address.to_canonical()),
            Place::Hosts(hosts) => hosts.contain(destination.host()) && opens_by_name(address),
        };
        is_there && self.port.is_none_or(|port| port == destination.port())
    }
}

impl FromStr for Opening {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        if text.contains("://") {
            return Err(HostError::NotAHost);
        }
        if let Some((address, length)) = text.split_once('/') {
            let plain = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
            let (Ok(address), Ok(length), true) = (IpAddr::from_str(address), u8::from_str(length), plain) else {
                return Err(HostError::Range);
            };
            let range = IpNet::new(address, length).map_err(|_| HostError::Range)?;
            // `10.1.2.3/8` says two things at once.
            let is_whole = range.network() == address;
            return if is_whole { Ok(Self { place: Place::Range(range), port: None }) } else { Err(HostError::Range) };
        }
        let (hosts, port) = split(text)?;
        let hosts = Hosts::parse(hosts)?;
        let place = match &hosts {
            Hosts::One(host) => host.address().map(|address| Place::Range(address.to_canonical().into())),
            Hosts::Beneath(_) => None,
        };
        Ok(Self { place: place.unwrap_or(Place::Hosts(hosts)), port })
    }
}

impl TryFrom<String> for Opening {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error| named(&text, &error))
    }
}

/// Which entry an error is about, escaped, since a project wrote it.
fn named(text: &str, error: &HostError) -> String {
    format!("`{}`: {error}", crate::text::escape_terminal(text, 80))
}

/// What the policies of a machine open together: nothing where none has a `[network]`, otherwise what each that has one
/// opens. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Openings(Arc<[Vec<Opening>]>);

impl Openings {
    /// Whether a connection to `destination` may go to its address `address`, though that is private.
    pub fn cover(&self, destination: &Destination, address: IpAddr) -> bool {
        let covered = |layer: &Vec<Opening>| layer.iter().any(|opening| opening.covers(destination, address));
        !self.0.is_empty() && self.0.iter().all(covered)
    }
}

impl FromIterator<Vec<Opening>> for Openings {
    fn from_iter<I: IntoIterator<Item = Vec<Opening>>>(layers: I) -> Self {
        Self(layers.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn to(text: &str) -> Destination {
        Destination::parse(text).unwrap()
    }

    #[test]
    fn a_pattern_names_hosts_and_ports() {
        for (pattern, yes, no) in [
            ("example.com", &["example.com:443", "example.com:80"][..], &["example.com:8443", "a.example.com:443"][..]),
            ("example.com:8443", &["example.com:8443"], &["example.com:443"]),
            (
                "*.example.com",
                &["a.example.com:443", "a.b.example.com:80"],
                &["example.com:443", "xexample.com:443", "a.example.com:22", "a.example.com.evil.org:443"],
            ),
            ("[::1]:80", &["[::1]:80"], &["[::1]:443", "127.0.0.1:80"]),
            ("192.0.2.1", &["192.0.2.1:443"], &["192.0.2.10:443"]),
        ] {
            let pattern: HostPattern = pattern.parse().unwrap();
            assert!(yes.iter().all(|place| pattern.allows(&to(place))), "{pattern}");
            assert!(!no.iter().any(|place| pattern.allows(&to(place))), "{pattern}");
            assert_eq!(pattern.to_string().parse::<HostPattern>().unwrap(), pattern);
        }
        for bad in [
            "*",
            "*.com",
            "*.*",
            "a.*.com",
            "*example.com",
            "*.127.0.0.1",
            "**.example.com",
            "*.[::1]",
            "*.example.com:0",
        ] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn x_03_a_name_opens_private_networks_and_nothing_nearer() {
        let opens = |address: &str| opens_by_name(address.parse().unwrap());
        for near in [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "::",
            "0.0.0.0",
            "169.254.169.254",
            "fe80::1",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "168.63.129.16",
            "100.100.100.200",
            "fd00:ec2::254",
            "fd20:ce::254",
            "64:ff9b::10.0.0.1",
            "198.18.0.1",
        ] {
            assert!(!opens(near), "{near}");
        }
        for private in ["10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd12::1", "::ffff:10.1.2.3"] {
            assert!(opens(private), "{private}");
        }
    }

    #[test]
    fn a_policy_opens_hosts_and_ranges_and_several_narrow() {
        let opening = |text: &str| text.parse::<Opening>().unwrap();
        let inside: IpAddr = "10.1.2.3".parse().unwrap();
        let here = to("registry.corp.example:443");
        assert!(opening("10.1.0.0/16").covers(&here, inside));
        assert!(opening("10.1.0.0/16").covers(&here, "::ffff:10.1.2.3".parse().unwrap()));
        assert!(!opening("10.2.0.0/16").covers(&here, inside));
        assert!(opening("*.corp.example").covers(&here, inside));
        assert!(opening("10.1.2.3").covers(&here, inside) && !opening("10.1.2.3:80").covers(&here, inside));
        assert!(!opening("registry.corp.example:8443").covers(&here, inside));
        let loopback = "127.0.0.1".parse().unwrap();
        assert!(!opening("registry.corp.example").covers(&here, loopback));
        assert!(opening("127.0.0.1").covers(&here, loopback) && opening("127.0.0.0/8").covers(&here, loopback));
        for bad in ["10.1.2.3/8", "10.1.0.0/33", "10.1.0.0/", "10.1/16", "0xa.0.0.0/8", "10.1.0.0/+16", "/8", ""] {
            assert!(bad.parse::<Opening>().is_err(), "{bad}");
        }
        let layer = |texts: &[&str]| texts.iter().map(|text| opening(text)).collect::<Vec<_>>();
        assert!(!Openings::default().cover(&here, inside));
        assert!(Openings::from_iter([layer(&["10.0.0.0/8"])]).cover(&here, inside));
        assert!(!Openings::from_iter([layer(&["10.0.0.0/8"]), layer(&[])]).cover(&here, inside));
        assert!(Openings::from_iter([layer(&["10.0.0.0/8"]), layer(&["*.corp.example"])]).cover(&here, inside));
    }
}
