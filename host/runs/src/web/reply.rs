//! What comes back: bounded in the time between its parts, and without any secret.

use crate::web::client::hyper_failure;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use skillhost_core::secret::{Forms, Masking};
use skillhost_egress::Driver;
use skillhost_engine::ports::HttpError;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// A reply's body.
pub(super) struct Reply {
    body: Incoming,
    forms: Forms,
    masking: Masking,
    wait: Duration,
    /// Runs while the reader waits for the server, not while the server waits for the reader.
    waiting: Option<Pin<Box<Sleep>>>,
    is_over: bool,
    /// Comes after what was held back.
    trailers: Option<HeaderMap>,
    _driver: Driver,
}

impl Reply {
    pub(super) fn new(body: Incoming, driver: Driver, forms: Forms, wait: Duration) -> Self {
        let masking = Masking::new(forms.clone());
        Self { body, forms, masking, wait, waiting: None, is_over: false, trailers: None, _driver: driver }
    }

    /// Ends it where it is. What was held back would look like the end of a whole reply, and is lost: as much of it
    /// whatever it says.
    fn break_off(&mut self) {
        self.is_over = true;
        self.masking = Masking::new(Forms::default());
    }

    /// What the body's end leaves.
    fn last(&mut self) -> Option<Frame<Bytes>> {
        let held = self.masking.finish();
        if !held.is_empty() {
            return Some(Frame::data(held.into()));
        }
        self.trailers.take().map(Frame::trailers)
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = HttpError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, HttpError>>> {
        loop {
            if self.is_over {
                return Poll::Ready(self.last().map(Ok));
            }
            let frame = match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(frame) => frame,
                Poll::Pending => {
                    let wait = self.wait;
                    let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(wait)));
                    std::task::ready!(waiting.as_mut().poll(context));
                    self.break_off();
                    return Poll::Ready(Some(Err(HttpError::ReadTimedOut)));
                }
            };
            self.waiting = None;
            match frame {
                None => self.is_over = true,
                Some(Err(error)) => {
                    self.break_off();
                    return Poll::Ready(Some(Err(hyper_failure(&error))));
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if self.forms.is_empty() => return Poll::Ready(Some(Ok(Frame::data(data)))),
                    Ok(data) => {
                        let masked = self.masking.push(&data);
                        if !masked.is_empty() {
                            return Poll::Ready(Some(Ok(Frame::data(masked.into()))));
                        }
                    }
                    Err(other) => {
                        self.trailers = other.into_trailers().ok().map(|trailers| masked(&trailers, &self.forms));
                        self.is_over = true;
                    }
                },
            }
        }
    }
}

/// Fields without any secret, in values and in names.
pub(super) fn masked(headers: &HeaderMap, forms: &Forms) -> HeaderMap {
    let mut masked = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let mut bytes = value.as_bytes().to_vec();
        forms.mask(&mut bytes);
        // A name is lower case by now, and a value that can't be one any more is left out as well.
        if let (false, Ok(value)) = (forms.stand_in(name.as_str().as_bytes()), HeaderValue::from_bytes(&bytes)) {
            masked.append(name.clone(), value);
        }
    }
    masked
}
