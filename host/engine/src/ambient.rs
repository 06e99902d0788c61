//! The engine's only touch with the machine: clocks, threads, the cache folder, and the process that compiles.

#![allow(clippy::disallowed_methods, reason = "this is the place for them")]

use crate::config::TICK_MS;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Processor time of the calling thread, in nanoseconds.
pub(crate) fn thread_time_ns() -> u64 {
    time_ns(rustix::time::ClockId::ThreadCPUTime)
}

/// Nanoseconds of the clock that never jumps; no system call.
pub(crate) fn wall_time_ns() -> u64 {
    time_ns(rustix::time::ClockId::Monotonic)
}

fn time_ns(clock: rustix::time::ClockId) -> u64 {
    let time = rustix::time::clock_gettime(clock);
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}

pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Gives way to everything else: the lowest priority, for the calling thread alone.
pub(crate) fn lower_priority() {
    // Where it is refused, guests that overrun are merely not slowed down.
    let _ = rustix::process::setpriority_process(None, 19);
}

/// What the ticker's thread does next.
pub(crate) enum Tick {
    /// Another tick, after so many without a call.
    Again(u32),
    /// Nothing, until it is woken.
    Park,
}

/// See [`crate::clock::Ticker`]. Ends where `tick` gives none.
pub(crate) fn spawn_ticker(
    mut tick: impl FnMut(u32) -> Option<Tick> + Send + 'static,
) -> io::Result<std::thread::Thread> {
    let ticker = std::thread::Builder::new().name("skillhost-ticker".to_owned()).spawn(move || {
        let mut idle = 0;
        while let Some(next) = tick(idle) {
            match next {
                Tick::Again(ticks) => {
                    idle = ticks;
                    std::thread::sleep(Duration::from_millis(TICK_MS));
                }
                Tick::Park => {
                    idle = 0;
                    std::thread::park();
                }
            }
        }
    })?;
    Ok(ticker.thread().clone())
}

/// Number of processors that this process may use.
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The program that runs now, to be started again for a hidden job.
pub(crate) fn own_program() -> io::Result<PathBuf> {
    // The link, not its target: it names the running program even where the file was replaced.
    Ok(PathBuf::from("/proc/self/exe"))
}

pub(crate) fn first_argument() -> Option<std::ffi::OsString> {
    std::env::args_os().nth(1)
}

/// What follows the first argument: two numbers.
pub(crate) fn limits_from_arguments() -> Option<[u64; 2]> {
    let mut numbers = std::env::args().skip(2).map(|number| number.parse().ok());
    Some([numbers.next()??, numbers.next()??])
}

/// Ends this process once nobody is left to read what it writes.
pub(crate) fn end_with_reader() -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    std::thread::Builder::new().name("skillhost-watch".to_owned()).spawn(|| {
        let stdout = rustix::stdio::stdout();
        loop {
            // An error is told without being asked for.
            let mut reader = [PollFd::new(&stdout, PollFlags::empty())];
            let ended = poll(&mut reader, None).is_ok() && reader[0].revents().contains(PollFlags::ERR);
            if ended {
                #[allow(clippy::exit, reason = "whatever it computes is for nobody")]
                std::process::exit(1);
            }
        }
    })?;
    Ok(())
}

pub(crate) fn command(program: &Path) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(program);
    command.env_clear().kill_on_drop(true);
    command
}

pub(crate) fn read_stdin(most_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(most_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(crate) fn write_stdout(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Makes a private folder (mode 0700), and its parents.
pub(crate) fn make_private_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let metadata = std::fs::symlink_metadata(folder)?;
    if !metadata.is_dir() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(io::Error::other("it is not a folder of this user"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(folder, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Reads a private file whole; refuses one that another user owns or may change, or that is larger than `most_bytes`.
pub(crate) fn read_private(file: &Path, most_bytes: u64) -> io::Result<Vec<u8>> {
    let opened = OpenOptions::new().read(true).custom_flags(libc_nofollow()).open(file)?;
    let metadata = opened.metadata()?;
    if !metadata.is_file()
        || metadata.uid() != rustix::process::geteuid().as_raw()
        || metadata.permissions().mode() & 0o077 != 0
    {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not private to this user"));
    }
    if metadata.len() > most_bytes {
        return Err(io::Error::other(format!("it is larger than {most_bytes} bytes")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    opened.take(most_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a private file (mode 0600) so that readers see all of it or nothing. With `replace` false, an existing file
/// stays as it is, and that is an error.
pub(crate) fn write_private(file: &Path, bytes: &[u8], replace: bool) -> io::Result<()> {
    let folder = file.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let draft = folder.join(format!(".{}-{}", std::process::id(), random_name()?));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).and_then(|mut opened| {
        opened.write_all(bytes)?;
        drop(opened);
        if replace { std::fs::rename(&draft, file) } else { std::fs::hard_link(&draft, file) }
    });
    if written.is_err() || !replace {
        let _ = std::fs::remove_file(&draft);
    }
    written
}

pub(crate) fn random_bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn random_name() -> io::Result<String> {
    Ok(random_bytes::<8>()?.iter().map(|b| format!("{b:02x}")).collect())
}

fn libc_nofollow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()
}
