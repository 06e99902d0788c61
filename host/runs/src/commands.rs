//! Declared commands in the command sandbox: how gates, set-up and a skill's own runs are started.

use crate::ambient;
use crate::network::{self, Denials};
use skillhost_audit::{AuditError, Auditor, BodyKind, Count, Payloads, Status};
use skillhost_core::name::CommandName;
use skillhost_core::project::{Command, Project, SETUP};
use skillhost_core::text::escape_terminal;
use skillhost_egress::{Dialer, Refused};
use skillhost_sandbox::{Exit, Outcome, Sandbox, SandboxError};
use skillhost_worktree::CommandRepository;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Beside a tree: what its commands downloaded. Each tree has its own, so that none can prepare a gate's.
pub(crate) const DOWNLOADS: &str = "downloads";

/// Why a declared command could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// What it reached is not in the log.
    #[error("what the command `{name}` reached could not be recorded")]
    Unrecorded {
        /// Which one.
        name: CommandName,
        /// Why.
        #[source]
        source: AuditError,
    },
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

/// Runs declared commands, in somebody's name.
#[derive(Clone)]
pub(crate) struct Runner {
    pub(crate) sandbox: Sandbox,
    /// Makes the connections of commands with a list of hosts.
    pub(crate) dialer: Dialer,
    /// Writes down what they reach.
    pub(crate) auditor: Auditor,
    pub(crate) payloads: Arc<Payloads>,
    /// What commands were refused that were cancelled, ended by an error, or were a skill's own.
    pub(crate) refused: Denials,
    /// Whether what package managers download outlasts a command, beside its tree.
    pub(crate) keeps_downloads: bool,
}

/// A command that ran.
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    /// What it asked the network for and didn't get.
    pub(crate) refused: Vec<Refused>,
}

impl Runner {
    /// Runs a declared command over a tree. It gets a copy of `repository` of its own.
    ///
    /// # Errors
    /// Where it didn't run, or what it reached could not be recorded. One that ran and failed is an outcome.
    pub(crate) async fn run(
        &self,
        name: &CommandName,
        command: &Command,
        arguments: &[String],
        tree: &Path,
        repository: Option<PathBuf>,
    ) -> Result<Ran, CommandError> {
        let mut plan = skillhost_sandbox::Command::new(command.run.iter().chain(arguments), tree);
        plan.timeout = command.timeout.get();
        let failed = |step: &str, reason: String| CommandError::Sandbox {
            name: name.clone(),
            source: SandboxError::SetUp { step: step.to_owned(), reason },
        };
        if self.keeps_downloads {
            let folder = tree.with_file_name(DOWNLOADS);
            ambient::make_folder(&folder).map_err(|e| failed("make a folder for downloads", e.to_string()))?;
            plan.lasting = Some(folder);
        }
        let copy = match repository {
            None => None,
            Some(original) => {
                let copied = tokio::task::spawn_blocking(move || CommandRepository::copy_of(&original)).await;
                let copied = copied.map_err(|e| failed("copy the throwaway repository", e.to_string()))?;
                Some(copied.map_err(|e| failed("copy the throwaway repository", e.to_string()))?)
            }
        };
        plan.repository = copy.as_ref().map(|copy| copy.path().to_owned());
        let record = (&self.auditor, &self.payloads);
        let (network, opened) = network::open(name, &command.network, &self.dialer, record, &self.refused);
        plan.network = network;
        let ran = self.sandbox.run(&plan, std::future::pending(), |_| {}).await.map_err(|source| match source {
            SandboxError::ProgramStart { program, reason } => {
                CommandError::NoProgram { name: name.clone(), program, reason }
            }
            source => CommandError::Sandbox { name: name.clone(), source },
        });
        // On a thread that may block. Where that fails there is no runtime any more, and it was dropped with its thread.
        let _ = tokio::task::spawn_blocking(move || drop(copy)).await;
        let refused = match opened {
            Some(opened) => opened.close().await?,
            None => Vec::new(),
        };
        conclude(name, ran, refused, &self.refused)
    }
}

/// What one that ended by an error was refused has nobody else to tell of it.
fn conclude(
    name: &CommandName,
    ran: Result<Outcome, CommandError>,
    refused: Vec<Refused>,
    abandoned: &Denials,
) -> Result<Ran, CommandError> {
    match ran {
        Ok(outcome) => Ok(Ran { outcome, refused }),
        Err(error) => {
            network::keep(abandoned, name, &refused);
            Err(error)
        }
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn x_03_what_a_command_was_refused_whose_sandbox_failed_is_kept_for_the_run() {
        let name: CommandName = "setup".parse().unwrap();
        let refused = || vec![Refused { what: "evil.example:443".to_owned(), remedy: "that".to_owned() }];
        let denials = Denials::default();
        let source = SandboxError::InitDied { report: "nothing".to_owned() };
        let failed = CommandError::Sandbox { name: name.clone(), source };
        assert!(conclude(&name, Err(failed), refused(), &denials).is_err());
        let kept = std::mem::take(&mut *denials.lock().unwrap());
        assert_eq!(kept.len(), 1);
        assert_eq!((kept[0].skill.as_str(), kept[0].what.as_str()), ("command setup", "evil.example:443"));
    }
}
