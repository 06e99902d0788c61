//! A skill that sends requests over `wasi:http` as it is told, for the attack tests.

use serde_json::{Value, json};
use skillhost_sdk::{Error, Host, Tool};
use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody, OutgoingRequest,
    RequestOptions, Scheme,
};
use wasip2::io::streams::StreamError;

struct Fetcher;

impl Tool for Fetcher {
    fn call(_host: &dyn Host, _name: String, arguments: String) -> Result<String, Error> {
        let input: Value = serde_json::from_str(&arguments).map_err(|e| Error::Invalid(e.to_string()))?;
        let empty = Vec::new();
        let requests = input["requests"].as_array().unwrap_or(&empty);
        let answer = match input["how"].as_str().unwrap_or_default() {
            "fetch" => requests.iter().map(fetch).collect(),
            "together" => together(requests),
            "follow" => follow(&requests[0]),
            "repeat" => repeat(&requests[0], input["times"].as_u64().unwrap_or(1)),
            "environment" => std::env::vars().map(|(name, value)| json!([name, value])).collect(),
            "hoard" => hoard(),
            "spin-and-fetch" => spin_and_fetch(&requests[0], input["times"].as_u64().unwrap_or(1)),
            "socket" => json!({ "connected": std::net::TcpStream::connect("127.0.0.1:1").is_ok() }),
            other => return Err(Error::Invalid(format!("no such way: {other}"))),
        };
        Ok(answer.to_string())
    }
}

fn fetch(request: &Value) -> Value {
    match send(request).and_then(|future| receive(&future)) {
        Ok(response) => read(request, &response),
        Err(error) => json!({ "error": error }),
    }
}

/// Sends all of them, then reads what came.
fn together(requests: &[Value]) -> Value {
    let sent: Vec<_> = requests.iter().map(|request| (request, send(request))).collect();
    let responses: Vec<_> = sent.into_iter().map(|(request, sent)| (request, sent.and_then(|f| receive(&f)))).collect();
    let read = |(request, response): (&Value, Result<IncomingResponse, String>)| match response {
        Ok(response) => read(request, &response),
        Err(error) => json!({ "error": error }),
    };
    responses.into_iter().map(read).collect()
}

/// Goes where each reply leads, with the same fields.
fn follow(first: &Value) -> Value {
    let mut seen = Vec::new();
    let mut request = first.clone();
    for _ in 0..5 {
        let reply = fetch(&request);
        let location = reply["headers"].as_array().and_then(|headers| {
            headers
                .iter()
                .find(|header| header[0] == "location")
                .and_then(|header| header[1].as_str().map(str::to_owned))
        });
        seen.push(reply);
        let Some(location) = location else { break };
        let Some((scheme, rest)) = location.split_once("://") else { break };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        request["scheme"] = json!(scheme);
        request["authority"] = json!(authority);
        request["path"] = json!(path);
    }
    Value::Array(seen)
}

/// How often each outcome came.
fn repeat(request: &Value, times: u64) -> Value {
    let mut outcomes = std::collections::BTreeMap::<String, u64>::new();
    for _ in 0..times {
        let reply = fetch(request);
        let outcome = reply["error"].as_str().map_or_else(|| reply["status"].to_string(), str::to_owned);
        *outcomes.entry(outcome).or_default() += 1;
    }
    json!(outcomes)
}

/// Computes before each request, for longer than one stretch may take.
fn spin_and_fetch(request: &Value, times: u64) -> Value {
    (0..times)
        .map(|_| {
            (0..100_000_000_u64).for_each(|n| _ = std::hint::black_box(n));
            fetch(request)["status"].clone()
        })
        .collect()
}

/// Fills what lies outside of its own memory with what is never sent.
fn hoard() -> Value {
    let mut kept = Vec::new();
    let mut bytes = 0_u64;
    for _ in 0..100_000 {
        let fields = Fields::new();
        let mut name = 0;
        while fields.append(&format!("x-{name}"), &[b'x'; 1000]).is_ok() {
            name += 1;
            bytes += 1000;
        }
        let request = OutgoingRequest::new(fields);
        let Ok(body) = request.body() else { break };
        let Ok(stream) = body.write() else { break };
        while let Ok(room @ 1..) = stream.check_write() {
            let part = vec![0; usize::try_from(room).unwrap_or(0)];
            if stream.write(&part).is_err() {
                break;
            }
            bytes += room;
        }
        kept.push((request, stream, body));
    }
    json!({ "requests": kept.len(), "bytes": bytes })
}

fn text<'a>(request: &'a Value, key: &str, default: &'a str) -> &'a str {
    request[key].as_str().unwrap_or(default)
}

fn send(asked: &Value) -> Result<FutureIncomingResponse, String> {
    let fields = Fields::new();
    for header in asked["headers"].as_array().into_iter().flatten() {
        let (name, value) = (header[0].as_str().unwrap_or_default(), header[1].as_str().unwrap_or_default());
        fields.append(name, value.as_bytes()).map_err(|error| format!("header: {error:?}"))?;
    }
    let request = OutgoingRequest::new(fields);
    let method = match text(asked, "method", "GET") {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "CONNECT" => Method::Connect,
        "TRACE" => Method::Trace,
        other => Method::Other(other.to_owned()),
    };
    request.set_method(&method).map_err(|()| "method".to_owned())?;
    let scheme = match text(asked, "scheme", "https") {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request.set_scheme(Some(&scheme)).map_err(|()| "scheme".to_owned())?;
    request.set_authority(Some(text(asked, "authority", ""))).map_err(|()| "authority".to_owned())?;
    request.set_path_with_query(Some(text(asked, "path", "/"))).map_err(|()| "path".to_owned())?;

    let options = RequestOptions::new();
    if let Some(wait_ms) = asked["wait_ms"].as_u64() {
        let wait = Some(wait_ms * 1_000_000);
        let set = options.set_connect_timeout(wait).and(options.set_first_byte_timeout(wait));
        set.and(options.set_between_bytes_timeout(wait)).map_err(|()| "options".to_owned())?;
    }
    let body = match (asked["body"].as_str(), asked["body_bytes"].as_u64()) {
        (None, None) => None,
        _ => Some(request.body().map_err(|()| "body".to_owned())?),
    };
    let future = handle(request, Some(options)).map_err(|error| name(&error))?;
    if let Some(body) = body {
        write(&body, asked);
        // What went wrong is in the reply.
        let _ = OutgoingBody::finish(body, None);
    }
    Ok(future)
}

fn write(body: &OutgoingBody, asked: &Value) {
    let Ok(stream) = body.write() else { return };
    let mut left = asked["body_bytes"].as_u64().unwrap_or(0);
    let mut part = asked["body"].as_str().unwrap_or_default().as_bytes().to_vec();
    loop {
        if part.is_empty() && left > 0 {
            part = vec![b'x'; usize::try_from(left.min(4096)).unwrap_or(0)];
            left -= part.len() as u64;
        }
        if part.is_empty() || stream.blocking_write_and_flush(&part).is_err() {
            return;
        }
        part.clear();
    }
}

fn receive(future: &FutureIncomingResponse) -> Result<IncomingResponse, String> {
    loop {
        match future.get() {
            Some(Ok(Ok(response))) => return Ok(response),
            Some(Ok(Err(error))) => return Err(name(&error)),
            Some(Err(())) => return Err("taken".to_owned()),
            None => future.subscribe().block(),
        }
    }
}

fn read(request: &Value, response: &IncomingResponse) -> Value {
    let headers = response.headers().entries();
    let headers: Vec<_> = headers.iter().map(|(name, value)| json!([name, String::from_utf8_lossy(value)])).collect();
    let mut answer = json!({ "status": response.status(), "headers": headers });
    if request["unread"].as_bool() == Some(true) {
        return answer;
    }
    let Ok(body) = response.consume() else { return answer };
    let (mut kept, mut bytes) = (Vec::new(), 0_u64);
    if let Ok(stream) = body.stream() {
        loop {
            match stream.blocking_read(64 << 10) {
                Ok(part) => {
                    bytes += part.len() as u64;
                    if kept.len() < 16 << 10 {
                        kept.extend_from_slice(&part);
                    }
                }
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => {
                    let code = wasip2::http::types::http_error_code(&error);
                    answer["error"] = json!(code.map_or_else(|| "stream".to_owned(), |code| name(&code)));
                    break;
                }
            }
        }
    }
    answer["body"] = json!(String::from_utf8_lossy(&kept));
    answer["bytes"] = json!(bytes);
    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    if let Some(Ok(Ok(Some(trailers)))) = trailers.get() {
        let entries = trailers.entries();
        let entries = entries.iter().map(|(name, value)| json!([name, String::from_utf8_lossy(value)]));
        answer["trailers"] = entries.collect();
    }
    answer
}

/// The code's name, without what it carries.
fn name(error: &ErrorCode) -> String {
    let text = format!("{error:?}");
    text.trim_start_matches("ErrorCode::").split(['(', ' ', '{']).next().unwrap_or_default().to_owned()
}

skillhost_sdk::export_tool!(Fetcher);
