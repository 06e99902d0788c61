//! Ctrl-C, and what asks the program to end like it.

use crate::failure::{Exit, Failure};
use crate::terminal::progress::Progress;
use rustix::process::{Pid, Signal, kill_process_group};
use std::sync::{Mutex, PoisonError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Turns true at the first Ctrl-C or SIGTERM, which the programs at work get, too; at the second, the program ends at once.
pub(crate) fn cancelled_by_signal(progress: Progress) -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    let (Ok(mut interrupts), Ok(mut terminations)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Signals end the program by themselves then; nobody cancels by letting go of the channel.
        tokio::spawn(async move { sender.closed().await });
        return receiver;
    };
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupts.recv() => Signal::INT,
                _ = terminations.recv() => Signal::TERM,
            }
        };
        let first = next().await;
        let _ = sender.send(true);
        Programs::signal(first);
        progress.say("  ending · what is there is kept · again to end at once");
        next().await;
        Programs::signal(Signal::KILL);
        // The second time, nothing is waited for; what a run left is found by its ledger.
        #[expect(clippy::exit, reason = "the user asked twice; what a drop would do is done by the kernel")]
        std::process::exit(i32::from(Exit::Interrupted as u8));
    });
    receiver
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
/// too, which would not reach them there.
pub(crate) struct Programs(());

impl Programs {
    /// Those of the group that this process leads.
    pub(crate) fn led_by(process: Option<u32>) -> Self {
        *AT_WORK.lock().unwrap_or_else(PoisonError::into_inner) =
            process.and_then(|process| Pid::from_raw(process.cast_signed()));
        Self(())
    }

    /// Ends those that are left.
    pub(crate) fn end(self) {
        Self::signal(Signal::KILL);
    }

    fn signal(signal: Signal) {
        let group = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner);
        // Not an error where all have ended.
        let _ = group.map(|group| kill_process_group(group, signal));
    }
}

impl Drop for Programs {
    fn drop(&mut self) {
        *AT_WORK.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
