//! `config.toml`: the only document that names addresses and variables.

use super::{Target, text};
use skillhost_core::user::{FILE, User};
use skillhost_models::{ProviderConfig, testing};

pub(super) const TARGET: Target = Target {
    name: "user",
    check,
    seeds,
    words: &[
        "[providers.local]\n",
        "kind = \"openai-compatible\"\n",
        "kind = \"anthropic\"\n",
        "url = \"http://127.0.0.1:8080/v1\"\n",
        "https://",
        "http://",
        "[::1]",
        "localhost",
        "@",
        "#",
        "?",
        "..",
        "key_env = \"LOCAL_KEY\"\n",
        "[toolchains]\n",
        "paths = [\"/opt/tool\"]\n",
        "input_usd = 1.0\n",
        "window = 1\n",
        "\\u0000",
        "127.0.0.1.example.com",
    ],
    mutations: 4_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    vec![
        b"[providers.local]\nkind = \"openai-compatible\"\nurl = \"http://127.0.0.1:8080/v1\"\nkey_env = \"LOCAL_KEY\"\n[providers.anthropic]\nkind = \"anthropic\"\nurl = \"https://gateway.example.com\"\n[toolchains]\npaths = [\"/opt/tool\"]\nenv = [\"JAVA_HOME\"]\n".to_vec(),
    ]
}

fn check(data: &[u8]) {
    let text = text(data);
    let user = match User::<ProviderConfig>::parse(FILE, &text) {
        Ok(user) => user,
        Err(error) => return super::project::check_error(&error, &text),
    };
    for (name, config) in &user.providers {
        let Ok(name) = name.parse() else { continue };
        let Ok((url, key)) = testing::destination(&name, config) else { continue };
        check_destination(&url, key.as_deref());
    }
}

/// A key goes over TLS, or to this machine; and an address is no more than an origin and a path.
fn check_destination(url: &str, key: Option<&str>) {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority
        .strip_prefix('[')
        .map_or_else(|| authority.split(':').next().unwrap_or_default(), |v6| v6.split(']').next().unwrap_or_default());
    let local = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    assert!(scheme == "https" || (scheme == "http" && local), "{url} is spoken to in the clear");
    assert!(!authority.contains('@') && !url.contains(['?', '#']), "{url} holds more than an origin and a path");
    assert!(
        key.is_none_or(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')),
        "{key:?}"
    );
}
