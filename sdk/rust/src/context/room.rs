//! What a window is used for. The numbers are for one of 128,000 tokens or more, and smaller ones get their share of each, so
//! that masking, a hand-off and the turns between them happen in any window.

/// The window for which the numbers are meant.
const FULL_WINDOW: u64 = 128_000;
/// More than any model has; nothing overflows below it.
const MAX_WINDOW: u64 = 100_000_000;
/// The longest reply, where a request does not say one.
const REPLY: u64 = 8_192;
/// What the loop itself adds: a hand-off, the notes behind it, notices.
const OWN: u64 = 3_200;

/// Tokens, for one model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Of a request and its reply together.
    window: u64,
    /// What a reply has at least.
    reply: u64,
    /// The least that the results of a turn need.
    least_results: u64,
    /// Beyond this, old results are masked,
    pub(super) mask_over: u64,
    /// where that gives back so many.
    pub(super) mask_least: u64,
    /// The newest results, which are never masked; those of one turn are no more.
    pub(super) verbatim: u64,
    /// Beyond this, where masking was not enough, a hand-off is written.
    summarise_over: u64,
    /// The newest turns, which stay after one.
    pub(super) tail: u64,
}

impl Room {
    pub(crate) fn of(window: u64) -> Room {
        let window = window.min(MAX_WINDOW);
        let share = |tokens: u64| tokens * window.min(FULL_WINDOW) / FULL_WINDOW;
        Room {
            window,
            reply: REPLY.min(window / 8),
            least_results: share(4_000),
            mask_over: share(60_000),
            mask_least: share(20_000),
            verbatim: share(30_000),
            summarise_over: 100_000.min(window / 4 * 3),
            tail: share(20_000),
        }
    }

    /// Where a hand-off is due. A long prefix moves it up, since right after one the next must not be due.
    pub(super) fn summarise_over(&self, prefix: u64) -> u64 {
        self.summarise_over.max(prefix + OWN + 2 * self.tail).min(self.window - self.reply)
    }

    /// Whether a prefix leaves no turn after the coming one, even where all turns before it are dropped.
    pub(crate) fn is_full(&self, prefix: u64) -> bool {
        prefix + OWN + 2 * self.reply + self.least_results > self.window
    }

    /// What the results of a turn may have, so that the next request fits with that turn alone.
    pub(crate) fn results(&self, prefix: u64, reply: u64) -> u64 {
        let taken = prefix.saturating_add(reply).saturating_add(OWN + self.reply);
        self.verbatim.min(self.window.saturating_sub(taken)).max(self.least_results / 4)
    }

    /// The longest reply to a request, where the window holds less than the usual one.
    pub(super) fn reply_to(&self, input: u64) -> Option<u32> {
        let left = self.window.saturating_sub(input).max(512);
        u32::try_from(left).ok().filter(|_| left < REPLY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_window_has_the_full_numbers_and_a_small_one_its_share() {
        let numbers = |window| {
            let room = Room::of(window);
            [room.mask_over, room.mask_least, room.verbatim, room.summarise_over(0), room.tail]
        };
        assert_eq!(numbers(200_000), [60_000, 20_000, 30_000, 100_000, 20_000]);
        assert_eq!(numbers(128_000), [60_000, 20_000, 30_000, 96_000, 20_000]);
        assert_eq!(numbers(64_000), [30_000, 10_000, 15_000, 48_000, 10_000]);
        assert_eq!(numbers(u64::MAX), numbers(200_000));
    }

    #[test]
    fn the_request_after_the_largest_turn_fits_in_any_window() {
        for window in [8_000, 32_000, 64_000, 128_000, 200_000, 1_000_000] {
            let room = Room::of(window);
            let mut tried = 0;
            for prefix in (0..window).step_by(500).filter(|prefix| !room.is_full(*prefix)) {
                assert!(room.summarise_over(prefix) + room.reply <= window, "{window} {prefix}");
                let reply = room.reply;
                let next = prefix + OWN + reply + room.results(prefix, reply);
                assert!(next + room.reply <= window, "{window} {prefix}: {next}");
                assert!(room.results(prefix, reply) >= room.least_results, "{window} {prefix}");
                tried += 1;
            }
            assert!(tried > 5, "{window}");
        }
    }

    #[test]
    fn a_long_prefix_is_not_followed_by_one_hand_off_after_the_other() {
        let room = Room::of(200_000);
        assert_eq!(room.summarise_over(90_000), 133_200);
        assert!(!room.is_full(100_000) && room.is_full(180_000));
    }

    #[test]
    fn a_reply_is_shortened_only_where_the_window_ends() {
        let room = Room::of(64_000);
        assert_eq!([50_000, 58_000, 70_000].map(|input| room.reply_to(input)), [None, Some(6_000), Some(512)]);
        assert!(Room::of(0).is_full(0));
        assert_eq!(Room::of(0).reply_to(9), Some(512));
    }
}
