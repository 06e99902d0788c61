//! Requests with a secret, to wherever the goal says.

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{Fields, IncomingResponse, OutgoingRequest, Scheme};

/// Gets each URL of the goal, with the secret; gives what came, a line each.
pub(crate) fn all(goal: &str) -> String {
    let token = std::env::var("TOKEN").unwrap_or_default();
    let urls = goal.split_whitespace().filter_map(|word| word.strip_prefix("https://"));
    urls.map(|url| get(url, &token).unwrap_or_else(|error| error) + "\n").collect()
}

fn get(url: &str, token: &str) -> Result<String, String> {
    let (authority, path) = url.split_at(url.find('/').unwrap_or(url.len()));
    let fields = Fields::new();
    fields.append("authorization", format!("Bearer {token}").as_bytes()).map_err(|error| format!("{error:?}"))?;
    let request = OutgoingRequest::new(fields);
    let set = request.set_scheme(Some(&Scheme::Https)).and(request.set_authority(Some(authority)));
    set.and(request.set_path_with_query(Some(path))).map_err(|()| "no such URL".to_owned())?;
    let sent = handle(request, None).map_err(|error| format!("{error:?}"))?;
    sent.subscribe().block();
    match sent.get() {
        Some(Ok(Ok(response))) => Ok(format!("{} {}", response.status(), body(&response))),
        other => Err(format!("{other:?}")),
    }
}

fn body(response: &IncomingResponse) -> String {
    let (mut text, body) = (Vec::new(), response.consume());
    if let Some(stream) = body.as_ref().ok().and_then(|body| body.stream().ok()) {
        while let Ok(part) = stream.blocking_read(4096) {
            text.extend_from_slice(&part);
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
