//! Declared commands in the command sandbox: how gates, set-up and a skill's own runs are started.

use crate::ambient;
use skillhost_audit::{AuditError, BodyKind, Count, Payloads, Status};
use skillhost_core::name::CommandName;
use skillhost_core::project::{Command, Network, Project, SETUP};
use skillhost_core::text::escape_terminal;
use skillhost_sandbox::{Exit, Outcome, Sandbox, SandboxError};
use skillhost_worktree::CommandRepository;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Why a declared command could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It asks for hosts, which can't be granted yet.
    #[error("the command `{0}` asks for network hosts, which this version can't give")]
    Network(CommandName),
    /// Its program is not there, or is none.
    #[error("the command `{name}` names a program that can't be started: {program} ({reason})")]
    NoProgram {
        /// Which one.
        name: CommandName,
        /// What it names, escaped.
        program: String,
        /// Why not.
        reason: String,
    },
    /// The sandbox.
    #[error("the command `{name}` could not be run")]
    Sandbox {
        /// Which one.
        name: CommandName,
        /// Why.
        #[source]
        source: SandboxError,
    },
}

/// What to do about a command that asks for hosts.
pub const NETWORK_HINT: &str = "set network = \"none\" for it in skillhost.toml; put dependencies into the repository or a toolchain folder of config.toml";

/// Refuses a project whose commands need what this version doesn't have, before anything is spent.
///
/// # Errors
/// Names the first such command.
pub fn check_networks(project: &Project) -> Result<(), CommandError> {
    match project.commands.iter().find(|(_, command)| command.network != Network::None) {
        Some((name, _)) => Err(CommandError::Network(name.clone())),
        None => Ok(()),
    }
}

/// Refuses a project whose gates or set-up name a program that is in none of the folders of `path`, before anything is
/// spent. What a project names with a slash may be made by its set-up.
///
/// # Errors
/// Names the first such command.
pub fn check_programs(project: &Project, path: &OsStr) -> Result<(), CommandError> {
    let needed = |name: &CommandName| name.as_str() == SETUP || project.verify.commands.contains(name);
    for (name, command) in project.commands.iter().filter(|(name, _)| needed(name)) {
        let Some(program) = command.run.first().filter(|program| !program.contains('/')) else { continue };
        if !std::env::split_paths(path).any(|folder| ambient::is_file(&folder.join(program))) {
            let program = escape_terminal(program, 100).to_string();
            let reason = "it is not installed where commands look".to_owned();
            return Err(CommandError::NoProgram { name: name.clone(), program, reason });
        }
    }
    Ok(())
}

/// Runs a declared command over a tree. It gets a copy of `repository` of its own.
///
/// # Errors
/// Where it didn't run. One that ran and failed is an outcome.
pub(crate) async fn run(
    sandbox: &Sandbox,
    name: &CommandName,
    command: &Command,
    arguments: &[String],
    tree: &Path,
    repository: Option<PathBuf>,
) -> Result<Outcome, CommandError> {
    if command.network != Network::None {
        return Err(CommandError::Network(name.clone()));
    }
    let mut plan = skillhost_sandbox::Command::new(command.run.iter().chain(arguments), tree);
    plan.timeout = command.timeout.get();
    let failed = |step: &str, reason: String| CommandError::Sandbox {
        name: name.clone(),
        source: SandboxError::SetUp { step: step.to_owned(), reason },
    };
    let copy = match repository {
        None => None,
        Some(original) => {
            let copied = tokio::task::spawn_blocking(move || CommandRepository::copy_of(&original)).await;
            let copied = copied.map_err(|e| failed("copy the throwaway repository", e.to_string()))?;
            Some(copied.map_err(|e| failed("copy the throwaway repository", e.to_string()))?)
        }
    };
    plan.repository = copy.as_ref().map(|copy| copy.path().to_owned());
    let ran = sandbox.run(&plan, std::future::pending(), |_| {}).await.map_err(|source| match source {
        SandboxError::ProgramStart { program, reason } => {
            CommandError::NoProgram { name: name.clone(), program, reason }
        }
        source => CommandError::Sandbox { name: name.clone(), source },
    });
    // On a thread that may block. Where that fails there is no runtime any more, and it was dropped with its thread.
    let _ = tokio::task::spawn_blocking(move || drop(copy)).await;
    ran
}

/// An argument vector as the log commits to it, and as its payload holds it.
pub(crate) fn argv_bytes(command: &Command, arguments: &[String]) -> Vec<u8> {
    let words: Vec<&str> = command.run.iter().chain(arguments).map(String::as_str).collect();
    words.join("\0").into_bytes()
}

/// Seals what a command printed; gives what the log says of its end.
///
/// # Errors
/// Where it can't be kept.
pub(crate) fn record(payloads: &Payloads, ran: &Outcome) -> Result<skillhost_audit::Outcome, AuditError> {
    let payload = payloads.put(BodyKind::Output, ran.output.as_bytes())?;
    let outcome =
        skillhost_audit::Outcome::of(status(ran.exit)).payload(payload).count(Count::BytesIn, ran.output_size);
    Ok(match exit_code(ran.exit) {
        Some(code) => outcome.exit_code(code),
        None => outcome,
    })
}

/// How it ended, as the audit log has it: one that ended by itself is done, whatever its exit code says.
fn status(exit: Exit) -> Status {
    match exit {
        Exit::Code(_) => Status::Done,
        Exit::TimedOut => Status::TimedOut,
        Exit::OutputLimit | Exit::MemoryLimit | Exit::ProcessLimit | Exit::DiskLimit => Status::Exhausted,
        Exit::Cancelled => Status::Cancelled,
        _ => Status::Failed,
    }
}

/// The exit code, where the command ended by itself.
pub(crate) fn exit_code(exit: Exit) -> Option<i32> {
    match exit {
        Exit::Code(code) => Some(code),
        _ => None,
    }
}

/// How it ended, in words.
pub(crate) fn describe(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit {code}"),
        Exit::Signal(signal) => format!("ended by signal {signal}"),
        Exit::TimedOut => "ended at its timeout".to_owned(),
        Exit::OutputLimit => "ended: it printed too much".to_owned(),
        Exit::MemoryLimit => "ended: it used too much memory".to_owned(),
        Exit::ProcessLimit => "ended: it started too many processes".to_owned(),
        Exit::DiskLimit => "ended: it wrote too much".to_owned(),
        Exit::Cancelled => "cancelled".to_owned(),
        _ => "ended early".to_owned(),
    }
}
