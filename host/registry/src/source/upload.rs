//! The body of a request: bytes that are handed out in parts, so that it can be seen how far they are.

use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};

/// One part.
const PART_BYTES: usize = 64 << 10;

pub(super) struct Upload {
    left: Bytes,
    parts: Arc<AtomicUsize>,
}

/// How far an upload is.
pub(super) struct Sent {
    parts: Arc<AtomicUsize>,
    seen: usize,
}

impl Upload {
    pub(super) fn new(bytes: Bytes) -> (Self, Sent) {
        let parts = Arc::default();
        (Self { left: bytes, parts: Arc::clone(&parts) }, Sent { parts, seen: 0 })
    }
}

impl Sent {
    /// Whether more was handed out since this was asked last.
    pub(super) fn has_moved(&mut self) -> bool {
        let now = self.parts.load(Relaxed);
        std::mem::replace(&mut self.seen, now) != now
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left.is_empty() {
            return Poll::Ready(None);
        }
        self.parts.fetch_add(1, Relaxed);
        let size = PART_BYTES.min(self.left.len());
        Poll::Ready(Some(Ok(Frame::data(self.left.split_to(size)))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.len() as u64)
    }
}
