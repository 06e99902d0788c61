//! Models that a new project can begin with.

/// What to name for a built-in provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suggestion {
    /// The provider.
    pub provider: &'static str,
    /// The variable that its key is in.
    pub key_env: &'static str,
    /// A model that does all of a run's work.
    pub model: &'static str,
    /// One for what that fails at, where the provider has a stronger one.
    pub capable: Option<&'static str>,
}

/// One for each built-in provider that needs a key; the first is the author's, where there are two.
pub const fn suggestions() -> [Suggestion; 2] {
    [
        Suggestion {
            provider: "anthropic",
            key_env: "ANTHROPIC_API_KEY",
            model: "claude-sonnet-4-5",
            capable: Some("claude-opus-4-5"),
        },
        Suggestion { provider: "openai", key_env: "OPENAI_API_KEY", model: "gpt-5", capable: None },
    ]
}

#[cfg(test)]
mod tests {
    use super::suggestions;
    use crate::config::ProviderKind;
    use crate::known::known;

    #[test]
    fn the_price_of_each_is_known() {
        let kinds = [ProviderKind::Anthropic, ProviderKind::Openai];
        for (suggestion, kind) in suggestions().into_iter().zip(kinds) {
            assert!(known(kind, suggestion.model).is_some());
            assert!(suggestion.capable.is_none_or(|model| known(kind, model).is_some()));
        }
    }
}
