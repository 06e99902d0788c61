//! Tries each wall of the command sandbox from inside, with a hostile command of the program's own.
//!
//! The command is this program again (`init/attempts.rs`), shown as a toolchain is. It attempts what must not succeed, and
//! says what came of it; the host made the things that it reaches for, and looks at them too.

use std::future::pending;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use skillhost_core::measured::Measured;

use crate::command::Command;
use crate::init::attempts::{ARGUMENT, Attempt, Target};
use crate::level::Demand;
use crate::outcome::{Exit, Outcome};
use crate::running::OWN_PROGRAM;
use crate::sandbox::Sandbox;
use crate::support::Support;
use crate::toolchains::Toolchains;

/// Each takes some milliseconds.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Below what `grow` takes.
const MEMORY_BYTES: u64 = 64 << 20;
/// Together with the memory still below that.
const SCRATCH_BYTES: u64 = 1 << 20;
/// Below what `fork` starts.
const PROCESSES: u64 = 16;

/// Tries everything on a machine that was probed, over a tree that is made in `folder`.
pub async fn measure(support: &Support, folder: &Path) -> Vec<Measured> {
    match Trial::prepare(support, folder) {
        Ok(trial) => trial.all().await,
        Err(error) => vec![Measured::new("prepare a command", false, error.to_string())],
    }
}

struct Trial {
    sandbox: Sandbox,
    program: PathBuf,
    tree: PathBuf,
    target: Target,
    /// Where a command that reaches the host's network arrives.
    listener: TcpListener,
}

/// A file in the user's home while the walls are tried.
fn planted_name() -> String {
    format!(".skillhost-doctor-{}", std::process::id())
}

impl Drop for Trial {
    fn drop(&mut self) {
        if let Some(home) = &self.target.home {
            let _ = std::fs::remove_file(home);
        }
    }
}

impl Trial {
    fn prepare(support: &Support, folder: &Path) -> io::Result<Self> {
        let program = std::fs::read_link(OWN_PROGRAM)?;
        let (tree, secret) = (folder.join("work"), folder.join("secret"));
        std::fs::create_dir(&tree)?;
        std::fs::write(&secret, "secret")?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        // It can be reached from here, or nothing is tried.
        let _reached = TcpStream::connect(listener.local_addr()?)?;
        listener.accept()?;
        listener.set_nonblocking(true)?;
        let pid_namespace = std::fs::metadata("/proc/self/ns/pid")?.ino();
        let planted = folder.join("planted");
        // Last, since it is removed with the trial.
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(planted_name()));
        let home = home.filter(|file| std::fs::File::create_new(file).is_ok());
        let target = Target { secret, home, planted, process: std::process::id(), pid_namespace, port };
        let toolchains = Toolchains::none().with_configured(std::slice::from_ref(&program), &[]);
        let sandbox = Sandbox::new(support.clone(), toolchains, Demand::AllowReduced);
        Ok(Self { sandbox, program, tree, target, listener })
    }

    async fn all(&self) -> Vec<Measured> {
        let mut measured = Vec::new();
        for attempt in Attempt::ALL {
            measured.push(match attempt {
                Attempt::Grow | Attempt::Fork => self.exhaust(attempt).await,
                _ => self.reach(attempt).await,
            });
        }
        measured
    }

    /// An attempt that must fail.
    async fn reach(&self, attempt: Attempt) -> Measured {
        let outcome = match self.run(attempt).await {
            Ok(outcome) => outcome,
            Err(error) => return Measured::new(attempt.tried(), false, error),
        };
        let mut said = String::from_utf8_lossy(outcome.output.tail(300)).trim().to_owned();
        if attempt == Attempt::Read && self.target.home.is_none() {
            said.push_str(" (but no file could be made in your home, to be read there)");
        }
        let arrived = match attempt {
            Attempt::Connect => self.listener.accept().is_ok(),
            Attempt::Write => self.target.planted.exists(),
            _ => false,
        };
        let holds = outcome.exit == Exit::Code(0) && !arrived;
        Measured::new(attempt.tried(), holds, if said.is_empty() { format!("{:?}", outcome.exit) } else { said })
    }

    /// An attempt that must be ended.
    async fn exhaust(&self, attempt: Attempt) -> Measured {
        let outcome = match self.run(attempt).await {
            Ok(outcome) => outcome,
            Err(error) => return Measured::new(attempt.tried(), false, error),
        };
        let held_by = outcome.attestation.limits_held_by;
        let (holds, found) = match (attempt, outcome.exit) {
            (Attempt::Grow, Exit::MemoryLimit) | (Attempt::Fork, Exit::ProcessLimit) => {
                (true, format!("it was ended by the {held_by}"))
            }
            // The kernel refused the next one.
            (Attempt::Fork, Exit::Code(0)) => (true, format!("refused; the {held_by} holds the limit")),
            (_, Exit::Code(1)) => (false, "it went on".to_owned()),
            (_, exit) => (false, format!("it ended otherwise ({exit:?})")),
        };
        Measured::new(attempt.tried(), holds, found)
    }

    async fn run(&self, attempt: Attempt) -> Result<Outcome, String> {
        let request = serde_json::to_string(&(attempt, &self.target)).map_err(|error| error.to_string())?;
        let argv = [self.program.clone().into_os_string(), ARGUMENT.into(), request.into()];
        let mut command = Command::new(argv, &self.tree);
        command.timeout = TIMEOUT;
        if matches!(attempt, Attempt::Grow | Attempt::Fork) {
            command.limits.memory_bytes = MEMORY_BYTES;
            command.limits.processes = PROCESSES;
            // A cgroup counts these as memory too.
            command.limits.scratch_bytes = SCRATCH_BYTES;
            command.limits.shared_memory_bytes = SCRATCH_BYTES;
        }
        self.sandbox.run(&command, pending(), |_| {}).await.map_err(|error| format!("not tried: {error}"))
    }
}
