//! The clocks that bound a guest: its computing, and its whole time.
//!
//! The first counts the processor time of the threads that poll the guest, so that waiting, and being starved by
//! neighbours, is innocent. Asking for that time is a system call, which a trivial call would feel: so a guest's first
//! poll is counted by the wall clock until its first tick, and for the length of a tick at most. A thread ticks the
//! engine's epoch while calls are under way; at each tick a guest that computes looks at its clock and gives way. A call
//! that waits for the outside (a model, a command, a person) starts the count anew.
//!
//! The second is a [`Deadline`], told by that same thread: the runtime's own timers stand still while a guest is stuck
//! on the thread that looks after them.

use crate::ambient;
use crate::config::{STUCK_MS, TICK_MS};
use crate::supervise::Guarded;
use futures::task::AtomicWaker;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use wasmtime::Engine;

/// Processor time that a guest has used since its last call to the outside.
#[derive(Debug)]
pub(crate) struct CpuClock {
    limit_ns: u64,
    used_ns: AtomicU64,
    /// The time at which the current poll began to count: the thread's where `is_exact`, else the wall clock's.
    since_ns: AtomicU64,
    /// From the first tick, or the second poll.
    is_exact: AtomicBool,
    expired: AtomicBool,
}

impl CpuClock {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit_ns: u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX),
            used_ns: AtomicU64::new(0),
            since_ns: AtomicU64::new(0),
            is_exact: AtomicBool::new(false),
            expired: AtomicBool::new(false),
        }
    }

    /// A thread begins to poll the guest.
    pub(crate) fn resume(&self) {
        self.since_ns.store(self.time_ns(), Relaxed);
    }

    /// It has polled.
    pub(crate) fn pause(&self) {
        self.used_ns.fetch_add(self.polled_ns(), Relaxed);
        self.is_exact.store(true, Relaxed);
    }

    /// What was used since the last call to the outside; while nobody polls.
    pub(crate) fn used(&self) -> Duration {
        Duration::from_nanos(self.used_ns.load(Relaxed))
    }

    fn time_ns(&self) -> u64 {
        if self.is_exact.load(Relaxed) { ambient::thread_time_ns() } else { ambient::wall_time_ns() }
    }

    fn polled_ns(&self) -> u64 {
        let polled_ns = self.time_ns().saturating_sub(self.since_ns.load(Relaxed));
        // Before its first tick a guest can't have computed for longer than one; the rest was its neighbours' time.
        if self.is_exact.load(Relaxed) { polled_ns } else { polled_ns.min(TICK_MS * 1_000_000) }
    }

    /// The guest came back from the outside; told on the thread that polls it.
    pub(crate) fn restart(&self) {
        self.used_ns.store(0, Relaxed);
        self.resume();
    }

    /// Whether the guest may go on; asked at a tick, on the thread that polls it.
    pub(crate) fn may_go_on(&self) -> bool {
        if !self.is_exact.load(Relaxed) {
            self.used_ns.fetch_add(self.polled_ns(), Relaxed);
            self.is_exact.store(true, Relaxed);
            self.resume();
        }
        let used_ns = self.used_ns.load(Relaxed).saturating_add(self.polled_ns());
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
    watched: Arc<Watched>,
    thread: std::thread::Thread,
}

/// Ticks that the thread goes on for after the last call, so that calls in quick succession don't have to wake it.
const IDLE_TICKS: u32 = 200;

/// What the thread looks after.
#[derive(Default)]
struct Watched {
    active: AtomicUsize,
    alarms: Mutex<Vec<Weak<Alarm>>>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Self> {
        let watched = Arc::new(Watched::default());
        let (engine, seen) = (engine.weak(), Arc::clone(&watched));
        let thread = ambient::spawn_ticker(move |idle| {
            engine.upgrade()?.increment_epoch();
            seen.ring();
            let idle = if seen.active.load(SeqCst) == 0 { idle + 1 } else { 0 };
            Some(if idle > IDLE_TICKS { ambient::Tick::Park } else { ambient::Tick::Again(idle) })
        })?;
        Ok(Self { watched, thread })
    }

    /// Ticks until what it returns is dropped.
    pub(crate) fn tick(&self) -> Ticking {
        // The thread parks only after it has seen zero, so the first caller after that wakes it.
        if self.watched.active.fetch_add(1, SeqCst) == 0 {
            self.thread.unpark();
        }
        Ticking(Arc::clone(&self.watched))
    }
}

impl Watched {
    fn ring(&self) {
        let Ok(mut alarms) = self.alarms.lock() else { return };
        if alarms.is_empty() {
            return;
        }
        let now = ambient::now();
        alarms.retain(|alarm| alarm.upgrade().is_some_and(|alarm| !alarm.ring(now)));
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // It holds the engine weakly, and ends where the engine is gone.
        self.thread.unpark();
    }
}

/// A call is under way.
pub(crate) struct Ticking(Arc<Watched>);

impl Ticking {
    /// Tells when `time` is over, up to a tick late.
    pub(crate) fn deadline(&self, time: Duration) -> Deadline {
        self.watched_deadline(time, None)
    }

    /// The same, for a call that is polled by its caller's own task, which can't be told while it is stuck: so whoever
    /// watches it is.
    pub(crate) fn watched_deadline(&self, time: Duration, guarded: Option<Arc<Guarded>>) -> Deadline {
        let alarm = Alarm {
            at: ambient::now().checked_add(time),
            is_over: AtomicBool::new(false),
            ticks: AtomicU32::new(0),
            waker: AtomicWaker::new(),
            guarded,
        };
        let alarm = Arc::new(alarm);
        if let Ok(mut alarms) = self.0.alarms.lock() {
            alarms.push(Arc::downgrade(&alarm));
        }
        Deadline(alarm)
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, SeqCst);
    }
}

/// Ready once its time is over.
pub(crate) struct Deadline(Arc<Alarm>);

struct Alarm {
    at: Option<Instant>,
    is_over: AtomicBool,
    ticks: AtomicU32,
    waker: AtomicWaker,
    guarded: Option<Arc<Guarded>>,
}

/// The tick at which whoever waits for a deadline is woken early: a guest that keeps its thread by then may have been
/// the one that looked after the runtime's timers and sockets, and whoever is woken takes that over.
const NUDGE_TICK: u32 = 2;

impl Alarm {
    /// Whether that was the last time.
    fn ring(&self, now: Instant) -> bool {
        let is_over = self.at.is_some_and(|at| now >= at);
        self.is_over.store(is_over, SeqCst);
        let is_nudged = self.ticks.fetch_add(1, Relaxed) + 1 == NUDGE_TICK;
        if is_over || is_nudged {
            self.waker.wake();
        }
        let Some(guarded) = &self.guarded else { return is_over };
        if is_nudged {
            guarded.nudge();
        }
        let is_stuck = self.at.is_some_and(|at| now.saturating_duration_since(at) >= Duration::from_millis(STUCK_MS));
        if is_stuck {
            guarded.give_up();
        }
        is_stuck
    }
}

impl Future for Deadline {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0.waker.register(context.waker());
        if self.0.is_over.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps this thread's processor busy for as long.
    fn compute(time: Duration) {
        let until = ambient::thread_time_ns() + u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        while ambient::thread_time_ns() < until {}
    }

    #[test]
    fn d_01_the_first_tick_counts_what_came_before_it() {
        let clock = CpuClock::new(Duration::from_millis(1));
        clock.resume();
        compute(Duration::from_millis(2));
        assert!(!clock.may_go_on());
        assert!(clock.expired());
    }

    #[test]
    fn what_is_below_the_limit_goes_on() {
        let clock = CpuClock::new(Duration::from_secs(3600));
        clock.resume();
        compute(Duration::from_millis(2));
        assert!(clock.may_go_on());
        clock.pause();
        assert!(!clock.expired() && clock.used() >= Duration::from_millis(2));
    }

    #[test]
    fn a_call_to_the_outside_starts_the_count_anew() {
        let clock = CpuClock::new(Duration::from_secs(3600));
        for _ in 0..2 {
            clock.resume();
            compute(Duration::from_millis(2));
            clock.pause();
        }
        assert!(clock.used() >= Duration::from_millis(4));
        clock.resume();
        clock.restart();
        assert!(clock.may_go_on());
        clock.pause();
        assert!(clock.used() < Duration::from_millis(4));
    }

    #[test]
    fn a_poll_without_a_tick_counts_for_one_at_most() {
        let clock = CpuClock::new(Duration::from_secs(3600));
        // Since the machine started: as long as if the thread had been starved for hours.
        clock.pause();
        assert_eq!(clock.used(), Duration::from_millis(TICK_MS));
        clock.resume();
        assert!(clock.may_go_on());
    }

    #[test]
    fn after_the_first_poll_waiting_does_not_count() {
        let clock = CpuClock::new(Duration::from_secs(3600));
        clock.pause();
        clock.resume();
        // Time of this thread, not of the machine, which was started long before it.
        assert!(clock.since_ns.load(Relaxed) <= ambient::thread_time_ns());
    }
}
