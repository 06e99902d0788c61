//! What the tests share: a sandbox on this machine around a fresh worktree.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests; not each uses all"
)]

use std::future::pending;
use std::path::Path;
use std::time::Duration;

use skillhost_sandbox::{Command, Demand, Outcome, Sandbox, SandboxError, Support, Toolchains, probe_with};

pub const INIT: &str = env!("CARGO_BIN_EXE_skillhost-sandbox-init");

/// A worktree, and a sandbox to run commands in it.
pub struct Trial {
    pub tree: tempfile::TempDir,
    pub sandbox: Sandbox,
}

impl Trial {
    pub async fn new() -> Self {
        Self::with(Toolchains::none(), Demand::Full, |support| support).await
    }

    pub async fn with(toolchains: Toolchains, demand: Demand, change: impl FnOnce(Support) -> Support) -> Self {
        let support = change(probe_with(Path::new(INIT)).await.unwrap());
        let sandbox = Sandbox::new(support, toolchains, demand).with_program(INIT);
        Self { tree: tempfile::tempdir().unwrap(), sandbox }
    }

    pub fn command<const N: usize>(&self, argv: [&str; N]) -> Command {
        let mut command = Command::new(argv, self.tree.path());
        // Long enough for the slowest machine; no test waits for it but those of time.
        command.timeout = Duration::from_secs(120);
        command
    }

    pub async fn run(&self, command: &Command) -> Result<Outcome, SandboxError> {
        self.sandbox.run(command, pending(), |_| {}).await
    }

    pub async fn sh(&self, script: &str) -> Outcome {
        self.run(&self.command(["sh", "-c", script])).await.unwrap()
    }

    pub async fn python(&self, script: &str) -> Outcome {
        self.run(&self.command(["/usr/bin/python3", "-c", script])).await.unwrap()
    }

    /// Compiles and runs a C program inside.
    pub async fn c(&self, source: &str) -> Outcome {
        std::fs::write(self.tree.path().join("attack.c"), source).unwrap();
        self.sh("gcc -o attack attack.c 2>&1 && ./attack").await
    }
}

pub fn text(outcome: &Outcome) -> String {
    String::from_utf8_lossy(outcome.output.as_bytes()).into_owned()
}
