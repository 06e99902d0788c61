//! Lines, bounded: what Ollama streams, one JSON value on each.

use crate::framing::{FrameError, MAX_EVENT_BYTES};

/// The parser's state between two pieces of the stream.
#[derive(Debug, Default)]
pub(crate) struct LineStream {
    line: Vec<u8>,
}

impl LineStream {
    /// Takes from a piece of the stream until a line is complete, and gives it; none where all is taken. Empty lines are
    /// left out, and a line that the stream's end cuts never appears.
    pub(crate) fn next(&mut self, piece: &mut &[u8]) -> Result<Option<String>, FrameError> {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.take(&piece[..end])?;
            *piece = &piece[end + 1..];
            let line = std::mem::take(&mut self.line);
            if !line.trim_ascii().is_empty() {
                return String::from_utf8(line).map(Some).map_err(|_| FrameError::Encoding);
            }
        }
        self.take(piece)?;
        *piece = &[];
        Ok(None)
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), FrameError> {
        if self.line.len() + bytes.len() > MAX_EVENT_BYTES {
            return Err(FrameError::TooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn all(stream: &mut LineStream, mut piece: &[u8]) -> Result<Vec<String>, FrameError> {
        let mut lines = Vec::new();
        while let Some(line) = stream.next(&mut piece)? {
            lines.push(line);
        }
        Ok(lines)
    }

    #[test]
    fn empty_lines_and_a_half_one_are_no_events() {
        let lines = all(&mut LineStream::default(), b"{}\n\n\r\n {\"a\":1}\r\n{\"half\":").unwrap();
        assert_eq!(lines, ["{}", " {\"a\":1}\r"]);
    }

    #[test]
    fn m_04_a_line_without_end_is_refused() {
        let mut stream = LineStream::default();
        let piece = vec![b'x'; 1 << 20];
        let refused = (0..10).find_map(|_| all(&mut stream, &piece).err());
        assert_eq!(refused, Some(FrameError::TooLarge));
        assert_eq!(all(&mut LineStream::default(), b"\xff\n"), Err(FrameError::Encoding));
    }

    proptest! {
        #[test]
        fn where_a_stream_is_cut_into_pieces_does_not_matter(bytes in proptest::collection::vec(prop_oneof![
            Just(b'\r'), Just(b'\n'), Just(b' '), Just(b'{'), any::<u8>()
        ], 0..200), at in 0_usize..200) {
            let at = at.min(bytes.len());
            let whole = all(&mut LineStream::default(), &bytes);
            let mut stream = LineStream::default();
            let parts = all(&mut stream, &bytes[..at]).and_then(|mut first| {
                first.extend(all(&mut stream, &bytes[at..])?);
                Ok(first)
            });
            prop_assert_eq!(whole, parts);
        }
    }
}
