//! Why a run ended without a pull request that is ready.

use crate::commands::CommandError;
use crate::ledger::LedgerError;
use skillhost_audit::AuditError;
use skillhost_core::branch::BranchError;
use skillhost_core::kind::Kind;
use skillhost_engine::{CallError, STUCK_HINT, contract};
use skillhost_models::ModelError;
use skillhost_worktree::WorktreeError;
use std::error::Error;
use std::io;

/// What to do where a disk is full.
pub const ROOM_HINT: &str =
    "free some room on its disk (skillhost gc removes what no run needs), or name another place with --state-dir";

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The project declares no gate, so nothing could be verified.
    #[error("the project declares no gate, so nothing could be verified")]
    NoGates,
    /// The project's template gives no branch for this goal.
    #[error(transparent)]
    Branch(#[from] BranchError),
    /// Git.
    #[error("the repository can't be worked on")]
    Worktree(#[from] WorktreeError),
    /// The run's state can't be kept.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// An effect could not be audited, so it didn't happen.
    #[error("an effect could not be audited, so it didn't happen")]
    Audit(#[from] AuditError),
    /// The run's folder.
    #[error("the run's folder can't be used")]
    Folder(#[from] io::Error),
    /// What failed first, if anything did, failed on a disk without room, whatever it says itself.
    #[error("the disk that holds the run's folder is full")]
    Full(#[source] Option<Box<RunError>>),
    /// The file guard.
    #[error("the worktree can't be opened for a skill")]
    Guard(#[from] skillhost_engine::files::TreeError),
    /// A skill ended without an answer.
    #[error("{skill} ended without an answer")]
    Call {
        /// Which one.
        skill: String,
        /// Why.
        #[source]
        source: CallError,
    },
    /// A skill answered that it failed; the text is its own.
    #[error("{skill} reported: {}", describe(.error))]
    Skill {
        /// Which one.
        skill: String,
        /// What it said.
        error: contract::Error,
    },
    /// A skill failed since its model could not be asked.
    #[error("{skill} could not ask its model: {error}")]
    Model {
        /// Which one.
        skill: String,
        /// Why.
        error: ModelError,
    },
    /// No skill does the work of a kind.
    #[error("no skill is configured for `{0}`")]
    NoSkill(Kind),
    /// Sections are still missing after all rounds.
    #[error("the spec still lacks {sections} after {rounds} rounds")]
    Sections {
        /// The headings, quoted.
        sections: String,
        /// How many rounds there were.
        rounds: u32,
    },
    /// The plan doesn't hold together after all rounds.
    #[error("the plan is still wrong after {rounds} rounds: {problem}")]
    Plan {
        /// The first problem.
        problem: String,
        /// How many rounds there were.
        rounds: u32,
    },
    /// A blocker is open after all rounds.
    #[error("a blocker is still open after {rounds} rounds: {message}")]
    Blocker {
        /// What is wrong, cut.
        message: String,
        /// How many rounds there were.
        rounds: u32,
    },
    /// The skill changed nothing that could be committed.
    #[error("{skill} says that it is done, and changed nothing that could be committed{}", listed(.left_out))]
    NothingChanged {
        /// Which one.
        skill: String,
        /// What differs and was left out, with the reason.
        left_out: Vec<(String, String)>,
    },
    /// A declared command could not be run.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The set-up failed in a fresh worktree.
    #[error("the set-up command failed: {0}")]
    SetUp(String),
    /// The run's wall clock is over.
    #[error("the run took longer than its budget of {0}")]
    Time(skillhost_core::duration::Span),
    /// Somebody ended it.
    #[error("interrupted")]
    Interrupted,
    /// A part of the host broke.
    #[error("a part of the host ended unexpectedly: {0}")]
    Bug(String),
}

/// What kind of failure it is; the command line has an exit code for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// A skill, a review or a verification was negative.
    Negative,
    /// Configuration, or the repository's state.
    Configuration,
    /// Grant or policy.
    Denied,
    /// A limit, a budget, a deadline.
    Limit,
    /// Audit, ledger, digests.
    Integrity,
    /// Interrupted.
    Interrupted,
    /// A bug in the host.
    Bug,
}

impl RunError {
    /// What kind of failure it is.
    pub fn class(&self) -> FailureClass {
        match self {
            error if is_no_room(error) => FailureClass::Limit,
            Self::Worktree(error) if error.is_limit() => FailureClass::Limit,
            Self::Command(CommandError::Sandbox { source, .. }) if source.is_bug() => FailureClass::Bug,
            Self::NoGates
            | Self::Branch(_)
            | Self::NoSkill(_)
            | Self::Worktree(_)
            | Self::SetUp(_)
            | Self::Command(CommandError::NoProgram { .. }) => FailureClass::Configuration,
            Self::Ledger(LedgerError::Database(_)) | Self::Folder(_) => FailureClass::Limit,
            Self::Ledger(_) | Self::Audit(_) | Self::Command(CommandError::Unrecorded { .. }) => {
                FailureClass::Integrity
            }
            Self::Call { source, .. } if source.is_limit() => FailureClass::Limit,
            Self::Call { source: CallError::Audit(_), .. } => FailureClass::Integrity,
            Self::Skill { error: contract::Error::Exhausted(_), .. } | Self::Time(_) => FailureClass::Limit,
            Self::Skill { error: contract::Error::Denied(_), .. } => FailureClass::Denied,
            Self::Model { error, .. } if error.is_configuration() => FailureClass::Configuration,
            Self::Model { error: ModelError::Exhausted(_), .. } => FailureClass::Limit,
            Self::Command(_) => FailureClass::Denied,
            Self::Interrupted => FailureClass::Interrupted,
            Self::Bug(_) | Self::Guard(_) => FailureClass::Bug,
            _ => FailureClass::Negative,
        }
    }

    /// What to do about it, where something can be done; `run` is the id of the run that it ended, where one began.
    pub fn hint(&self, run: Option<&str>) -> Option<String> {
        match self {
            error if is_no_room(error) => Some(ROOM_HINT.to_owned()),
            Self::NoGates => Some(
                "declare how the project is tested in skillhost.toml ([commands.test] and [verify] commands = [\"test\"]), \
                 or run `skillhost init`, and commit it"
                    .to_owned(),
            ),
            Self::Worktree(error) => error.hint(),
            Self::Audit(error) => error.hint(),
            Self::Model { error, .. } => error.hint(),
            Self::Sections { .. } => {
                let or = run.map(|run| format!("skillhost show {run} --phase spec, or ")).unwrap_or_default();
                Some(format!("{or}take the section out of [spec] sections in skillhost.toml"))
            }
            Self::NothingChanged { .. } => {
                let show = run.map(|run| format!("; skillhost show {run}")).unwrap_or_default();
                Some(format!("what it may change is `write` under [grants.implement] in skillhost.toml{show}"))
            }
            Self::Command(CommandError::Unrecorded { source, .. }) => source.hint(),
            Self::Command(CommandError::NoProgram { .. }) => Some(
                "name a program that is installed, or its folder under [toolchains] paths in config.toml; skillhost doctor shows where commands are looked for".to_owned(),
            ),
            Self::Command(CommandError::Sandbox { .. }) => Some("skillhost doctor says what is missing".to_owned()),
            Self::Call { source: CallError::Stuck(_), .. } => Some(STUCK_HINT.to_owned()),
            Self::Call { source, .. } if source.is_limit() => {
                Some("the skill's manifest can ask for more under [limits], up to the machine's policy".to_owned())
            }
            Self::Ledger(LedgerError::Database(_)) | Self::Folder(_) => {
                Some("is there room on its disk, and may you write there? --state-dir names another place".to_owned())
            }
            Self::Interrupted => run.map(|run| format!("what is there is kept: skillhost show {run}")),
            Self::Time(_) => Some("raise time under [budget] in skillhost.toml".to_owned()),
            _ => None,
        }
    }
}

impl RunError {
    /// The error and its causes, in one line. Not escaped.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

/// An error and its causes, in one line. Not escaped.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Whether an error, or one that led to it, is a disk without room: a limit, whatever was being done.
pub fn is_no_room(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let found = matches!(error.downcast_ref(), Some(RunError::Full(_)))
            || error.downcast_ref().is_some_and(WorktreeError::is_storage_full)
            || error.downcast_ref().is_some_and(|error: &io::Error| {
                let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge];
                kinds.contains(&error.kind())
            })
            || error
                .downcast_ref()
                .and_then(rusqlite::Error::sqlite_error_code)
                .is_some_and(|code| code == rusqlite::ErrorCode::DiskFull);
        if found {
            return true;
        }
        next = error.source();
    }
    false
}

fn listed(paths: &[(String, String)]) -> String {
    let shown: Vec<String> = paths.iter().take(3).map(|(path, reason)| format!("{path}: {reason}")).collect();
    if shown.is_empty() { String::new() } else { format!(" (left out: {})", shown.join("; ")) }
}

/// An error that a skill returned, in one line. Not escaped.
pub fn describe(error: &contract::Error) -> String {
    match error {
        contract::Error::Denied(text) => format!("denied: {text}"),
        contract::Error::Invalid(text) => format!("invalid: {text}"),
        contract::Error::Exhausted(text) => format!("exhausted: {text}"),
        contract::Error::Cancelled => "cancelled".to_owned(),
        contract::Error::TooLarge(bytes) => format!("too large: {bytes} bytes"),
        contract::Error::Failed(text) => text.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> io::Error {
        io::ErrorKind::StorageFull.into()
    }

    #[test]
    fn a_full_disk_is_a_limit_wherever_it_shows() {
        let audit = || AuditError::LogWrite(full());
        let file = AuditError::LogStopped(io::ErrorKind::QuotaExceeded.into());
        let disk_full = rusqlite::ffi::Error { code: rusqlite::ErrorCode::DiskFull, extended_code: 13 };
        for error in [
            RunError::Folder(full()),
            RunError::Audit(audit()),
            RunError::Audit(file),
            RunError::Ledger(LedgerError::Folder(io::ErrorKind::FileTooLarge.into())),
            RunError::Ledger(LedgerError::Key(audit())),
            RunError::Ledger(LedgerError::Database(rusqlite::Error::SqliteFailure(disk_full, None))),
            RunError::Worktree(WorktreeError::Io { operation: "write", path: "x".into(), source: full() }),
            RunError::Call { skill: "x".to_owned(), source: CallError::Audit(audit()) },
            RunError::Full(Some(Box::new(RunError::Interrupted))),
        ] {
            assert_eq!(error.class(), FailureClass::Limit, "{error}");
            assert!(error.hint(None).is_some_and(|hint| hint.contains("--state-dir")), "{error}");
        }
        let other = RunError::Audit(AuditError::LogWrite(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(other.class(), FailureClass::Integrity);
    }

    #[test]
    fn a_chain_names_each_cause_once() {
        let source = WorktreeError::Io { operation: "write", path: "x".into(), source: full() };
        let text = RunError::Worktree(source).chain();
        assert_eq!(text, format!("the repository can't be worked on: could not write \"x\": {}", full()));
        assert_eq!(
            RunError::Ledger(LedgerError::Folder(full())).chain(),
            format!("the run's folder can't be used: {}", full())
        );
    }

    #[test]
    fn a_hint_names_the_run_where_there_is_one() {
        let hint = |error: &RunError, run| error.hint(run).unwrap_or_default();
        assert_eq!(hint(&RunError::Interrupted, Some("7f3k")), "what is there is kept: skillhost show 7f3k");
        assert_eq!(RunError::Interrupted.hint(None), None);
        let sections = RunError::Sections { sections: "\"Risks\"".to_owned(), rounds: 1 };
        assert!(hint(&sections, Some("7f3k")).starts_with("skillhost show 7f3k --phase spec, or take the section out"));
        assert!(hint(&sections, None).starts_with("take the section out"));
    }
}
