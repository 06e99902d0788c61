//! The only place of this crate that touches files by path, the environment and processes.
#![allow(clippy::disallowed_methods, reason = "ambient authority is gathered here")]

use rustix::fs::OFlags;
use std::ffi::OsString;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use zeroize::Zeroizing;

/// Reads a regular file of at most `most_bytes`; links are followed. Nothing else is read from, so that nothing blocks.
///
/// # Errors
/// Where it can't be read or is no regular file; [`io::ErrorKind::FileTooLarge`] where it is larger.
pub(crate) fn read_regular(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    // The kind is asked first, since to open a device can have an effect; then again of what was opened.
    let refuse = || io::Error::other("it is not a regular file");
    if !std::fs::metadata(path)?.is_file() {
        return Err(refuse());
    }
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(refuse());
    }
    let mut bytes = Vec::new();
    // The size may change while it is read, so the read itself is bounded.
    file.take(most_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// The same of a file that may be absent.
pub(crate) fn read_regular_if_there(path: &Path, most_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    match read_regular(path, most_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

/// A variable of the environment.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Whether a regular file is there; links are followed.
pub(crate) fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Runs `PROGRAM get` with a line on its standard input. Gives whether it succeeded, and what it said.
///
/// # Errors
/// Where it can't be started, says more than `most_bytes`, or takes longer than `wait`; it is ended then.
pub(crate) async fn run_helper(
    program: &Path,
    line: &str,
    most_bytes: u64,
    wait: Duration,
) -> io::Result<(bool, Zeroizing<Vec<u8>>)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut command = tokio::process::Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let talk = async {
        if let Some(mut stdin) = stdin {
            // One that needs no input may have closed it.
            let _ = stdin.write_all(format!("{line}\n").as_bytes()).await;
        }
        let mut said = Zeroizing::new(Vec::new());
        if let Some(stdout) = stdout {
            stdout.take(most_bytes + 1).read_to_end(&mut said).await?;
        }
        if said.len() as u64 > most_bytes {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok((child.wait().await?.success(), said))
    };
    tokio::time::timeout(wait, talk).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
}
