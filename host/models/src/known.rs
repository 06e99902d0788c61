//! What is known of the models of built-in providers.
//!
//! The table holds published list prices of models whose price is not in doubt. A wrong price is worse than none: it
//! makes a budget lie. A user's configuration says the rest.

use crate::config::ProviderKind::{self, Anthropic, Openai};
use crate::price::Price;

/// A model's price and window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) price: Price,
    pub(crate) window_tokens: u64,
}

/// A provider's model; for a million tokens in thousandths of a US dollar: fresh input, input from the cache, input
/// written to it, output; the window.
type Row = (ProviderKind, &'static str, [u64; 4], u64);

/// At Anthropic, reading the cache costs a tenth of fresh input, writing it (for five minutes) five quarters; at OpenAI
/// writing costs nothing extra.
const MODELS: &[Row] = &[
    (Anthropic, "claude-opus-4-5", [5_000, 500, 6_250, 25_000], 200_000),
    (Anthropic, "claude-opus-4-1", [15_000, 1_500, 18_750, 75_000], 200_000),
    (Anthropic, "claude-opus-4", [15_000, 1_500, 18_750, 75_000], 200_000),
    (Anthropic, "claude-sonnet-4-5", [3_000, 300, 3_750, 15_000], 200_000),
    (Anthropic, "claude-sonnet-4", [3_000, 300, 3_750, 15_000], 200_000),
    (Anthropic, "claude-haiku-4-5", [1_000, 100, 1_250, 5_000], 200_000),
    (Openai, "gpt-5.2", [1_750, 175, 1_750, 14_000], 400_000),
    (Openai, "gpt-5.2-codex", [1_750, 175, 1_750, 14_000], 400_000),
    (Openai, "gpt-5.1", [1_250, 125, 1_250, 10_000], 400_000),
    (Openai, "gpt-5.1-codex", [1_250, 125, 1_250, 10_000], 400_000),
    (Openai, "gpt-5", [1_250, 125, 1_250, 10_000], 400_000),
    (Openai, "gpt-5-codex", [1_250, 125, 1_250, 10_000], 400_000),
    (Openai, "gpt-5-mini", [250, 25, 250, 2_000], 400_000),
    (Openai, "gpt-5-nano", [50, 5, 50, 400], 400_000),
    (Openai, "gpt-4.1", [2_000, 500, 2_000, 8_000], 1_047_576),
    (Openai, "gpt-4.1-mini", [400, 100, 400, 1_600], 1_047_576),
    (Openai, "gpt-4.1-nano", [100, 25, 100, 400], 1_047_576),
];

/// Looks a model up, with or without the date that providers put behind a name.
pub(crate) fn known(kind: ProviderKind, model: &str) -> Option<Known> {
    let (.., prices, window_tokens) = MODELS.iter().find(|(of, name, ..)| *of == kind && is_model(model, name))?;
    let [input, cached_input, cache_write, output] = prices.map(|thousandths| thousandths * 1_000);
    Some(Known { price: Price { input, cached_input, cache_write, output }, window_tokens: *window_tokens })
}

/// Whether a model of Ollama's runs on its makers' machines, and is paid there.
pub(crate) fn is_hosted(model: &str) -> bool {
    model.rsplit_once(':').is_some_and(|(_, tag)| tag == "cloud" || tag.ends_with("-cloud"))
}

/// `name`, `name-20250929`, `name-2025-04-14`: a longer word behind it is another model.
fn is_model(model: &str, name: &str) -> bool {
    match model.strip_prefix(name) {
        Some("") => true,
        Some(rest) => {
            rest.starts_with('-')
                && rest.bytes().filter(u8::is_ascii_digit).count() == 8
                && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_longer_name_and_another_provider_s_are_other_models() {
        for name in ["gpt-5-pro", "gpt-5.9", "claude-sonnet-4-20250514x", "gpt-4.1-mini-2025-04-1"] {
            assert!(known(Openai, name).is_none() && known(Anthropic, name).is_none(), "{name}");
        }
        assert!(known(Openai, "gpt-4.1-2025-04-14").is_some());
        assert!(known(Anthropic, "gpt-5").is_none() && known(ProviderKind::OpenaiCompatible, "gpt-5").is_none());
        let price = known(Anthropic, "claude-sonnet-4-5-20250929").unwrap().price;
        assert_eq!((price.input, price.cached_input, price.cache_write), (3_000_000, 300_000, 3_750_000));
    }

    #[test]
    fn reading_a_cache_is_never_dearer_and_writing_it_never_cheaper() {
        for (_, name, [input, cached, write, output], window) in MODELS {
            assert!(cached < input && write >= input && output > input && *window >= 200_000, "{name}");
        }
    }

    #[test]
    fn a_hosted_model_is_told_by_its_tag() {
        for (model, hosted) in
            [("gpt-oss:120b-cloud", true), ("glm-4.6:cloud", true), ("qwen3:8b", false), ("cloud", false)]
        {
            assert_eq!(is_hosted(model), hosted, "{model}");
        }
    }
}
