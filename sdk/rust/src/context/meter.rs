//! How many tokens a request has: what the provider counted last, corrected by what changed since; before it counted, an
//! estimate. Both err upwards, since a request that does not fit is refused.

/// A provider's last count, beside the estimate for the same request.
#[derive(Debug, Default)]
pub(super) struct Meter(Option<Count>);

#[derive(Clone, Copy, Debug)]
struct Count {
    estimated: u64,
    counted: u64,
}

impl Meter {
    /// The provider counted a request that was `estimated`. Servers that don't count say 0. A token has between one byte and
    /// eight, and an estimate takes three for one; a count beyond that says nothing.
    pub(super) fn note(&mut self, estimated: u64, counted: u64) {
        if counted > 0 && estimated > 0 {
            let (least, most) = (estimated.saturating_mul(3) / 8, estimated.saturating_mul(3));
            self.0 = Some(Count { estimated, counted: counted.clamp(least, most) });
        }
    }

    /// The tokens of a request that is now `estimated`.
    pub(super) fn tokens(&self, estimated: u64) -> u64 {
        match self.0 {
            None => estimated,
            Some(last) if estimated >= last.estimated => {
                let grew = scaled(estimated - last.estimated, last.counted.max(last.estimated), last.estimated);
                last.counted.saturating_add(grew)
            }
            Some(last) => last.counted.saturating_sub(self.gained(last.estimated - estimated)),
        }
    }

    /// What leaving out something `estimated` gives back at least.
    pub(super) fn gained(&self, estimated: u64) -> u64 {
        self.0.map_or(estimated, |last| scaled(estimated, last.counted.min(last.estimated), last.estimated))
    }
}

fn scaled(tokens: u64, numerator: u64, denominator: u64) -> u64 {
    let scaled = u128::from(tokens) * u128::from(numerator) / u128::from(denominator.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(estimated: u64, counted: u64) -> Meter {
        let mut meter = Meter::default();
        meter.note(estimated, counted);
        meter
    }

    #[test]
    fn without_a_count_the_estimate_stands() {
        assert_eq!(Meter::default().tokens(1_000), 1_000);
        assert_eq!(counted(1_000, 0).tokens(1_000), 1_000, "0 is no count");
    }

    #[test]
    fn a_count_is_corrected_by_what_came_and_what_went() {
        let dense = counted(1_000, 1_500);
        assert_eq!([1_000, 1_200, 800].map(|now| dense.tokens(now)), [1_500, 1_800, 1_300]);
        let sparse = counted(1_000, 600);
        assert_eq!([1_000, 1_200, 800].map(|now| sparse.tokens(now)), [600, 800, 480]);
        assert_eq!((dense.gained(100), sparse.gained(100)), (100, 60), "each errs towards more that is left");
    }

    #[test]
    fn a_count_that_can_not_be_is_not_believed() {
        assert_eq!(counted(8_000, 5).tokens(8_000), 3_000);
        assert_eq!(counted(1_000, u64::MAX).tokens(1_000), 3_000);
        assert_eq!(counted(0, 9).tokens(10), 10);
        assert_eq!(counted(u64::MAX, u64::MAX).tokens(u64::MAX), u64::MAX);
    }
}
