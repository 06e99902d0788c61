//! As much HTTP/1.1 as a model's server needs: one request on each connection, answered in chunks.

use std::io::{self, BufRead, Read, Write};

use serde_json::Value;

use crate::answer::{Answer, Said};
use crate::wire;

const MAX_HEAD_LINES: usize = 200;
const MAX_BODY_BYTES: u64 = 64 << 20;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path.
    pub path: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Value,
}

impl Received {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// The key that came with it.
    pub fn key(&self) -> Option<&str> {
        let bearer = self.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        self.header("x-api-key").or(bearer)
    }
}

/// Reads one request.
pub(crate) fn read(stream: &mut impl BufRead) -> io::Result<Received> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut headers = Vec::new();
    for _ in 0..MAX_HEAD_LINES {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut received = Received { path, headers, body: Value::Null };
    let length = received.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
    let mut body = Vec::new();
    stream.take(MAX_BODY_BYTES.min(length)).read_to_end(&mut body)?;
    received.body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(received)
}

/// Answers one request. An error here is the client going away.
pub(crate) fn answer(stream: &mut (impl Read + Write), request: &Received, answer: &Answer) -> io::Result<()> {
    match answer {
        Answer::Reply(said) => {
            begin(stream, request)?;
            send(stream, request, said, 0)?;
            stream.write_all(b"0\r\n\r\n")
        }
        Answer::Cut(said) => {
            begin(stream, request)?;
            send(stream, request, said, wire::left_out(request))?;
            stream.write_all(b"0\r\n\r\n")
        }
        Answer::BrokenChunk(said) => {
            begin(stream, request)?;
            send(stream, request, said, wire::left_out(request))?;
            stream.write_all(b"ffff\r\ndata: {\"half")
        }
        Answer::Stall(said) => {
            begin(stream, request)?;
            send(stream, request, said, wire::left_out(request))?;
            // Nothing more is to come from the client, so this returns when it closes the connection.
            stream.read(&mut [0]).map(drop)
        }
        Answer::Silent => stream.read(&mut [0]).map(drop),
        Answer::Pings => {
            begin(stream, request)?;
            loop {
                chunk(stream, wire::ping(request))?;
            }
        }
        Answer::Endless => {
            begin(stream, request)?;
            send(stream, request, &Said::text("x"), 4)?;
            let filler = wire::filler(request);
            loop {
                chunk(stream, &filler)?;
            }
        }
        Answer::Refuse => Ok(()),
        Answer::StreamError { message } => {
            begin(stream, request)?;
            chunk(stream, &wire::stream_error(request, message))?;
            stream.write_all(b"0\r\n\r\n")
        }
        Answer::Error { status, message, retry_after } => {
            let message = with_key(message, request);
            let body = wire::error(request, &message);
            let extra = retry_after.as_ref().map(|after| format!("retry-after: {after}\r\n")).unwrap_or_default();
            whole(stream, *status, "application/json", &extra, &body.to_string())
        }
        Answer::Redirect { status, to } => whole(stream, *status, "text/plain", &format!("location: {to}\r\n"), ""),
        Answer::Raw { status, content_type, body } => whole(stream, *status, content_type, "", body),
    }
}

/// The events of a reply without the last `left_out`.
fn send(stream: &mut impl Write, request: &Received, said: &Said, left_out: usize) -> io::Result<()> {
    let asked = wire::last_text(request);
    let text = said.text.as_ref().map(|text| with_key(text, request).replace("{asked}", asked));
    let said = Said { text, ..said.clone() };
    let events = wire::events(request, &said);
    for event in &events[..events.len().saturating_sub(left_out)] {
        chunk(stream, event)?;
    }
    Ok(())
}

fn begin(stream: &mut impl Write, request: &Received) -> io::Result<()> {
    let kind = wire::content_type(request);
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n")
}

fn chunk(stream: &mut impl Write, text: &str) -> io::Result<()> {
    write!(stream, "{:x}\r\n{text}\r\n", text.len())?;
    stream.flush()
}

fn whole(stream: &mut impl Write, status: u16, kind: &str, extra: &str, body: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} Scripted\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{extra}connection: close\r\n\r\n{body}",
        body.len()
    )
}

fn with_key(text: &str, request: &Received) -> String {
    text.replace("{key}", request.key().unwrap_or_default())
}
