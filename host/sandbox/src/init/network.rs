//! Loopback: a fresh network namespace has it, but it is down. And what listens there.

use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;

use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, sendmsg, socket_with,
};

/// Sockets by kind, the counts of them, and the state in which one takes what comes: `TCP_LISTEN`, and for UDP
/// unconnected.
const SOCKETS: [(&str, &str, &str, &str); 4] = [
    ("tcp", "sockstat", "TCP:", "0A"),
    ("tcp6", "sockstat6", "TCP6:", "0A"),
    ("udp", "sockstat", "UDP:", "07"),
    ("udp6", "sockstat6", "UDP6:", "07"),
];
/// Room for a table, so that it is read at once.
const TABLE_BYTES: usize = 64 << 10;

/// Brings `lo` up, with 127.0.0.1 and, where the kernel has IPv6, ::1.
pub(super) fn bring_loopback_up() -> io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let mut request = request_for(b"lo");
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    #[allow(unsafe_code, reason = "rustix has no interface flags")]
    // SAFETY: SIOCSIFFLAGS reads an ifreq, which outlives the call.
    let failed = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) } != 0;
    if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Listens at `address`, and hands the listener over to the host, whose it is from then on: no process in here has it.
pub(super) fn hand_listener_over(address: SocketAddr) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    let descriptors = [listener.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut message = SendAncillaryBuffer::new(&mut space);
    if !message.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    sendmsg(rustix::stdio::stdin(), &[IoSlice::new(b"l")], &mut message, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Where sockets of a process's namespace take what comes; `process` is its folder in `/proc`.
pub(crate) fn listeners(process: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for (kind, counts, name, state) in SOCKETS {
        // For each read of a table the kernel walks all that the machine could have, which takes milliseconds.
        if has_none(&process.join("net").join(counts), name) {
            continue;
        }
        let mut table = String::with_capacity(TABLE_BYTES);
        match std::fs::File::open(process.join("net").join(kind)) {
            Ok(mut file) => file.read_to_string(&mut table)?,
            // A kernel without IPv6.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in table.lines().skip(1) {
            let mut fields = line.split_whitespace().skip(1);
            let (local, now) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
            if now == state {
                found.push(address(local).map_or_else(|| local.to_owned(), |address| address.to_string()));
            }
        }
    }
    Ok(found)
}

/// Whether the kernel counts no socket of this kind in that network. Where it doesn't say so, there may be some.
fn has_none(counts: &Path, name: &str) -> bool {
    let counts = std::fs::read_to_string(counts).unwrap_or_default();
    let line = counts.lines().find_map(|line| line.strip_prefix(name));
    line.is_some_and(|line| line.trim_start().split(' ').take(2).eq(["inuse", "0"]))
}

/// An address as the kernel writes it: words of the processor's order in hexadecimal, and a port.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let mut bytes = Vec::new();
    for at in (0..address.len()).step_by(8) {
        bytes.extend(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    }
    let v4 = || <[u8; 4]>::try_from(bytes.as_slice()).ok().map(|bytes| IpAddr::from(Ipv4Addr::from(bytes)));
    let v6 = || <[u8; 16]>::try_from(bytes.as_slice()).ok().map(|bytes| IpAddr::from(Ipv6Addr::from(bytes)));
    Some(SocketAddr::new(v4().or_else(v6)?, u16::from_str_radix(port, 16).ok()?))
}

/// Whether an interface is up.
pub(super) fn is_up(name: &str) -> io::Result<bool> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    let mut request = request_for(name.as_bytes());
    #[allow(unsafe_code, reason = "rustix has no interface flags")]
    // SAFETY: SIOCGIFFLAGS writes into an ifreq, which outlives the call.
    let failed = unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as _, &raw mut request) } != 0;
    if failed {
        return Err(io::Error::last_os_error());
    }
    #[allow(unsafe_code, reason = "the kernel's answer is a union")]
    // SAFETY: SIOCGIFFLAGS filled in the flags.
    let flags = unsafe { request.ifr_ifru.ifru_flags };
    Ok(libc::c_int::from(flags) & libc::IFF_UP != 0)
}

fn request_for(name: &[u8]) -> libc::ifreq {
    #[allow(unsafe_code, reason = "a C struct with a union has no other beginning")]
    // SAFETY: an ifreq is integers, for which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // One byte stays zero: the name ends with it.
    for (to, from) in request.ifr_name.iter_mut().zip(name.iter().take(libc::IFNAMSIZ - 1)) {
        *to = *from as libc::c_char;
    }
    request
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn whoever_takes_what_comes_is_found() {
        let this = Path::new("/proc/self");
        let (v4, v6) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("[::1]:0").unwrap());
        let (u4, u6) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("[::1]:0").unwrap());
        let found = listeners(this).unwrap();
        for address in [v4.local_addr(), v6.local_addr(), u4.local_addr(), u6.local_addr()] {
            let address = address.unwrap().to_string();
            assert!(found.contains(&address), "{address}: {found:?}");
        }
    }

    #[test]
    fn only_a_count_of_none_says_that_there_is_none() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let of = |text: &str, name: &str| {
            std::fs::write(file.path(), text).unwrap();
            has_none(file.path(), name)
        };
        assert!(of("sockets: used 1\nTCP: inuse 0 orphan 0 tw 0\nUDP: inuse 1 mem 0\n", "TCP:"));
        assert!(!of("sockets: used 1\nTCP: inuse 0 orphan 0 tw 0\nUDP: inuse 1 mem 0\n", "UDP:"));
        assert!(!of("TCP: inuse 10 orphan 0\n", "TCP:") && !of("TCP: orphan 0\n", "TCP:") && !of("", "TCP:"));
        assert!(!has_none(Path::new("/nonexistent"), "TCP:"));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn addresses_of_the_kernel_are_read() {
        for (text, expected) in [
            ("0100007F:0C38", "127.0.0.1:3128"),
            ("00000000:0050", "0.0.0.0:80"),
            ("00000000000000000000000001000000:1F90", "[::1]:8080"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()).as_deref(), Some(expected));
        }
        for text in ["", "0100007F", "0100:1", "zz00007F:1", "0100007F:zz"] {
            assert_eq!(address(text), None, "{text}");
        }
    }
}
