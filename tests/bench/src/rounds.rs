//! Both sides in turn, so that what else the machine does falls on all of them alike.

use anyhow::Result;
use std::time::{Duration, Instant};

/// One side: does its work, and says how long it took.
pub(crate) type Side<'a> = &'a mut dyn FnMut() -> Result<Duration>;

/// Each side `rounds` times (once in a smoke), in an order that turns around each time, after one round that doesn't count; gives the
/// medians.
pub(crate) fn alternate<const N: usize>(rounds: usize, sides: [Side<'_>; N]) -> Result<[Duration; N]> {
    let rounds = if crate::is_smoke() { 1 } else { rounds };
    let mut times: [Vec<Duration>; N] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for round in 0..=rounds {
        for turn in 0..N {
            let side = if round % 2 == 0 { turn } else { N - 1 - turn };
            let time = sides[side]()?;
            if round > 0 {
                times[side].push(time);
            }
        }
    }
    Ok(times.map(median))
}

/// How long `work` takes.
pub(crate) fn time<T>(work: impl FnOnce() -> Result<T>) -> Result<Duration> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed())
}

/// The middle one.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
