//! A run for programs: `run.json`, and what `show` prints.

use crate::ambient;
use crate::findings::Finding;
use crate::ledger::{DenialRow, EvidenceRow, Ledger, LedgerError, PhaseRow, RunRow};
use serde::Serialize;

/// `skillhost.run/1`.
#[derive(Debug, Serialize)]
pub struct RunView {
    /// The schema's name.
    pub schema: &'static str,
    /// The run itself.
    #[serde(flatten)]
    pub run: RunRow,
    /// Its agents.
    pub agents: Vec<AgentView>,
    /// Its phases.
    pub phases: Vec<PhaseRow>,
    /// Its findings.
    pub findings: Vec<Finding>,
    /// The evidence of its gates.
    pub gates: Vec<EvidenceRow>,
    /// What the gates showed at the base commit, where they were compared with it.
    pub baseline: Vec<EvidenceRow>,
    /// What was denied.
    pub denials: Vec<DenialRow>,
    /// Entries of its audit log, where the log is at hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_entries: Option<u64>,
}

/// An agent, for programs.
#[derive(Debug, Serialize)]
pub struct AgentView {
    /// Its id.
    pub id: String,
    /// Where its worktree is, or was.
    pub worktree: String,
    /// Whether it was removed.
    pub removed: bool,
    /// The ref that holds what was uncommitted then.
    pub rescued: Option<String>,
    /// Its branch.
    pub branch: String,
}

/// Reads a whole run.
///
/// # Errors
/// Where the ledger can't be read.
pub fn view(ledger: &Ledger, audit_entries: u64) -> Result<RunView, LedgerError> {
    let mut view = read(ledger)?;
    view.audit_entries = Some(audit_entries);
    Ok(view)
}

/// Reads a whole run, whose log another process may be writing.
///
/// # Errors
/// Where the ledger can't be read.
pub fn read(ledger: &Ledger) -> Result<RunView, LedgerError> {
    let agents = ledger.agents()?.into_iter().map(|agent| AgentView {
        id: agent.agent.to_string(),
        worktree: agent.worktree.dir.display().to_string(),
        removed: !ambient::exists(&agent.worktree.dir),
        rescued: agent.rescued,
        branch: agent.worktree.branch,
    });
    let run = crate::ledger::with_true_state(ledger.run()?, ledger.folder());
    let (baseline, gates) = ledger.evidence()?.into_iter().partition(|row| row.commit == run.base_commit);
    Ok(RunView {
        schema: "skillhost.run/1",
        run,
        agents: agents.collect(),
        phases: ledger.phases()?,
        findings: ledger.findings()?.all().to_vec(),
        gates,
        baseline,
        denials: ledger.denials()?,
        audit_entries: None,
    })
}
