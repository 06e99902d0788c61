//! Docker's `config.json` and Podman's `auth.json`, as far as they are about credentials.

use super::{Credentials, TOKEN_USER};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Such a file. What else stands in it is not looked at.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Config {
    auths: BTreeMap<String, Entry>,
    cred_helpers: BTreeMap<String, String>,
    creds_store: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<Zeroizing<String>>,
    username: Option<String>,
    password: Option<Zeroizing<String>>,
    identitytoken: Option<Zeroizing<String>>,
}

/// What a file has for a registry.
pub(super) enum Found {
    /// The credentials themselves.
    Here(Credentials),
    /// Who has them.
    Helper {
        /// What stands behind `docker-credential-`.
        name: String,
        /// What it is asked for.
        registry: String,
    },
}

impl Config {
    /// # Errors
    /// Says where it can't be read; never what stands there.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        // The library's own words quote what they don't understand.
        serde_json::from_slice(bytes).map_err(|e| format!("line {} can't be read", e.line()))
    }

    /// What it has for the first of these names that it knows.
    pub(super) fn find(&self, names: &[String]) -> Result<Option<Found>, String> {
        let helper = names.iter().find_map(|name| self.cred_helpers.get_key_value(name));
        if let Some((registry, name)) = helper {
            return helper_of(name, registry.clone()).map(Some);
        }
        let entry = names.iter().find_map(|name| self.auths.iter().find(|(key, _)| plain(key) == name.as_str()));
        match (entry, &self.creds_store) {
            (Some((key, _)), Some(store)) if !store.is_empty() => helper_of(store, key.clone()).map(Some),
            (Some((_, entry)), _) => Ok(credentials(entry)?.map(Found::Here)),
            // Docker lists in `auths` what is in its store; others may have filled the store alone.
            (None, Some(store)) if !store.is_empty() => {
                names.last().map(|registry| helper_of(store, registry.clone())).transpose()
            }
            (None, _) => Ok(None),
        }
    }
}

/// A key without what Docker once put around the host.
fn plain(key: &str) -> &str {
    let key = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://")).unwrap_or(key);
    let key = key.trim_end_matches('/');
    key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key)
}

/// A helper's name is a part of a program's: nothing that leads into another folder.
fn helper_of(name: &str, registry: String) -> Result<Found, String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
        return Err("it names a helper that no program can be called".to_owned());
    }
    Ok(Found::Helper { name: name.to_owned(), registry })
}

fn credentials(entry: &Entry) -> Result<Option<Credentials>, String> {
    if let Some(token) = entry.identitytoken.as_ref().filter(|token| !token.is_empty()) {
        return Ok(Some(Credentials::Identity(token.clone())));
    }
    let (user, password) = match (&entry.auth, &entry.username, &entry.password) {
        (Some(auth), _, _) if !auth.is_empty() => {
            let decoded = STANDARD.decode(auth.trim()).ok().map(Zeroizing::new);
            let text = decoded.as_ref().and_then(|bytes| str::from_utf8(bytes).ok());
            let pair = text.and_then(|text| text.split_once(':'));
            let (user, password) = pair.ok_or("an `auth` is not the base64 of a name and a password")?;
            // Docker pads some of them.
            (user.to_owned(), Zeroizing::new(password.trim_matches('\0').to_owned()))
        }
        (_, Some(user), Some(password)) => (user.clone(), password.clone()),
        _ => return Ok(None),
    };
    Ok(Some(match user.as_str() {
        TOKEN_USER => Credentials::Identity(password),
        _ => Credentials::Basic { user, password },
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn find(config: &str, names: &[&str]) -> Result<Option<String>, String> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        Ok(Config::parse(config.as_bytes())?.find(&names)?.map(|found| match found {
            Found::Here(Credentials::Basic { user, password }) => format!("{user}:{}", *password),
            Found::Here(Credentials::Identity(token)) => format!("token {}", *token),
            Found::Helper { name, registry } => format!("{name} {registry}"),
        }))
    }

    #[test]
    fn what_docker_and_podman_write_is_read() {
        // `me:pass`, in base64.
        for (config, expected) in [
            (r#"{"auths":{"r.example":{"auth":"bWU6cGFzcw=="}}}"#, Some("me:pass")),
            (r#"{"auths":{"https://r.example/v1/":{"auth":"bWU6cGFzcw=="}},"HttpHeaders":{}}"#, Some("me:pass")),
            (r#"{"auths":{"r.example":{"username":"me","password":"pass"}}}"#, Some("me:pass")),
            (r#"{"auths":{"r.example":{"identitytoken":"t"}}}"#, Some("token t")),
            (r#"{"auths":{"r.example":{}},"credsStore":"secretservice"}"#, Some("secretservice r.example")),
            (r#"{"credsStore":"pass"}"#, Some("pass r.example")),
            (r#"{"credHelpers":{"r.example":"ecr-login"},"credsStore":"pass"}"#, Some("ecr-login r.example")),
            (r#"{"auths":{"r.example:5000":{"auth":"bWU6cGFzcw=="}}}"#, None),
            (r#"{"auths":{"r.example.evil.org":{"auth":"bWU6cGFzcw=="},"evil.org":{"auth":"bWU6cGFzcw=="}}}"#, None),
            (r#"{"auths":{"r.example/b":{"auth":"bWU6cGFzcw=="}}}"#, None),
            ("{}", None),
        ] {
            assert_eq!(find(config, &["r.example/a", "r.example"]).unwrap().as_deref(), expected, "{config}");
        }
        let narrow = r#"{"auths":{"r.example":{"auth":"bWU6cGFzcw=="},"r.example/a":{"username":"n","password":"p"}}}"#;
        assert_eq!(find(narrow, &["r.example/a", "r.example"]).unwrap().as_deref(), Some("n:p"));
    }

    #[test]
    fn r_15_what_can_not_be_read_is_not_quoted() {
        for config in [
            r#"{"auths":{"r.example":{"auth":"hunter2!"}}}"#,
            r#"{"auths":{"r.example":{"auth":["hunter2"]}}}"#,
            r#"{"auths":"hunter2"}"#,
            r#"{"credsStore":"../hunter2"}"#,
            r#"{"credHelpers":{"r.example":"a/hunter2"}}"#,
        ] {
            let error = find(config, &["r.example"]).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
