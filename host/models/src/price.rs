//! What tokens cost.

/// Millionths of a US dollar for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_counts_each_kind_of_token_and_rounds_up() {
        let price = Price { input: 3_000_000, cached_input: 300_000, cache_write: 3_750_000, output: 15_000_000 };
        let tokens =
            Tokens { fresh_input: 1_000_000, cached_input: 1_000_000, cache_write: 1_000_000, output: 1_000_000 };
        assert_eq!(price.cost(&tokens), 3_000_000 + 300_000 + 3_750_000 + 15_000_000);
        assert_eq!(price.cost(&Tokens { cached_input: 1, ..Tokens::default() }), 1);
        let huge = Price { input: u64::MAX, ..price };
        assert_eq!(huge.cost(&Tokens { fresh_input: u64::MAX, ..Tokens::default() }), u64::MAX);
    }
}
