//! `outgoing-handler`: what stands between a skill and the port.

use crate::gate::{Passage, Wish};
use crate::http::exchange::{self, Exchange, Volume};
use crate::http::limits::MAX_REQUESTS;
use crate::http::read::{self, Unreadable};
use crate::interfaces::EndsWithCaller;
use crate::ports::{Http, HttpRequest, Waits};
use crate::state::CallState;
use http::Method;
use http_body_util::BodyExt;
use skillhost_audit::Status;
use skillhost_core::destination::WebUrl;
use skillhost_core::name::SecretName;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::Resource;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::p2::{HttpError, HttpResult};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// A request that may go out.
struct Admitted {
    passage: Passage,
    port: Arc<dyn Http>,
    method: Method,
    url: WebUrl,
    secrets: Vec<SecretName>,
}

impl CallState {
    /// Sends a request that may go out.
    pub(super) fn handle(
        &mut self,
        request: Resource<HostOutgoingRequest>,
        options: Option<Resource<RequestOptions>>,
    ) -> HttpResult<Resource<HostFutureIncomingResponse>> {
        let options = options.map(|options| self.table.delete(options)).transpose()?;
        let admitted = match self.admit(&request) {
            Ok(admitted) => admitted,
            Err(error) => {
                self.table.delete(request)?;
                return Err(error);
            }
        };
        let sending = match self.begin(admitted, read::waits(options.as_ref())) {
            Ok(sending) => sending,
            Err(error) => {
                self.table.delete(request)?;
                return Err(error);
            }
        };
        let exchange = Arc::clone(&sending.exchange);
        self.http_state().hooks.sending = Some(sending);
        // The request's own form is checked there; what it passes goes to the hook.
        let handled = Host::handle(&mut self.http_view(), request, None);
        if handled.is_err() {
            self.http_state().hooks.sending = None;
            exchange.close(Status::Invalid);
        }
        // It was outside, whatever comes of it: computing is counted anew.
        self.clock.restart();
        handled
    }

    /// Decides on a request.
    fn admit(&mut self, request: &Resource<HostOutgoingRequest>) -> HttpResult<Admitted> {
        let asked = self.table.get(request)?;
        let (method, headers, url) = (read::method(&asked.method), asked.headers.clone(), read::url(asked));
        let url = match url {
            Ok(url) => url,
            Err(Unreadable(text)) => return Err(self.refuse(Wish::UnreadableUrl(&text))),
        };
        let Some(method) = method else { return Err(ErrorCode::HttpRequestMethodInvalid.into()) };
        let passage = self.allow(Wish::Http(&url))?;
        let (in_headers, in_url) = read::placeholders(&headers, &url);
        if let Some(name) = in_url.first() {
            return Err(self.refuse(Wish::SecretInUrl(name)));
        }
        for name in &in_headers {
            // What it lets through is the request's, not a passage of its own.
            let _ = self.allow(Wish::Secret(name))?;
        }
        let Some(port) = self.outside.ports.http.clone() else { return Err(ErrorCode::HttpRequestDenied.into()) };
        // Names that were granted are names.
        let secrets: Vec<SecretName> = in_headers.iter().filter_map(|name| name.parse().ok()).collect();
        for name in &secrets {
            if !port.carries(name, &url) {
                return Err(self.refuse(Wish::SecretTo { name, url: &url }));
            }
        }
        Ok(Admitted { passage, port, method, url, secrets })
    }

    /// The gate's word, as this interface gives it.
    fn allow(&mut self, wish: Wish<'_>) -> HttpResult<Passage> {
        match self.gate.check(wish).map_err(HttpError::trap)? {
            Ok(passage) => Ok(passage),
            Err(_) => Err(ErrorCode::HttpRequestDenied.into()),
        }
    }

    /// The same for what nobody can grant.
    fn refuse(&mut self, wish: Wish<'_>) -> HttpError {
        self.allow(wish).err().unwrap_or_else(|| ErrorCode::HttpRequestDenied.into())
    }

    /// Counts a request, and writes what is about to happen.
    fn begin(&mut self, admitted: Admitted, waits: Waits) -> HttpResult<Sending> {
        let Admitted { passage, port, method, url, secrets } = admitted;
        let http = self.http_state();
        http.exchanges.retain(|exchange| !exchange.is_closed());
        let Ok(permit) = Arc::clone(&http.open).try_acquire_owned() else {
            return Err(ErrorCode::ConnectionLimitReached.into());
        };
        if http.requests >= MAX_REQUESTS {
            return Err(ErrorCode::ConnectionLimitReached.into());
        }
        http.requests += 1;
        let volume = Arc::clone(&http.volume);
        for name in &secrets {
            self.gate.carry(name).map_err(HttpError::trap)?;
        }
        let asked = port.seal(&method, &url, &secrets);
        let sealed = asked.map_err(|_| HttpError::from(ErrorCode::InternalError(Some("not recorded".to_owned()))))?;
        let begun = passage.with(&sealed).begin().map_err(HttpError::trap)?;
        let exchange = Exchange::new(begun);
        self.http_state().exchanges.push(Arc::clone(&exchange));
        Ok(Sending { port, url, secrets, waits, exchange, volume, permit, home: self.outside.home.clone() })
    }
}

/// A request that the log has an intent for.
pub(super) struct Sending {
    port: Arc<dyn Http>,
    url: WebUrl,
    secrets: Vec<SecretName>,
    waits: Waits,
    exchange: Arc<Exchange>,
    volume: Arc<Volume>,
    permit: OwnedSemaphorePermit,
    home: Handle,
}

impl Sending {
    /// Sends it, on the runtime that the call came from.
    pub(super) async fn send(self, request: http::Request<WasiBody>) -> super::Sent {
        let Self { port, url, secrets, waits, exchange, volume, permit, home } = self;
        let (parts, body) = request.into_parts();
        let request = HttpRequest {
            method: parts.method,
            url,
            headers: parts.headers,
            body: exchange::outgoing(body, Arc::clone(&exchange), Arc::clone(&volume)),
            secrets,
            waits,
        };
        let replied = EndsWithCaller(home.spawn(port.send(request))).await;
        let reply = match replied {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => {
                exchange.close(exchange::status(&error));
                return Err(error.into());
            }
            Err(_) => {
                exchange.close(Status::Failed);
                return Err(Error::InternalError(None));
            }
        };
        exchange.replied(reply.status());
        let reply = reply.map(|body| exchange::incoming(body, exchange, volume, permit).boxed_unsync());
        Ok((reply, Box::new(async { Ok(()) })))
    }
}
