//! One connection, and HTTP/1.1 over it.

use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use rustls_platform_verifier::BuilderVerifierExt;
use skillhost_core::destination::{Scheme, WebUrl};
use skillhost_egress::{DialError, Dialer};
use skillhost_engine::ports::{HttpBody, HttpError};
use std::error::Error;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

/// Largest head of a reply, and what is read ahead of a body: servers send some 8 KiB.
const HEAD_BYTES: usize = 64 << 10;
/// Most fields of a reply.
const MAX_FIELDS: usize = 128;

/// How TLS is spoken: by the machine's own certificates, read at the first request. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Tls(Arc<OnceLock<Option<TlsConnector>>>);

impl Tls {
    fn connector(&self) -> Result<&TlsConnector, HttpError> {
        let made = self.0.get_or_init(|| {
            let failed = |error: &rustls::Error| {
                tracing::warn!(%error, "TLS can't be set up for requests of skills; ca-certificates may be missing");
            };
            client_config().inspect_err(failed).ok().map(|config| TlsConnector::from(Arc::new(config)))
        });
        made.as_ref().ok_or(HttpError::Tls)
    }
}

fn client_config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut config = builder.with_platform_verifier()?.with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// The task that moves a connection's bytes; ended with whoever holds it.
pub(super) struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects to the host of a URL, by its scheme.
pub(super) async fn open(
    dialer: &Dialer,
    tls: &Tls,
    url: &WebUrl,
) -> Result<(SendRequest<HttpBody>, Driver), HttpError> {
    let stream = dialer.connect(url.destination()).await.map_err(|error| dial_failure(&error))?.stream;
    // Small messages, each of which is waited for.
    let _ = stream.set_nodelay(true);
    match url.scheme() {
        Scheme::Http => speak(stream).await,
        Scheme::Https => {
            let host = url.destination().host();
            let name = match host.address() {
                Some(address) => ServerName::IpAddress(address.into()),
                None => ServerName::try_from(host.to_string()).map_err(|_| HttpError::Tls)?,
            };
            let stream = tls.connector()?.connect(name, stream).await.map_err(|error| tls_failure(&error))?;
            speak(stream).await
        }
    }
}

async fn speak<S>(stream: S) -> Result<(SendRequest<HttpBody>, Driver), HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new();
    builder.max_buf_size(HEAD_BYTES).max_headers(MAX_FIELDS);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|error| hyper_failure(&error))?;
    let driver = tokio::spawn(async move {
        // Whoever waits for the reply is told of the error.
        let _ = connection.await;
    });
    Ok((sender, Driver(driver)))
}

fn dial_failure(error: &DialError) -> HttpError {
    match error {
        DialError::Special { .. } => HttpError::Address,
        DialError::Unresolved { .. } => HttpError::Unresolved,
        DialError::TimedOut { .. } => HttpError::ConnectTimedOut,
        _ => HttpError::Unreachable,
    }
}

fn tls_failure(error: &io::Error) -> HttpError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(_)) => HttpError::Certificate,
        _ => HttpError::Tls,
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
