//! The hostile command with which the walls are tried: it attempts one thing, and says what came of it.
//!
//! It ends with 0 where it was refused, and with 1 where it got through.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
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
    /// The home of who runs the host.
    pub(crate) home: Option<PathBuf>,
    /// A file that isn't there.
    pub(crate) planted: PathBuf,
    /// The host's process.
    pub(crate) process: u32,
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
    let code = request.map_or(2, |(attempt, target)| i32::from(run(attempt, &target)));
    #[allow(clippy::exit, reason = "this process is the command alone: the host's `main` must not go on")]
    std::process::exit(code)
}

/// Whether it got through.
fn run(attempt: Attempt, target: &Target) -> bool {
    match attempt {
        Attempt::Read => say("it could be read", || {
            let home = target.home.as_ref().map_or_else(|| Err(io::ErrorKind::NotFound.into()), fs::read_dir);
            let home = home.map(|entries| entries.count() > 0);
            fs::read(&target.secret)
                .map(drop)
                .or_else(|error| if matches!(home, Ok(true)) { Ok(()) } else { Err(error) })
        }),
        Attempt::Write => say("it could be written", || {
            let places = [target.planted.clone(), "/usr/planted".into(), "/etc/planted".into(), "/planted".into()];
            first(places.iter().map(|place| fs::write(place, "planted")))
        }),
        Attempt::Environment => {
            let known = ["HOME", "USER", "LOGNAME", "SHELL", "LANG", "TERM", "TMPDIR", "PATH"];
            let others = std::env::vars_os().filter(|(name, _)| !known.iter().any(|known| name == known)).count();
            write(&format!("{others} are there"));
            others > 0
        }
        Attempt::Connect => say("it was reached", || {
            TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], target.port)), CONNECT_TIMEOUT).map(drop)
        }),
        Attempt::Processes => say("it was found", || {
            let process = Pid::from_raw(target.process.cast_signed()).ok_or(io::ErrorKind::InvalidInput)?;
            Ok(test_kill_process(process)?)
        }),
        Attempt::Trace => say("it was traced", || trace(1)),
        Attempt::Mount => say("it was mounted", || Ok(mount("none", "/tmp", "tmpfs", MountFlags::empty(), None)?)),
        Attempt::Nest => say("it was entered", || outer::unshare(UnshareFlags::NEWUSER)),
        Attempt::SetUserId => say("it was made", || {
            fs::write("set-user-id", "")?;
            fs::set_permissions("set-user-id", fs::Permissions::from_mode(0o4755))
        }),
        Attempt::Fork => start_children(),
        Attempt::Grow => {
            let taken = vec![1u8; GROWTH_BYTES];
            // Long enough for a watchdog to look; a limit ends it before.
            std::thread::sleep(Duration::from_secs(2));
            std::hint::black_box(taken);
            true
        }
    }
}

/// Children that wait, until one is refused.
fn start_children() -> bool {
    for _ in 0..CHILDREN {
        match fork() {
            Ok(Fork::Child) => {
                std::thread::sleep(Duration::from_secs(2));
                return true;
            }
            Ok(Fork::Parent(_)) => {}
            Err(_) => return false,
        }
    }
    std::thread::sleep(Duration::from_secs(2));
    true
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

fn say(through: &str, attempt: impl FnOnce() -> io::Result<()>) -> bool {
    let result = attempt();
    match &result {
        Ok(()) => write(through),
        Err(error) => write(&format!("refused: {error}")),
    }
    result.is_ok()
}

/// The command's output is a pipe to the host.
fn write(text: &str) {
    let _ = rustix::io::write(rustix::stdio::stdout(), text.as_bytes());
}
