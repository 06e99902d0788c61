//! What the ledger holds. Each row is sealed as a whole; states stand beside it in the clear.

use serde::{Deserialize, Serialize};
use skillhost_core::name::{AgentId, CommandName, RunId};
use skillhost_core::phase::Phase;
use skillhost_egress::Refused;

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// The word for it.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }
    };
}

states! {
    /// How a run stands.
    RunState {
        /// At work.
        Running = "running",
        /// The pull request is ready.
        Ready = "ready",
        /// The pull request is a draft: something is open or failed.
        Draft = "draft",
        /// It ended without a pull request.
        Failed = "failed",
        /// It was interrupted, or its process is gone.
        Interrupted = "interrupted",
    }
}

states! {
    /// How a phase stands.
    PhaseState {
        /// At work.
        Running = "running",
        /// It ended well.
        Done = "done",
        /// It found something that goes back, or it failed.
        Negative = "negative",
        /// It ended without a result.
        Failed = "failed",
    }
}

states! {
    /// What a verification showed of a criterion.
    CheckState {
        /// Evidence shows that it holds.
        Passed = "passed",
        /// It does not hold.
        Failed = "failed",
        /// Nothing shows it.
        NotRun = "not-run",
    }
}

/// What the last verification showed of a criterion, or of something that it named itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckRow {
    /// The criterion's id, or the name that the verification gave it.
    pub id: String,
    /// What must hold; none where the plan has no such criterion.
    pub statement: Option<String>,
    /// What was shown.
    pub state: CheckState,
    /// Ids of the gates that show it.
    pub evidence: Vec<String>,
    /// What the verification said to it.
    pub detail: String,
}

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// How it stands.
    pub state: RunState,
    /// What was asked for.
    pub goal: String,
    /// The user's repository.
    pub repository: String,
    /// The branch that the pull request goes to.
    pub base: String,
    /// The commit that it started from.
    pub base_commit: String,
    /// Its own branch.
    pub branch: String,
    /// The newest commit on it.
    pub head: Option<String>,
    /// The host's process.
    pub process: Process,
    /// Unix time.
    pub started_ms: u64,
    /// Unix time.
    pub ended_ms: Option<u64>,
    /// The exit code that the run stands for.
    pub exit_code: Option<u8>,
    /// Why it ended without success.
    pub error: Option<String>,
    /// All tokens.
    pub tokens: u64,
    /// The part of them that came from a provider's cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Millionths of a US dollar; none where a price is unknown.
    pub cost_micro_usd: Option<u64>,
    /// What stood around its commands.
    pub sandbox: Option<String>,
    /// Where the spec is on the branch.
    pub spec: Option<String>,
    /// Where the pull request's text is.
    pub pull_request: Option<String>,
    /// The remote that its branch was pushed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<String>,
    /// Where people look at its pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request_url: Option<String>,
    /// Open questions, each with the default that was taken or a person's answer.
    pub assumptions: Vec<String>,
    /// What the last verification showed; set when the run ends.
    #[serde(default)]
    pub checks: Vec<CheckRow>,
}

/// A process, so that a later one can tell whether it still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its id.
    pub pid: u32,
    /// When it started, in the kernel's ticks; ids are used again, pairs are not.
    pub start: u64,
}

/// An agent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AgentRow {
    /// Its id.
    pub agent: AgentId,
    /// Its worktree.
    pub worktree: skillhost_worktree::WorktreeRecord,
    /// The ref that holds what was uncommitted when the worktree was removed.
    #[serde(default)]
    pub rescued: Option<String>,
}

/// One call of a skill in one phase.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PhaseRow {
    /// Who.
    pub agent: AgentId,
    /// In which phase.
    pub phase: Phase,
    /// From 1.
    pub round: u32,
    /// From 1; the second is made by a stronger tier, since the first failed.
    #[serde(default = "first")]
    pub attempt: u32,
    /// How it stands.
    pub state: PhaseState,
    /// `NAME@VERSION`.
    pub skill: String,
    /// Digest of the component.
    pub digest: String,
    /// Models that answered.
    pub models: Vec<String>,
    /// All tokens.
    pub tokens: u64,
    /// The part of them that came from a provider's cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Millionths of a US dollar; none where a price is unknown.
    pub cost_micro_usd: Option<u64>,
    /// Unix time.
    pub started_ms: u64,
    /// Unix time.
    pub ended_ms: Option<u64>,
    /// One line for people.
    pub note: String,
}

fn first() -> u32 {
    1
}

/// The host's record of a gate.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EvidenceRow {
    /// `ev-1`, `ev-2`, …
    pub id: String,
    /// The declared command.
    pub name: String,
    /// What was run, exactly.
    pub argv: Vec<String>,
    /// What it ran on.
    pub commit: String,
    /// The commit whose tests stood there in the place of its own.
    #[serde(default)]
    pub tests_of: Option<String>,
    /// What stood around it.
    pub sandbox: String,
    /// What held its limits on memory and processes: `cgroup`, `watchdog`, or `nothing` where it was not sandboxed.
    #[serde(default)]
    pub limits_held_by: String,
    /// What it could reach: `none`, `hosts` (a list, through the proxy), or `open` where it was not sandboxed.
    #[serde(default)]
    pub network: String,
    /// None where a signal or a limit ended it.
    pub exit_code: Option<i32>,
    /// How it ended, in words.
    pub exit: String,
    /// Tests that it ran, where its output tells.
    pub tests: Option<u32>,
    /// Tests that it skipped, where its output tells.
    #[serde(default)]
    pub skipped: Option<u32>,
    /// The files of the tests that failed, where its output tells of all of them.
    #[serde(default)]
    pub failed_in: Option<Vec<String>>,
    /// Wall clock.
    pub duration_ms: u64,
    /// Digest of all that it printed.
    pub output_digest: String,
    /// The end of what it printed.
    pub output: String,
    /// The failed run on the same commit that this one repeats.
    #[serde(default)]
    pub rerun_of: Option<String>,
    /// What it showed at the base commit, where it was compared.
    #[serde(default)]
    pub at_base: Option<AtBase>,
    /// Why it does not count although it ended well.
    #[serde(default)]
    pub discounted: Option<String>,
}

/// What a gate showed at the base commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtBase {
    /// The record of it.
    pub evidence: String,
    /// Tests that ran.
    pub tests: u32,
    /// Tests that were skipped.
    pub skipped: u32,
}

impl EvidenceRow {
    /// Whether it shows success: it ended well, ran a test where its output tells how many, and nothing speaks against
    /// it.
    pub fn passed(&self) -> bool {
        shows_success(self.exit_code, self.tests, self.discounted.as_deref())
    }
}

/// The rule of [`EvidenceRow::passed`], for whatever else tells of evidence.
pub(crate) fn shows_success(exit_code: Option<i32>, tests: Option<u32>, discounted: Option<&str>) -> bool {
    exit_code == Some(0) && tests != Some(0) && discounted.is_none()
}

/// The runs that stand for their gates: of two, the second where it passed.
pub fn deciding(rows: &[EvidenceRow]) -> impl Iterator<Item = &EvidenceRow> {
    let passed_again = |row: &EvidenceRow| rows.iter().any(|it| it.rerun_of.as_ref() == Some(&row.id) && it.passed());
    rows.iter().filter(move |row| if row.rerun_of.is_some() { row.passed() } else { !passed_again(row) })
}

impl AtBase {
    /// What a run at base showed; none where its output doesn't tell.
    pub(crate) fn of(base: &EvidenceRow) -> Option<Self> {
        Some(Self { evidence: base.id.clone(), tests: base.tests?, skipped: base.skipped? })
    }
}

/// Something that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialRow {
    /// Who wanted it.
    pub skill: String,
    /// The capability.
    pub capability: String,
    /// What of it, escaped.
    pub what: String,
    /// The line that would grant it.
    pub remedy: String,
}

impl DenialRow {
    /// What a command asked the network for.
    pub(crate) fn of_command(name: &CommandName, refused: &Refused) -> Self {
        Self {
            skill: format!("command {name}"),
            capability: "network".to_owned(),
            what: refused.what.clone(),
            remedy: refused.remedy.clone(),
        }
    }
}
