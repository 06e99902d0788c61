//! One connection, and HTTP/1.1 over it.

use crate::dial::{DialError, Pinned};
use bytes::Buf;
use hyper::body::Body;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
#[cfg(feature = "testing")]
use rustls::pki_types::CertificateDer;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, ConfigBuilder, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
use skillhost_core::destination::Scheme;
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

/// How TLS is spoken: by the machine's own certificates, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, read at the
/// first connection. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tls(Arc<OnceLock<Result<TlsConnector, rustls::Error>>>);

impl Tls {
    /// By this authority alone.
    #[cfg(feature = "testing")]
    #[expect(clippy::unwrap_used, reason = "for tests")]
    pub fn trusting(authority: CertificateDer<'static>) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority).unwrap();
        let config = with_protocol(builder().unwrap().with_root_certificates(roots).with_no_client_auth());
        Self(Arc::new(OnceLock::from(Ok(TlsConnector::from(Arc::new(config))))))
    }

    fn connector(&self) -> Result<&TlsConnector, OpenError> {
        let made = self.0.get_or_init(|| client_config().map(|config| TlsConnector::from(Arc::new(config))));
        made.as_ref().map_err(|error| OpenError::Setup(error.clone()))
    }
}

fn client_config() -> Result<ClientConfig, rustls::Error> {
    Ok(with_protocol(builder()?.with_platform_verifier()?.with_no_client_auth()))
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

fn with_protocol(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// Why there is no connection to a server. Texts name no address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It can't be reached.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// TLS can't be set up on this machine.
    #[error("TLS can't be set up; ca-certificates may be missing")]
    Setup(#[source] rustls::Error),
    /// The server's certificate isn't valid for it.
    #[error("its certificate isn't valid")]
    Certificate(CertificateError),
    /// The server speaks no TLS, or another one.
    #[error("it speaks no TLS that is known here")]
    Tls(#[source] io::Error),
    /// The connection can't be used.
    #[error("no HTTP can be spoken")]
    Http(#[source] hyper::Error),
}

/// The task that moves a connection's bytes; ended with whoever holds it.
#[derive(Debug)]
pub struct Driver(JoinHandle<()>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects to a server whose addresses were judged. The caller bounds how long that may take.
///
/// # Errors
/// Where it can't be reached, or shows no certificate that is valid for its name.
pub async fn open<B>(pinned: &Pinned, scheme: Scheme, tls: &Tls) -> Result<(SendRequest<B>, Driver), OpenError>
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let stream = pinned.connect().await?.stream;
    // Small messages, each of which is waited for.
    let _ = stream.set_nodelay(true);
    match scheme {
        Scheme::Http => speak(stream).await,
        Scheme::Https => {
            let host = pinned.destination().host();
            let name = match host.address() {
                Some(address) => ServerName::IpAddress(address.into()),
                None => ServerName::try_from(host.to_string()).map_err(|e| OpenError::Tls(io::Error::other(e)))?,
            };
            speak(tls.connector()?.connect(name, stream).await.map_err(tls_failure)?).await
        }
    }
}

async fn speak<S, B>(stream: S) -> Result<(SendRequest<B>, Driver), OpenError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut builder = Builder::new();
    builder.max_buf_size(HEAD_BYTES).max_headers(MAX_FIELDS);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(OpenError::Http)?;
    let driver = tokio::spawn(async move {
        // Whoever waits for the reply is told of the error.
        let _ = connection.await;
    });
    Ok((sender, Driver(driver)))
}

/// What is wrong with a server's certificate, in words that follow it: "has expired".
pub fn certificate_fault(error: &CertificateError) -> &'static str {
    use CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } => "has expired",
        E::NotValidYet | E::NotValidYetContext { .. } => "is not valid yet; is this machine's clock right?",
        E::NotValidForName | E::NotValidForNameContext { .. } => "is for another name",
        E::UnknownIssuer | E::BadSignature => "is signed by nobody whom this machine trusts",
        E::Revoked => "was revoked",
        // What many tools make for a server that vouches for itself. The library beneath has its type, here is its name.
        E::Other(other) if other.to_string() == "CaUsedAsEndEntity" => {
            "is an authority's own; it has to sign another one for the server"
        }
        _ => "isn't valid",
    }
}

fn tls_failure(error: io::Error) -> OpenError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(reason)) => OpenError::Certificate(reason.clone()),
        _ => OpenError::Tls(error),
    }
}
