//! Starting the programs of a tool chain, in the author's environment and folder.

#![allow(clippy::disallowed_methods, reason = "this is the place for them")]

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};

/// Longest line that is taken as one; what is longer comes in parts.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Runs a program to its end. What it prints, to either stream, is told line by line.
pub(super) fn run(words: &[String], mut tell: impl FnMut(&str)) -> io::Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // It holds the pipe's other end, which is closed only when nobody does.
    drop(command);
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    while reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)? > 0 {
        tell(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        line.clear();
    }
    child.wait()
}
