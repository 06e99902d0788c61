//! `wasi:http`: requests of a skill, one at a time through the gate, and out by a port.
//!
//! What a request is made of (fields, bodies, futures) is Wasmtime's own; the one function that sends is written here
//! (`handle.rs`). It reads the URL by the parser that patterns are read by, asks the gate, and hands the port what was
//! judged and nothing that was merely spelled. Linked only where a component imports it.

mod exchange;
mod handle;
mod limits;
mod read;

use crate::http::exchange::{Exchange, Volume};
use crate::http::handle::Sending;
use crate::http::limits::{FIELDS_BYTES, MAX_OPEN, WRITE_BYTES};
use crate::state::CallState;
use http::HeaderName;
use std::sync::Arc;
use tokio::sync::Semaphore;
use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttp, WasiHttpCtx,
    WasiHttpCtxView, WasiHttpHooks,
};

pub use limits::{MAX_BYTES_IN, MAX_BYTES_OUT, MAX_REQUESTS};

/// Whether an import is one of its interfaces.
pub(crate) fn is_http(import: &str) -> bool {
    import.starts_with("wasi:http/")
}

/// Whether an interface of it is offered: sending, and what that takes.
pub(crate) fn is_offered(interface: &str) -> bool {
    matches!(interface, "wasi:http/types" | "wasi:http/outgoing-handler")
}

/// Defines it.
pub(crate) fn define(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    use wasmtime_wasi_http::p2::bindings::LinkOptions;
    types::add_to_linker::<CallState, WasiHttp>(linker, &(&LinkOptions::default()).into(), CallState::http_view)?;
    // By hand: the trait for it can be implemented only together with all of `types`. Another 0.2 version links, too.
    linker.instance("wasi:http/outgoing-handler@0.2.0")?.func_wrap(
        "handle",
        |mut store: StoreContextMut<'_, CallState>, (request, options): (Resource<_>, Option<Resource<_>>)| {
            // As the functions are traced that are made by `bindgen!`.
            let span = tracing::trace_span!(
                target: "wasi::http::outgoing_handler",
                "wit-bindgen import",
                module = "outgoing-handler",
                function = "handle",
            );
            let _enter = span.enter();
            tracing::trace!(target: "wasi::http::outgoing_handler", request = ?request, options = ?options, "call");
            let handled = store.data_mut().handle(request, options);
            tracing::trace!(target: "wasi::http::outgoing_handler", result = ?handled, "return");
            match handled {
                Ok(future) => Ok((Ok(future),)),
                // What is no code for the guest ends it.
                Err(error) => Ok((Err(error.downcast()?),)),
            }
        },
    )
}

/// What a call has sent so far.
pub(crate) struct HttpState {
    context: WasiHttpCtx,
    hooks: Hooks,
    requests: u32,
    /// Those that wait, or whose reply is being read.
    open: Arc<Semaphore>,
    volume: Arc<Volume>,
    /// Every one whose end the log doesn't have yet.
    exchanges: Vec<Arc<Exchange>>,
}

impl HttpState {
    fn new() -> Self {
        let mut context = WasiHttpCtx::new();
        context.set_field_size_limit(FIELDS_BYTES);
        Self {
            context,
            hooks: Hooks::default(),
            requests: 0,
            open: Arc::new(Semaphore::new(MAX_OPEN)),
            volume: Arc::default(),
            exchanges: Vec::new(),
        }
    }
}

impl Drop for HttpState {
    fn drop(&mut self) {
        // What is under way ends with the call; its task is ended a moment later, when the log may be closed.
        for exchange in &self.exchanges {
            exchange.leave();
        }
    }
}

impl CallState {
    fn http_view(&mut self) -> WasiHttpCtxView<'_> {
        let http = self.http.get_or_insert_with(|| Box::new(HttpState::new()));
        WasiHttpCtxView { hooks: &mut http.hooks, table: &mut self.table, ctx: &mut http.context }
    }

    fn http_state(&mut self) -> &mut HttpState {
        self.http.get_or_insert_with(|| Box::new(HttpState::new()))
    }
}

/// What Wasmtime asks while it makes a request.
#[derive(Default)]
struct Hooks {
    /// The request that was let through and is about to be sent.
    sending: Option<Sending>,
}

type Sent = Result<(http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>), Error>;

impl WasiHttpHooks for Hooks {
    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        // `te` asks for encodings of the transfer that nobody here takes off; `expect` is the client's own to decide.
        Arc::new(|name: &HeaderName| {
            DEFAULT_FORBIDDEN_HEADERS.contains(name) || matches!(name.as_str(), "te" | "trailer" | "expect")
        })
    }

    fn set_host_header(&mut self) -> bool {
        // The port writes it, from the URL that was judged.
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _options: Option<RequestOptions>,
        _read: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        match self.sending.take() {
            Some(sending) => Box::new(sending.send(request)),
            None => Box::new(async { Err(Error::HttpRequestDenied) }),
        }
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        WRITE_BYTES
    }
}
