//! Answering for calls whose thread doesn't come back.
//!
//! A guest runs in place, on the thread of the task that calls, and where the kernel keeps that thread in a host call
//! nothing can end it, and its task can tell nobody. So whoever has to be answered all the same makes its calls in a task
//! of their own, once for as many calls as it likes, and waits for that task or for the thread that ticks: that one
//! sees a call which outlives its deadline. Such a thread is counted until it comes back, and there is a number of them
//! beyond which no skill is called.

use crate::config::MAX_STUCK;
use crate::error::{CallError, Unanswered};
use crate::record::Record;
use crate::trap::Trap;
use futures::future::{Either, select};
use futures::task::AtomicWaker;
use skillhost_audit::Status;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tracing::Instrument;

/// Runs `work`, which makes calls with the watch that it is given, as a task of its own. Dropping the future ends it.
///
/// # Errors
/// What `work` gives; and [`CallError::Time`], a second after its deadline, where the thread of one of its calls doesn't
/// come back.
pub async fn supervised<T, F>(work: impl FnOnce(Watch) -> F) -> Result<T, Box<Unanswered>>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Box<Unanswered>>> + Send + 'static,
{
    let watch = Watch::default();
    let mut task = Task(tokio::spawn(work(watch.clone()).in_current_span()));
    let stuck = pin!(watch.stuck());
    match select(&mut task.0, stuck).await {
        Either::Left((Ok(ended), _)) => ended,
        Either::Left((Err(_), _)) => Err(CallError::Trap(Trap::host("the host could not carry the call on")).into()),
        Either::Right((stuck, _)) => {
            stuck.record.close(Status::TimedOut).map_err(CallError::Audit)?;
            Err(CallError::Time(stuck.time).into())
        }
    }
}

/// A task that ends with whoever waits for it.
struct Task<T>(JoinHandle<T>);

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sees whether the calls of a task are stuck; from [`supervised`].
#[derive(Clone, Default)]
pub struct Watch(Arc<Seen>);

#[derive(Default)]
struct Seen {
    waker: AtomicWaker,
    stuck: Mutex<Option<Stuck>>,
}

/// A call that was given up.
struct Stuck {
    time: Duration,
    record: Arc<Record>,
}

impl Watch {
    /// The first call that was given up.
    async fn stuck(&self) -> Stuck {
        poll_fn(|context| {
            self.0.waker.register(context.waker());
            match self.0.stuck.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(stuck) => Poll::Ready(stuck),
                None => Poll::Pending,
            }
        })
        .await
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

/// A call in place, as the thread that ticks sees it.
pub(crate) struct Guarded {
    watch: Watch,
    time: Duration,
    record: Arc<Record>,
    permits: Arc<Semaphore>,
    stuck: Arc<AtomicUsize>,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// It holds a permit.
    Computing,
    /// Where it computed, another permit stands in for its own.
    GivenUp {
        replaced: bool,
    },
    Ended,
}

impl Guarded {
    pub(crate) fn new(
        watch: Watch,
        time: Duration,
        record: Arc<Record>,
        permits: &Arc<Semaphore>,
        stuck: &Arc<AtomicUsize>,
    ) -> Arc<Self> {
        let (permits, stuck) = (Arc::clone(permits), Arc::clone(stuck));
        Arc::new(Self { watch, time, record, permits, stuck, state: Mutex::new(State::Waiting) })
    }

    /// Wakes whoever watches, so that another thread takes over what this one looked after.
    pub(crate) fn nudge(&self) {
        self.watch.0.waker.wake();
    }

    /// Its thread doesn't come back: whoever watches is told, and others may compute in its place. Writes nothing, since
    /// what keeps the call might keep the thread that ticks as well.
    pub(crate) fn give_up(&self) {
        let mut state = self.state();
        let replaced = *state == State::Computing;
        if !replaced && *state != State::Waiting {
            return;
        }
        *state = State::GivenUp { replaced };
        drop(state);
        self.stuck.fetch_add(1, SeqCst);
        if replaced {
            self.permits.add_permits(1);
        }
        let stuck = Stuck { time: self.time, record: Arc::clone(&self.record) };
        *self.watch.0.stuck.lock().unwrap_or_else(PoisonError::into_inner) = Some(stuck);
        self.nudge();
    }

    /// It begins to compute, with a permit.
    pub(crate) fn begin(&self) {
        let mut state = self.state();
        if *state == State::Waiting {
            *state = State::Computing;
        }
    }

    /// It has computed; tells whether its permit was replaced meanwhile, and must not be given back.
    pub(crate) fn pause(&self) -> bool {
        let mut state = self.state();
        match *state {
            State::Computing => *state = State::Waiting,
            State::GivenUp { replaced: true } => {
                *state = State::GivenUp { replaced: false };
                return true;
            }
            _ => {}
        }
        false
    }

    /// Its thread came back, or it ended as it should.
    pub(crate) fn end(&self) {
        if matches!(std::mem::replace(&mut *self.state(), State::Ended), State::GivenUp { .. }) {
            self.stuck.fetch_sub(1, SeqCst);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many threads may be stuck at once.
pub(crate) fn refuse_beyond(stuck: usize) -> Result<(), CallError> {
    if stuck >= MAX_STUCK { Err(CallError::Stuck(MAX_STUCK)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use skillhost_audit::{Actor, Class, Event, Kind, Log, Subject, SubjectKey};

    fn guarded(permits: &Arc<Semaphore>, stuck: &Arc<AtomicUsize>) -> Arc<Guarded> {
        let run: skillhost_core::name::RunId = "7f3k".parse().unwrap();
        let key = SubjectKey::ephemeral(Subject::Run(run.clone())).unwrap();
        let auditor = Log::in_memory(run, &key).unwrap().auditor(Actor::default());
        let intent = auditor.intent(Event::granted(Class::Skill, Kind::Call)).unwrap();
        Guarded::new(Watch::default(), Duration::ZERO, Arc::new(Record::new(intent)), permits, stuck)
    }

    #[test]
    fn d_02_a_permit_is_replaced_once_whoever_waits_for_it() {
        let (permits, stuck) = (Arc::new(Semaphore::new(1)), Arc::default());
        let call = guarded(&permits, &stuck);
        let held = permits.try_acquire().unwrap();
        call.begin();
        call.give_up();
        call.give_up();
        assert_eq!((permits.available_permits(), stuck.load(SeqCst)), (1, 1));
        // Somebody else has the new one when the thread comes back.
        let other = permits.try_acquire().unwrap();
        assert!(call.pause());
        held.forget();
        call.end();
        drop(other);
        assert_eq!((permits.available_permits(), stuck.load(SeqCst)), (1, 0));
        assert!(!call.pause());
    }

    #[test]
    fn d_02_a_call_that_waits_holds_no_permit_to_replace() {
        let (permits, stuck) = (Arc::new(Semaphore::new(1)), Arc::default());
        let call = guarded(&permits, &stuck);
        call.begin();
        assert!(!call.pause());
        call.give_up();
        assert_eq!((permits.available_permits(), stuck.load(SeqCst)), (1, 1));
        call.end();
        assert_eq!((permits.available_permits(), stuck.load(SeqCst)), (1, 0));
    }
}
