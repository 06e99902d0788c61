//! Starting the programs of a tool chain, in the author's environment and folder.

#![allow(clippy::disallowed_methods, reason = "this is the place for them")]

use crate::interrupt::ProcessGroup;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};
use std::cell::Cell;
use std::future::pending;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longest line that is taken as one; what is longer comes in parts.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// How long a program that was asked to end has for it.
const GRACE: Duration = Duration::from_secs(2);

/// What is told where a program is killed because it waits for a terminal.
const ASKED: &str = "it asked on the terminal, which a build can't: give what it asks for beforehand";

/// What a program finds in its environment, beside the author's own; nothing for what is taken out of it.
pub(super) type Variables<'a> = [(&'a str, Option<&'a str>)];

/// Runs a program to its end. What it prints, to either stream, is told line by line. None where it was cancelled: then the
/// program, and those that it started, have ended. One that asks on the terminal is killed, which is told as its last line.
pub(super) async fn run(
    words: &[String],
    variables: &Variables<'_>,
    cancel: &mut watch::Receiver<bool>,
    mut tell: impl FnMut(&str),
) -> io::Result<Option<ExitStatus>> {
    if *cancel.borrow() {
        return Ok(None);
    }
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).process_group(0);
    for (name, value) in variables {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // From before it starts, so that no stop is missed.
    let mut children = signal(SignalKind::child())?;
    let mut child = command.spawn()?;
    let leader = child.id().and_then(|process| Pid::from_raw(process.cast_signed()));
    let group = ProcessGroup::led_by(leader);
    // It holds the pipe's other end, which is closed only when nobody does.
    drop(command);
    let mut reader = BufReader::new(Receiver::from_owned_fd(reader.into())?);
    let has_asked = Cell::new(false);
    let work = async {
        let mut line = Vec::new();
        while (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await? > 0 {
            tell(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
            line.clear();
        }
        if has_asked.get() {
            tell(ASKED);
        }
        child.wait().await
    };
    tokio::pin!(work);
    // It is in no foreground, so whoever asks there is stopped by the kernel, with all of the group, and nobody continues it.
    let asking = async {
        while !leader.is_some_and(waits_for_terminal) {
            if children.recv().await.is_none() {
                return pending().await;
            }
        }
        has_asked.set(true);
        group.kill();
        pending().await
    };
    let ended = tokio::select! {
        biased;
        _ = cancel.wait_for(|is_cancelled| *is_cancelled) => None,
        ended = &mut work => Some(ended?),
        never = asking => never,
    };
    match ended {
        Some(_) => group.release(),
        // They were handed the signal. Those that are left are killed when the group is dropped.
        None => drop(timeout(GRACE, work).await),
    }
    Ok(ended)
}

/// Whether the kernel stopped a child because it read from the terminal, or changed it.
fn waits_for_terminal(child: Pid) -> bool {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let stopped = waitid(WaitId::Pid(child), options).ok().flatten().and_then(|status| status.stopping_signal());
    stopped.is_some_and(|signal| [Signal::TTIN, Signal::TTOU].iter().any(|asks| asks.as_raw() == signal))
}
