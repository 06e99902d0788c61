//! Ctrl-C, and what else asks the program to end like it.

use crate::failure::{Exit, Failure};
use crate::terminal::progress::Progress;
use rustix::process::{Pid, Signal, kill_process_group};
use std::future::poll_fn;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// The signals that ask this program to end, and whether one stays ignored where it was at the start, as below `nohup`. What
/// a script starts in the background ignores Ctrl-C, which is sent to it only by someone who means it.
const ENDING: [(SignalKind, Signal, bool); 4] = [
    (SignalKind::interrupt(), Signal::INT, false),
    (SignalKind::terminate(), Signal::TERM, false),
    (SignalKind::hangup(), Signal::HUP, true),
    (SignalKind::quit(), Signal::QUIT, true),
];
/// Most bytes of what the kernel tells of this process.
const MAX_STATUS_BYTES: u64 = 1 << 16;

/// Turns true at the first of the signals that ask to end, which the programs at work get, too; at the second, the program
/// ends at once.
pub(crate) fn cancelled_by_signal(progress: Progress) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    let ignored = ignored();
    let is_taken = |which: Signal, stays_ignored| !(stays_ignored && ignored >> (which.as_raw() - 1) & 1 == 1);
    let taken = ENDING.into_iter().filter(|(_, which, stays_ignored)| is_taken(*which, *stays_ignored));
    let Ok(mut taken) = taken.map(|(kind, which, _)| Ok((signal(kind)?, which))).collect::<std::io::Result<Vec<_>>>()
    else {
        // Signals end the program by themselves then; nobody cancels by letting go of the channel.
        tokio::spawn(async move { sender.closed().await });
        return receiver;
    };
    tokio::spawn(async move {
        let mut next = async || {
            poll_fn(|context| {
                let got =
                    taken.iter_mut().find_map(|(signal, which)| signal.poll_recv(context).is_ready().then_some(*which));
                got.map_or(Poll::Pending, Poll::Ready)
            })
            .await
        };
        let first = next().await;
        let _ = sender.send(true);
        ProcessGroup::signal(first);
        progress.say("  ending · what is there is kept · again to end at once");
        next().await;
        ProcessGroup::signal(Signal::KILL);
        // The second time, nothing is waited for; what a run left is found by its ledger.
        #[expect(clippy::exit, reason = "the user asked twice; what a drop would do is done by the kernel")]
        std::process::exit(i32::from(Exit::Interrupted as u8));
    });
    receiver
}

/// The signals that were ignored when this program started, a bit for each; none where that is not known.
fn ignored() -> u64 {
    let status = crate::ambient::read(Path::new("/proc/self/status"), MAX_STATUS_BYTES).unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

/// Does the work, unless it is cancelled before.
pub(crate) async fn unless_cancelled<T>(
    cancel: &mut watch::Receiver<bool>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        _ = cancel.wait_for(|is_cancelled| *is_cancelled) => Err(interrupted()),
        done = work => done,
    }
}

/// What a command that was cancelled says.
pub(crate) fn interrupted() -> Failure {
    Failure::new(Exit::Interrupted, "interrupted")
}

/// The process group that is at work for this program, where there is one.
static AT_WORK: Mutex<Option<Pid>> = Mutex::new(None);

/// Programs in a process group of their own: a signal that this program gets is handed on to all of them, a terminal's,
/// too, which would not reach them there. Those that are left when it is dropped are killed.
pub(crate) struct ProcessGroup(());

impl ProcessGroup {
    /// The group that this process leads.
    pub(crate) fn led_by(leader: Option<Pid>) -> Self {
        *at_work() = leader;
        Self(())
    }

    /// Kills those that are in it now.
    pub(crate) fn kill(&self) {
        Self::signal(Signal::KILL);
    }

    /// Lets go of it: its leader ended by itself, and what it left behind is meant to stay.
    pub(crate) fn release(self) {
        *at_work() = None;
    }

    fn signal(signal: Signal) {
        let group = at_work();
        // Not an error where all have ended.
        let _ = group.map(|group| kill_process_group(group, signal));
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        // None where it was let go of.
        self.kill();
        *at_work() = None;
    }
}

fn at_work() -> MutexGuard<'static, Option<Pid>> {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner)
}
