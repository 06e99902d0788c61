//! Loopback: a fresh network namespace has it, but it is down.

use std::io;
use std::os::fd::AsRawFd;

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

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
