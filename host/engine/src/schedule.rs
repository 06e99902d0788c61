//! Where a guest runs.
//!
//! In place, on the caller's thread, since handing a call to another thread costs more than a trivial call takes. It
//! gives way at each tick, and once it has computed for longer than a call should, it moves to threads that give way
//! to everything else; a skill that overran starts there the next time. So a guest that spins harms nobody, and one
//! that answers at once pays nothing.

use crate::ambient;
use crate::clock::CpuClock;
use crate::config::OVERRUN_MS;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::sync::Semaphore;

/// A guest under way: owns its store, so that dropping it ends the call.
pub(crate) type Guest<T> = Pin<Box<dyn Future<Output = T> + Send>>;

pub(crate) struct Scheduler {
    /// Guests that compute in place at the same time: enough that a few overrunning ones don't keep others out.
    permits: Semaphore,
    slow: OnceLock<Option<Runtime>>,
}

impl Scheduler {
    pub(crate) fn new() -> Self {
        Self { permits: Semaphore::new(2 * ambient::processors()), slow: OnceLock::new() }
    }

    /// Runs `guest` to its end; tells whether it overran. Dropping the future drops the guest, wherever it is.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        mut guest: Guest<T>,
        clock: std::sync::Arc<CpuClock>,
        starts_slow: bool,
    ) -> (Option<T>, bool) {
        if !starts_slow && let Some(value) = self.run_in_place(&mut guest, &clock).await {
            return (Some(value), false);
        }
        let metered = poll_fn(move |context| poll_metered(&mut guest, &clock, context).0);
        match self.slow.get_or_init(slow_runtime) {
            // Without a second runtime it stays here, and still gives way at each tick.
            None => (Some(metered.await), true),
            Some(slow) => (Moved(slow.spawn(metered)).await, true),
        }
    }

    /// Polls `guest` here until it ends, or has computed for too long.
    async fn run_in_place<T>(&self, guest: &mut Guest<T>, clock: &CpuClock) -> Option<T> {
        let mut computed = Duration::ZERO;
        loop {
            // A permit lasts for one turn at computing; waiting for the outside gives it back. Never closed.
            let permit = self.permits.acquire().await.ok();
            let (polled, took) =
                poll_fn(|context| Poll::Ready(may_block(|| poll_metered(guest, clock, context)))).await;
            drop(permit);
            computed += took;
            match polled {
                Poll::Ready(value) => return Some(value),
                Poll::Pending if computed.as_millis() >= u128::from(OVERRUN_MS) => return None,
                Poll::Pending => woken().await,
            }
        }
    }
}

/// Waits until this task is woken: by the guest, which holds its waker since it was polled here.
async fn woken() {
    let mut waited = false;
    poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

fn poll_metered<T>(guest: &mut Guest<T>, clock: &CpuClock, context: &mut Context<'_>) -> (Poll<T>, Duration) {
    clock.resume();
    let polled = guest.as_mut().poll(context);
    (polled, clock.pause())
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
        .worker_threads(ambient::processors())
        .thread_name("skillhost-slow")
        .on_thread_start(ambient::lower_priority)
        .enable_all()
        .build()
        .ok()
}

/// A guest on the slow threads; ends with its caller.
struct Moved<T>(tokio::task::JoinHandle<T>);

impl<T> Future for Moved<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        Pin::new(&mut self.0).poll(context).map(Result::ok)
    }
}

impl<T> Drop for Moved<T> {
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
