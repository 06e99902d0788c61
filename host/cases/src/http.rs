//! What a server answers, which has to be something that one could: else it would look like the skill's mistake.

use http::{HeaderName, HeaderValue};
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use skillhost_core::destination::WebUrl;
use std::collections::BTreeMap;

/// What a server answers. Each request takes the next of its method and URL, and the last one stays.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The request's method.
    #[serde(default = "get", deserialize_with = "method")]
    pub method: String,
    /// The request's URL.
    #[serde(deserialize_with = "url")]
    pub url: WebUrl,
    /// The reply's status.
    #[serde(default = "ok", deserialize_with = "status")]
    pub status: u16,
    /// The reply's fields.
    #[serde(default, deserialize_with = "headers")]
    pub headers: BTreeMap<String, String>,
    /// The reply's body.
    #[serde(default)]
    pub body: String,
}

fn get() -> String {
    "GET".to_owned()
}

fn ok() -> u16 {
    200
}

fn method<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let method = String::deserialize(from)?;
    if !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Ok(method);
    }
    Err(D::Error::custom(format!("`method` is written in upper case, as in \"GET\", and not {method:?}")))
}

fn url<'de, D: Deserializer<'de>>(from: D) -> Result<WebUrl, D::Error> {
    let url = String::deserialize(from)?;
    WebUrl::parse(&url).map_err(|e| D::Error::custom(format!("`url` can't be {url:?}: {e}")))
}

fn status<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let status = u16::deserialize(from)?;
    if (200..=999).contains(&status) {
        return Ok(status);
    }
    Err(D::Error::custom(format!("`status` is a number from 200 to 999, and not {status}")))
}

fn headers<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let headers = BTreeMap::<String, String>::deserialize(from)?;
    for (name, value) in &headers {
        if HeaderName::from_bytes(name.as_bytes()).is_err() {
            return Err(D::Error::custom(format!("`headers` can't have a name {name:?}")));
        }
        if HeaderValue::from_bytes(value.as_bytes()).is_err() {
            return Err(D::Error::custom(format!("`headers` can't give {name} {value:?}")));
        }
    }
    Ok(headers)
}
