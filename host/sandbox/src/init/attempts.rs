//! The hostile command with which the walls are tried: it attempts one thing, and says what came of it.
//!
//! It ends with 0 where it was refused, with 1 where it got through, and with 2 where it could not be tried.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::io::ErrorKind::{
    ConnectionRefused, NetworkUnreachable, NotFound, PermissionDenied, ReadOnlyFilesystem, WouldBlock,
};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;

use rustix::mount::{MountFlags, mount};
use rustix::process::{Pid, test_kill_process};
use rustix::thread::UnshareFlags;
use serde::{Deserialize, Serialize};

use super::outer;
use super::sys::{Fork, fork, trace};

/// The hidden first argument with which a sandbox starts this program as that command.
pub(crate) const ARGUMENT: &str = "skillhost-sandbox-attempt";
const REFUSED: i32 = 0;
const THROUGH: i32 = 1;
const NOT_TRIED: i32 = 2;
/// Long enough for a connection to this machine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Four times what it may take.
const GROWTH_BYTES: usize = 256 << 20;
/// Twice what it may start.
const CHILDREN: usize = 32;

/// What is attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Attempt {
    Read,
    Write,
    Environment,
    Connect,
    Processes,
    Trace,
    Mount,
    Nest,
    SetUserId,
    Fork,
    Grow,
}

/// What it reaches for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Target {
    /// A file of the host.
    pub(crate) secret: PathBuf,
    /// Another one, in the home of who runs the host; none where none could be made there.
    pub(crate) home: Option<PathBuf>,
    /// A file that isn't there.
    pub(crate) planted: PathBuf,
    /// The host's process.
    pub(crate) process: u32,
    /// The host's PID namespace, by number: inside, another process can have the same number as the host's.
    pub(crate) pid_namespace: u64,
    /// Where the host listens.
    pub(crate) port: u16,
}

impl Attempt {
    pub(crate) const ALL: [Self; 11] = [
        Self::Read,
        Self::Write,
        Self::Environment,
        Self::Connect,
        Self::Processes,
        Self::Trace,
        Self::Mount,
        Self::Nest,
        Self::SetUserId,
        Self::Fork,
        Self::Grow,
    ];

    /// The attempt in words.
    pub(crate) fn tried(self) -> &'static str {
        match self {
            Self::Read => "read your home, and a file beside the worktree",
            Self::Write => "write beside the worktree, and into the system's folders",
            Self::Environment => "find your variables",
            Self::Connect => "connect to a server of this machine",
            Self::Processes => "see and signal the host's process",
            Self::Trace => "trace the sandbox's first process",
            Self::Mount => "mount something",
            Self::Nest => "enter another user namespace",
            Self::SetUserId => "make a set-user-id file",
            Self::Fork => "start 32 processes, with 16 allowed",
            Self::Grow => "take 256 MiB of memory, with 64 MiB allowed",
        }
    }
}

/// Attempts what the arguments say, where this process was started for it, and then does not return.
pub(crate) fn run_if_requested() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(ARGUMENT)) {
        return;
    }
    let request = arguments.next().and_then(|text| serde_json::from_slice(text.as_encoded_bytes()).ok());
    let code = request.map_or(NOT_TRIED, |(attempt, target)| run(attempt, &target));
    #[allow(clippy::exit, reason = "this process is the command alone: the host's `main` must not go on")]
    std::process::exit(code)
}

/// Tries it, and gives the exit code.
fn run(attempt: Attempt, target: &Target) -> i32 {
    let denied = &[PermissionDenied];
    match attempt {
        Attempt::Read => say("it could be read", &[NotFound, PermissionDenied], || {
            first([&target.secret].into_iter().chain(&target.home).map(|file| fs::read(file).map(drop)))
        }),
        Attempt::Write => say("it could be written", &[NotFound, PermissionDenied, ReadOnlyFilesystem], || {
            let places = [target.planted.clone(), "/usr/planted".into(), "/etc/planted".into(), "/planted".into()];
            first(places.iter().map(|place| fs::write(place, "planted")))
        }),
        Attempt::Environment => {
            let known = ["HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "PATH"];
            let others = std::env::vars_os().filter(|(name, _)| !known.iter().any(|known| name == known)).count();
            write(&format!("{others} are there"));
            i32::from(others > 0)
        }
        Attempt::Connect => say("it was reached", &[ConnectionRefused, NetworkUnreachable], || {
            TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], target.port)), CONNECT_TIMEOUT).map(drop)
        }),
        Attempt::Processes => say("it was found", &[NotFound], || find_process(target)),
        Attempt::Trace => say("it was traced", denied, || trace(1)),
        Attempt::Mount => {
            say("it was mounted", denied, || Ok(mount("none", "/tmp", "tmpfs", MountFlags::empty(), None)?))
        }
        Attempt::Nest => say("it was entered", denied, || outer::unshare(UnshareFlags::NEWUSER)),
        Attempt::SetUserId => match fs::write("set-user-id", "") {
            Ok(()) => {
                say("it was made", denied, || fs::set_permissions("set-user-id", fs::Permissions::from_mode(0o4755)))
            }
            Err(error) => not_tried(&error),
        },
        Attempt::Fork => start_children(),
        Attempt::Grow => {
            let taken = vec![1u8; GROWTH_BYTES];
            // Long enough for a watchdog to look; a limit ends it before.
            std::thread::sleep(Duration::from_secs(2));
            std::hint::black_box(taken);
            THROUGH
        }
    }
}

/// Finds the host's process where its namespace is this one, where `/proc` lists more than the sandbox's, or where a
/// signal reaches a number that is none of these.
fn find_process(target: &Target) -> io::Result<()> {
    let inside = [1, std::process::id()];
    let names = fs::read_dir("/proc")?.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let others = names.filter(|id: &u32| !inside.contains(id)).count();
    let is_shared = fs::metadata("/proc/self/ns/pid")?.ino() == target.pid_namespace;
    let is_reached = || Pid::from_raw(target.process.cast_signed()).is_some_and(|id| test_kill_process(id).is_ok());
    if is_shared || others > 0 || (!inside.contains(&target.process) && is_reached()) {
        return Ok(());
    }
    Err(io::Error::new(NotFound, "only the sandbox's own processes are there"))
}

/// Children that wait, until one is refused.
fn start_children() -> i32 {
    for _ in 0..CHILDREN {
        match fork() {
            Ok(Fork::Child) => {
                std::thread::sleep(Duration::from_secs(2));
                return THROUGH;
            }
            Ok(Fork::Parent(_)) => {}
            Err(error) if error.kind() == WouldBlock => return REFUSED,
            Err(error) => return not_tried(&error),
        }
    }
    std::thread::sleep(Duration::from_secs(2));
    THROUGH
}

/// The first that succeeded, or the last that failed.
fn first(results: impl Iterator<Item = io::Result<()>>) -> io::Result<()> {
    let mut last = Err(io::ErrorKind::NotFound.into());
    for result in results {
        last = result;
        if last.is_ok() {
            break;
        }
    }
    last
}

/// Says what came of an attempt. Only these errors are refusals; another one says nothing about the wall.
fn say(through: &str, refusals: &[io::ErrorKind], attempt: impl FnOnce() -> io::Result<()>) -> i32 {
    match attempt() {
        Ok(()) => {
            write(through);
            THROUGH
        }
        Err(error) if refusals.contains(&error.kind()) => {
            write(&format!("refused: {error}"));
            REFUSED
        }
        Err(error) => not_tried(&error),
    }
}

fn not_tried(error: &io::Error) -> i32 {
    write(&format!("not tried: {error}"));
    NOT_TRIED
}

/// The command's output is a pipe to the host.
fn write(text: &str) {
    let _ = rustix::io::write(rustix::stdio::stdout(), text.as_bytes());
}
