//! `config.toml`: what a user configures for themselves. It alone may name URLs, variables that hold keys, and paths.

use crate::document::{self, DocumentError};
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
        Self { providers: BTreeMap::new(), toolchains: Toolchains::default() }
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
