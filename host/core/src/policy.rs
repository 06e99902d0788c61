//! `policy.toml`: the ceiling of a machine or an organisation. Several may apply; each only narrows.

use crate::capability::Ceiling;
use crate::document::{self, DocumentError};
use crate::limits::PartialLimits;
use crate::reach::Opening;
use serde::Deserialize;

/// One policy file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Where skills may come from.
    pub sources: Sources,
    /// What any skill may have at most.
    pub capabilities: Ceiling,
    /// What any call may use at most.
    pub limits: PartialLimits,
    /// What of the machine's own networks may be reached; absent leaves that to other policies.
    pub network: Option<Network>,
}

/// What of the machine's own networks commands and skills may reach, where a project or a grant names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Hosts and ranges of private addresses. No other document can open them.
    pub private: Vec<Opening>,
}

/// Where skills may come from, and whether they must be signed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    /// Patterns of references; absent means all.
    pub allow: Option<Vec<String>>,
    /// How unsigned skills are treated.
    pub signed: Signed,
}

/// How unsigned skills are treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signed {
    /// Refused.
    Required,
    /// Loaded, with a warning.
    Warn,
    /// Loaded.
    #[default]
    Off,
}

impl Policy {
    /// Reads a policy; `file` names it in errors.
    ///
    /// # Errors
    /// Where it isn't TOML or has an unknown key: a policy that can't be read denies, it is never skipped.
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        document::parse(file, text)
    }

    /// What a policy opens together with others: see [`crate::reach::Openings`].
    pub fn private(&self) -> Option<Vec<Opening>> {
        self.network.as_ref().map(|network| network.private.clone())
    }

    /// Whether a skill may come from `reference`.
    pub fn allows_source(&self, reference: &str) -> bool {
        self.sources.allow.as_ref().is_none_or(|patterns| {
            patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => reference.starts_with(prefix),
                None => reference == pattern,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn an_unknown_key_is_an_error_with_its_line() {
        let error = Policy::parse("policy.toml", "[limits]\nmemory = \"1GiB\"\nmemroy = \"2GiB\"\n").unwrap_err();
        assert_eq!((error.line, error.reason.contains("memroy")), (3, true), "{error}");
    }

    #[test]
    fn private_places_are_named_one_by_one() {
        let policy = Policy::parse("p", "[network]\nprivate = [\"registry.corp.example\", \"10.1.0.0/16\"]\n").unwrap();
        assert_eq!(policy.private().unwrap().len(), 2);
        assert_eq!(Policy::default().private(), None);
        for (bad, word) in [("10.1.2.3/8", "range"), ("*", "`*`"), ("http://x", "scheme")] {
            let error = Policy::parse("p", &format!("[network]\nprivate = [\n\"{bad}\"]\n")).unwrap_err();
            assert!(error.line >= 2 && error.reason.contains(word) && error.reason.contains(bad), "{error}");
        }
    }

    #[test]
    fn sources_match_by_prefix() {
        let policy =
            Policy::parse("p", "[sources]\nallow = [\"file:*\", \"builtin:spec\"]\nsigned = \"warn\"\n").unwrap();
        assert!(policy.allows_source("file:./x.wasm") && policy.allows_source("builtin:spec"));
        assert!(!policy.allows_source("builtin:review") && !policy.allows_source("oci://x/y"));
        assert!(Policy::default().allows_source("oci://x/y"));
    }
}
