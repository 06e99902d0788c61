//! The lines that git's protocol is made of: four hexadecimal digits for the length, then the bytes.

use crate::remote::error::RemoteError;
use std::io::{self, Read};

/// Longest packet, its length included, by the protocol.
const MAX_PACKET_BYTES: usize = 65_520;

/// One packet.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    Data(Vec<u8>),
    Flush,
}

/// Reads one packet; none where what is read has ended.
///
/// # Errors
/// Where it is none, or is cut.
pub(super) fn read(from: &mut impl Read) -> Result<Option<Packet>, RemoteError> {
    let mut length = [0; 4];
    match from.read(&mut length[..1]).map_err(failed)? {
        0 => return Ok(None),
        _ => from.read_exact(&mut length[1..]).map_err(failed)?,
    }
    let is_hex = length.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(&length).ok().filter(|_| is_hex);
    match text.and_then(|text| usize::from_str_radix(text, 16).ok()) {
        Some(0) => Ok(Some(Packet::Flush)),
        Some(length @ 4..=MAX_PACKET_BYTES) => {
            let mut data = vec![0; length - 4];
            from.read_exact(&mut data).map_err(failed)?;
            Ok(Some(Packet::Data(data)))
        }
        _ => Err(RemoteError::protocol("a packet's length")),
    }
}

/// Reads a packet where one has to be.
pub(super) fn expect(from: &mut impl Read) -> Result<Packet, RemoteError> {
    read(from)?.ok_or_else(|| RemoteError::protocol("it ends too early"))
}

/// Adds a packet to what is sent.
pub(super) fn write(to: &mut Vec<u8>, data: &str) {
    to.extend_from_slice(format!("{:04x}", data.len() + 4).as_bytes());
    to.extend_from_slice(data.as_bytes());
}

/// The packet that ends a list.
pub(super) const FLUSH: &[u8] = b"0000";

/// A line of text, without its end.
pub(super) fn line(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\n").unwrap_or(data)
}

/// What the reader of a body failed with.
pub(super) fn failed(error: io::Error) -> RemoteError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => RemoteError::protocol("it ends too early"),
        io::ErrorKind::TimedOut => RemoteError::TooSlow,
        _ => match error.downcast::<Exceeded>().map_err(|error| error.downcast::<RemoteError>()) {
            Ok(Exceeded { limit, what }) => RemoteError::TooMuch { limit, what },
            // A side band's own.
            Err(Ok(error)) => error,
            Err(Err(_)) => RemoteError::protocol("the connection broke"),
        },
    }
}

/// Reads at most so many bytes, and fails where there are more.
pub(super) struct Bounded<R> {
    inner: R,
    left: u64,
    exceeded: Exceeded,
}

/// A limit was exceeded.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("more than {limit} {what}")]
pub(super) struct Exceeded {
    limit: u64,
    what: &'static str,
}

impl<R> Bounded<R> {
    pub(super) fn new(inner: R, limit: u64, what: &'static str) -> Self {
        Self { inner, left: limit, exceeded: Exceeded { limit, what } }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other(self.exceeded))?;
        Ok(count)
    }
}

/// The bytes of a side band's first channel; the second one's, a server's chatter, are dropped.
pub(super) struct SideBand<R> {
    inner: R,
    data: io::Cursor<Vec<u8>>,
    is_over: bool,
}

impl<R: Read> SideBand<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, data: io::Cursor::default(), is_over: false }
    }

    /// Whether there is more, which is then at hand.
    fn fill(&mut self) -> Result<bool, RemoteError> {
        while !self.is_over && self.data.position() == self.data.get_ref().len() as u64 {
            match read(&mut self.inner)? {
                None | Some(Packet::Flush) => self.is_over = true,
                Some(Packet::Data(mut data)) => match data.first() {
                    Some(1) => {
                        data.remove(0);
                        self.data = io::Cursor::new(data);
                    }
                    Some(2) => {}
                    Some(3) => return Err(RemoteError::said(&data[1..])),
                    _ => return Err(RemoteError::protocol("an unknown side band")),
                },
            }
        }
        Ok(!self.is_over)
    }
}

impl<R: Read> Read for SideBand<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.fill() {
            Ok(true) => self.data.read(buffer),
            Ok(false) => Ok(0),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn packets_are_read_as_they_are_written() {
        let mut bytes = Vec::new();
        write(&mut bytes, "want x\n");
        bytes.extend_from_slice(FLUSH);
        let mut from = bytes.as_slice();
        assert_eq!(read(&mut from).unwrap(), Some(Packet::Data(b"want x\n".to_vec())));
        assert_eq!(read(&mut from).unwrap(), Some(Packet::Flush));
        assert_eq!(read(&mut from).unwrap(), None);
    }

    #[test]
    fn r_16_what_is_no_packet_is_an_error() {
        for bad in ["0001", "0003", "fff1", "+004", "-004", " 004", "00", "0009abc", "<htm", "0x10"] {
            assert!(read(&mut bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn r_16_what_is_endless_is_cut() {
        let mut endless = Bounded::new(io::repeat(b'0'), 10, "bytes");
        let error = failed(io::copy(&mut endless, &mut io::sink()).unwrap_err());
        assert!(matches!(error, RemoteError::TooMuch { limit: 10, .. }));
    }

    #[test]
    fn a_side_band_is_taken_apart() {
        let mut bytes = Vec::new();
        for text in ["\u{1}ab", "\u{2}chatter\u{1b}[2J", "\u{1}", "\u{1}c"] {
            write(&mut bytes, text);
        }
        let mut read = String::new();
        SideBand::new(bytes.as_slice()).read_to_string(&mut read).unwrap();
        assert_eq!(read, "abc");
        write(&mut bytes, "\u{3}no\u{1b}[2J");
        let error = SideBand::new(bytes.as_slice()).read_to_string(&mut read).unwrap_err();
        assert!(error.to_string().contains("said: no\\u{1b}[2J"), "{error}");
    }
}
