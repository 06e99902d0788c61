//! Where a guest runs.
//!
//! In a task of its own, so that its caller can be answered whatever becomes of it. The task runs on the thread that
//! made it, as soon as the caller waits, since waking another thread costs more than a trivial call takes. It gives way
//! at each tick, and once it has computed for longer than a call should, it moves to threads that give way to
//! everything else; a skill that overran starts there the next time. So a guest that spins harms nobody, and one that
//! answers at once pays nothing.
//!
//! A guest whose thread doesn't come back from a host call, because the kernel keeps it, can't be ended. Its caller is
//! answered all the same; the thread is counted until it comes back, and there is a number of them beyond which no
//! skill is called.

use crate::ambient;
use crate::clock::{CpuClock, Ticking};
use crate::config::{MAX_STUCK, OVERRUN_MS, STUCK_MS};
use crate::error::CallError;
use futures::future::{Either, select};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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

pub(crate) struct Scheduler {
    /// Guests that compute in place at the same time: enough that a few overrunning ones don't keep others out.
    permits: Arc<Semaphore>,
    slow: OnceLock<Option<Runtime>>,
    stuck: Arc<AtomicUsize>,
}

/// How a guest's part ended.
enum Turn<T> {
    Ended(T),
    /// It has computed for too long for where it was.
    Overran(Guest<T>),
}

/// The right to compute in place. Shared with the supervisor, which takes it from a guest that is stuck.
type Permit = Arc<Mutex<Option<OwnedSemaphorePermit>>>;

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

    /// Runs `guest` to its end, for `time` at most; tells whether it overran. Dropping the future drops the guest,
    /// wherever it is.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        guest: Guest<T>,
        clock: &Arc<CpuClock>,
        starts_slow: bool,
        ticking: &Ticking,
        time: Duration,
    ) -> Result<(T, bool), CallError> {
        if self.stuck() >= MAX_STUCK {
            return Err(CallError::Stuck(MAX_STUCK));
        }
        let permit = Permit::default();
        let mut overran = starts_slow;
        let mut deadline = ticking.deadline(time);
        let mut running = if starts_slow { self.slow(guest, clock) } else { self.in_place(guest, clock, &permit) };
        loop {
            match select(&mut running.0, &mut deadline).await {
                Either::Left((Ok(Turn::Ended(value)), _)) => return Ok((value, overran)),
                Either::Left((Ok(Turn::Overran(guest)), _)) => {
                    overran = true;
                    running = self.slow(guest, clock);
                }
                Either::Left((Err(_), _)) => {
                    return Err(CallError::Trap("the host could not carry the call on".to_owned()));
                }
                Either::Right(((), _)) => break,
            }
        }
        running.0.abort();
        let grace = ticking.deadline(Duration::from_millis(STUCK_MS));
        if matches!(select(&mut running.0, grace).await, Either::Right(_)) {
            self.quarantine(running, &permit);
        }
        Err(CallError::Time(time))
    }

    fn in_place<T: Send + 'static>(&self, guest: Guest<T>, clock: &Arc<CpuClock>, permit: &Permit) -> Running<T> {
        let (permits, permit) = (Arc::clone(&self.permits), Arc::clone(permit));
        Running(tokio::spawn(run_in_place(guest, Arc::clone(clock), permits, permit)))
    }

    fn slow<T: Send + 'static>(&self, mut guest: Guest<T>, clock: &Arc<CpuClock>) -> Running<T> {
        let clock = Arc::clone(clock);
        let metered = poll_fn(move |context| poll_metered(&mut guest, &clock, context).map(Turn::Ended));
        Running(match self.slow.get_or_init(slow_runtime) {
            // Without a second runtime it stays here, and still gives way at each tick.
            None => tokio::spawn(metered),
            Some(slow) => slow.spawn(metered),
        })
    }

    /// Counts a thread that doesn't come back, until it does.
    fn quarantine<T: Send + 'static>(&self, mut running: Running<T>, permit: &Permit) {
        if let Ok(mut permit) = permit.lock() {
            *permit = None;
        }
        self.stuck.fetch_add(1, SeqCst);
        let stuck = Arc::clone(&self.stuck);
        tokio::spawn(async move {
            let _ = (&mut running.0).await;
            stuck.fetch_sub(1, SeqCst);
        });
    }
}

/// Polls `guest` until it ends, or has computed for too long.
async fn run_in_place<T>(
    mut guest: Guest<T>,
    clock: Arc<CpuClock>,
    permits: Arc<Semaphore>,
    permit: Permit,
) -> Turn<T> {
    let mut is_first = true;
    loop {
        // A permit lasts for one turn at computing; waiting for the outside gives it back. Never closed.
        let acquired = Arc::clone(&permits).acquire_owned().await.ok();
        set(&permit, acquired);
        let polled = poll_fn(|context| {
            let mut poll = || poll_metered(&mut guest, &clock, context);
            // The first poll lasts for a tick at most: not long enough to be worth handing the thread's other work over.
            Poll::Ready(if is_first { poll() } else { may_block(poll) })
        })
        .await;
        set(&permit, None);
        is_first = false;
        match polled {
            Poll::Ready(value) => return Turn::Ended(value),
            Poll::Pending if clock.used() >= Duration::from_millis(OVERRUN_MS) => return Turn::Overran(guest),
            Poll::Pending => woken().await,
        }
    }
}

fn set(permit: &Permit, to: Option<OwnedSemaphorePermit>) {
    if let Ok(mut permit) = permit.lock() {
        *permit = to;
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
struct Running<T>(JoinHandle<Turn<T>>);

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
