//! The servers of a case: nothing is sent; each answers what the case says.

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Response};
use http_body_util::{BodyExt, Full};
use skillhost_cases::Http as Answer;
use skillhost_core::destination::WebUrl;
use skillhost_core::name::SecretName;
use skillhost_engine::contract::Error;
use skillhost_engine::ports::{Http, HttpBody, HttpError, HttpRequest, Sealed};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Servers that answer what a case wants answered.
pub(super) struct Servers {
    answers: Vec<Answer>,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    requests: Vec<(String, String)>,
    /// Each once, however often it was asked.
    unmet: BTreeSet<String>,
}

impl Servers {
    pub(super) fn new(answers: &[Answer]) -> Self {
        Self { answers: answers.to_vec(), asked: Mutex::default() }
    }

    /// What of the script was not met.
    pub(super) fn unmet(&self) -> Vec<String> {
        self.locked().unmet.iter().cloned().collect()
    }

    fn answer(&self, request: &HttpRequest) -> Result<Response<HttpBody>, HttpError> {
        let asked = (request.method.to_string(), request.url.to_string());
        let mut seen = self.locked();
        let before = seen.requests.iter().filter(|earlier| **earlier == asked).count();
        seen.requests.push(asked.clone());
        let (method, url) = asked;
        // As the host writes it: with its scheme in lower case, say.
        let is_asked = |answer: &&Answer| answer.method == method && answer.url.to_string() == url;
        let known: Vec<&Answer> = self.answers.iter().filter(is_asked).collect();
        let Some(answer) = known.get(before).or(known.last()) else {
            seen.unmet.insert(format!("it asked {method} {url}, and the case has no [[case.http]] for it"));
            return Err(HttpError::Unresolved);
        };
        let mut response = Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        let body = Full::new(Bytes::from(answer.body.clone())).map_err(|never| match never {}).boxed_unsync();
        response.body(body).map_err(|_| HttpError::Protocol)
    }

    fn locked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Http for Servers {
    fn carries(&self, _secret: &SecretName, _url: &WebUrl) -> bool {
        // Whose secrets go where is the user's to say; in a case there are none to lose.
        true
    }

    fn seal(&self, _method: &Method, url: &WebUrl, _secrets: &[SecretName]) -> Result<Sealed, Error> {
        Ok(Sealed { on: url.destination().to_string().into_bytes(), payload: None, bytes: 0 })
    }

    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<HttpBody>, HttpError>> {
        let answer = self.answer(&request);
        async move { answer }.boxed()
    }
}
