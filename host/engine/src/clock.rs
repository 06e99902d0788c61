//! The clock that bounds a guest's computing.
//!
//! It counts the processor time of the threads that poll the guest, so that waiting, and being starved by neighbours,
//! is innocent. Asking for that time is a system call, so it begins at the guest's first tick: what ends before one is
//! counted by the wall clock, up to the length of a tick. A thread ticks the engine's epoch while calls are under way; at each tick a guest that computes looks
//! at its clock and gives way. A call that waits for the outside (a model, a command, a person) starts the count anew.

use crate::ambient;
use crate::config::TICK_MS;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::time::Duration;
use wasmtime::Engine;

/// Processor time that a guest has used since its last call to the outside.
#[derive(Debug)]
pub(crate) struct CpuClock {
    limit_ns: u64,
    used_ns: AtomicU64,
    /// The time at which the current poll began to count: the thread's where `ticked`, else the wall clock's.
    since_ns: AtomicU64,
    ticked: AtomicBool,
    restart: AtomicBool,
    expired: AtomicBool,
}

impl CpuClock {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit_ns: u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX),
            used_ns: AtomicU64::new(0),
            since_ns: AtomicU64::new(0),
            ticked: AtomicBool::new(false),
            restart: AtomicBool::new(false),
            expired: AtomicBool::new(false),
        }
    }

    /// A thread begins to poll the guest.
    pub(crate) fn resume(&self) {
        self.since_ns.store(self.time_ns(), Relaxed);
    }

    /// It has polled; gives the time of this poll.
    pub(crate) fn pause(&self) -> Duration {
        let polled_ns = self.polled_ns();
        self.used_ns.fetch_add(polled_ns, Relaxed);
        Duration::from_nanos(polled_ns)
    }

    fn time_ns(&self) -> u64 {
        if self.ticked.load(Relaxed) { ambient::thread_time_ns() } else { ambient::wall_time_ns() }
    }

    fn polled_ns(&self) -> u64 {
        let polled_ns = self.time_ns().saturating_sub(self.since_ns.load(Relaxed));
        // Before its first tick a guest can't have computed for longer than one; the rest was its neighbours' time.
        if self.ticked.load(Relaxed) { polled_ns } else { polled_ns.min(TICK_MS * 1_000_000) }
    }

    /// The guest called the outside. Only notes it, since it happens in each such call; the next tick acts on it.
    pub(crate) fn restart(&self) {
        self.restart.store(true, Relaxed);
    }

    /// Whether the guest may go on; asked at a tick, on the thread that polls it.
    pub(crate) fn may_go_on(&self) -> bool {
        if !self.ticked.load(Relaxed) {
            self.used_ns.fetch_add(self.polled_ns(), Relaxed);
            self.ticked.store(true, Relaxed);
            self.resume();
        }
        if self.restart.swap(false, Relaxed) {
            self.used_ns.store(0, Relaxed);
            self.resume();
            return true;
        }
        let used_ns = self.used_ns.load(Relaxed) + self.polled_ns();
        let goes_on = used_ns < self.limit_ns;
        if !goes_on {
            self.expired.store(true, Relaxed);
        }
        goes_on
    }

    /// Whether it ended the guest.
    pub(crate) fn expired(&self) -> bool {
        self.expired.load(Relaxed)
    }
}

/// Ticks an engine's epoch while calls are under way, on a thread of its own that sleeps otherwise.
pub(crate) struct Ticker {
    active: Arc<AtomicUsize>,
    thread: std::thread::Thread,
}

/// Ticks that the thread goes on for after the last call, so that calls in quick succession don't have to wake it.
const IDLE_TICKS: u32 = 200;

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let active = Arc::new(AtomicUsize::new(0));
        let thread = ambient::spawn_ticker(engine.weak(), Arc::clone(&active), IDLE_TICKS)?;
        Ok(Self { active, thread })
    }

    /// Ticks until what it returns is dropped.
    pub(crate) fn tick(&self) -> Ticking {
        // The thread parks only after it has seen zero, so the first caller after that wakes it.
        if self.active.fetch_add(1, SeqCst) == 0 {
            self.thread.unpark();
        }
        Ticking(Arc::clone(&self.active))
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // It holds the engine weakly, and ends where the engine is gone.
        self.thread.unpark();
    }
}

/// A call is under way.
pub(crate) struct Ticking(Arc<AtomicUsize>);

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_01_the_first_tick_counts_what_came_before_it() {
        let clock = CpuClock::new(Duration::ZERO);
        clock.resume();
        assert!(!clock.may_go_on());
        assert!(clock.expired());
    }

    #[test]
    fn a_call_to_the_outside_starts_the_count_anew() {
        let clock = CpuClock::new(Duration::ZERO);
        clock.resume();
        clock.restart();
        assert!(clock.may_go_on());
        assert!(!clock.expired());
        assert!(!clock.may_go_on());
    }

    #[test]
    fn a_poll_without_a_tick_counts_for_one_at_most() {
        let clock = CpuClock::new(Duration::from_secs(3600));
        // Since the machine started: as long as if the thread had been starved for hours.
        assert_eq!(clock.pause(), Duration::from_millis(TICK_MS));
        clock.resume();
        assert!(clock.may_go_on());
    }
}
