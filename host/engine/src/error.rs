//! What can go wrong between a component's bytes and the end of a call.

use crate::record::Done;
use crate::trap::Trap;
use skillhost_core::digest::Digest;
use skillhost_core::kind::Kind;
use skillhost_core::manifest::ManifestError;
use skillhost_core::name::SkillName;
use std::time::Duration;

/// Why a component is not loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are no component, or its manifest is missing or invalid.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It is larger, or holds more parts, than is accepted.
    #[error("the component has {has} {what}; at most {most} are accepted")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there is.
        has: u64,
        /// How much is accepted.
        most: u64,
    },
    /// It imports something that the host doesn't have.
    #[error("the component imports `{name}`, which this host doesn't offer: {reason}")]
    Import {
        /// The interface, escaped.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// It was written for a version of the contract that this host doesn't have.
    #[error("the component is written for skillhost:skill {wanted}; this host understands {}", list(.known))]
    Contract {
        /// The version, escaped.
        wanted: String,
        /// Those that are understood.
        known: Vec<String>,
        /// Which of the two has to move.
        how: Outdated,
    },
    /// It was written for several versions that don't go together.
    #[error("the component mixes versions of the contract: it names {}", list(.names))]
    MixedContract {
        /// What it imports or exports of them, escaped.
        names: Vec<String>,
    },
    /// It doesn't export the interface of its kind.
    #[error(
        "a skill of kind `{kind}` exports `skillhost:skill/{kind}@{version}`; this component {}",
        exported(.others, .exports)
    )]
    Export {
        /// The kind that its manifest names.
        kind: Kind,
        /// The version of the contract.
        version: String,
        /// The kinds of skill that it does export.
        others: Vec<Kind>,
        /// The first of its exports, escaped.
        exports: Vec<String>,
    },
    /// It exports something under a name of the contract that is something else.
    #[error(
        "the component's export `{name}` is not what the contract says: expected `{expected}`{}: {reason}",
        but_found(.found.as_deref())
    )]
    ExportType {
        /// The interface and its function, escaped.
        name: String,
        /// The signature that the contract has.
        expected: &'static str,
        /// The one that it has, escaped; none where it is no function.
        found: Option<String>,
        /// What is different, escaped.
        reason: String,
    },
    /// What it imports is there, and is something else than it thinks.
    #[error("the component can't be linked: {0}")]
    Link(String),
    /// A tool of its manifest could never be called.
    #[error("the tool `{name}`: {reason}")]
    Tool {
        /// Its name.
        name: SkillName,
        /// What is wrong with its schema, escaped.
        reason: String,
    },
    /// The code is invalid.
    #[error("the component can't be compiled: {0}")]
    Invalid(String),
    /// Compiling took longer than it may.
    #[error("compiling the component took longer than {} s and was ended", .0.as_secs())]
    CompileTime(Duration),
    /// The process that compiles ended without a result.
    #[error("the process that compiles components ended early: {0}")]
    CompileProcess(String),
    /// The bytes have another digest than the one that was asked for.
    #[error("the component's digest is {found}, not {expected}")]
    Digest {
        /// What was asked for.
        expected: Digest,
        /// What is there.
        found: Digest,
    },
    /// The cache or its key can't be used.
    #[error("the compile cache can't be used at {}", .0.display())]
    Cache(std::path::PathBuf, #[source] std::io::Error),
    /// Wasmtime can't be set up on this machine.
    #[error("the engine can't be set up: {0}")]
    Engine(String),
}

/// Who is behind where a component was written for another version of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outdated {
    /// This host: the version is newer.
    Host,
    /// The skill: the version is older.
    Skill,
    /// Nobody: it is a pre-release.
    PreRelease,
}

fn list(words: &[String]) -> String {
    match words {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

fn exported(others: &[Kind], exports: &[String]) -> String {
    match (others, exports) {
        ([], []) => "doesn't: it exports nothing".to_owned(),
        ([], exports) => format!("doesn't: it exports {}", list(exports)),
        (others, _) => {
            let kinds: Vec<String> = others.iter().map(|kind| format!("`skillhost:skill/{kind}`")).collect();
            format!("exports {}", list(&kinds))
        }
    }
}

fn but_found(signature: Option<&str>) -> String {
    signature.map(|signature| format!(", found `{signature}`")).unwrap_or_default()
}

/// Why a call ended without an answer of the skill.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// It computed longer between two calls to the outside than it may.
    #[error("it computed for more than {} ms without a call to the outside and was ended", .0.as_millis())]
    Cpu(Duration),
    /// The whole call took longer than it may.
    #[error("it took longer than {} ms and was ended", .0.as_millis())]
    Time(Duration),
    /// It asked for more memory than it may have.
    #[error("it needs more than {} MiB of memory and was ended", .0 >> 20)]
    Memory(u64),
    /// It trapped.
    #[error("it trapped: {0}")]
    Trap(Trap),
    /// It doesn't export what was called.
    #[error("it doesn't export `{0}`")]
    MissingExport(&'static str),
    /// It has no tool of that name.
    #[error("it has no tool `{0}`")]
    UnknownTool(String),
    /// The arguments, or what was returned, don't satisfy the tool's schema.
    #[error("{what} of `{tool}`: {reason}")]
    Schema {
        /// Arguments or result.
        what: &'static str,
        /// The tool.
        tool: String,
        /// Where and why.
        reason: String,
    },
    /// The effect can't be audited, so it didn't happen.
    #[error("the audit log can't be written, so nothing was done")]
    Audit(#[source] skillhost_audit::AuditError),
    /// So many earlier calls never gave their thread back that no further one is made.
    #[error("{0} earlier calls are stuck in the kernel, so no skill is called any more")]
    Stuck(usize),
}

/// What to do about [`CallError::Stuck`].
pub const STUCK_HINT: &str =
    "a disk, a network file system or a terminal doesn't answer: look there, and start skillhost anew";

impl CallError {
    /// Whether a limit ended it.
    pub fn is_limit(&self) -> bool {
        matches!(self, Self::Cpu(_) | Self::Time(_) | Self::Memory(_) | Self::Stuck(_))
    }
}

/// A call that ended without an answer, with what is known of it all the same.
#[derive(Debug, thiserror::Error)]
#[error("it ended without an answer")]
pub struct Unanswered {
    /// Why it ended.
    #[source]
    pub error: CallError,
    /// What it did.
    pub done: Done,
}

impl From<CallError> for Box<Unanswered> {
    /// One that ended before it began.
    fn from(error: CallError) -> Self {
        Box::new(Unanswered { error, done: Done::default() })
    }
}
