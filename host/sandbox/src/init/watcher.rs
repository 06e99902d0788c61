//! The watchdog's thread. What it reads may keep it for seconds, while the supervisor must see its lifeline.

use std::io;
use std::mem::forget;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::Pid;

use super::outer;
use super::watch::{WATCH_INTERVAL, Watch};
use crate::plan::{Limit, Plan};

pub(super) struct Watcher {
    /// Tells whom to watch; when it is dropped, the watch is over.
    begin: Sender<Pid>,
    /// Can be read as soon as there is a verdict.
    pub(super) over: OwnedFd,
    thread: JoinHandle<Option<Limit>>,
}

impl Watcher {
    /// Starts the thread, which waits. To be called before this process's children go to a PID namespace of their own, since
    /// it gets no more threads then. When this returns, the thread has given up its privileges and holds nothing that a fork of
    /// this process could miss.
    pub(super) fn start(plan: &Plan) -> io::Result<Self> {
        let (limits, lasting, baseline_bytes) = (plan.limits.clone(), plan.lasting.clone(), plan.baseline_bytes);
        // A thread's privileges are its own.
        Self::spawn(outer::confine_supervisor, move |init, ends| {
            watch(Watch::begin(&limits, &lasting, baseline_bytes), init, ends)
        })
    }

    /// The thread confines itself, and does the rest when it is begun.
    pub(super) fn spawn(
        confine: impl FnOnce() -> io::Result<()> + Send + 'static,
        watch: impl FnOnce(Pid, &Receiver<Pid>) -> Option<Limit> + Send + 'static,
    ) -> io::Result<Self> {
        let (over, tell_over) = pipe_with(PipeFlags::CLOEXEC)?;
        let (begin, begins) = channel();
        let (tell_confined, confined) = channel();
        let thread = thread::Builder::new().spawn(move || {
            let result = confine();
            let is_confined = result.is_ok();
            tell_confined.send(result).ok()?;
            let init = begins.recv().ok().filter(|_| is_confined)?;
            let exceeded = watch(init, &begins)?;
            rustix::io::write(&tell_over, &[0]).ok()?;
            Some(exceeded)
        })?;
        confined.recv().map_err(io::Error::other)??;
        Ok(Self { begin, over, thread })
    }

    /// Begins to watch, once the root is the sandbox's.
    pub(super) fn begin(&self, init: Pid) {
        // It can only have ended by a panic, which `verdict` tells.
        let _ = self.begin.send(init);
    }

    /// Whether there is a verdict, or never will be one.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// What was exceeded; to be asked for once it has ended, or `over` can be read.
    pub(super) fn verdict(self) -> io::Result<Limit> {
        let verdict = self.thread.join().ok().flatten();
        verdict.ok_or_else(|| io::Error::other("the watchdog ended without a verdict"))
    }

    /// In a process that was forked from this one there is no thread to end or to let go.
    pub(super) fn leave_to_the_parent(self) {
        forget(self);
    }
}

/// Looks again and again until a limit is exceeded; none where the supervisor lets go.
fn watch(mut watch: Watch<'_>, init: Pid, ends: &Receiver<Pid>) -> Option<Limit> {
    let alive = || outer::is_alive(init);
    loop {
        if let Some(limit) = watch.look(&alive) {
            return Some(limit);
        }
        if ends.recv_timeout(WATCH_INTERVAL) == Err(RecvTimeoutError::Disconnected) {
            return None;
        }
    }
}
