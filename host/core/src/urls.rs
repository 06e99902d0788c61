//! Patterns of URLs that a skill may send requests to: `https://api.example.com/v1/*`.
//!
//! They name a scheme, a host or all hosts beneath a name, a port where it is not the scheme's, and a path. In a path, `*`
//! at the end stands for whatever follows; elsewhere for what lies between two slashes.

mod origin;
mod pattern;

pub use origin::Origin;
pub(crate) use pattern::is_ambiguous;
pub use pattern::{MAX_PATTERN_BYTES, UrlPattern, UrlPatternError};

use crate::destination::WebUrl;
use crate::glob::MAX_PATTERNS;
use crate::text::escape_terminal;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A list of patterns; a URL matches where any of them does. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Urls(Arc<[UrlPattern]>);

impl Urls {
    /// Reads a list of patterns.
    ///
    /// # Errors
    /// Names the one that is none.
    pub fn parse<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, String> {
        let read = |text: S| {
            let text = text.as_ref();
            text.parse().map_err(|error: UrlPatternError| format!("`{}`: {error}", escape_terminal(text, 120)))
        };
        let patterns = patterns.into_iter().map(read).collect::<Result<Vec<UrlPattern>, _>>()?;
        if patterns.len() > MAX_PATTERNS {
            return Err(format!("more than {MAX_PATTERNS} patterns in one list"));
        }
        Ok(Self(patterns.into()))
    }

    /// Whether a pattern matches `url`.
    pub fn matches(&self, url: &WebUrl) -> bool {
        self.0.iter().any(|pattern| pattern.matches(url))
    }

    /// Whether every URL that `pattern` matches is matched here, as far as that can be told from the patterns.
    pub fn covers(&self, pattern: &UrlPattern) -> bool {
        self.0.iter().any(|own| own.covers(pattern))
    }

    /// The patterns.
    pub fn patterns(&self) -> &[UrlPattern] {
        &self.0
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryFrom<Vec<String>> for Urls {
    type Error = String;

    fn try_from(patterns: Vec<String>) -> Result<Self, String> {
        Self::parse(patterns)
    }
}

impl From<Urls> for Vec<String> {
    fn from(urls: Urls) -> Self {
        urls.0.iter().map(ToString::to_string).collect()
    }
}

/// Lists that narrow each other: a URL matches where every list does. Without a list, nothing matches.
#[derive(Debug, Clone, Default)]
pub struct UrlLayers(Vec<Urls>);

impl UrlLayers {
    /// One more list to match.
    pub fn narrow(&mut self, urls: Urls) {
        self.0.push(urls);
    }

    /// Whether every list matches `url`.
    pub fn matches(&self, url: &WebUrl) -> bool {
        !self.0.is_empty() && self.0.iter().all(|urls| urls.matches(url))
    }

    /// Whether nothing can match: there is no list, or an empty one among them.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty() || self.0.iter().any(Urls::is_empty)
    }
}

impl<const N: usize> From<[Urls; N]> for UrlLayers {
    fn from(lists: [Urls; N]) -> Self {
        Self(lists.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_list_is_bounded_and_names_what_is_no_pattern() {
        assert!(Urls::parse(vec!["https://h.example/*"; MAX_PATTERNS + 1]).is_err());
        let error = Urls::parse(["https://h.example/*", "h.example"]).unwrap_err();
        assert!(error.starts_with("`h.example`: "), "{error}");
    }

    #[test]
    fn a_url_is_allowed_where_each_layer_allows_it() {
        let url = WebUrl::parse("https://a.example.com/v1/x").unwrap();
        let urls = |pattern: &str| Urls::parse([pattern]).unwrap();
        let mut layers = UrlLayers::from([urls("https://*.example.com/*"), urls("https://a.example.com/v1/*")]);
        assert!(layers.matches(&url) && !UrlLayers::default().matches(&url));
        layers.narrow(urls("https://a.example.com/v2/*"));
        assert!(!layers.matches(&url));
    }
}
