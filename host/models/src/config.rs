//! Providers: what is built in, and what a user configures.
//!
//! The user's own `config.toml` alone names addresses and variables. A repository can choose among providers, and can't
//! make one.

use reqwest::Url;
use serde::Deserialize;

use crate::error::ModelError;
use crate::known::{Known, is_hosted, known};
use crate::price::Price;
use crate::role::ProviderName;

const ANTHROPIC_URL: &str = "https://api.anthropic.com";
const OPENAI_URL: &str = "https://api.openai.com/v1";
const OLLAMA_URL: &str = "http://127.0.0.1:11434";
/// Windows where nothing says them: what the hosted models have at least, and what a local server often has.
const HOSTED_WINDOW_TOKENS: u64 = 128_000;
const ANTHROPIC_WINDOW_TOKENS: u64 = 200_000;
pub(crate) const LOCAL_WINDOW_TOKENS: u64 = 32_000;
/// A million dollars for a million tokens: above it, a typing error.
const MAX_PRICE_USD: f64 = 1_000_000.0;

/// `[providers.NAME]` in the user's `config.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderConfig {
    /// The protocol it speaks.
    pub kind: ProviderKind,
    /// Its address. https, or http on a loopback address.
    pub url: Option<String>,
    /// The variable of the environment that holds its key.
    pub key_env: Option<String>,
    /// US dollars for a million input tokens.
    pub input_usd: Option<f64>,
    /// US dollars for a million output tokens.
    pub output_usd: Option<f64>,
    /// US dollars for a million input tokens from the provider's cache; as `input_usd` where it is missing.
    pub cached_input_usd: Option<f64>,
    /// Tokens that a request and its reply may have together.
    pub window: Option<u64>,
}

/// A protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Responses.
    Openai,
    /// Chat Completions: llama.cpp, vLLM, LM Studio, gateways.
    OpenaiCompatible,
    /// Ollama's own protocol.
    Ollama,
}

/// A provider whose configuration was checked.
#[derive(Clone, Debug)]
pub(crate) struct Provider {
    pub(crate) name: ProviderName,
    pub(crate) kind: ProviderKind,
    /// The one address that requests, and the key, are sent to.
    pub(crate) url: Url,
    pub(crate) key_env: Option<String>,
    price: Option<Price>,
    window_tokens: Option<u64>,
}

impl Provider {
    /// The provider of that name: configured, else built in.
    pub(crate) fn find(name: &ProviderName, configured: Option<&ProviderConfig>) -> Result<Self, ModelError> {
        let built_in = match name.as_str() {
            "anthropic" => Some(ProviderKind::Anthropic),
            "openai" => Some(ProviderKind::Openai),
            "ollama" => Some(ProviderKind::Ollama),
            _ => None,
        };
        let config = match (configured, built_in) {
            (Some(config), _) => config.clone(),
            (None, Some(kind)) => ProviderConfig::bare(kind),
            (None, None) => return Err(ModelError::ProviderUnknown { provider: name.clone() }),
        };
        if built_in.is_some_and(|kind| kind != config.kind) {
            return Err(invalid(name, "its name is built in, and stands for another kind"));
        }
        Self::check(name, &config)
    }

    fn check(name: &ProviderName, config: &ProviderConfig) -> Result<Self, ModelError> {
        let (home, home_key) = match config.kind {
            ProviderKind::Anthropic => (Some(ANTHROPIC_URL), Some("ANTHROPIC_API_KEY")),
            ProviderKind::Openai => (Some(OPENAI_URL), Some("OPENAI_API_KEY")),
            ProviderKind::OpenaiCompatible => (None, None),
            ProviderKind::Ollama => (Some(OLLAMA_URL), None),
        };
        let base = config.url.as_deref().or(home).ok_or_else(|| invalid(name, "it has no url"))?;
        let mut url = check_url(base).map_err(|reason| invalid(name, reason))?;
        let (folder, path) = config.kind.path();
        let base_path = url.path().trim_end_matches('/');
        let base_path = base_path.strip_suffix(folder).unwrap_or(base_path).to_owned();
        url.set_path(&format!("{base_path}{folder}/{path}"));

        // The usual variable goes to the usual origin only: a gateway has to be given its key by name.
        let at_home = home.and_then(|home| Url::parse(home).ok()).is_some_and(|home| home.origin() == url.origin());
        let key_env = match &config.key_env {
            Some(variable) if is_variable(variable) => Some(variable.clone()),
            Some(_) => return Err(invalid(name, "key_env is not the name of a variable")),
            None => home_key.filter(|_| at_home).map(str::to_owned),
        };
        let price = check_price(config).map_err(|reason| invalid(name, reason))?;
        if config.window == Some(0) {
            return Err(invalid(name, "its window is 0"));
        }
        Ok(Self { name: name.clone(), kind: config.kind, url, key_env, price, window_tokens: config.window })
    }

    /// What a model costs; none where that is not known.
    pub(crate) fn price(&self, model: &str) -> Option<Price> {
        let own = || self.runs_here(model).then(Price::default);
        self.price.or_else(|| self.known(model).map(|known| known.price)).or_else(own)
    }

    /// Whether a model works on this machine, where nobody is paid for it.
    fn runs_here(&self, model: &str) -> bool {
        self.kind == ProviderKind::Ollama && is_loopback(&self.url) && !is_hosted(model)
    }

    /// Whether the user says how large the windows of its models are.
    pub(crate) fn has_window(&self) -> bool {
        self.window_tokens.is_some()
    }

    /// Tokens that a request and its reply may have together.
    pub(crate) fn window_tokens(&self, model: &str) -> u64 {
        let known = || self.known(model).map(|known| known.window_tokens);
        self.window_tokens.or_else(known).unwrap_or(match self.kind {
            ProviderKind::Anthropic => ANTHROPIC_WINDOW_TOKENS,
            ProviderKind::Openai => HOSTED_WINDOW_TOKENS,
            ProviderKind::OpenaiCompatible | ProviderKind::Ollama => LOCAL_WINDOW_TOKENS,
        })
    }

    fn known(&self, model: &str) -> Option<Known> {
        known(self.kind, model)
    }
}

impl ProviderConfig {
    fn bare(kind: ProviderKind) -> Self {
        Self { kind, url: None, key_env: None, input_usd: None, output_usd: None, cached_input_usd: None, window: None }
    }
}

fn invalid(provider: &ProviderName, reason: impl Into<String>) -> ModelError {
    ModelError::ProviderInvalid { provider: provider.clone(), reason: reason.into() }
}

fn check_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "its url is not a URL")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its url holds a user or a password; name a variable as key_env instead");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("its url has a query or a fragment");
    }
    match url.scheme() {
        "https" if url.host_str().is_some() => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err("its url is http beyond this machine, where anybody on the way could read the key"),
        _ => Err("its url is not https"),
    }
}

/// Whether an address is this machine, by its text alone.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_variable(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|character: char| character.is_ascii_alphabetic() || character == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn check_price(config: &ProviderConfig) -> Result<Option<Price>, &'static str> {
    let micros = |usd: f64| {
        if !(0.0..=MAX_PRICE_USD).contains(&usd) {
            return Err("a price is not between 0 and 1000000 US dollars");
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked just above")]
        Ok((usd * 1_000_000.0).round() as u64)
    };
    match (config.input_usd, config.output_usd) {
        (Some(input), Some(output)) => {
            let input = micros(input)?;
            let cached_input = config.cached_input_usd.map(micros).transpose()?.unwrap_or(input);
            // What the providers that speak each protocol take for writing their cache.
            let cache_write = if config.kind == ProviderKind::Anthropic { input + input / 4 } else { input };
            Ok(Some(Price { input, cached_input, cache_write, output: micros(output)? }))
        }
        (None, None) if config.cached_input_usd.is_none() => Ok(None),
        _ => Err("its prices need both input_usd and output_usd"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn find(name: &str, text: &str) -> Result<Provider, ModelError> {
        Provider::find(&name.parse().unwrap(), Some(&toml::from_str(text).unwrap()))
    }

    #[test]
    fn built_in_names_need_no_configuration() {
        let anthropic = Provider::find(&"anthropic".parse().unwrap(), None).unwrap();
        assert_eq!(anthropic.url.as_str(), "https://api.anthropic.com/v1/messages");
        assert_eq!(anthropic.key_env.as_deref(), Some("ANTHROPIC_API_KEY"));
        let openai = Provider::find(&"openai".parse().unwrap(), None).unwrap();
        assert_eq!(openai.url.as_str(), "https://api.openai.com/v1/responses");
        let unknown = Provider::find(&"other".parse().unwrap(), None).unwrap_err();
        assert!(matches!(unknown, ModelError::ProviderUnknown { .. }) && unknown.hint().is_some());
        let ollama = Provider::find(&"ollama".parse().unwrap(), None).unwrap();
        assert_eq!((ollama.url.as_str(), ollama.key_env), ("http://127.0.0.1:11434/api/chat", None));
    }

    #[test]
    fn the_usual_key_goes_to_the_usual_origin_only() {
        let gateway = find("anthropic", "kind = 'anthropic'\nurl = 'https://gateway.example'").unwrap();
        assert_eq!((gateway.key_env, gateway.url.path()), (None, "/v1/messages"));
        let same = find("anthropic", "kind = 'anthropic'\nurl = 'https://api.anthropic.com/v1/'").unwrap();
        assert_eq!((same.key_env.is_some(), same.url.path()), (true, "/v1/messages"));
        let local = find("local", "kind = 'openai-compatible'\nurl = 'http://[::1]:8080/v1'\nkey_env = 'K'").unwrap();
        assert_eq!((local.key_env.as_deref(), local.url.port()), (Some("K"), Some(8080)));
    }

    #[test]
    fn m_10_unsafe_addresses_are_refused() {
        for url in [
            "http://api.example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "https://user:pass@api.example.com",
            "https://api.example.com?to=x",
            "https://api.example.com#x",
            "/v1",
            "",
            "file:///etc/passwd",
            "http://10.0.0.1",
            "http://0.0.0.0",
        ] {
            let error = find("p", &format!("kind = 'openai-compatible'\nurl = '{url}'")).unwrap_err();
            assert!(matches!(error, ModelError::ProviderInvalid { .. }), "{url}");
        }
        for url in
            ["http://127.0.0.1:1", "http://127.9.9.9", "http://localhost:1/v1", "http://[::1]", "https://a.example"]
        {
            assert!(find("p", &format!("kind = 'openai-compatible'\nurl = '{url}'")).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for text in [
            "kind = 'openai-compatible'",
            "kind = 'anthropic'\nkey_env = 'A B'",
            "kind = 'anthropic'\ninput_usd = 1.0",
            "kind = 'anthropic'\ninput_usd = -1.0\noutput_usd = 1.0",
            "kind = 'anthropic'\ninput_usd = nan\noutput_usd = 1.0",
            "kind = 'anthropic'\nwindow = 0",
        ] {
            assert!(matches!(find("p", text), Err(ModelError::ProviderInvalid { .. })), "{text}");
        }
        assert!(find("openai", "kind = 'anthropic'").is_err());
        for text in ["kind = 'other'", "kind = 'anthropic'\nkey = 'x'", "url = 'https://a'"] {
            assert!(toml::from_str::<ProviderConfig>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn prices_and_windows_are_the_user_s_before_the_known_ones() {
        let own = find("anthropic", "kind = 'anthropic'\ninput_usd = 0.5\noutput_usd = 2\nwindow = 9").unwrap();
        let price = own.price("claude-sonnet-4-5").unwrap();
        assert_eq!((price.input, price.cached_input, price.output), (500_000, 500_000, 2_000_000));
        assert_eq!(price.cache_write, 625_000);
        assert_eq!(own.window_tokens("claude-sonnet-4-5"), 9);
        let here = find("ollama", "kind = 'ollama'").unwrap();
        assert_eq!(here.price("qwen3:8b"), Some(Price::default()), "nobody is paid for it");
        assert_eq!(here.price("gpt-oss:120b-cloud"), None);
        let there = find("ollama", "kind = 'ollama'\nurl = 'https://ollama.example/api/'").unwrap();
        assert_eq!((there.price("qwen3:8b"), there.url.path()), (None, "/api/chat"));
        let local = find("l", "kind = 'openai-compatible'\nurl = 'http://127.0.0.1/v1'").unwrap();
        assert_eq!((local.price("gpt-5"), local.window_tokens("gpt-5")), (None, LOCAL_WINDOW_TOKENS));
    }
}
