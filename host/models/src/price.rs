//! What tokens cost, and how many fit, where that is known.
//!
//! The table holds published list prices of models whose price is not in doubt. A wrong price is worse than none: it
//! makes a budget lie. A user's configuration says the rest.

/// Millionths of a US dollar for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Price {
    pub(crate) input: u64,
    pub(crate) cached_input: u64,
    /// Writing to the provider's cache, where that has a price of its own.
    pub(crate) cache_write: u64,
    pub(crate) output: u64,
}

/// Tokens of one call, by price. They don't overlap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) fresh_input: u64,
    pub(crate) cached_input: u64,
    pub(crate) cache_write: u64,
    pub(crate) output: u64,
}

impl Price {
    /// What a call costs, rounded up.
    pub(crate) fn cost(&self, tokens: &Tokens) -> u64 {
        let of = |tokens: u64, price: u64| u128::from(tokens) * u128::from(price);
        let sum = of(tokens.fresh_input, self.input)
            + of(tokens.cached_input, self.cached_input)
            + of(tokens.cache_write, self.cache_write)
            + of(tokens.output, self.output);
        u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// What is known of a model of a built-in provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) price: Price,
    pub(crate) window_tokens: u64,
}

/// Looks a model up, with or without the date that providers put behind a name.
pub(crate) fn known_anthropic(model: &str) -> Option<Known> {
    // (name, input, output) in cents for a million tokens. Reading the cache costs a tenth, writing it five quarters.
    const MODELS: &[(&str, u64, u64)] = &[
        ("claude-opus-4-5", 500, 2_500),
        ("claude-opus-4-1", 1_500, 7_500),
        ("claude-opus-4", 1_500, 7_500),
        ("claude-sonnet-4-5", 300, 1_500),
        ("claude-sonnet-4", 300, 1_500),
        ("claude-haiku-4-5", 100, 500),
    ];
    let (_, input, output) = MODELS.iter().find(|(name, ..)| is_model(model, name))?;
    let input = cents(*input);
    let price = Price { input, cached_input: input / 10, cache_write: input + input / 4, output: cents(*output) };
    Some(Known { price, window_tokens: 200_000 })
}

/// As for the other provider; writing the cache costs nothing extra here.
pub(crate) fn known_openai(model: &str) -> Option<Known> {
    // (name, input, cached input in tenths of a cent, output, window)
    const MODELS: &[(&str, u64, u64, u64, u64)] = &[
        ("gpt-5", 125, 125, 1_000, 400_000),
        ("gpt-5-mini", 25, 25, 200, 400_000),
        ("gpt-5-nano", 5, 5, 40, 400_000),
        ("gpt-4.1", 200, 500, 800, 1_047_576),
        ("gpt-4.1-mini", 40, 100, 160, 1_047_576),
        ("gpt-4.1-nano", 10, 25, 40, 1_047_576),
    ];
    let (_, input, cached, output, window_tokens) = MODELS.iter().find(|(name, ..)| is_model(model, name))?;
    let price = Price {
        input: cents(*input),
        cached_input: cents(*cached) / 10,
        cache_write: cents(*input),
        output: cents(*output),
    };
    Some(Known { price, window_tokens: *window_tokens })
}

fn cents(cents: u64) -> u64 {
    cents * 10_000
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
    fn cost_counts_each_kind_of_token_and_rounds_up() {
        let price = known_anthropic("claude-sonnet-4-5-20250929").unwrap().price;
        let tokens =
            Tokens { fresh_input: 1_000_000, cached_input: 1_000_000, cache_write: 1_000_000, output: 1_000_000 };
        assert_eq!(price.cost(&tokens), 3_000_000 + 300_000 + 3_750_000 + 15_000_000);
        let price = known_openai("gpt-5-nano").unwrap().price;
        assert_eq!(price.cost(&Tokens { cached_input: 1, ..Tokens::default() }), 1);
        let huge = Price { input: u64::MAX, ..price };
        assert_eq!(huge.cost(&Tokens { fresh_input: u64::MAX, ..Tokens::default() }), u64::MAX);
    }

    #[test]
    fn a_longer_name_is_another_model() {
        for name in ["gpt-5-pro", "gpt-5.1", "claude-sonnet-4-20250514x", "gpt-4.1-mini-2025-04-1"] {
            assert!(known_openai(name).is_none() && known_anthropic(name).is_none(), "{name}");
        }
        assert!(known_openai("gpt-4.1-2025-04-14").is_some());
    }
}
