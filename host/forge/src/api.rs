//! One request of a forge's REST interface, and its answer.

use crate::client::{Client, WebError};
use crate::error::ForgeError;
use crate::site::Site;
use crate::token::Token;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{Method, Response};
use serde_json::Value;
use skillhost_core::destination::WebUrl;
use skillhost_core::text::escape_terminal;
use skillhost_core::user::ForgeKind;
use tokio::time::timeout;

/// Largest answer. One pull request with a long text has some 100 KB.
const MAX_ANSWER_BYTES: usize = 4 << 20;
/// What is quoted of a forge's words.
const MAX_SAID_CHARS: usize = 300;

/// Requests to one forge.
pub(crate) struct Api {
    client: Client,
    kind: ForgeKind,
    base: WebUrl,
    token: Token,
}

impl Api {
    pub(crate) fn new(client: Client, site: &Site, token: Token) -> Self {
        Self { client, kind: site.kind, base: site.api.clone(), token }
    }

    /// Sends a request to a path beneath the interface's address; gives what it answers with a good status.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, ForgeError> {
        let url = format!("{}{path}", self.base.to_string().trim_end_matches('/'));
        self.call_at(method, &url, body).await
    }

    /// The same, at a URL of the same origin.
    pub(crate) async fn call_at(&self, method: Method, url: &str, body: Option<Value>) -> Result<Value, ForgeError> {
        let url = WebUrl::parse(url).map_err(|_| self.odd("its address"))?;
        if url.scheme() != self.base.scheme() || url.destination() != self.base.destination() {
            return Err(self.odd("its address"));
        }
        let exchange = timeout(self.client.patience(), self.exchange(method, &url, body)).await;
        let (status, is_json, bytes) = exchange.unwrap_or_else(|_| Err(self.unreachable(WebError::TimedOut)))?;
        // The parser goes no deeper than 128 levels.
        let answer = if is_json { serde_json::from_slice::<Value>(&bytes).ok() } else { None };
        match status {
            200..=299 => answer.ok_or_else(|| self.odd("it is no JSON")),
            300..=399 => Err(ForgeError::Redirected { host: self.host() }),
            401 | 403 | 404 => Err(ForgeError::Refused { host: self.host(), status, said: self.said(answer.as_ref()) }),
            _ => Err(ForgeError::Status { host: self.host(), status, said: self.said(answer.as_ref()) }),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        url: &WebUrl,
        body: Option<Value>,
    ) -> Result<(u16, bool, Vec<u8>), ForgeError> {
        let http = self.client.to(url).await.map_err(|error| self.unreachable(error))?;
        let accept = match self.kind {
            ForgeKind::Github => "application/vnd.github+json",
            ForgeKind::Gitlab | ForgeKind::Forgejo => "application/json",
        };
        let token = self.token.header(self.kind).ok_or_else(|| self.odd("its token"))?;
        let mut request = http.request(method, url.to_string()).header(ACCEPT, accept).header(AUTHORIZATION, token);
        if self.kind == ForgeKind::Github {
            request = request.header("x-github-api-version", "2022-11-28");
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let mut response = request.send().await.map_err(|error| self.unreachable(WebError::of(error)))?;
        let bytes = self.body(&mut response).await?;
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let is_json = content_type.is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            kind == "application/json" || kind.ends_with("+json")
        });
        Ok((response.status().as_u16(), is_json, bytes))
    }

    async fn body(&self, response: &mut Response) -> Result<Vec<u8>, ForgeError> {
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(WebError::of(error)))? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > MAX_ANSWER_BYTES {
                return Err(ForgeError::TooLarge { host: self.host(), limit: MAX_ANSWER_BYTES });
            }
        }
        Ok(bytes)
    }

    /// A forge's own words for what is wrong. A page of HTML is a proxy's: nothing in it helps.
    fn said(&self, answer: Option<&Value>) -> String {
        let words = answer.map(|answer| {
            let parts = ["/message", "/error", "/errors/0/message", "/errors/0"];
            let found = parts.iter().filter_map(|part| answer.pointer(part)).take(3);
            let text = |part: &Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
            found.map(text).collect::<Vec<_>>().join(": ")
        });
        let words = words.filter(|words| !words.is_empty()).unwrap_or_else(|| "without an explanation".to_owned());
        escape_terminal(&self.token.scrub(&words), MAX_SAID_CHARS).as_str().to_owned()
    }

    pub(crate) fn odd(&self, what: &'static str) -> ForgeError {
        ForgeError::Answer { host: self.host(), what }
    }

    fn unreachable(&self, source: WebError) -> ForgeError {
        ForgeError::Connection { host: self.host(), source }
    }

    pub(crate) fn base(&self) -> &WebUrl {
        &self.base
    }

    pub(crate) fn host(&self) -> String {
        self.base.destination().to_string()
    }
}

/// A part of a path, in which every byte stands for itself alone.
pub(crate) fn encoded(part: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    part.bytes().map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
