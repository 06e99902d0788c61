//! Why a command was not run. A command that ran and failed is an [`crate::Outcome`], not an error.

use std::io;
use std::path::PathBuf;

use crate::level::Missing;

/// Why a command could not be run, or not be run safely.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// `argv` is empty.
    #[error("the command names no program")]
    CommandEmpty,
    /// The program is not in the sandbox's `PATH`, or cannot be executed.
    #[error("the program {program} cannot be started in the sandbox: {reason}")]
    ProgramStart {
        /// The program, as the command names it, escaped.
        program: String,
        /// The system's reason.
        reason: String,
    },
    /// This machine lacks walls that the caller demands.
    #[error("this machine cannot give the sandbox that is required: {}", names(.missing))]
    LevelUnavailable {
        /// What is missing, why, and how to get it.
        missing: Vec<Missing>,
    },
    /// What init observed is not what was asked for, so the command was not started.
    #[error("the sandbox is not as it was asked for, the command was not started: {what}")]
    AttestationMismatch {
        /// The first difference.
        what: String,
    },
    /// Building the sandbox failed at a step.
    #[error("the sandbox cannot be set up: {step}: {reason}")]
    SetUp {
        /// The step.
        step: String,
        /// The system's reason.
        reason: String,
    },
    /// The worktree or the git directory cannot be used.
    #[error("the directory {path} cannot be mounted: {source}")]
    DirectoryMount {
        /// The host's path.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Something named `.git` is in the worktree, where the throwaway repository would be mounted.
    #[error("the worktree holds something named .git")]
    TreeHasGit,
    /// The caller cancelled before the command was started.
    #[error("cancelled before the command was started")]
    Cancelled,
    /// The init process cannot be started.
    #[error("the sandbox's init cannot be started")]
    InitStart(#[source] io::Error),
    /// The init process ended without saying how the command ended.
    #[error("the sandbox's init ended unexpectedly: {report}")]
    InitDied {
        /// What it last wrote, escaped.
        report: String,
    },
    /// Reading from or writing to the sandbox failed.
    #[error("the sandbox cannot be spoken to")]
    Channel(#[source] io::Error),
}

impl SandboxError {
    /// Whether the host itself is to blame: its own process ended without a word, or couldn't be spoken to.
    pub fn is_bug(&self) -> bool {
        matches!(self, Self::InitDied { .. } | Self::Channel(_))
    }
}

fn names(missing: &[Missing]) -> String {
    let names: Vec<_> = missing.iter().map(|m| format!("{} ({})", m.wall, m.reason)).collect();
    names.join(", ")
}
