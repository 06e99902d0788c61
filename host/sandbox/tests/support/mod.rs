//! What the tests share: a sandbox on this machine around a fresh worktree.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests; not each uses all"
)]

use std::future::pending;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use skillhost_sandbox::{
    Command, Demand, Level, LimitsHeldBy, MIN_LANDLOCK_ABI, Outcome, Sandbox, SandboxError, Support, Toolchains, Wall,
    probe_with,
};

pub const INIT: &str = env!("CARGO_BIN_EXE_skillhost-sandbox-init");
/// Names another copy of it, where this one is out of a user's reach.
const INIT_VARIABLE: &str = "SKILLHOST_TEST_INIT";

pub fn init() -> PathBuf {
    std::env::var_os(INIT_VARIABLE).map_or_else(|| INIT.into(), PathBuf::from)
}

/// Runs all tests of this program once more as an ordinary user, since much is different for root. Nothing is left to
/// do where this is one already.
pub fn again_as_an_ordinary_user(this_test: &str) {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        return;
    }
    // In a place that this user can reach, wherever the sources are.
    let place = tempfile::tempdir().unwrap();
    let (program, init, temporary) =
        (place.path().join("tests"), place.path().join("init"), place.path().join("temporary"));
    std::fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    std::fs::copy(INIT, &init).unwrap();
    std::fs::create_dir(&temporary).unwrap();
    std::os::unix::fs::chown(&temporary, Some(NOBODY), Some(NOBODY)).unwrap();
    std::fs::set_permissions(place.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut again = std::process::Command::new(program);
    again.args(["--exact", "--skip", this_test, "--test-threads", "2"]);
    again.env(INIT_VARIABLE, init).env("TMPDIR", temporary).env("HOME", "/nonexistent").current_dir("/");
    let output = again.uid(NOBODY).gid(NOBODY).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !told.contains("running 0 tests"), "{told}");
}

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
        let support = change(probe_with(&init()).await.unwrap());
        let sandbox = Sandbox::new(support, toolchains, demand).with_program(init());
        Self { tree: tempfile::tempdir().unwrap(), sandbox }
    }

    /// A sandbox at every level that is offered, by name: whole, with each version of Landlock that is enough, without
    /// each wall that may be missing, without all of these, and with the limits held by a watchdog where a cgroup does.
    pub async fn offered() -> Vec<(String, Self)> {
        let machine = probe_with(&init()).await.unwrap();
        assert_eq!(machine.missing, [], "these tests need a machine that offers everything");
        let lesser: Vec<Wall> = Wall::ALL.into_iter().filter(|wall| !wall.is_essential()).collect();
        let watched = Support { limits_held_by: LimitsHeldBy::Watchdog, ..machine.clone() };
        let mut offered = vec![("full".to_owned(), machine.clone()), ("full, watched".to_owned(), watched)];
        offered.extend((MIN_LANDLOCK_ABI..machine.landlock_abi).map(|abi| {
            let support = machine.clone().with_landlock_abi(abi);
            (format!("full, Landlock {abi}"), support)
        }));
        offered.extend(lesser.iter().map(|wall| (format!("without {wall}"), machine.clone().without(*wall, "a test"))));
        let bare = lesser.iter().fold(machine, |support, wall| support.without(*wall, "a test"));
        offered.push(("without all of these".to_owned(), bare));
        let trial = |support| Self {
            tree: tempfile::tempdir().unwrap(),
            sandbox: Sandbox::new(support, Toolchains::none(), Demand::AllowReduced).with_program(init()),
        };
        offered.into_iter().map(|(name, support)| (name, trial(support))).collect()
    }

    /// Those of them that have this wall.
    pub async fn offered_with(wall: Wall) -> Vec<(String, Self)> {
        let offered = Self::offered().await.into_iter();
        let has = |trial: &Self| match trial.sandbox.level().unwrap() {
            Level::Reduced { missing } => !missing.contains(&wall),
            _ => true,
        };
        offered.filter(|(_, trial)| has(trial)).collect()
    }

    pub fn command<const N: usize>(&self, argv: [&str; N]) -> Command {
        let mut command = Command::new(argv, self.tree.path());
        // Long enough for the slowest machine; no test waits for it but those of time.
        command.timeout = Duration::from_secs(120);
        command
    }

    pub async fn run(&self, command: &Command) -> Result<Outcome, SandboxError> {
        let ran = self.sandbox.run(command, pending(), |_| {}).await;
        // whatever a command does, what is attested is what was promised.
        if let (Ok(outcome), Ok(level)) = (&ran, self.sandbox.level()) {
            assert_eq!(outcome.attestation.level, level);
        }
        ran
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

/// Written by another process, since one that this one holds open for writing can't be started.
pub fn write_program(path: &Path, text: &str) {
    let mut write = std::process::Command::new("sh");
    write.args(["-c", "printf %s \"$2\" > \"$1\" && chmod 755 \"$1\"", "sh"]);
    assert!(write.arg(path).arg(text).status().unwrap().success());
}

/// The same for a copy.
pub fn copy_program(from: &Path, to: &Path) {
    assert!(std::process::Command::new("cp").args([from, to]).status().unwrap().success());
}
