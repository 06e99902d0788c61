//! What is to be run, and how much of the machine it may use.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::proxy::Serve;

/// One command, run in one worktree.
#[derive(Clone, Debug)]
pub struct Command {
    /// The program and its arguments. A bare name is looked up in the sandbox's `PATH`.
    pub argv: Vec<OsString>,
    /// The worktree, an absolute host path; inside it is [`crate::WORK`], read-write, and the working directory.
    pub tree: PathBuf,
    /// A throwaway git directory, an absolute host path; inside it is `.git` in the worktree, for this command alone.
    pub repository: Option<PathBuf>,
    /// A folder of the host's, an absolute path, for the downloads of package managers. Its own folders stand in the
    /// home, read-write, and outlast the command: what set-up fetched is there for the next command that names it.
    pub lasting: Option<PathBuf>,
    /// Variables beside those that the sandbox and the toolchains set. The host's own environment is never inherited.
    pub env: BTreeMap<String, String>,
    /// Wall-clock time after which the command and all that it started is killed.
    pub timeout: Duration,
    /// Bytes of stdout and stderr together after which the command is ended.
    pub output_limit_bytes: usize,
    /// Memory, processes and disk.
    pub limits: Limits,
    /// What the command can reach over the network.
    pub network: Network,
}

impl Command {
    /// A command with the default limits, no variables, no git directory and no network.
    pub fn new(argv: impl IntoIterator<Item = impl Into<OsString>>, tree: impl Into<PathBuf>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            tree: tree.into(),
            repository: None,
            lasting: None,
            env: BTreeMap::new(),
            timeout: DEFAULT_TIMEOUT,
            output_limit_bytes: DEFAULT_OUTPUT_LIMIT_BYTES,
            limits: Limits::default(),
            network: Network::None,
        }
    }
}

/// As long as a slow test suite takes, short enough that a command that hangs is noticed.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// Kept in memory whole, so that a skill can read any part; a verbose test suite writes a few MiB.
const DEFAULT_OUTPUT_LIMIT_BYTES: usize = 16 << 20;

/// What a command may reach over the network.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Network {
    /// An empty network with loopback up: a test can talk to its own server and to nothing else.
    #[default]
    None,
    /// The same, and on loopback a proxy, which the host serves from outside.
    Proxy(Serve),
}

/// How much of the machine a command may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Processes and threads at one time.
    pub processes: u64,
    /// Memory of all processes together, without what is shared with files.
    pub memory_bytes: u64,
    /// Growth of the worktree since the first command in it, and the largest single file.
    pub disk_bytes: u64,
    /// Size of the file system that holds `/tmp`, `/var/tmp` and the home; it lives in memory.
    pub scratch_bytes: u64,
    /// Size of `/dev/shm`; it lives in memory. Chromium needs more than a container's usual 64 MiB.
    pub shared_memory_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A JVM or a browser has some hundred threads; a fork bomb reaches this in a moment.
            processes: 2048,
            memory_bytes: 4 << 30,
            // A Rust `target` folder or a `node_modules` of a large project is 1 to 3 GiB.
            disk_bytes: 8 << 30,
            scratch_bytes: 1 << 30,
            shared_memory_bytes: 256 << 20,
        }
    }
}
