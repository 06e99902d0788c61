//! The only place of this crate that touches files by path, the environment and processes.
#![allow(clippy::disallowed_methods, reason = "ambient authority is gathered here")]

use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path};
use std::process::Stdio;
use std::time::Duration;
use zeroize::Zeroizing;

/// Reads a regular file of at most `most_bytes`; links are followed. Nothing else is read from, so that nothing blocks.
///
/// # Errors
/// Where it can't be read or is no regular file; [`io::ErrorKind::FileTooLarge`] where it is larger.
pub(crate) fn read_regular(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    // The kind is asked first, since to open a device can have an effect; then again of what was opened.
    if !std::fs::metadata(path)?.is_file() {
        return Err(no_file());
    }
    let flags = UNBLOCKED.bits().cast_signed();
    read(std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?, most_bytes)
}

/// The same of a file beneath `folder`, where links lead to what lies beneath it, too.
///
/// # Errors
/// As there; [`io::ErrorKind::CrossesDevices`] where it leads out of the folder, whether or not anything is there.
pub(crate) fn read_beneath(folder: &Path, path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    if path.is_absolute() {
        return Err(io::ErrorKind::CrossesDevices.into());
    }
    let place = OFlags::PATH | OFlags::CLOEXEC;
    let root = rustix::fs::open(folder, place | OFlags::DIRECTORY, Mode::empty())?;
    if !std::fs::File::from(open_beneath(&root, path, place)?).metadata()?.is_file() {
        return Err(no_file());
    }
    read(open_beneath(&root, path, OFlags::RDONLY | OFlags::CLOEXEC | UNBLOCKED)?.into(), most_bytes)
}

fn open_beneath(root: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    for _ in 0..MAX_ATTEMPTS {
        match openat2(root, path, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS) {
            // Something was moved meanwhile.
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::NOSYS | Errno::PERM) => return open_in_steps(root, path, flags),
            done => return Ok(done?),
        }
    }
    Err(Errno::AGAIN.into())
}

/// Where the kernel has no `openat2`, or a filter forbids it: step by step, and by no link.
fn open_in_steps(root: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let outside = || io::Error::from(io::ErrorKind::CrossesDevices);
    let mut names = Vec::new();
    for step in path.components() {
        match step {
            Component::CurDir => {}
            Component::Normal(name) => names.push(name),
            _ => return Err(outside()),
        }
    }
    let (last, folders) = names.split_last().ok_or_else(no_file)?;
    let open = |above: &OwnedFd, name: &OsStr, flags: OFlags| {
        let opened = openat(above, name, flags | OFlags::NOFOLLOW, Mode::empty())?;
        let is_link = std::fs::File::from(opened.try_clone()?).metadata()?.is_symlink();
        if is_link { Err(outside()) } else { Ok(opened) }
    };
    let mut above = root.try_clone()?;
    for name in folders {
        above = open(&above, name, OFlags::PATH | OFlags::CLOEXEC)?;
    }
    open(&above, last, flags)
}

/// How often a file is opened anew that was moved while it was.
const MAX_ATTEMPTS: u32 = 16;
/// What keeps a pipe or a terminal that takes a file's place from being waited for.
const UNBLOCKED: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);

fn no_file() -> io::Error {
    io::Error::other("it is not a regular file")
}

fn read(file: std::fs::File, most_bytes: u64) -> io::Result<Vec<u8>> {
    if !file.metadata()?.is_file() {
        return Err(no_file());
    }
    let mut bytes = Vec::new();
    // The size may change while it is read, so the read itself is bounded.
    file.take(most_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// What was read of a file that may be absent.
pub(crate) fn if_there(read: io::Result<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
    match read {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    #[test]
    fn r_17_without_the_kernels_help_no_link_is_followed() {
        let (folder, outside) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        fs::write(outside.path().join("secret"), "secret").unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/x"), "component").unwrap();
        symlink("x", folder.path().join("a/link")).unwrap();
        symlink(outside.path(), folder.path().join("folder")).unwrap();
        symlink(outside.path().join("secret"), folder.path().join("out")).unwrap();
        let root: OwnedFd = fs::File::open(folder.path()).unwrap().into();
        let look = OFlags::PATH | OFlags::CLOEXEC;
        let open = |path: &str, flags| open_in_steps(&root, Path::new(path), flags).map_err(|e| e.kind());
        let mut text = String::new();
        fs::File::from(open("./a/x", OFlags::RDONLY).unwrap()).read_to_string(&mut text).unwrap();
        assert_eq!(text, "component");
        for out in ["out", "folder/secret", "a/link", "../x", "a/../a/x", "/etc/passwd"] {
            assert_eq!(open(out, look).unwrap_err(), io::ErrorKind::CrossesDevices, "{out}");
            assert!(open(out, OFlags::RDONLY).is_err(), "{out}");
        }
        assert_eq!(open("a/absent", look).unwrap_err(), io::ErrorKind::NotFound);
        assert_eq!(open("a/x/y", look).unwrap_err(), io::ErrorKind::NotADirectory);
        assert!(open("", look).is_err() && open(".", look).is_err());
    }
}
