//! `wasi:http`: requests that the engine let through, out by the program's one way.

use crate::web::Web;
use futures::future::BoxFuture;
use http::{Method, Response};
use serde::Serialize;
use skillhost_audit::{BodyKind, Payloads};
use skillhost_core::destination::WebUrl;
use skillhost_core::name::SecretName;
use skillhost_engine::contract::Error;
use skillhost_engine::ports::{Http, HttpBody, HttpError, HttpRequest, Sealed};
use std::sync::Arc;

pub(crate) struct HttpPort {
    pub(crate) web: Web,
    pub(crate) payloads: Arc<Payloads>,
}

/// What the log keeps of a request, sealed.
#[derive(Serialize)]
struct Asked<'a> {
    method: &'a str,
    url: String,
    secrets: Vec<&'a str>,
}

impl Http for HttpPort {
    fn carries(&self, secret: &SecretName, url: &WebUrl) -> bool {
        self.web.secrets().carries(secret, url)
    }

    fn seal(&self, method: &Method, url: &WebUrl, secrets: &[SecretName]) -> Result<Sealed, Error> {
        let secrets = secrets.iter().map(SecretName::as_str).collect();
        let asked = Asked { method: method.as_str(), url: url.to_string(), secrets };
        let unrecorded = |e: &dyn std::fmt::Display| Error::Failed(format!("it could not be recorded: {e}"));
        let text = serde_json::to_vec(&asked).map_err(|e| unrecorded(&e))?;
        let payload = self.payloads.put(BodyKind::Arguments, &text).map_err(|e| unrecorded(&e))?;
        // How much is sent is known at its end.
        Ok(Sealed { on: url.destination().to_string().into_bytes(), payload: Some(payload), bytes: 0 })
    }

    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<HttpBody>, HttpError>> {
        self.web.send(request)
    }
}
