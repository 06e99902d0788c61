//! Where a guest runs.
//!
//! In place, on the caller's thread, since waking another one costs more than a trivial call takes. It gives way at each
//! tick, and once it has computed for longer than a call should, it moves to threads that give way to everything else;
//! a skill that overran starts there the next time. So a guest that spins harms nobody, and one that answers at once
//! pays nothing. Who answers for a guest whose thread doesn't come back is in [`crate::supervise`].

use crate::ambient;
use crate::clock::{CpuClock, Ticking};
use crate::config::{MAX_STUCK, OVERRUN_MS, STUCK_MS};
use crate::error::CallError;
use crate::record::Record;
use crate::supervise::{Guarded, Watch, refuse_beyond};
use crate::trap::Trap;
use futures::future::{Either, select};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// A guest under way: owns its store, so that dropping it ends the call.
pub(crate) type Guest<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A runtime that suits the engine: each guest that is stuck keeps one of its threads.
///
/// # Errors
/// Where threads can't be started.
pub fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(ambient::processors() + MAX_STUCK).enable_all().build()
}

/// The same for a single call, which needs no thread beside that of whoever waits for it: starting threads takes longer
/// than the call.
///
/// # Errors
/// As [`runtime`].
pub fn runtime_of_one_call() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}

pub(crate) struct Scheduler {
    /// Guests that compute in place at the same time: enough that a few overrunning ones don't keep others out.
    permits: Arc<Semaphore>,
    slow: OnceLock<Option<Runtime>>,
    stuck: Arc<AtomicUsize>,
}

impl Scheduler {
    pub(crate) fn new() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(2 * ambient::processors())),
            slow: OnceLock::new(),
            stuck: Arc::default(),
        }
    }

    /// Threads that guests are stuck on.
    pub(crate) fn stuck(&self) -> usize {
        self.stuck.load(SeqCst)
    }

    /// Runs `guest` to its end, for `time` at most; tells whether it overran. Where an earlier call of its skill `overran`,
    /// it starts on the slow threads. Dropping the future drops the guest, wherever it is.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        mut guest: Guest<T>,
        clock: &Arc<CpuClock>,
        overran: &AtomicBool,
        ticking: &Ticking,
        supervision: Supervision,
    ) -> Result<(T, bool), CallError> {
        let Supervision { time, record, watch } = supervision;
        refuse_beyond(self.stuck())?;
        let mut deadline = if overran.load(Relaxed) {
            ticking.deadline(time)
        } else {
            let guarded = watch.map(|watch| Guarded::new(watch, time, record, &self.permits, &self.stuck));
            let mut deadline = ticking.watched_deadline(time, guarded.clone());
            // Whatever ends it, its thread is back then.
            let in_place = InPlace { guarded };
            let ended = {
                let running = pin!(in_place.run(&mut guest, clock, &self.permits));
                match select(running, &mut deadline).await {
                    Either::Left((ended, _)) => ended,
                    Either::Right(((), _)) => return Err(CallError::Time(time)),
                }
            };
            drop(in_place);
            if let Some(value) = ended {
                return Ok((value, false));
            }
            deadline
        };
        // From here on its skill's next calls start there, however this one ends: else a skill whose calls are cancelled
        // would compute in front of everybody else each time anew.
        overran.store(true, Relaxed);
        let mut running = self.slow(guest, clock);
        match select(&mut running.0, &mut deadline).await {
            Either::Left((Ok(value), _)) => return Ok((value, true)),
            Either::Left((Err(_), _)) => {
                return Err(CallError::Trap(Trap::host("the host could not carry the call on")));
            }
            Either::Right(_) => {}
        }
        running.0.abort();
        let grace = ticking.deadline(Duration::from_millis(STUCK_MS));
        if matches!(select(&mut running.0, grace).await, Either::Right(_)) {
            self.quarantine(running);
        }
        Err(CallError::Time(time))
    }

    fn slow<T: Send + 'static>(&self, mut guest: Guest<T>, clock: &Arc<CpuClock>) -> Running<T> {
        let clock = Arc::clone(clock);
        let metered = poll_fn(move |context| poll_metered(&mut guest, &clock, context));
        Running(match self.slow.get_or_init(slow_runtime) {
            // Without a second runtime it stays here, and still gives way at each tick.
            None => tokio::spawn(metered),
            Some(slow) => slow.spawn(metered),
        })
    }

    /// Counts a thread that doesn't come back, until it does.
    fn quarantine<T: Send + 'static>(&self, mut running: Running<T>) {
        self.stuck.fetch_add(1, SeqCst);
        let stuck = Arc::clone(&self.stuck);
        tokio::spawn(async move {
            let _ = (&mut running.0).await;
            stuck.fetch_sub(1, SeqCst);
        });
    }
}

/// What bounds a call from outside.
pub(crate) struct Supervision {
    pub(crate) time: Duration,
    pub(crate) record: Arc<Record>,
    pub(crate) watch: Option<Watch>,
}

/// A guest in place; over once this is dropped, however it ends.
struct InPlace {
    guarded: Option<Arc<Guarded>>,
}

impl InPlace {
    /// Polls `guest` until it ends; none where it has computed for too long.
    async fn run<T>(&self, guest: &mut Guest<T>, clock: &CpuClock, permits: &Semaphore) -> Option<T> {
        // Where somebody watches, the first poll lasts for a tick at most before another thread takes over: not long
        // enough to be worth handing the thread's other work over at once.
        let mut is_light = self.guarded.is_some();
        loop {
            // A permit lasts for one turn at computing; waiting for the outside gives it back. Never closed.
            let permit = permits.acquire().await.ok();
            if let Some(guarded) = &self.guarded {
                guarded.begin();
            }
            let polled = poll_fn(|context| {
                let mut poll = || poll_metered(guest, clock, context);
                Poll::Ready(if is_light { poll() } else { may_block(poll) })
            })
            .await;
            match permit {
                Some(permit) if self.guarded.as_ref().is_some_and(|guarded| guarded.pause()) => permit.forget(),
                permit => drop(permit),
            }
            is_light = false;
            match polled {
                Poll::Ready(value) => return Some(value),
                Poll::Pending if clock.used() >= Duration::from_millis(OVERRUN_MS) => return None,
                Poll::Pending => woken().await,
            }
        }
    }
}

impl Drop for InPlace {
    fn drop(&mut self) {
        if let Some(guarded) = &self.guarded {
            guarded.end();
        }
    }
}

/// Waits until this task is woken: by the guest, which holds its waker since it was polled here.
async fn woken() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

fn poll_metered<T>(guest: &mut Guest<T>, clock: &CpuClock, context: &mut Context<'_>) -> Poll<T> {
    clock.resume();
    let polled = guest.as_mut().poll(context);
    clock.pause();
    polled
}

/// Tells the runtime that this thread computes for a while, where it is one of several that serve others.
fn may_block<T>(compute: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(compute),
        _ => compute(),
    }
}

fn slow_runtime() -> Option<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(ambient::processors() + MAX_STUCK)
        .thread_name("skillhost-slow")
        .on_thread_start(ambient::lower_priority)
        .enable_all()
        .build()
        .ok()
}

/// A guest's task; ends with its caller.
struct Running<T>(JoinHandle<T>);

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        // A runtime can't wait for its threads where futures are polled; its guests are dropped at their next tick.
        if let Some(Some(slow)) = self.slow.take() {
            slow.shutdown_background();
        }
    }
}
