//! The servers of a case: nothing is sent; each answers what the case says. What the host sends nowhere is not answered:
//! where secrets may go is the case's to say, as it is the user's elsewhere.

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Response};
use http_body_util::{BodyExt, Full};
use skillhost_cases::Http as Answer;
use skillhost_core::destination::WebUrl;
use skillhost_core::name::SecretName;
use skillhost_core::urls::Origin;
use skillhost_core::user::SecretSource;
use skillhost_engine::contract::Error;
use skillhost_engine::ports::{Http, HttpBody, HttpError, HttpRequest, Sealed};
use skillhost_runs::web::{Secrets, check_reply};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What stands for the value of each secret; nobody is sent it.
const VALUE: &str = "the-value-of-no-secret";

/// Most requests that are told of for which the case has no answer.
const MAX_UNMET: usize = 20;

/// Servers that answer what a case wants answered.
pub(super) struct Servers {
    answers: Vec<Answer>,
    secrets: Secrets,
    asked: Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    requests: Vec<(String, String)>,
    /// Each once, however often it was asked.
    unmet: BTreeSet<String>,
}

impl Servers {
    pub(super) fn new(answers: &[Answer], secrets: &BTreeMap<SecretName, Vec<Origin>>) -> Self {
        let source =
            |hosts: &Vec<Origin>| SecretSource { env: String::new(), hosts: hosts.clone(), skills: Vec::new() };
        let sources: BTreeMap<_, _> = secrets
            .iter()
            .filter(|(_, hosts)| !hosts.is_empty())
            .map(|(name, hosts)| (name.clone(), source(hosts)))
            .collect();
        // Where they could not be used, none goes anywhere.
        let secrets = Secrets::read(&sources, sources.keys(), |_| Some(VALUE.to_owned())).unwrap_or_default();
        Self { answers: answers.to_vec(), secrets, asked: Mutex::default() }
    }

    /// What of the script was not met.
    pub(super) fn unmet(&self) -> Vec<String> {
        self.locked().unmet.iter().cloned().collect()
    }

    fn answer(&self, request: HttpRequest) -> Result<Response<HttpBody>, HttpError> {
        let asked = (request.method.to_string(), request.url.to_string());
        self.secrets.put_into(request.headers, &request.secrets, &request.url)?;
        let mut seen = self.locked();
        let before = seen.requests.iter().filter(|earlier| **earlier == asked).count();
        seen.requests.push(asked.clone());
        let (method, url) = asked;
        // As the host writes it: with its scheme in lower case, say.
        let is_asked = |answer: &&Answer| answer.method == method && answer.url.to_string() == url;
        let known: Vec<&Answer> = self.answers.iter().filter(is_asked).collect();
        let Some(answer) = known.get(before).or(known.last()) else {
            if seen.unmet.len() < MAX_UNMET {
                seen.unmet.insert(format!("it asked {method} {url}, and the case has no [[case.http]] for it"));
            }
            return Err(HttpError::Unresolved);
        };
        let mut response = Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        let body = Full::new(Bytes::from(answer.body.clone())).map_err(|never| match never {}).boxed_unsync();
        let response = response.body(body).map_err(|_| HttpError::Protocol)?;
        check_reply(response.status(), response.headers(), !self.secrets.is_empty())?;
        Ok(response)
    }

    fn locked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Http for Servers {
    fn carries(&self, secret: &SecretName, url: &WebUrl) -> bool {
        self.secrets.carries(secret, url)
    }

    fn seal(&self, _method: &Method, url: &WebUrl, _secrets: &[SecretName]) -> Result<Sealed, Error> {
        Ok(Sealed { on: url.destination().to_string().into_bytes(), payload: None, bytes: 0 })
    }

    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<Response<HttpBody>, HttpError>> {
        let answer = self.answer(request);
        async move { answer }.boxed()
    }
}
