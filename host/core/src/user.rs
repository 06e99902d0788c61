//! `config.toml`: what a user configures for themselves. It alone may name URLs, variables that hold keys, and paths.

use crate::document::{self, DocumentError};
use crate::duration::Span;
use crate::name::SecretName;
use crate::pin::Pin;
use crate::urls::Origin;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The file's name.
pub const FILE: &str = "config.toml";

/// A user's configuration; `P` is how a provider is configured, which the `models` crate knows.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, bound(deserialize = "P: Deserialize<'de>"))]
pub struct User<P> {
    /// Providers beyond the built-in ones, by name.
    pub providers: BTreeMap<String, P>,
    /// Toolchains beyond those that are found by themselves.
    pub toolchains: Toolchains,
    /// Secrets that the host puts into requests of skills, by name.
    pub secrets: BTreeMap<SecretName, SecretSource>,
    /// Where skills come from and go to.
    pub sources: Sources,
    /// Forges beyond the built-in ones, by the host that stands in a remote's URL: `git.corp.example`, or with a port.
    pub forges: BTreeMap<String, ForgeConfig>,
}

/// How places that skills come from and go to are dealt with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    /// The most that fetching or publishing one skill may take, all in all; none where it is the usual.
    pub time: Option<Span>,
}

/// A forge: where repositories are kept, with pull requests. A token goes to the host of its remotes and to its own
/// address, and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForgeConfig {
    /// Whose interface it speaks.
    pub kind: ForgeKind,
    /// Where its REST interface is; none where that is at its kind's usual place on the same host.
    pub url: Option<String>,
    /// The variable that holds its token; none where that is its kind's usual one.
    pub token_env: Option<String>,
}

/// The interfaces of forges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForgeKind {
    /// GitHub, also GitHub Enterprise Server.
    Github,
    /// GitLab.
    Gitlab,
    /// Forgejo and Gitea.
    #[serde(alias = "gitea")]
    Forgejo,
}

/// Where a secret's value comes from, and where it may go. Nobody else decides that.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretSource {
    /// The variable that holds it.
    pub env: String,
    /// The origins that it is sent to.
    pub hosts: Vec<Origin>,
    /// The skills to which a lock may give it, whichever project's it is. To others a person gives it, on this machine.
    #[serde(default)]
    pub skills: Vec<Pin>,
}

/// Toolchains that commands see read-only.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Toolchains {
    /// Absolute paths.
    pub paths: Vec<PathBuf>,
    /// Names of variables that are passed on.
    pub env: Vec<String>,
}

impl<P> Default for User<P> {
    fn default() -> Self {
        let (providers, secrets, forges) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { providers, toolchains: Toolchains::default(), secrets, sources: Sources::default(), forges }
    }
}

impl<P: serde::de::DeserializeOwned> User<P> {
    /// Reads a user's configuration; `file` names it in errors.
    ///
    /// # Errors
    /// Where a key is unknown or a value is not what it should be.
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        document::parse(file, text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct None;

    #[test]
    fn r_15_a_secret_goes_to_the_origins_that_are_named() {
        let parse = |hosts: &str| {
            User::<None>::parse("c", &format!("[secrets.TOKEN]\nenv = \"MY_TOKEN\"\nhosts = [{hosts}]\n"))
        };
        let user = parse("\"https://api.example.com\", \"http://127.0.0.1:8080\"").unwrap();
        let source = &user.secrets[&"TOKEN".parse().unwrap()];
        assert_eq!((source.env.as_str(), source.hosts.len()), ("MY_TOKEN", 2));
        for bad in ["\"http://api.example.com\"", "\"https://*.example.com\"", "\"https://api.example.com/v1\""] {
            let error = parse(bad).unwrap_err();
            assert!(error.line == 3 && error.reason.contains("api.example.com") || bad.contains('*'), "{error}");
        }
        let digest = crate::digest::Digest::of(b"x").to_string();
        let named = parse(&format!("\"https://api.example.com\"]\nskills = [\"{digest}\"")).unwrap();
        assert_eq!(named.secrets[&"TOKEN".parse().unwrap()].skills, [digest.parse().unwrap()]);
        assert!(source.skills.is_empty(), "without a name there is nobody whom a lock may give it to");
        assert!(parse("\"https://api.example.com\"]\nskills = [\"licence-check\"").is_err(), "anybody has that name");
        assert!(User::<None>::parse("c", "[secrets.A-B]\nenv = \"X\"\nhosts = []\n").is_err());
    }

    #[test]
    fn how_long_a_source_may_take_is_a_duration() {
        let parse = |text: &str| User::<None>::parse("c", &format!("[sources]\ntime = \"{text}\"\n"));
        assert_eq!(parse("90s").unwrap().sources.time, Some(Span::seconds(90)));
        for bad in ["0s", "90", "for ever"] {
            assert_eq!(parse(bad).unwrap_err().line, 2, "{bad}");
        }
        assert!(User::<None>::default().sources.time.is_none());
    }
}
