//! Addresses that lead elsewhere than to a host of the public network.

use ipnet::{Ipv4Net, Ipv6Net};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

const fn v6(first: u16, second: u16, third: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, third, 0, 0, 0, 0, 0), prefix)
}

/// From the IANA registry of special-purpose addresses. The documentation ranges (192.0.2.0/24 and its like) are left
/// out: they are nobody's, so there is nothing to protect, and private networks use them.
const SPECIAL_V4: [(Ipv4Net, &str); 13] = [
    (v4(0, 0, 0, 8), "unspecified"),
    (v4(10, 0, 0, 8), "private"),
    (v4(100, 64, 0, 10), "carrier-internal"),
    (v4(127, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 16), "link-local"),
    // A cloud's own services, beside link-local.
    (Ipv4Net::new_assert(Ipv4Addr::new(168, 63, 129, 16), 32), "cloud-internal"),
    (v4(172, 16, 0, 12), "private"),
    (v4(192, 0, 0, 24), "protocol-internal"),
    (v4(192, 88, 99, 24), "relay"),
    (v4(192, 168, 0, 16), "private"),
    (v4(198, 18, 0, 15), "benchmark"),
    (v4(224, 0, 0, 4), "multicast"),
    // Broadcast is its last one.
    (v4(240, 0, 0, 4), "reserved"),
];

const SPECIAL_V6: [(Ipv6Net, &str); 9] = [
    // Unspecified and loopback are its first two; compatible addresses, which nobody uses, the rest.
    (v6(0, 0, 0, 96), "loopback or unspecified"),
    (v6(0x64, 0xff9b, 1, 48), "locally translated"),
    (v6(0x100, 0, 0, 64), "discard"),
    (v6(0x5f00, 0, 0, 16), "segment-routing"),
    (v6(0xfc00, 0, 0, 7), "private"),
    (v6(0xfe80, 0, 0, 10), "link-local"),
    (v6(0xfec0, 0, 0, 10), "site-local"),
    (v6(0xff00, 0, 0, 8), "multicast"),
    // Teredo, benchmarks, identifiers of hosts, and anycast of protocols; networks begin behind it.
    (v6(0x2001, 0, 0, 23), "protocol-internal"),
];

/// What is special about an address, in a word; none where it is a host's of the public network.
///
/// An address that carries another one inside, since a gateway would unpack it, is as special as that.
pub fn special(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => {
            let own = SPECIAL_V6.iter().find(|(range, _)| range.contains(&address)).map(|(_, word)| *word);
            own.or_else(|| embedded(address).and_then(special_v4))
        }
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    SPECIAL_V4.iter().find(|(range, _)| range.contains(&address)).map(|(_, word)| *word)
}

/// The IPv4 address that gateways take out of an IPv6 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = address.segments();
    let at = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match s {
        // NAT64, by its well-known prefix: a network's own one can't be known.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => at(high, low),
        // Translated ("::ffff:0:1.2.3.4").
        [0, 0, 0, 0, 0xffff, 0, high, low] => at(high, low),
        // 6to4.
        [0x2002, high, low, ..] => at(high, low),
        // ISATAP, under any prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => at(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn x_03_what_leads_inside_is_special() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "168.63.129.16",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::10.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::8.8.8.8",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "2001:1::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:1ff:ffff::1",
            "2002:7f00:1::1",
            "2002:a00:1::",
            "2001:0:7f00:1::1",
            // Teredo with the client 127.0.0.1, turned.
            "2001:0:808:808:0:0:80ff:fffe",
            "2606:4700::5efe:10.0.0.1",
            "2606:4700::200:5efe:127.0.0.1",
        ] {
            assert!(special(address.parse().unwrap()).is_some(), "{address}");
        }
    }

    #[test]
    fn hosts_of_the_public_network_are_not() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
            "2001:200::1",
            "2606:4700:4700::1111",
            "2001:4860:4860::8888",
        ] {
            assert_eq!(special(address.parse().unwrap()), None, "{address}");
        }
    }

    proptest! {
        #[test]
        fn an_address_inside_of_another_is_as_special(bits in any::<u32>()) {
            let inner = Ipv4Addr::from(bits);
            let [a, b, c, d] = inner.octets();
            for outer in [
                format!("::ffff:{inner}"),
                format!("64:ff9b::{inner}"),
                format!("2002:{:x}:{:x}::1", u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            ] {
                prop_assert_eq!(special(outer.parse().unwrap()), special(inner.into()), "{}", outer);
            }
        }
    }
}
