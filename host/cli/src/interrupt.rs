//! Ctrl-C, and what asks the program to end like it.

use crate::failure::Exit;
use crate::terminal::progress::Progress;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Turns true at the first Ctrl-C or SIGTERM; at the second, the program ends at once.
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
                _ = interrupts.recv() => {}
                _ = terminations.recv() => {}
            }
        };
        next().await;
        let _ = sender.send(true);
        progress.say("  ending · what is there is kept · again to end at once");
        next().await;
        // The second time, nothing is waited for; what a run left is found by its ledger.
        #[expect(clippy::exit, reason = "the user asked twice; what a drop would do is done by the kernel")]
        std::process::exit(i32::from(Exit::Interrupted as u8));
    });
    receiver
}
