//! How long the host waits, and how often it tries.

use std::time::Duration;

/// Timing and sizes of a call. The default is what users get; tests shorten it.
#[derive(Clone, Copy, Debug)]
pub struct Tuning {
    /// Time to reach the server.
    pub connect: Duration,
    /// Silence after which a stream counts as stalled. Reasoning models think for minutes before the first byte.
    pub stall: Duration,
    /// The longest that one attempt may take, for servers that send a byte now and then.
    pub total: Duration,
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles from there.
    pub first_delay: Duration,
    /// The longest wait that the host chooses by itself.
    pub max_delay: Duration,
    /// The longest wait that a server can ask for; where it asks for more, the call fails at once.
    pub max_asked_delay: Duration,
    /// Bytes of one reply on the wire: about 200 for each token.
    pub max_stream_bytes: usize,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            stall: Duration::from_secs(300),
            total: Duration::from_secs(1_800),
            attempts: 5,
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(60),
            max_asked_delay: Duration::from_secs(3_600),
            max_stream_bytes: 64 << 20,
        }
    }
}

impl Tuning {
    /// For trying a model: one attempt, and a minute for a sign of life.
    pub fn of_probe() -> Self {
        let minute = Duration::from_secs(60);
        Self { stall: minute, total: 3 * minute, attempts: 1, max_stream_bytes: 8 << 20, ..Self::default() }
    }

    /// The wait after the failed attempt number `attempt` (from 1); none where the server asks for too long a one.
    ///
    /// It is exponential with jitter of up to a half, so that siblings that failed together don't return together, and
    /// at least what the server asked for: one that asks for nothing is backed off from all the same.
    pub(crate) fn delay(&self, attempt: u32, retry_after: Option<Duration>, random: u64) -> Option<Duration> {
        let asked = retry_after.unwrap_or_default();
        if asked > self.max_asked_delay {
            return None;
        }
        let doubled = self.first_delay.saturating_mul(1_u32 << attempt.saturating_sub(1).min(16));
        let full = doubled.min(self.max_delay);
        let jitter_permille = u32::try_from(random % 500).unwrap_or(0);
        let own = full - full / 1_000 * jitter_permille;
        // Never before the time that was asked for; jitter goes on top.
        Some(if asked.is_zero() { own } else { asked.max(own) + (full - own).min(asked) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_wait_doubles_within_bounds() {
        let tuning = Tuning::default();
        assert_eq!(tuning.delay(1, None, 0), Some(Duration::from_secs(1)));
        assert_eq!(tuning.delay(3, None, 0), Some(Duration::from_secs(4)));
        assert_eq!(tuning.delay(u32::MAX, None, 0), Some(tuning.max_delay));
        assert_eq!(tuning.delay(2, None, 250), Some(Duration::from_millis(1_500)));
        for random in [0, 1, 499, u64::MAX] {
            let delay = tuning.delay(2, None, random).unwrap();
            assert!(delay <= Duration::from_secs(2) && delay >= Duration::from_secs(1), "{delay:?}");
        }
    }

    #[test]
    fn what_the_server_asks_for_is_honoured_within_bounds() {
        let tuning = Tuning::default();
        let asked = |asked: Duration, random| tuning.delay(1, Some(asked), random);
        assert_eq!(asked(Duration::from_secs(7), 0), Some(Duration::from_secs(7)));
        assert_eq!(asked(Duration::from_secs(600), 0), Some(Duration::from_secs(600)), "longer than its own longest");
        assert_eq!(asked(Duration::ZERO, 0), Some(Duration::from_secs(1)), "no server can ask for a busy loop");
        assert_eq!(asked(Duration::from_secs(3_601), 0), None);
        let jittered = asked(Duration::from_secs(7), 400).unwrap();
        assert!(jittered > Duration::from_secs(7) && jittered < Duration::from_secs(8), "{jittered:?}");
    }
}
