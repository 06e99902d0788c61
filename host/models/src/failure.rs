//! How one attempt fails, and whether another could do better.

use std::time::Duration;

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// No connection, or it broke before an answer.
    Connection,
    /// An answer with this HTTP status.
    Status(u16),
    /// An error inside the stream, which the server may not repeat.
    Server,
    /// An error inside the stream about the request itself.
    Request,
    /// The stream ended without saying that it is whole.
    Cut,
    /// Silence.
    Stalled,
    /// Something that is not the protocol.
    Malformed,
    /// Over the limit of bytes.
    TooLarge,
}

/// One failed attempt. The message is bounded and holds no key.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) cause: Cause,
    pub(crate) message: String,
    /// What the server asks for.
    pub(crate) retry_after: Option<Duration>,
    /// Bytes of the reply that had arrived: they will be billed.
    pub(crate) received_bytes: usize,
}

impl Failure {
    pub(crate) fn new(cause: Cause, message: impl Into<String>) -> Self {
        Self { cause, message: message.into(), retry_after: None, received_bytes: 0 }
    }

    /// The same, where the server asks for a longer wait than any.
    pub(crate) fn too_late(self) -> Self {
        let seconds = self.retry_after.unwrap_or_default().as_secs();
        Self { message: format!("{}; it asks to wait for {seconds} s", self.message), ..self }
    }

    /// Whether the same request may succeed later. A reply that was too large would be paid twice, and a refused
    /// request stays refused.
    pub(crate) fn may_pass(&self) -> bool {
        match self.cause {
            Cause::Connection | Cause::Server | Cause::Cut | Cause::Stalled | Cause::Malformed => true,
            Cause::Status(status) => matches!(status, 408 | 429 | 500..=599),
            Cause::Request | Cause::TooLarge => false,
        }
    }
}
