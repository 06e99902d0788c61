//! What stands around a command: the walls, the levels that they add up to, and the proof that they stand.
//!
//! A level is never what the host asked for but what PID 1 of the sandbox observed after it had entered everything,
//! checked by the host. Where the two differ, the command does not start.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One mechanism of the kernel that the sandbox is built from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Wall {
    /// A user namespace, without which an ordinary user gets no other namespace.
    UserNamespace,
    /// A mount namespace with a root of its own.
    MountNamespace,
    /// A PID namespace with a `/proc` of its own.
    PidNamespace,
    /// A network namespace in which loopback is up.
    NetworkNamespace,
    /// A namespace for System V IPC and POSIX message queues.
    IpcNamespace,
    /// A namespace for the host name.
    UtsNamespace,
    /// Landlock, of the lowest version that is enough.
    Landlock,
    /// A seccomp filter.
    Seccomp,
}

impl Wall {
    /// All walls, in the order in which they are built.
    pub const ALL: [Self; 8] = [
        Self::UserNamespace,
        Self::MountNamespace,
        Self::PidNamespace,
        Self::NetworkNamespace,
        Self::IpcNamespace,
        Self::UtsNamespace,
        Self::Landlock,
        Self::Seccomp,
    ];

    /// Whether nothing can be run without it: the host's files, processes and network would be in reach.
    pub fn is_essential(self) -> bool {
        matches!(self, Self::UserNamespace | Self::MountNamespace | Self::PidNamespace | Self::NetworkNamespace)
    }
}

impl fmt::Display for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserNamespace => "user namespaces",
            Self::MountNamespace => "mount namespaces",
            Self::PidNamespace => "PID namespaces",
            Self::NetworkNamespace => "network namespaces",
            Self::IpcNamespace => "IPC namespaces",
            Self::UtsNamespace => "UTS namespaces",
            Self::Landlock => "Landlock",
            Self::Seccomp => "seccomp",
        })
    }
}

/// A wall that this machine does not offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Which one.
    pub wall: Wall,
    /// What happened when it was tried.
    pub reason: String,
    /// What its owner can do about it.
    pub hint: String,
}

/// How much stands around a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "level")]
pub enum Level {
    /// Every wall stands.
    Full,
    /// All essential walls stand, these are missing.
    Reduced {
        /// The walls that are missing.
        missing: Vec<Wall>,
    },
    /// Nothing but time and output limits.
    Unsandboxed,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Reduced { missing } => {
                let names: Vec<_> = missing.iter().map(ToString::to_string).collect();
                write!(f, "reduced (without {})", names.join(", "))
            }
            Self::Unsandboxed => f.write_str("unsandboxed"),
        }
    }
}

/// The least that the caller accepts. Nothing is ever run with less.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Demand {
    /// Every wall, or an error.
    #[default]
    Full,
    /// All essential walls, or an error; what is missing is named in the attestation.
    AllowReduced,
    /// Run plainly, as the user. Only where a person asked for it by its dangerous name.
    DangerouslyUnsandboxed,
}

/// What held the limits on memory and processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitsHeldBy {
    /// The kernel, at any moment; memory, scratch space and shared memory as one sum.
    Cgroup,
    /// A watchdog that looks many times a second, and resource limits.
    Watchdog,
    /// Nothing: the command ran unsandboxed.
    Nothing,
}

impl fmt::Display for LimitsHeldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cgroup => "cgroup",
            Self::Watchdog => "watchdog",
            Self::Nothing => "nothing",
        })
    }
}

/// What stood around a command that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// The level, after the host checked the observations.
    #[serde(flatten)]
    pub level: Level,
    /// What held the limits on memory and processes.
    pub limits_held_by: LimitsHeldBy,
    /// What PID 1 observed; absent where the command ran unsandboxed.
    pub observed: Option<Observed>,
}

/// What PID 1 of the sandbox observed after entering everything, before it started the command.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// Namespaces by name (`user`, `mnt`, …) and inode number.
    pub namespaces: Vec<(String, u64)>,
    /// `/proc/self/uid_map`, blanks collapsed.
    pub uid_map: String,
    /// `NoNewPrivs` of `/proc/self/status`.
    pub no_new_privs: bool,
    /// `CapEff`, `CapPrm`, `CapInh`, `CapBnd` and `CapAmb` of `/proc/self/status`, or-ed.
    pub capabilities: u64,
    /// `Seccomp` of `/proc/self/status` is 2, and a call that the filter refuses was refused.
    pub seccomp: bool,
    /// The root, which no rule allows to be listed, could not be listed.
    pub landlock: bool,
    /// Network interfaces and whether they are up.
    pub interfaces: Vec<(String, bool)>,
    /// Sockets that listen, TCP and UDP, as `address:port`.
    pub listeners: Vec<String>,
    /// Descriptors beyond the first three that the command would inherit.
    pub inheritable: u64,
    /// Every mount point.
    pub mounts: Vec<ObservedMount>,
    /// Processes in `/proc`, PID 1 itself included.
    pub processes: u64,
}

/// One line of `/proc/self/mountinfo`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedMount {
    /// Where it is mounted, inside.
    pub point: PathBuf,
    /// Whether the mount can be written to.
    pub writable: bool,
}
