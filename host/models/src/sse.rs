//! Server-sent events, bounded: what most protocols stream.
//!
//! A parser of its own, since the ones on offer buffer a line for as long as a server cares to send it.

use crate::framing::{FrameError, MAX_EVENT_BYTES};

/// One event. Its `event:` name is left out: every protocol repeats it in the data.
type Data = String;

/// The parser's state between two pieces of the stream.
#[derive(Debug, Default)]
pub(crate) struct EventStream {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    after_return: bool,
    begun: bool,
}

impl EventStream {
    /// Takes from a piece of the stream until an event is complete, and gives it; none where all is taken. One by one, so
    /// that what is wrong behind an event takes nothing away from it. An event that the stream's end cuts never appears.
    pub(crate) fn next(&mut self, piece: &mut &[u8]) -> Result<Option<Data>, FrameError> {
        while let Some((&byte, rest)) = piece.split_first() {
            *piece = rest;
            // `\r`, `\n` and `\r\n` all end a line.
            let second_half = self.after_return && byte == b'\n';
            self.after_return = byte == b'\r';
            if second_half {
                continue;
            }
            if matches!(byte, b'\r' | b'\n') {
                if let Some(event) = self.end_line()? {
                    return Ok(Some(event));
                }
            } else if self.line.len() >= MAX_EVENT_BYTES {
                return Err(FrameError::TooLarge);
            } else {
                self.line.push(byte);
            }
        }
        Ok(None)
    }

    /// All events that a piece completes.
    #[cfg(test)]
    fn push(&mut self, mut piece: &[u8]) -> Result<Vec<Data>, FrameError> {
        let mut events = Vec::new();
        while let Some(event) = self.next(&mut piece)? {
            events.push(event);
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<Data>, FrameError> {
        let taken = std::mem::take(&mut self.line);
        let mut line = taken.as_slice();
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return match std::mem::take(&mut self.has_data) {
                true => String::from_utf8(data).map(Some).map_err(|_| FrameError::Encoding),
                false => Ok(None),
            };
        }
        let Some(value) = line.strip_prefix(b"data").filter(|rest| rest.first().is_none_or(|byte| *byte == b':'))
        else {
            return Ok(None);
        };
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if self.data.len() + value.len() >= MAX_EVENT_BYTES {
            return Err(FrameError::TooLarge);
        }
        if std::mem::replace(&mut self.has_data, true) {
            self.data.push(b'\n');
        }
        self.data.extend_from_slice(value);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &[u8]) -> Vec<Data> {
        EventStream::default().push(text).unwrap()
    }

    #[test]
    fn lines_end_in_three_ways() {
        assert_eq!(parse(b"data: a\n\ndata: b\r\n\r\ndata: c\r\r"), ["a", "b", "c"]);
    }

    #[test]
    fn data_lines_join_and_others_are_ignored() {
        assert_eq!(parse(b"\xef\xbb\xbfevent: x\nid: 1\n: ping\ndata: a\ndata:b\ndata\ndatax: c\n\n\n"), ["a\nb\n"]);
    }

    #[test]
    fn an_event_without_its_end_is_not_one() {
        assert_eq!(parse(b"data: a\n\ndata: half\n"), ["a"]);
    }

    #[test]
    fn m_04_a_line_without_end_is_refused() {
        let mut stream = EventStream::default();
        let piece = vec![b'x'; 1 << 20];
        let refused = (0..9).find_map(|_| stream.push(&piece).err());
        assert_eq!(refused, Some(FrameError::TooLarge));
        let mut stream = EventStream::default();
        let mut line = b"data: ".to_vec();
        line.extend(vec![b'x'; 3 << 20]);
        line.push(b'\n');
        assert_eq!((0..9).find_map(|_| stream.push(&line).err()), Some(FrameError::TooLarge));
    }

    #[test]
    fn broken_text_is_refused() {
        assert_eq!(EventStream::default().push(b"data: \xff\n\n"), Err(FrameError::Encoding));
    }

    #[test]
    fn what_is_wrong_behind_an_event_takes_nothing_away_from_it() {
        let mut stream = EventStream::default();
        let mut piece = b"data: a\n\ndata: \xff\n\n".as_slice();
        assert_eq!(stream.next(&mut piece), Ok(Some("a".to_owned())));
        assert_eq!(stream.next(&mut piece), Err(FrameError::Encoding));
    }

    proptest! {
        #[test]
        fn where_a_stream_is_cut_into_pieces_does_not_matter(bytes in proptest::collection::vec(prop_oneof![
            Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' '), Just(b'd'), Just(b'a'), Just(b't'), any::<u8>()
        ], 0..200), at in 0_usize..200) {
            let at = at.min(bytes.len());
            let whole = EventStream::default().push(&bytes);
            let mut stream = EventStream::default();
            let parts = stream.push(&bytes[..at]).and_then(|mut first| {
                first.extend(stream.push(&bytes[at..])?);
                Ok(first)
            });
            prop_assert_eq!(whole, parts);
        }
    }
}
