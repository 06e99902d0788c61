//! How a stream is cut into events: server-sent events, or lines.

use crate::lines::LineStream;
use crate::sse::EventStream;

/// One event. A tool call of a megabyte in one piece is the most that a sane server sends.
pub(crate) const MAX_EVENT_BYTES: usize = 8 << 20;

/// What a protocol streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Events,
    /// JSON, one value on each line.
    Lines,
}

/// Why a stream is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameError {
    /// One event is over the limit.
    TooLarge,
    /// Not UTF-8.
    Encoding,
}

/// A stream between two of its pieces.
#[derive(Debug)]
pub(crate) enum Frames {
    Events(EventStream),
    Lines(LineStream),
}

impl Framing {
    /// The content type that says so.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        }
    }

    /// A stream's beginning.
    pub(crate) fn frames(self) -> Frames {
        match self {
            Self::Events => Frames::Events(EventStream::default()),
            Self::Lines => Frames::Lines(LineStream::default()),
        }
    }
}

impl Frames {
    /// Takes from a piece of the stream until an event is complete, and gives its data; none where all is taken.
    pub(crate) fn next(&mut self, piece: &mut &[u8]) -> Result<Option<String>, FrameError> {
        match self {
            Self::Events(events) => events.next(piece),
            Self::Lines(lines) => lines.next(piece),
        }
    }
}
