//! The pull request: what a person reviews, written by the host from its own records.
//!
//! What the author says stands under "What changed" and "Why"; everything else is what the host itself saw. Whether
//! the pull request is a draft is computed from the records, so that no claim can change it.

mod attention;
mod early;
mod render;
mod text;

use crate::findings::{Finding, Severity};
use crate::ledger::shows_success;
use serde::Serialize;

pub use attention::{Look, first_looks};
pub(crate) use early::{at_work, without_change};
pub use render::render;
pub use text::MarkdownText;

/// Everything that `PR.md` says.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PullRequest {
    /// The subject line.
    pub title: String,
    /// Reasons for a draft beyond those that the records give: a run that ended early, steps that were not done.
    pub draft_reasons: Vec<String>,
    /// What changed.
    pub change: Change,
    /// The author's reasons.
    pub why: String,
    /// Open questions, each with the default that was taken or a person's answer.
    pub assumptions: Vec<String>,
    /// The gates, in the project's order.
    pub gates: Vec<Gate>,
    /// What gates, by their names, showed of the change's tests on the base's sources: that one of them fails, or that all of
    /// them pass. Empty where that was not asked or can't be told.
    pub on_base: Vec<(String, Evidence)>,
    /// The plan's criteria.
    pub criteria: Vec<Criterion>,
    /// The findings of all reviews.
    pub findings: Vec<Finding>,
    /// What breaks for others, as the author says.
    pub breaking: Vec<String>,
    /// How to go back, as the author says.
    pub rollback: String,
    /// How it came about.
    pub run: Run,
}

/// What changed, from git.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The proposed commit, in hex.
    pub commit: String,
    /// Commits on the branch.
    pub commits: u64,
    /// The files, by path.
    pub files: Vec<File>,
    /// The author's description.
    pub summary: String,
    /// What the author left undone, and why.
    pub unfinished: Vec<String>,
    /// Files in the agents' trees that are not part of the change.
    pub left_out: Vec<LeftOut>,
}

/// A changed file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its path.
    pub path: String,
    /// The path that it had, if it was renamed.
    pub from: Option<String>,
    /// How it changed.
    pub kind: FileChange,
    /// Lines added.
    pub added: u64,
    /// Lines removed.
    pub removed: u64,
    /// Whether the project protects it.
    pub protected: bool,
}

/// How a file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileChange {
    /// It is new.
    Added,
    /// Its content or mode changed.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another name.
    Renamed,
}

/// A file that is not part of the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its path.
    pub path: String,
    /// Why: outside the grant, untracked output, a link that escapes.
    pub reason: String,
}

/// A gate; without evidence it was not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// The declared command's name.
    pub name: String,
    /// Its argument vector.
    pub command: Vec<String>,
    /// What the host saw.
    pub evidence: Option<Evidence>,
    /// What it saw when it ran a gate that failed once more.
    pub again: Option<Evidence>,
}

/// What the host saw of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Its id.
    pub id: String,
    /// The commit that it ran on, in hex.
    pub commit: String,
    /// None where a signal or a limit ended it.
    pub exit_code: Option<i32>,
    /// How it ended, in words.
    pub exit: String,
    /// Tests that ran, where the output tells.
    pub tests: Option<u32>,
    /// Tests that ran at the base commit, where that was compared.
    pub tests_at_base: Option<u32>,
    /// Why it doesn't count although it ended well.
    pub discounted: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
}

/// A criterion, and what the verify skill made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Criterion {
    /// Its id.
    pub id: String,
    /// What must hold.
    pub statement: String,
    /// The judgement; counts only with evidence.
    pub outcome: Outcome,
    /// Ids of the evidence that it rests on.
    pub evidence: Vec<String>,
}

/// A judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not.
    Failed,
    /// Nothing shows it.
    NotRun,
}

/// How a pull request came about.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Run {
    /// The run's id.
    pub id: String,
    /// The goal, as it was given.
    pub goal: String,
    /// Its branch.
    pub branch: String,
    /// The commit that it began from, in hex.
    pub base: String,
    /// Skills and models, in the order of the phases.
    pub workers: Vec<Worker>,
    /// Tokens in all.
    pub tokens: u64,
    /// The part of them that came from a provider's cache.
    pub cached_tokens: u64,
    /// Millionths of a US dollar; none where a price is unknown.
    pub cost_micro_usd: Option<u64>,
    /// Wall clock.
    pub duration_ms: u64,
    /// What the command sandbox enforced.
    pub sandbox: String,
    /// The audit log's size and root, where it has one.
    pub audit: Option<String>,
    /// What was denied.
    pub denials: Vec<Denial>,
    /// What people should know about the conventions, the models, or the set-up.
    pub notes: Vec<String>,
}

/// Who worked in a phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Worker {
    /// The phase.
    pub phase: String,
    /// `NAME@VERSION`.
    pub skill: String,
    /// The component's digest.
    pub digest: String,
    /// The models that answered, where it used any.
    pub models: Vec<String>,
}

/// A capability that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Denial {
    /// Who asked.
    pub skill: String,
    /// For what: `write src/x.rs`.
    pub capability: String,
    /// How often.
    pub count: u64,
    /// The line that would grant it.
    pub grant: String,
}

impl PullRequest {
    /// Why it is a draft; empty where it is ready.
    pub fn drafts(&self) -> Vec<String> {
        let mut reasons = self.draft_reasons.clone();
        let gates = self.gates.len();
        let not_run = self.gates.iter().filter(|gate| self.fresh(gate).is_none()).count();
        let failed = self.gates.iter().filter(|gate| self.fresh(gate).is_some_and(|e| !e.passed())).count();
        let mut say = |count: usize, text: String| {
            if count > 0 {
                reasons.push(text);
            }
        };
        say(usize::from(gates == 0), "no gates are declared".to_owned());
        say(failed, format!("{failed} of {gates} gates failed"));
        say(not_run, format!("{not_run} of {gates} gates did not run on this commit"));
        let criteria = self.criteria.len();
        let open = self.criteria.iter().filter(|criterion| self.outcome(criterion) != Outcome::Passed).count();
        say(open, format!("{open} of {criteria} criteria are not shown"));
        let findings = self.findings.iter().filter(|f| f.is_open() && f.severity >= Severity::Major).count();
        say(findings, format!("open findings that a reviewer holds to be major: {findings}"));
        let unfinished = self.change.unfinished.len();
        say(unfinished, format!("left undone by the author: {unfinished}"));
        reasons
    }

    /// The evidence that stands for a gate, where it is of the proposed commit.
    fn fresh<'a>(&self, gate: &'a Gate) -> Option<&'a Evidence> {
        gate.deciding().filter(|evidence| evidence.commit == self.change.commit)
    }

    /// The evidence of a criterion that the host knows, and that is of the proposed commit.
    fn known<'a>(&'a self, criterion: &'a Criterion) -> impl Iterator<Item = &'a Evidence> {
        let fresh = self.gates.iter().filter_map(|gate| self.fresh(gate));
        fresh.filter(|evidence| criterion.evidence.contains(&evidence.id))
    }

    /// A judgement as far as there is evidence for it: what rests on a gate that failed has not passed.
    fn outcome(&self, criterion: &Criterion) -> Outcome {
        match criterion.outcome {
            _ if self.known(criterion).next().is_none() => Outcome::NotRun,
            Outcome::Passed if !self.known(criterion).all(Evidence::passed) => Outcome::Failed,
            outcome => outcome,
        }
    }
}

impl Gate {
    /// Of two runs, the second where it passed.
    fn deciding(&self) -> Option<&Evidence> {
        self.again.as_ref().filter(|again| again.passed()).or(self.evidence.as_ref())
    }
}

impl Evidence {
    /// Whether the gate passed: a command that ran zero tests showed nothing.
    pub fn passed(&self) -> bool {
        shows_success(self.exit_code, self.tests, self.discounted.as_deref())
    }
}

#[cfg(test)]
mod tests;
