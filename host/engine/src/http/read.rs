//! What a request says, read once: its method, its URL, and the secrets that it wants.

use crate::http::limits::{LONGEST_WAIT, MAX_PATH_BYTES, USUAL_WAIT};
use crate::ports::Waits;
use http::{HeaderMap, HeaderValue};
use skillhost_core::destination::WebUrl;
use skillhost_core::secret::named_in;
use std::collections::BTreeSet;
use std::time::Duration;
use wasmtime_wasi_http::RequestOptions;
use wasmtime_wasi_http::p2::bindings::http::types::{Method, Scheme};
use wasmtime_wasi_http::p2::types::HostOutgoingRequest;

/// A URL that can't be read, as it was spelled.
pub(super) struct Unreadable(pub(super) String);

/// Where a request goes.
pub(super) fn url(request: &HostOutgoingRequest) -> Result<WebUrl, Unreadable> {
    let scheme = match &request.scheme {
        None | Some(Scheme::Https) => "https",
        Some(Scheme::Http) => "http",
        Some(Scheme::Other(other)) => other,
    };
    let authority = request.authority.as_deref().unwrap_or_default();
    let path = request.path_with_query.as_deref().unwrap_or("/");
    let text = format!("{scheme}://{authority}{path}");
    // A path or a mark inside of the authority would move the border between host and path; a fragment is not sent.
    let is_plain = !authority.contains(['/', '?', '#', '\\'])
        && (path.is_empty() || path.starts_with(['/', '?']))
        && !path.contains('#')
        && path.len() <= MAX_PATH_BYTES;
    match WebUrl::parse(&text) {
        Ok(url) if is_plain => Ok(url),
        _ => Err(Unreadable(text)),
    }
}

/// A method that skills can use. CONNECT makes a tunnel, TRACE has a server repeat what it was sent, and nobody here knows
/// what others do.
pub(super) fn method(asked: &Method) -> Option<http::Method> {
    match asked {
        Method::Get => Some(http::Method::GET),
        Method::Head => Some(http::Method::HEAD),
        Method::Post => Some(http::Method::POST),
        Method::Put => Some(http::Method::PUT),
        Method::Delete => Some(http::Method::DELETE),
        Method::Options => Some(http::Method::OPTIONS),
        Method::Patch => Some(http::Method::PATCH),
        Method::Connect | Method::Trace | Method::Other(_) => None,
    }
}

/// What stands in the marks of placeholders: in the headers, where the host puts values in, and in the URL, where it
/// never does.
pub(super) fn placeholders(headers: &HeaderMap, url: &WebUrl) -> (BTreeSet<String>, BTreeSet<String>) {
    let in_value = |value: &HeaderValue| -> Vec<String> {
        named_in(&String::from_utf8_lossy(value.as_bytes())).map(str::to_owned).collect()
    };
    let url = url.path_and_query().replace("%3C", "<").replace("%3c", "<").replace("%3E", ">").replace("%3e", ">");
    let url = url.replace("%3A", ":").replace("%3a", ":");
    (headers.values().flat_map(in_value).collect(), named_in(&url).map(str::to_owned).collect())
}

/// How long a request waits.
pub(super) fn waits(options: Option<&RequestOptions>) -> Waits {
    let bounded = |asked: Option<Duration>| asked.map_or(USUAL_WAIT, |time| time.min(LONGEST_WAIT));
    Waits {
        connect: bounded(options.and_then(|options| options.connect_timeout)),
        first_byte: bounded(options.and_then(|options| options.first_byte_timeout)),
        between_bytes: bounded(options.and_then(|options| options.between_bytes_timeout)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;
    use wasmtime_wasi_http::FieldMap;

    fn request(scheme: Option<Scheme>, authority: &str, path: Option<&str>) -> HostOutgoingRequest {
        HostOutgoingRequest {
            method: Method::Get,
            scheme,
            authority: Some(authority.to_owned()),
            path_with_query: path.map(str::to_owned),
            headers: FieldMap::default(),
            body: None,
        }
    }

    #[test]
    fn r_14_a_url_is_made_of_its_parts_and_nothing_moves_between_them() {
        let read = |scheme, authority, path| url(&request(scheme, authority, path)).map(|url| url.to_string()).ok();
        assert_eq!(read(None, "h.example", None).unwrap(), "https://h.example/");
        assert_eq!(read(Some(Scheme::Http), "h.example:80", Some("/a/../b?q")).unwrap(), "http://h.example/b?q");
        assert_eq!(read(None, "h.example", Some("?q")).unwrap(), "https://h.example/?q");
        let long = "/a".repeat(MAX_PATH_BYTES);
        for (authority, path) in [
            ("h.example/x", Some("/y")),
            ("h.example?", Some("/y")),
            ("h.example#", Some("/y")),
            ("h.example", Some("@evil.example/")),
            ("h.example", Some(".evil.example/")),
            ("h.example", Some(":80@evil.example/")),
            ("h.example", Some("/a#b")),
            ("user@h.example", Some("/")),
            ("", Some("/")),
            ("", Some("//evil.example/")),
            ("h.example", Some(&long)),
        ] {
            assert_eq!(read(None, authority, path), None, "{authority} {path:?}");
        }
        assert_eq!(read(Some(Scheme::Other("file".to_owned())), "h.example", None), None);
    }

    #[test]
    fn r_15_placeholders_are_found_wherever_they_stand() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static("Bearer <secret:A>"));
        headers.insert("x-other", HeaderValue::from_static("<secret:A><secret:B>"));
        let url = WebUrl::parse("https://h.example/%3Csecret:C%3E?q=%3csecret%3aD%3e").unwrap();
        let (in_headers, in_url) = placeholders(&headers, &url);
        assert_eq!(in_headers.into_iter().collect::<Vec<_>>(), ["A", "B"]);
        assert_eq!(in_url.into_iter().collect::<Vec<_>>(), ["C", "D"]);
    }

    proptest! {
        #[test]
        fn no_path_names_another_host(path in "[/?#@:.a-z\\\\%-]{0,20}") {
            if let Ok(url) = url(&request(None, "h.example", Some(&path))) {
                prop_assert_eq!(url.destination().to_string(), "h.example:443");
            }
        }
    }
}
