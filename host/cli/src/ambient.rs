//! The program's touch with its environment: variables, folders, files that users name.

#![allow(clippy::disallowed_methods, reason = "this is the place for them")]

use rustix::fs::OFlags;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longest line that a person may type.
const MAX_TYPED_BYTES: usize = 16 << 10;

/// A variable, where it is set and not empty.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn folder(variable_name: &str, under_home: &str) -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    std::env::var_os(variable_name)
        .map(PathBuf::from)
        .and_then(absolute)
        .or_else(|| std::env::var_os("HOME").map(PathBuf::from).and_then(absolute).map(|home| home.join(under_home)))
        .map(|path| path.join("skillhost"))
}

/// Where runs, worktrees, ledgers, logs and keys are.
pub(crate) fn state_folder() -> Option<PathBuf> {
    folder("XDG_STATE_HOME", ".local/state")
}

/// Where components and compiled code are kept.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    folder("XDG_CACHE_HOME", ".cache")
}

/// Where the user's configuration is.
pub(crate) fn config_folder() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config")
}

/// Where the machine's configuration is.
pub(crate) fn machine_folder() -> PathBuf {
    PathBuf::from("/etc/skillhost")
}

pub(crate) fn current_folder() -> io::Result<PathBuf> {
    std::env::current_dir()
}

pub(crate) fn enter_folder(path: &Path) -> io::Result<()> {
    std::env::set_current_dir(path)
}

pub(crate) fn absolute(path: &Path) -> io::Result<PathBuf> {
    std::fs::canonicalize(path)
}

/// Reads a file that the user named, up to a size.
pub(crate) fn read(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    bounded(std::fs::File::open(path)?, most_bytes)
}

/// Reads a file that may be absent.
pub(crate) fn read_if_there(path: &Path, most_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    match read(path, most_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Reads a regular file that a repository named, up to a size. Nothing else is read from, so that nothing blocks.
pub(crate) fn read_regular(path: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    open_regular(path, OFlags::empty(), most_bytes)
}

/// Reads a regular file that may be absent; a link in its place is not followed.
pub(crate) fn read_unlinked(path: &Path, most_bytes: u64) -> io::Result<Option<Vec<u8>>> {
    match open_regular(path, OFlags::NOFOLLOW, most_bytes) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn open_regular(path: &Path, flags: OFlags, most_bytes: u64) -> io::Result<Vec<u8>> {
    // The kind is asked first, since to open a device can have an effect; then again of what was opened.
    let is_followed = !flags.contains(OFlags::NOFOLLOW);
    let kind = if is_followed { std::fs::metadata(path)? } else { std::fs::symlink_metadata(path)? };
    let refuse = || io::Error::other("it is not a regular file");
    if !kind.is_file() {
        return Err(refuse());
    }
    let flags = (flags | OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32;
    let file = std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(refuse());
    }
    bounded(file, most_bytes)
}

pub(crate) fn read_stdin(most_bytes: u64) -> io::Result<Vec<u8>> {
    bounded(io::stdin().lock(), most_bytes)
}

fn bounded(source: impl Read, most_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(most_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most_bytes {
        return Err(io::Error::other(format!("it is larger than {most_bytes} bytes")));
    }
    Ok(bytes)
}

/// The monotonic clock.
pub(crate) fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Creates a file; an existing one is an error.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    std::fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
}

/// Creates a file that only this user can read, whole or not at all; an existing one is an error.
pub(crate) fn write_new_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    let random = RandomState::new().build_hasher().finish();
    let draft = path.with_extension(format!("{random:016x}.draft"));
    let written =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            // A second name, which is never given to what exists, as a rename would.
            std::fs::hard_link(&draft, path)
        });
    // Where it was never made, the first error tells why.
    let removed = std::fs::remove_file(&draft);
    written.and(removed)
}

/// Reads a secret file, and says whether others can read it, too.
pub(crate) fn read_secret(path: &Path, most_bytes: u64) -> io::Result<(Zeroizing<Vec<u8>>, bool)> {
    use std::os::unix::fs::PermissionsExt;
    let bytes = read_regular(path, most_bytes)?;
    Ok((Zeroizing::new(bytes), std::fs::metadata(path)?.permissions().mode() & 0o077 != 0))
}

/// Random bytes of the system.
pub(crate) fn random<const N: usize>() -> io::Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(&mut *bytes)?;
    Ok(bytes)
}

/// Makes a folder as any program of the user's would.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    std::fs::create_dir_all(path)
}

/// Whether nothing is there that could be lost: nothing at all, or a folder with nothing in it.
pub(crate) fn is_empty_folder(path: &Path) -> io::Result<bool> {
    match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(e) => Err(e),
        Ok(found) if found.is_dir() => Ok(std::fs::read_dir(path)?.next().is_none()),
        Ok(_) => Ok(false),
    }
}

/// Writes a folder with these files, all of them or nothing. In its place is nothing, or an empty folder.
pub(crate) fn write_folder<'a>(path: &Path, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> io::Result<()> {
    let around = path.parent().filter(|around| !around.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new().prefix(".skillhost-new-").tempdir_in(around)?;
    let whole = draft.path().join("whole");
    // The draft's own folder is private; this one gets what the user's folders get.
    make_folder(&whole)?;
    for (name, text) in files {
        let file = whole.join(name);
        file.parent().map_or(Ok(()), make_folder)?;
        write_new(&file, text)?;
    }
    std::fs::rename(&whole, path)
}

pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a private folder where there is none, and sees that it can be written to.
pub(crate) fn make_usable(path: &Path) -> io::Result<()> {
    make_private_folder(path)?;
    Ok(rustix::fs::access(path, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)?)
}

/// A private folder that stays.
pub(crate) fn kept_temporary_folder() -> io::Result<PathBuf> {
    temporary_folder().map(tempfile::TempDir::keep)
}

/// A private folder that is removed when it is dropped.
pub(crate) fn temporary_folder() -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix("skillhost-").tempdir()
}

/// Waits for the lock of a folder, which is held until the file is dropped.
pub(crate) fn lock_folder(path: &Path) -> io::Result<std::fs::File> {
    let folder = std::fs::OpenOptions::new().read(true).custom_flags(OFlags::DIRECTORY.bits() as i32).open(path)?;
    while let Err(error) = rustix::fs::flock(&folder, rustix::fs::FlockOperation::LockExclusive) {
        if error != rustix::io::Errno::INTR {
            return Err(error.into());
        }
    }
    Ok(folder)
}

/// Removes what [`replace`] left in a folder where it was ended in the middle, once nobody writes there under its lock.
pub(crate) fn remove_drafts(folder: &Path) -> io::Result<()> {
    if !exists(folder) {
        return Ok(());
    }
    let _alone = lock_folder(folder)?;
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "draft") {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes a file that may be absent.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

pub(crate) fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Replaces a file so that readers see all of it or nothing. A link in its place is replaced, never followed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let random = RandomState::new().build_hasher().finish();
    let draft = path.with_extension(format!("{random:016x}.draft"));
    let written = write_new(&draft, bytes).and_then(|()| std::fs::rename(&draft, path));
    if written.is_err() {
        // The first error is the one that tells why.
        let _ = std::fs::remove_file(&draft);
    }
    written
}

/// Whether this program can ask: both ends of the conversation are a terminal's.
pub(crate) fn has_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Drops what was typed before anybody asked. Gives whether it is this program's turn on the terminal.
pub(crate) fn forget_typed() -> bool {
    let stdin = rustix::stdio::stdin();
    let is_in_front = rustix::termios::tcgetpgrp(stdin).is_ok_and(|front| front == rustix::process::getpgrp());
    is_in_front && rustix::termios::tcflush(stdin, rustix::termios::QueueSelector::IFlush).is_ok()
}

/// The next line that is typed; none at the end of the input. Once the future is dropped, nothing is read any more.
pub(crate) async fn typed_line() -> Option<String> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime waits for its blocking threads at the end, and this one may wait for a person.
    std::thread::spawn(move || {
        let line = read_typed(|| sender.is_closed());
        // Nobody waits any more: the line is lost with its question.
        let _ = sender.send(line);
    });
    receiver.await.ok().flatten()
}

fn read_typed(is_over: impl Fn() -> bool) -> Option<String> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    // How long a question that was taken back still listens.
    const LOOK_AGAIN: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    let stdin = rustix::stdio::stdin();
    let mut line = Vec::new();
    while !is_over() {
        let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut ready, Some(&LOOK_AGAIN)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => return None,
        }
        // Not through the standard library, whose buffer would keep a second line for a later question.
        let mut part = [0; 4096];
        match rustix::io::read(stdin, &mut part) {
            Ok(0) | Err(_) => return None,
            Ok(count) => line.extend_from_slice(&part[..count]),
        }
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            return Some(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        if line.len() > MAX_TYPED_BYTES {
            return None;
        }
    }
    None
}

/// What the program was started with, after its name.
pub(crate) fn arguments() -> Vec<std::ffi::OsString> {
    std::env::args_os().skip(1).collect()
}
