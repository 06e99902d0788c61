//! Tries each wall of the command sandbox from inside, with a hostile command of the program's own.
//!
//! The command is this program again (`init/attempts.rs`), shown as a toolchain is. It attempts what must not succeed, and
//! says what came of it; the host made the things that it reaches for, and looks at them too.

use std::future::pending;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use skillhost_core::measured::Measured;

use crate::command::Command;
use crate::init::attempts::{ARGUMENT, Attempt, Target};
use crate::level::{Demand, LimitsHeldBy};
use crate::outcome::{Exit, Outcome};
use crate::running::OWN_PROGRAM;
use crate::sandbox::Sandbox;
use crate::support::Support;
use crate::toolchains::Toolchains;

/// Each takes some milliseconds.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Below what `grow` takes.
const MEMORY_BYTES: u64 = 64 << 20;
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
    held_by: LimitsHeldBy,
}

impl Trial {
    fn prepare(support: &Support, folder: &Path) -> io::Result<Self> {
        let program = std::fs::read_link(OWN_PROGRAM)?;
        let (tree, secret) = (folder.join("work"), folder.join("secret"));
        std::fs::create_dir(&tree)?;
        std::fs::write(&secret, "secret")?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let target = Target { secret, home, planted: folder.join("planted"), process: std::process::id(), port };
        let toolchains = Toolchains::none().with_configured(std::slice::from_ref(&program), &[]);
        let sandbox = Sandbox::new(support.clone(), toolchains, Demand::AllowReduced);
        Ok(Self { sandbox, program, tree, target, listener, held_by: support.limits_held_by })
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
        let said = String::from_utf8_lossy(outcome.output.tail(300)).trim().to_owned();
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
        let held_by = self.held_by;
        match self.run(attempt).await.map(|outcome| outcome.exit) {
            Ok(Exit::MemoryLimit | Exit::ProcessLimit) => {
                Measured::new(attempt.tried(), true, format!("it was ended by the {held_by}"))
            }
            // The kernel refused the next one.
            Ok(Exit::Code(0)) => {
                Measured::new(attempt.tried(), true, format!("refused; the {held_by} holds the limit"))
            }
            Ok(exit) => Measured::new(attempt.tried(), false, format!("it went on ({exit:?})")),
            Err(error) => Measured::new(attempt.tried(), false, error),
        }
    }

    async fn run(&self, attempt: Attempt) -> Result<Outcome, String> {
        let request = serde_json::to_string(&(attempt, &self.target)).map_err(|error| error.to_string())?;
        let argv = [self.program.clone().into_os_string(), ARGUMENT.into(), request.into()];
        let mut command = Command::new(argv, &self.tree);
        command.timeout = TIMEOUT;
        if matches!(attempt, Attempt::Grow | Attempt::Fork) {
            command.limits.memory_bytes = MEMORY_BYTES;
            command.limits.processes = PROCESSES;
        }
        self.sandbox.run(&command, pending(), |_| {}).await.map_err(|error| format!("not tried: {error}"))
    }
}
