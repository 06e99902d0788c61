//! One address, one key: the HTTP that carries every protocol.
//!
//! An endpoint can send to its own URL, and beside it, and nowhere else; the key never leaves this file except into the one header.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, Url, redirect};
use serde_json::Value;
use skillhost_core::text::escape_terminal;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use tokio::time::timeout;

use crate::ambient;
use crate::config::is_loopback;
use crate::decode::{self, Decode, Decoded, Flow};
use crate::event::{Event, Events};
use crate::failure::{Cause, Failure};
use crate::framing::{FrameError, Frames, Framing};
use crate::key::Key;
use crate::protocol::Head;
use crate::request::Part;
use crate::tuning::Tuning;

/// An error's body is read this far.
const MAX_ERROR_BODY_BYTES: usize = 64 << 10;
/// What is looked up is read this far: a model's description holds its licence and its template.
const MAX_DOCUMENT_BYTES: usize = 4 << 20;
/// The longest that looking something up takes. No model is loaded for it.
const LOOK_UP: Duration = Duration::from_secs(10);
/// What a user sees of a server's words.
const MAX_MESSAGE_CHARS: usize = 400;

/// Where requests of one provider go.
pub(crate) struct Endpoint {
    client: Client,
    url: Url,
    headers: HeaderMap,
    framing: Framing,
    key: Option<Key>,
    tuning: Tuning,
}

impl Endpoint {
    /// Builds the client. Opens no connection.
    ///
    /// # Errors
    /// Says why TLS could not be set up.
    pub(crate) fn new(url: Url, key: Option<Key>, head: Head, tuning: Tuning) -> Result<Self, String> {
        // Fails only where a provider is installed already, which serves as well.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(tuning.connect)
            .https_only(url.scheme() == "https")
            .user_agent(concat!("skillhost/", env!("CARGO_PKG_VERSION")));
        if url.scheme() == "http" {
            // Nothing is verified there, so a machine without certificates can do it, too.
            client = client.tls_certs_only([]);
        }
        if is_loopback(&url) {
            // A name server can't move `localhost`.
            let port = url.port_or_known_default().unwrap_or(0);
            client = client.resolve_to_addrs(
                "localhost",
                &[([127, 0, 0, 1], port).into(), ([0, 0, 0, 0, 0, 0, 0, 1], port).into()],
            );
        }
        let mut headers = HeaderMap::new();
        for (name, value) in head.fixed {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(value) = key.as_ref().and_then(|key| key.header(head.key_prefix)) {
            headers.insert(HeaderName::from_static(head.key_name), value);
        }
        let client = client.build().map_err(|error| chain(&error))?;
        Ok(Self { client, url, headers, framing: head.framing, key, tuning })
    }

    /// A text without this endpoint's key.
    fn scrub(&self, text: &str) -> String {
        match &self.key {
            Some(key) => key.scrub(text),
            None => text.to_owned(),
        }
    }

    /// What the server says in one short document, at the same place but for the last part of the path.
    pub(crate) async fn look_up(&self, name: &str, body: &Value) -> Result<Value, Failure> {
        let url = self.url.join(name).map_err(|error| decode::malformed(&error.to_string()))?;
        let ask = async {
            let sending = self.client.post(url).headers(self.headers.clone()).json(body).send();
            let mut response = sending.await.map_err(unconnected)?;
            if response.status().as_u16() != 200 {
                return Err(self.refusal(response).await);
            }
            let body = self.short_body(&mut response, MAX_DOCUMENT_BYTES).await;
            serde_json::from_slice(&body).map_err(|error| decode::malformed(&error.to_string()))
        };
        let silent = Failure::new(Cause::Stalled, "the answer took too long");
        timeout(self.tuning.stall.min(LOOK_UP), ask).await.unwrap_or(Err(silent))
    }

    /// Sends one request and reads its stream to the end. Dropping the future closes the connection.
    pub(crate) async fn attempt(
        &self,
        body: &Value,
        decoder: Box<dyn Decode>,
        events: Events<'_>,
    ) -> Result<Decoded, Failure> {
        let mut received_bytes = 0;
        let read = self.exchange(body, decoder, events, &mut received_bytes);
        let outcome = match timeout(self.tuning.total, read).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::new(Cause::Stalled, "the reply took too long")),
        };
        match outcome {
            Ok(decoded) => Ok(self.scrub_reply(decoded)),
            Err(mut failure) => {
                failure.message = escape_terminal(&self.scrub(&failure.message), MAX_MESSAGE_CHARS).as_str().to_owned();
                failure.received_bytes = received_bytes;
                Err(failure)
            }
        }
    }

    async fn exchange(
        &self,
        body: &Value,
        mut decoder: Box<dyn Decode>,
        events: Events<'_>,
        received_bytes: &mut usize,
    ) -> Result<Decoded, Failure> {
        let sending = self.client.post(self.url.clone()).headers(self.headers.clone()).json(body).send();
        let mut response = self.unless_silent(sending).await?.map_err(unconnected)?;
        if response.status().as_u16() != 200 {
            return Err(self.refusal(response).await);
        }
        match content_type(&response) {
            kind if kind.starts_with(self.framing.content_type()) => {}
            // Some gateways put an error into a good status.
            kind if kind.starts_with("application/json") => {
                let body = serde_json::from_slice::<Value>(&self.short_body(&mut response, MAX_ERROR_BODY_BYTES).await)
                    .unwrap_or_default();
                let Some(said) = error_message(&body) else {
                    return Err(decode::malformed("the answer is not a stream of events"));
                };
                return Err(Failure::new(error_cause(&body, Cause::Request), said));
            }
            _ => return Err(decode::malformed("the answer is not a stream of events")),
        }
        let mut stream = self.framing.frames();
        loop {
            let piece = self.unless_silent(response.chunk()).await?.map_err(|error| {
                Failure::new(Cause::Cut, format!("the stream broke: {}", chain(&error.without_url())))
            })?;
            let Some(piece) = piece else { break };
            *received_bytes = received_bytes.saturating_add(piece.len());
            if *received_bytes > self.tuning.max_stream_bytes {
                return Err(Failure::new(Cause::TooLarge, "the reply is over the limit"));
            }
            if take(&piece, &mut stream, decoder.as_mut(), &|event| events(self.scrub_event(event)))? == Flow::Done {
                break;
            }
        }
        decoder.finish()
    }

    async fn unless_silent<T>(&self, step: impl Future<Output = T>) -> Result<T, Failure> {
        timeout(self.tuning.stall, step).await.map_err(|_| {
            Failure::new(Cause::Stalled, format!("nothing arrived for {} s", self.tuning.stall.as_secs_f32()))
        })
    }

    async fn refusal(&self, mut response: Response) -> Failure {
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers(), ambient::unix_seconds());
        let body = self.short_body(&mut response, MAX_ERROR_BODY_BYTES).await;
        let said = serde_json::from_slice::<Value>(&body).ok().and_then(|body| error_message(&body));
        // A body that is no JSON is a proxy's page: nothing in it helps, and anything may be in it.
        let message = said.unwrap_or_else(|| format!("status {status} without an explanation"));
        Failure { retry_after, ..Failure::new(Cause::Status(status), message) }
    }

    /// The beginning of a body that should be short.
    async fn short_body(&self, response: &mut Response, max_bytes: usize) -> Vec<u8> {
        let mut body = Vec::new();
        while let Ok(Ok(Some(piece))) = self.unless_silent(response.chunk()).await {
            let room = max_bytes.saturating_sub(body.len());
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if body.len() >= max_bytes {
                break;
            }
        }
        body
    }

    /// A server that echoes the key must not hand it to a skill or a recording.
    fn scrub_reply(&self, mut decoded: Decoded) -> Decoded {
        for part in &mut decoded.parts {
            match part {
                Part::Text(text) | Part::Reasoning(text) => *text = self.scrub(text),
                Part::ToolCall(call) => {
                    call.id = self.scrub(&call.id);
                    call.name = self.scrub(&call.name);
                    call.arguments = self.scrub(&call.arguments);
                }
                Part::ToolResult(result) => result.content = self.scrub(&result.content),
            }
        }
        decoded.model = self.scrub(&decoded.model);
        decoded
    }

    fn scrub_event(&self, event: Event) -> Event {
        match event {
            Event::ToolCall { name } => Event::ToolCall { name: crate::reply::label(&self.scrub(&name)) },
            other => other,
        }
    }
}

/// The server's words in an error: `{"error":{"message":…}}`, `{"error":…}` or `{"message":…}`.
pub(crate) fn error_message(body: &Value) -> Option<String> {
    ["/error/message", "/error", "/message", "/detail"]
        .into_iter()
        .find_map(|pointer| crate::json::text(body, pointer))
        .map(str::to_owned)
}

/// What an error stands for that came without a status of its own: its code, else its kind.
pub(crate) fn error_cause(body: &Value, otherwise: Cause) -> Cause {
    let code = body.pointer("/error/code").or_else(|| body.get("code"));
    let code = code.and_then(|code| code.as_u64().or_else(|| code.as_str()?.parse().ok()));
    if let Some(status) = code.and_then(|code| u16::try_from(code).ok()).filter(|code| (400..=599).contains(code)) {
        return Cause::Status(status);
    }
    let words = ["/error/code", "/code", "/error/type"].into_iter().filter_map(|place| crate::json::text(body, place));
    words.filter_map(cause_of).next().unwrap_or(otherwise)
}

fn cause_of(word: &str) -> Option<Cause> {
    match word {
        "invalid_request_error"
        | "authentication_error"
        | "permission_error"
        | "not_found_error"
        | "model_not_found"
        | "invalid_prompt"
        | "context_length_exceeded"
        | "insufficient_quota" => Some(Cause::Request),
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "overloaded_error"
        | "api_error"
        | "server_error"
        | "timeout_error" => Some(Cause::Server),
        _ => None,
    }
}

fn unconnected(error: reqwest::Error) -> Failure {
    Failure::new(Cause::Connection, chain(&error.without_url()))
}

fn content_type(response: &Response) -> String {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.trim_start().to_ascii_lowercase()
}

/// Milliseconds where a server says so, seconds, or a date. A date is measured from the server's own, since the host's
/// clock (`now`, in seconds since 1970) may differ.
fn retry_after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let held = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str, unit: f64| {
        let number = held(name)?.parse::<f64>().ok().filter(|number| *number >= 0.0)?;
        Duration::try_from_secs_f64(number * unit).ok()
    };
    let date = |name: &str| Some(OffsetDateTime::parse(held(name)?, &Rfc2822).ok()?.unix_timestamp());
    number("retry-after-ms", 0.001).or_else(|| number(RETRY_AFTER.as_str(), 1.0)).or_else(|| {
        let seconds = date(RETRY_AFTER.as_str())?.saturating_sub(date(DATE.as_str()).unwrap_or(now));
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    })
}

/// Hands the next piece of a stream to the decoder; tells whether the reply is whole.
fn take(mut piece: &[u8], stream: &mut Frames, decoder: &mut dyn Decode, events: Events<'_>) -> Result<Flow, Failure> {
    while let Some(data) = stream.next(&mut piece).map_err(frame_failure)? {
        if decoder.event(&data, events)? == Flow::Done {
            return Ok(Flow::Done);
        }
    }
    Ok(Flow::More)
}

/// What an exchange makes of a stream that arrives in these pieces.
#[cfg(feature = "testing")]
pub(crate) fn read(framing: Framing, pieces: &[&[u8]], mut decoder: Box<dyn Decode>) -> Result<Decoded, Failure> {
    let mut stream = framing.frames();
    for piece in pieces {
        if take(piece, &mut stream, decoder.as_mut(), &crate::event::ignore_events)? == Flow::Done {
            break;
        }
    }
    decoder.finish()
}

fn frame_failure(error: FrameError) -> Failure {
    match error {
        FrameError::TooLarge => Failure::new(Cause::TooLarge, "one event of the stream is over the limit"),
        FrameError::Encoding => decode::malformed("the stream is not UTF-8"),
    }
}

/// An error with its causes, on one line: the outermost alone says little.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wait_is_asked_for_in_several_ways() {
        let asked = |fields: &[(&'static str, &str)]| {
            let fields = fields.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
            retry_after(&fields.collect(), 1_000_000_000)
        };
        let (now, then) = ("Sun, 09 Sep 2001 01:46:40 GMT", "Sun, 09 Sep 2001 01:48:10 GMT");
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(asked(&[("retry-after", "7")]), seconds(7));
        assert_eq!(asked(&[("retry-after", " 1.5 ")]), Some(Duration::from_millis(1_500)));
        assert_eq!(asked(&[("retry-after", "9"), ("retry-after-ms", "250")]), Some(Duration::from_millis(250)));
        assert_eq!(asked(&[("retry-after", then)]), seconds(90), "by the host's clock");
        assert_eq!(asked(&[("retry-after", then), ("date", then)]), seconds(0), "by the server's");
        assert_eq!(asked(&[("retry-after", now), ("date", then)]), seconds(0), "it is over");
        for text in ["-1", "nan", "inf", "1e400", "soon", ""] {
            assert_eq!(asked(&[("retry-after", text)]), None, "{text}");
        }
        assert_eq!(asked(&[]), None);
    }

    #[test]
    fn an_error_inside_an_answer_is_what_it_says() {
        for (body, cause) in [
            (json!({ "error": { "code": 400 } }), Cause::Status(400)),
            (json!({ "error": { "code": "429" } }), Cause::Status(429)),
            (json!({ "code": 503 }), Cause::Status(503)),
            (json!({ "error": { "code": "model_not_found", "type": "invalid_request_error" } }), Cause::Request),
            (json!({ "error": { "code": 7, "type": "overloaded_error" } }), Cause::Server),
            (json!({ "error": "no" }), Cause::Cut),
        ] {
            assert_eq!(error_cause(&body, Cause::Cut), cause, "{body}");
        }
    }
}
