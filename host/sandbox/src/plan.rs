//! What the host tells init, and what init tells the host.
//!
//! The host writes one [`Request`] to init's stdin (length, then JSON) and keeps it open as a lifeline: when it
//! closes, because the host let go or died, the sandbox ends. One byte on it lets init start the command. Init answers
//! with [`Report`]s, one JSON line each, on what it was given as stderr. Stdin is a socket, since one thing goes the other
//! way: where the command gets a proxy, init sends the listener before its first report.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::command::Limits;
use crate::level::{Observed, Wall};

/// The argv\[0\] that makes the program behave as init.
pub(crate) const INIT_NAME: &str = "skillhost-sandbox-init";
/// The byte that lets init start the command.
pub(crate) const GO: u8 = b'g';
/// Larger than any plan; a longer frame is a fault.
pub(crate) const MAX_REQUEST_BYTES: u32 = 16 << 20;

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    Probe,
    Run(Box<Plan>),
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) argv: Vec<OsString>,
    pub(crate) env: Vec<(OsString, OsString)>,
    /// In the order in which they are mounted: a parent comes before what lies in it.
    pub(crate) mounts: Vec<Mount>,
    /// Small files of the host that are copied into the new root, each to its own place.
    pub(crate) copies: Vec<PathBuf>,
    /// Symbolic links of the new root: place, and what it points at.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
    /// Directories inside of which nothing is shown.
    pub(crate) masks: Vec<PathBuf>,
    pub(crate) limits: Limits,
    /// Places beside the worktree whose growth counts as its own.
    pub(crate) lasting: Vec<PathBuf>,
    /// What the worktree and the git directory held before any command ran there.
    pub(crate) baseline_bytes: u64,
    pub(crate) timeout_s: u64,
    /// The Landlock version to use; 0 for none.
    pub(crate) landlock_abi: u32,
    /// Walls to do without.
    pub(crate) without: Vec<Wall>,
    /// Listen here on loopback, and hand the listener to the host before anything else is given up.
    pub(crate) proxy: Option<SocketAddr>,
    /// A cgroup to enter, made by the host for this command.
    pub(crate) cgroup: Option<PathBuf>,
}

/// A directory or file of the host that is shown inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mount {
    pub(crate) source: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) writable: bool,
}

impl Plan {
    /// The mount that a place inside is in; none where init makes it.
    pub(crate) fn closest_mount(&self, place: &Path) -> Option<&Mount> {
        let around = self.mounts.iter().filter(|mount| place.starts_with(&mount.target));
        around.max_by_key(|mount| mount.target.components().count())
    }

    /// Where a place inside is on the host.
    pub(crate) fn source_of(&self, place: &Path) -> Option<PathBuf> {
        let mount = self.closest_mount(place)?;
        Some(mount.source.join(place.strip_prefix(&mount.target).ok()?))
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Report {
    /// Everything is entered; the host may check and say go.
    Ready(Observed),
    /// The command ended by itself.
    Ended { code: Option<i32>, signal: Option<i32> },
    /// PID 1 is reaped, and so no process of the sandbox is left but the supervisor, which is about to end.
    Gone,
    /// The watchdog ended it.
    Limit(Limit),
    /// The program could not be executed.
    ProgramStart { program: String, reason: String },
    /// A step of the set-up failed.
    SetUp { step: String, reason: String },
    /// The answer to [`Request::Probe`].
    Probed { landlock_abi: u32, missing: Vec<(Wall, String)> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Limit {
    Memory,
    Processes,
    Disk,
}
