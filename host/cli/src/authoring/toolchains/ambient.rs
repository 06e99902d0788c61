//! Starting the programs of a tool chain, in the author's environment and folder.

#![allow(clippy::disallowed_methods, reason = "this is the place for them")]

use crate::interrupt::Programs;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::timeout;

/// Longest line that is taken as one; what is longer comes in parts.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// How long a program that was asked to end has for it.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// What a program finds in its environment, beside the author's own; nothing for what is taken out of it.
pub(super) type Variables<'a> = [(&'a str, Option<&'a str>)];

/// Runs a program to its end. What it prints, to either stream, is told line by line. None where it was cancelled: then the
/// program, and those that it started, have ended.
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
    let mut child = command.spawn()?;
    let programs = Programs::led_by(child.id());
    // It holds the pipe's other end, which is closed only when nobody does.
    drop(command);
    let mut reader = BufReader::new(Receiver::from_owned_fd(reader.into())?);
    let work = async {
        let mut line = Vec::new();
        while (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut line).await? > 0 {
            tell(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
            line.clear();
        }
        child.wait().await
    };
    tokio::pin!(work);
    let ended = tokio::select! {
        biased;
        _ = cancel.wait_for(|is_cancelled| *is_cancelled) => None,
        ended = &mut work => Some(ended),
    };
    if ended.is_none() {
        // They were handed the signal.
        let _ = timeout(LAST_WAIT, work).await;
        programs.end();
    }
    ended.transpose()
}
