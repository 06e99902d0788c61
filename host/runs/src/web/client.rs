//! A connection for a request, and what a skill is told where there is none.

use hyper::client::conn::http1::SendRequest;
use skillhost_core::destination::WebUrl;
use skillhost_egress::{DialError, Dialer, Driver, OpenError, Tls};
use skillhost_engine::ports::{HttpBody, HttpError};
use std::error::Error;

/// Connects to the host of a URL, by its scheme.
pub(super) async fn open(
    dialer: &Dialer,
    tls: &Tls,
    url: &WebUrl,
) -> Result<(SendRequest<HttpBody>, Driver), HttpError> {
    let pinned = dialer.pin(url.destination()).await.map_err(|error| failure(error.into()))?;
    skillhost_egress::open(&pinned, url.scheme(), tls).await.map_err(failure)
}

fn failure(error: OpenError) -> HttpError {
    match error {
        OpenError::Dial(error) => dial_failure(&error),
        OpenError::Certificate(_) => HttpError::Certificate,
        OpenError::Http(error) => hyper_failure(&error),
        OpenError::Setup(error) => {
            tracing::warn!(%error, "TLS can't be set up for requests of skills; ca-certificates may be missing");
            HttpError::Tls
        }
        _ => HttpError::Tls,
    }
}

fn dial_failure(error: &DialError) -> HttpError {
    match error {
        DialError::Special { .. } => HttpError::Address,
        DialError::Unresolved { .. } => HttpError::Unresolved,
        DialError::TimedOut { .. } => HttpError::ConnectTimedOut,
        _ => HttpError::Unreachable,
    }
}

pub(super) fn hyper_failure(error: &hyper::Error) -> HttpError {
    // The request's own body may be what failed.
    if let Some(own) = error.source().and_then(|source| source.downcast_ref::<HttpError>()) {
        return own.clone();
    }
    if error.is_parse_too_large() {
        HttpError::HeadTooLarge
    } else if error.is_parse() {
        HttpError::Protocol
    } else {
        HttpError::Cut
    }
}
