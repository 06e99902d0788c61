//! One request and its reply, from the intent to the last byte: what the log has of it, and the limits on its bodies.

use crate::gate::Begun;
use crate::http::limits::{MAX_BYTES_IN, MAX_BYTES_OUT};
use crate::ports::{HttpBody, HttpError};
use bytes::Bytes;
use http_body_util::BodyExt;
use skillhost_audit::{AuditError, Count, Outcome, Status};
use std::pin::Pin;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime_wasi_http::{Error, WasiBody};

/// Bytes of a call's bodies, over all of its requests.
#[derive(Default)]
pub(super) struct Volume {
    sent: AtomicU64,
    received: AtomicU64,
}

/// A request that the log has an intent for.
pub(super) struct Exchange {
    begun: Mutex<Option<Begun>>,
    sent: AtomicU64,
    received: AtomicU64,
    /// The reply's; 0 before there is one.
    status: AtomicU16,
}

impl Exchange {
    pub(super) fn new(begun: Begun) -> Arc<Self> {
        let begun = Mutex::new(Some(begun));
        Arc::new(Self { begun, sent: AtomicU64::new(0), received: AtomicU64::new(0), status: AtomicU16::new(0) })
    }

    pub(super) fn replied(&self, status: http::StatusCode) {
        self.status.store(status.as_u16(), Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Its call is over: what was answered was done, whether or not anybody read on.
    pub(super) fn leave(&self) {
        self.close(if self.status.load(Relaxed) > 0 { Status::Done } else { Status::Cancelled });
    }

    /// Writes the outcome, once. A log that can't be written has stopped, and lets nothing further happen.
    pub(super) fn close(&self, status: Status) {
        let _ = self.try_close(status);
    }

    fn try_close(&self, status: Status) -> Result<(), AuditError> {
        let Some(begun) = self.begun.lock().unwrap_or_else(PoisonError::into_inner).take() else { return Ok(()) };
        let mut outcome = Outcome::of(status)
            .count(Count::BytesOut, self.sent.load(Relaxed))
            .count(Count::BytesIn, self.received.load(Relaxed));
        if let status @ 1.. = self.status.load(Relaxed) {
            outcome = outcome.http_status(status);
        }
        begun.close(outcome)
    }
}

/// What the log says of a failure.
pub(super) fn status(error: &HttpError) -> Status {
    match error {
        HttpError::Denied | HttpError::Address => Status::Denied,
        HttpError::ConnectTimedOut | HttpError::ReplyTimedOut | HttpError::ReadTimedOut => Status::TimedOut,
        HttpError::SentTooMuch | HttpError::ReceivedTooMuch | HttpError::HeadTooLarge => Status::Exhausted,
        HttpError::Invalid(_) => Status::Invalid,
        _ => Status::Failed,
    }
}

/// The body of a request, counted.
pub(super) fn outgoing(body: WasiBody, exchange: Arc<Exchange>, volume: Arc<Volume>) -> HttpBody {
    let count = move |data: &Bytes| {
        let bytes = data.len() as u64;
        exchange.sent.fetch_add(bytes, Relaxed);
        let sum = volume.sent.fetch_add(bytes, Relaxed).saturating_add(bytes);
        if sum > MAX_BYTES_OUT { Err(HttpError::SentTooMuch) } else { Ok(()) }
    };
    let body = body.map_err(|_| HttpError::Cut);
    Counted { body: body.boxed_unsync(), count, is_over: false }.boxed_unsync()
}

/// The body of a reply, counted; the log hears of its end.
pub(super) fn incoming(
    body: HttpBody,
    exchange: Arc<Exchange>,
    volume: Arc<Volume>,
    permit: OwnedSemaphorePermit,
) -> WasiBody {
    let counted = Arc::clone(&exchange);
    let count = move |data: &Bytes| {
        let bytes = data.len() as u64;
        counted.received.fetch_add(bytes, Relaxed);
        let sum = volume.received.fetch_add(bytes, Relaxed).saturating_add(bytes);
        if sum > MAX_BYTES_IN { Err(HttpError::ReceivedTooMuch) } else { Ok(()) }
    };
    let body = Counted { body, count, is_over: false }.boxed_unsync();
    Ending { reply: Some((body, permit)), exchange }.boxed_unsync()
}

struct Counted<F> {
    body: HttpBody,
    count: F,
    is_over: bool,
}

impl<F: Fn(&Bytes) -> Result<(), HttpError> + Unpin> http_body::Body for Counted<F> {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, HttpError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let frame = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &frame
            && let Some(data) = frame.data_ref()
            && let Err(error) = (self.count)(data)
        {
            self.is_over = true;
            return Poll::Ready(Some(Err(error)));
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// Closes its exchange with its last frame, or when nobody reads on.
struct Ending {
    /// The body, whose connection ends with it, and the place that it takes; none once it is over.
    reply: Option<(HttpBody, OwnedSemaphorePermit)>,
    exchange: Arc<Exchange>,
}

impl http_body::Body for Ending {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Error>>> {
        let Some((body, _)) = &mut self.reply else { return Poll::Ready(None) };
        let frame = std::task::ready!(Pin::new(body).poll_frame(context));
        let closed = match &frame {
            Some(Ok(frame)) if frame.is_data() => Ok(()),
            Some(Err(error)) => self.exchange.try_close(status(error)),
            Some(Ok(_)) | None => self.exchange.try_close(Status::Done),
        };
        if !matches!(&frame, Some(Ok(frame)) if frame.is_data()) {
            // A skill may keep what it has read: the connection must not be kept with it.
            self.reply = None;
        }
        Poll::Ready(match (closed, frame) {
            (Err(_), _) => Some(Err(Error::InternalError(None))),
            (Ok(()), frame) => frame.map(|frame| frame.map_err(Error::from)),
        })
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        // How much of the answer was read is in the counts.
        self.exchange.leave();
    }
}

impl From<HttpError> for Error {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Denied => Self::HttpRequestDenied,
            HttpError::Address => Self::DestinationIpProhibited,
            HttpError::Unresolved => Self::DnsError { rcode: None, info_code: None },
            HttpError::Unreachable => Self::DestinationUnavailable,
            HttpError::ConnectTimedOut => Self::ConnectionTimeout,
            HttpError::ReplyTimedOut => Self::HttpResponseTimeout,
            HttpError::ReadTimedOut => Self::ConnectionReadTimeout,
            HttpError::Certificate => Self::TlsCertificateError,
            HttpError::Tls => Self::TlsProtocolError,
            HttpError::SentTooMuch => Self::HttpRequestBodySize(Some(MAX_BYTES_OUT)),
            HttpError::ReceivedTooMuch => Self::HttpResponseBodySize(Some(MAX_BYTES_IN)),
            HttpError::HeadTooLarge => Self::HttpResponseHeaderSectionSize(None),
            HttpError::Encoding => Self::HttpResponseContentCoding(None),
            HttpError::Upgrade => Self::HttpUpgradeFailed,
            HttpError::Cut => Self::HttpResponseIncomplete,
            HttpError::Protocol => Self::HttpProtocolError,
            HttpError::Invalid(why) => Self::InternalError(Some(why.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use http_body_util::StreamBody;

    #[tokio::test]
    async fn d_05_a_body_ends_where_it_is_too_large() {
        let parts = (0..5).map(|_| Ok::<_, HttpError>(http_body::Frame::data(Bytes::from_static(b"part"))));
        let body = StreamBody::new(futures::stream::iter(parts)).boxed_unsync();
        let sum = AtomicU64::new(0);
        let count = move |data: &Bytes| {
            let sum = sum.fetch_add(data.len() as u64, Relaxed) + data.len() as u64;
            if sum > 10 { Err(HttpError::ReceivedTooMuch) } else { Ok(()) }
        };
        let mut counted = Counted { body, count, is_over: false };
        let mut bytes = 0;
        let end = loop {
            match counted.frame().await {
                Some(Ok(frame)) => bytes += frame.into_data().unwrap().len(),
                end => break end,
            }
        };
        assert!(matches!(end, Some(Err(HttpError::ReceivedTooMuch))) && bytes == 8);
        assert!(counted.frame().await.is_none());
    }

    /// Says when it is gone, as a connection would.
    struct Held {
        body: HttpBody,
        _connection: Arc<()>,
    }

    impl http_body::Body for Held {
        type Data = Bytes;
        type Error = HttpError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
        ) -> Poll<Option<Result<http_body::Frame<Bytes>, HttpError>>> {
            Pin::new(&mut self.body).poll_frame(context)
        }
    }

    #[tokio::test]
    async fn d_05_a_reply_that_is_over_holds_no_connection_though_it_is_kept() {
        let data = || Ok(http_body::Frame::data(Bytes::from_static(b"part")));
        for frames in [vec![data()], vec![data(), Err(HttpError::Cut)]] {
            let connection = Arc::new(());
            let body = StreamBody::new(futures::stream::iter(frames)).boxed_unsync();
            let body = Held { body, _connection: Arc::clone(&connection) }.boxed_unsync();
            let open = Arc::new(tokio::sync::Semaphore::new(1));
            let permit = Arc::clone(&open).try_acquire_owned().unwrap();
            let exchange = Arc::new(Exchange {
                begun: Mutex::default(),
                sent: AtomicU64::new(0),
                received: AtomicU64::new(0),
                status: AtomicU16::new(200),
            });
            let mut reply = incoming(body, exchange, Arc::default(), permit);
            assert!(reply.frame().await.unwrap().is_ok());
            assert_eq!((Arc::strong_count(&connection), open.available_permits()), (2, 0));
            assert!(reply.frame().await.is_none_or(|frame| frame.is_err()));
            assert_eq!((Arc::strong_count(&connection), open.available_permits()), (1, 1));
            assert!(reply.frame().await.is_none());
        }
    }
}
