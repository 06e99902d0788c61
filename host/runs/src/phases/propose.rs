//! The pull request, written from the host's own records.

use crate::ambient;
use crate::error::RunError;
use crate::host::Host;
use crate::ledger::EvidenceRow;
use crate::pull_request::{
    Change, Criterion, Denial, Evidence, File, FileChange, Gate, LeftOut, Outcome, PullRequest, Run, Worker, render,
};
use crate::state::{State, Work};
use skillhost_core::kind::Kind;
use skillhost_engine::contract::CheckOutcome;
use skillhost_models::Role;
use std::collections::BTreeMap;

impl State {
    /// Writes `PR.md`; gives the reasons for which it is a draft.
    pub(crate) async fn propose(&self, work: &Work, duration_ms: u64) -> Result<Vec<String>, RunError> {
        let request = self.pull_request(work, duration_ms).await?;
        let path = self.folder.join("PR.md");
        // A key that found its way into a text of the repository, or of a command, goes no further.
        ambient::write_whole(&path, self.host.models.scrub(&render(&request)).as_bytes())?;
        self.save(|row| row.pull_request = Some(path.display().to_string()))?;
        Ok(request.drafts())
    }

    async fn pull_request(&self, work: &Work, duration_ms: u64) -> Result<PullRequest, RunError> {
        let row = self.row();
        let summary = work.summary.as_ref();
        let text = |pick: fn(&skillhost_engine::contract::Summary) -> &String| {
            summary.map(|summary| pick(summary).clone()).unwrap_or_default()
        };
        let (files, commits) = self.tree.committed_changes().await?;
        let project = &self.host.project;
        let protected = |path: &str| {
            skillhost_core::path::SkillPath::parse(path).is_ok_and(|path| project.protect.paths.matches(&path))
        };
        let mut assumptions = work.assumptions.clone();
        assumptions.extend(self.asked.taken());
        Ok(PullRequest {
            title: row.goal.clone(),
            draft_reasons: work.draft_reasons.clone(),
            change: Change {
                commit: self.tree.head(),
                commits,
                files: files
                    .into_iter()
                    .map(|file| File {
                        protected: protected(&file.path) || file.from.as_deref().is_some_and(&protected),
                        ..file
                    })
                    .collect(),
                summary: text(|summary| &summary.what),
                unfinished: summary.map(|summary| summary.unfinished.clone()).unwrap_or_default(),
                left_out: work
                    .left_out
                    .iter()
                    .map(|(path, reason)| LeftOut { path: path.clone(), reason: reason.clone() })
                    .collect(),
            },
            why: text(|summary| &summary.why),
            assumptions,
            gates: self.gates(work),
            on_base: work.on_base.runs().iter().map(|row| (row.name.clone(), evidence(row))).collect(),
            criteria: criteria(work),
            findings: work.findings.all().to_vec(),
            breaking: summary.map(|summary| summary.breaking.clone()).unwrap_or_default(),
            rollback: text(|summary| &summary.rollback),
            run: Run {
                id: self.id.to_string(),
                goal: row.goal.clone(),
                branch: row.branch.clone(),
                base: format!("{}@{}", row.base, row.base_commit),
                workers: self.workers()?,
                tokens: row.tokens,
                cached_tokens: row.cached_tokens,
                cost_micro_usd: row.cost_micro_usd,
                duration_ms,
                sandbox: row.sandbox.clone().unwrap_or_else(|| "no command was run".to_owned()),
                audit: Some(format!("{} entries", self.log.size())),
                denials: self.denials()?,
                notes: self.notes(),
            },
        })
    }

    /// One row for each declared gate; those that didn't run have no evidence.
    fn gates(&self, work: &Work) -> Vec<Gate> {
        let project = &self.host.project;
        let set_up = work.evidence.iter().find(|evidence| evidence.name == skillhost_core::project::SETUP);
        let declared = project.verify.commands.iter().map(|name| name.to_string());
        set_up
            .map(|evidence| evidence.name.clone())
            .into_iter()
            .chain(declared)
            .map(|name| {
                let command = project.commands.iter().find(|(known, _)| known.as_str() == name);
                let run = |again: bool| {
                    let mut runs = work.evidence.iter().filter(|row| row.name == name);
                    runs.find(|row| row.rerun_of.is_some() == again).map(evidence)
                };
                Gate {
                    command: command.map(|(_, command)| command.run.clone()).unwrap_or_default(),
                    evidence: run(false),
                    again: run(true),
                    name,
                }
            })
            .collect()
    }

    fn workers(&self) -> Result<Vec<Worker>, RunError> {
        let phases = self.ledger(|ledger| ledger.phases())?;
        let mut workers: Vec<Worker> = Vec::new();
        for phase in phases {
            let name = phase.phase.to_string();
            match workers.iter_mut().find(|worker| worker.phase == name && worker.digest == phase.digest) {
                Some(worker) => {
                    worker.models.extend(phase.models);
                    worker.models.sort();
                    worker.models.dedup();
                }
                None => {
                    workers.push(Worker { phase: name, skill: phase.skill, digest: phase.digest, models: phase.models })
                }
            }
        }
        Ok(workers)
    }

    fn denials(&self) -> Result<Vec<Denial>, RunError> {
        let mut counted: BTreeMap<(String, String, String), u64> = BTreeMap::new();
        for denial in self.ledger(|ledger| ledger.denials())? {
            let what = format!("{} {}", denial.capability, denial.what);
            *counted.entry((denial.skill, what, denial.remedy)).or_default() += 1;
        }
        let denial = |((skill, capability, grant), count)| Denial { skill, capability, count, grant };
        Ok(counted.into_iter().map(denial).collect())
    }

    /// What people should know of this repository, its models and its conventions.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = self.tree.notes();
        notes.extend(self.warnings.iter().cloned());
        if let Some(note) = same_author_and_reviewer(&self.host) {
            notes.push(note);
        }
        notes
    }
}

/// A review by the author's own model, or by the author's own skill, finds less.
fn same_author_and_reviewer(host: &Host) -> Option<String> {
    let roles = host.models.roles();
    let role = |kind: Kind| kind.as_str().parse::<Role>().ok();
    let skill = |kind: Kind| host.skills.get(&kind).and_then(crate::host::Equipped::role);
    for author in [Kind::Spec, Kind::Implement] {
        if let (Some(author_role), Some(reviewer)) = (role(author), role(Kind::Review))
            && let Some(shared) =
                roles.shared_provider((&author_role, skill(author).as_ref()), (&reviewer, skill(Kind::Review).as_ref()))
        {
            return Some(format!(
                "{author} and review use the same provider ({}); another one finds more",
                shared.provider.as_str()
            ));
        }
    }
    let digest = |kind| host.skills.get(&kind).map(|equipped| equipped.skill.inspection().digest);
    (digest(Kind::Review) == digest(Kind::Implement))
        .then(|| "the review was done by the skill that made the change".to_owned())
}

fn evidence(row: &EvidenceRow) -> Evidence {
    Evidence {
        id: row.id.clone(),
        commit: row.commit.clone(),
        exit_code: row.exit_code,
        exit: row.exit.clone(),
        tests: row.tests,
        tests_at_base: row.at_base.as_ref().map(|base| base.tests),
        discounted: row.discounted.clone(),
        duration_ms: row.duration_ms,
    }
}

fn criteria(work: &Work) -> Vec<Criterion> {
    work.criteria
        .iter()
        .map(|criterion| {
            let check = work.checks.iter().find(|check| check.id == criterion.id);
            Criterion {
                id: criterion.id.clone(),
                statement: criterion.statement.clone(),
                outcome: match check.map(|check| check.outcome) {
                    Some(CheckOutcome::Passed) => Outcome::Passed,
                    Some(CheckOutcome::Failed) => Outcome::Failed,
                    Some(CheckOutcome::NotRun) | None => Outcome::NotRun,
                },
                evidence: check.map(|check| check.evidence.clone()).unwrap_or_default(),
            }
        })
        .collect()
}

/// What kind of change a file saw, in the pull request's terms.
pub(crate) fn file_change(kind: skillhost_worktree::ChangeKind) -> FileChange {
    match kind {
        skillhost_worktree::ChangeKind::Added => FileChange::Added,
        skillhost_worktree::ChangeKind::Modified => FileChange::Modified,
        skillhost_worktree::ChangeKind::Deleted => FileChange::Deleted,
        skillhost_worktree::ChangeKind::Renamed => FileChange::Renamed,
    }
}
