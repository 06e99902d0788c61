//! Init: this program, started again, as the process that becomes the sandbox.
//!
//! Everything here runs in a process of its own with one thread, and that of the [`watcher`], which waits meanwhile. That is
//! why it may fork and unshare, and may block. Each step names itself when it fails, and nothing is
//! skipped: a step that fails ends init, and no command starts.

pub(crate) mod attempts;
mod confine;
mod inner;
pub(crate) mod network;
pub(crate) mod observe;
mod outer;
mod probe;
mod root;
mod seccomp;
mod sys;
mod watch;
mod watcher;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

use crate::plan::{INIT_NAME, MAX_REQUEST_BYTES, Report, Request};

/// Behaves as the sandbox's init where the host started this process as that, and then does not return.
///
/// Call it as the first thing in `main`, before threads, arguments and logging.
pub fn init_if_requested() {
    let requested = std::env::args_os().next().is_some_and(|name| name.as_bytes() == INIT_NAME.as_bytes());
    if requested {
        #[allow(clippy::exit, reason = "init has no caller to return to: the host's `main` must not go on")]
        std::process::exit(run());
    }
    attempts::run_if_requested();
}

fn run() -> i32 {
    // Whatever a library of the host left inheritable ends here.
    let closed = sys::close_all_above_stderr();
    let Ok(mut reports) = Reports::take_stderr() else { return 1 };
    let done =
        closed.and_then(|()| read_request()).map_err(|error| step("read the request", error)).and_then(|request| {
            match request {
                Request::Probe => reports.send(&probe::probe()),
                Request::Run(plan) => outer::run(&plan, &mut reports),
            }
        });
    match done {
        Ok(()) => 0,
        Err(fault) => i32::from(reports.send(&fault.into_report()).is_err()),
    }
}

fn read_request() -> io::Result<Request> {
    let mut stdin = io::stdin().lock();
    let mut length = [0; 4];
    stdin.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_REQUEST_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut json = vec![0; length as usize];
    stdin.read_exact(&mut json)?;
    Ok(serde_json::from_slice(&json)?)
}

/// Where init tells the host what happens. The command never has it: it closes on exec.
struct Reports(File);

impl Reports {
    fn take_stderr() -> io::Result<Self> {
        let copy: OwnedFd = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stderr(), 3)?;
        Ok(Self(File::from(copy)))
    }

    /// One line, in one write, since the supervisor and PID 1 both write.
    fn send(&mut self, report: &Report) -> Result<(), Fault> {
        let mut line = serde_json::to_vec(report).map_err(|error| step("write a report", error.into()))?;
        line.push(b'\n');
        self.0.write_all(&line).map_err(|error| step("write a report", error))
    }
}

/// A step that failed.
#[derive(Debug)]
struct Fault {
    step: String,
    reason: String,
}

impl Fault {
    fn into_report(self) -> Report {
        Report::SetUp { step: self.step, reason: self.reason }
    }
}

fn step(name: impl Into<String>, error: io::Error) -> Fault {
    Fault { step: name.into(), reason: error.to_string() }
}

/// Names the step that a result comes from.
trait Step<T> {
    fn step(self, name: impl Into<String>) -> Result<T, Fault>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, name: impl Into<String>) -> Result<T, Fault> {
        self.map_err(|error| step(name, error.into()))
    }
}
