//! Requests of skills over HTTP: to addresses that were judged, over TLS that ends here, with secrets that only the user
//! sends anywhere.
//!
//! Each request has a connection of its own, to one host, and is never sent on: a redirect is a reply like any other, which
//! a skill may follow with another request, judged anew. No proxy of the environment is asked.

mod client;
mod reply;
mod secrets;

pub use secrets::{SecretError, Secrets};

use crate::web::client::hyper_failure;
use crate::web::reply::Reply;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, HOST, TRANSFER_ENCODING, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use skillhost_core::destination::{Scheme, WebUrl};
use skillhost_core::name::SecretName;
use skillhost_core::secret::Forms;
use skillhost_egress::{Dialer, Tls};
use skillhost_engine::ports::{HttpBody, HttpError, HttpRequest};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::time::timeout;

/// What requests share: those of one program, and, once it was [narrowed](Web::of_call), those of one call. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    dialer: Dialer,
    tls: Tls,
    secrets: Arc<Secrets>,
    /// What no reply may hold when its skill reads it.
    forms: Forms,
}

impl Web {
    /// Over the program's dialer, with the secrets that were granted to anyone.
    pub fn new(dialer: Dialer, secrets: Secrets) -> Self {
        let forms = secrets.forms();
        Self { dialer, tls: Tls::default(), secrets: Arc::new(secrets), forms }
    }

    /// For one call, whose skill was granted these secrets and no others. What other skills were granted is never sent
    /// for it, so it isn't looked for in its replies either: whoever has no secret has nothing to find out by what is
    /// blanked out. Its lookups wait for no other call's.
    pub(crate) fn of_call(&self, granted: &BTreeSet<SecretName>) -> Self {
        let secrets = self.secrets.only(granted);
        let forms = secrets.forms();
        Self { dialer: self.dialer.apart(), tls: self.tls.clone(), secrets: Arc::new(secrets), forms }
    }

    /// The text without the values of secrets, in whatever form.
    pub fn scrub(&self, text: &str) -> String {
        self.forms.scrub(text, "[secret]")
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    pub(crate) fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<HttpBody>, HttpError>> {
        let web = self.clone();
        async move { web.exchange(request).await }.boxed()
    }

    async fn exchange(&self, request: HttpRequest) -> Result<Response<HttpBody>, HttpError> {
        let HttpRequest { method, url, headers, body, secrets, waits } = request;
        let mut headers = self.secrets.put_into(headers, &secrets, &url)?;
        self.complete(&mut headers, &url)?;
        let target = url.path_and_query();
        let mut message = Request::new(body);
        *message.method_mut() = method;
        *message.uri_mut() = target.parse().map_err(|_| HttpError::Invalid("its path can't be sent"))?;
        *message.headers_mut() = headers;

        let opened = timeout(waits.connect, client::open(&self.dialer, &self.tls, &url));
        let (mut sender, driver) = opened.await.map_err(|_| HttpError::ConnectTimedOut)??;
        let replied = timeout(waits.first_byte, sender.send_request(message));
        let reply = replied.await.map_err(|_| HttpError::ReplyTimedOut)?.map_err(|error| hyper_failure(&error))?;
        let (mut parts, body) = reply.into_parts();
        check_reply(parts.status, &parts.headers, !self.forms.is_empty())?;
        parts.headers = self.masked(parts.headers);
        // The server's own words beside the status.
        parts.extensions.clear();
        let body = Reply::new(body, driver, self.forms.clone(), waits.between_bytes);
        Ok(Response::from_parts(parts, body.boxed_unsync()))
    }

    /// Adds what the host says for itself.
    fn complete(&self, headers: &mut HeaderMap, url: &WebUrl) -> Result<(), HttpError> {
        let destination = url.destination();
        let host = if destination.port() == url.scheme().default_port() {
            destination.host().to_string()
        } else {
            destination.to_string()
        };
        headers.insert(HOST, HeaderValue::from_str(&host).map_err(|_| HttpError::Denied)?);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let program = HeaderValue::from_static(concat!("skillhost/", env!("CARGO_PKG_VERSION")));
        headers.entry(USER_AGENT).or_insert(program);
        if !self.forms.is_empty() {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        Ok(())
    }

    fn masked(&self, headers: HeaderMap) -> HeaderMap {
        if self.forms.is_empty() { headers } else { reply::masked(&headers, &self.forms) }
    }
}

/// Refuses a reply that can't be read as it stands, by whoever looks for secrets in it where there are any.
///
/// # Errors
/// Where it leaves HTTP, or is encoded.
pub fn check_reply(status: StatusCode, headers: &HeaderMap, has_secrets: bool) -> Result<(), HttpError> {
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(HttpError::Upgrade);
    }
    let is_other = |name, plain: &str| {
        headers.get_all(name).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(plain.as_bytes()))
    };
    // Where no secret is, an encoding is the skill's own affair; that of the transfer is not.
    if is_other(TRANSFER_ENCODING, "chunked") || has_secrets && is_other(CONTENT_ENCODING, "identity") {
        return Err(HttpError::Encoding);
    }
    Ok(())
}

/// Whether nobody on the way can read what is sent: TLS, or a connection that stays on this machine.
fn is_private(url: &WebUrl) -> bool {
    url.scheme() == Scheme::Https || url.destination().host().address().is_some_and(|address| address.is_loopback())
}
