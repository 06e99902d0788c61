//! The gates' results are judged: criteria, zero tests, tests that vanished.

use super::OnBase;
use super::tests_on_base::SHOWS_NOTHING;
use crate::error::RunError;
use crate::findings::{Raised, Severity};
use crate::ledger::{EvidenceRow, deciding};
use crate::state::{State, Turn, Work};
use skillhost_core::phase::Phase;
use skillhost_engine::contract::{Check, CheckOutcome};

impl State {
    /// Judges the newest evidence; gives whether nothing failed.
    pub(crate) async fn verify(&self, work: &mut Work, goal: &str, round: u32) -> Result<bool, RunError> {
        let turn = Turn { phase: Phase::Verify, round };
        let brief = self.brief(turn, work, goal);
        let known: Vec<String> = work.evidence.iter().map(|evidence| evidence.id.clone()).collect();
        let mut checks = self
            .call(
                turn,
                brief,
                |call, engine, brief| async move { call.verify(&engine, brief).await },
                |checks: &Vec<Check>| {
                    let of = |outcome: CheckOutcome| checks.iter().filter(|check| check.outcome == outcome).count();
                    let failed = checks.iter().find(|check| check.outcome == CheckOutcome::Failed);
                    let note = match failed {
                        Some(check) => format!("{} failed: {} {}", of(CheckOutcome::Failed), check.id, check.detail),
                        None => format!("{} of {} shown", of(CheckOutcome::Passed), checks.len()),
                    };
                    (failed.is_none(), note)
                },
            )
            .await?;
        for check in &mut checks {
            // Evidence comes only from gates, whatever a skill names.
            check.evidence.retain(|id| known.contains(id));
            if check.outcome == CheckOutcome::Passed && check.evidence.is_empty() {
                check.outcome = CheckOutcome::NotRun;
            }
        }
        work.checks = checks;
        Ok(!work.checks.iter().any(|check| check.outcome == CheckOutcome::Failed))
    }

    /// What failed goes back to the author as findings of the host's own, which the next gates close or raise anew.
    pub(crate) fn raise_failures(&self, work: &mut Work, round: u32) -> Result<(), RunError> {
        let gates = deciding(&work.evidence).filter(|gate| !gate.passed()).map(|gate| failure(gate, &work.evidence));
        let checks = work.checks.iter().filter(|check| check.outcome == CheckOutcome::Failed);
        let checks = checks.map(|check| format!("{} does not hold: {}", check.id, check.detail));
        let tests = matches!(work.on_base, OnBase::Pass(_)).then(|| SHOWS_NOTHING.to_owned());
        let raised = gates.chain(checks).chain(tests).map(|message| Raised {
            severity: Severity::Major,
            category: "verification".to_owned(),
            at: None,
            quote: None,
            message,
            suggestion: None,
        });
        let raised = raised.collect();
        work.findings.review(Phase::Verify, round, Vec::new(), raised, |_| Vec::new());
        self.ledger(|ledger| ledger.save_findings(&work.findings))
    }

    /// The host's own findings of earlier gates are decided by these gates and their verification.
    pub(crate) fn close_failures(&self, work: &mut Work, round: u32) -> Result<(), RunError> {
        let own: Vec<_> = work
            .findings
            .open(Severity::Nit)
            .filter(|finding| finding.phase == Phase::Verify)
            .map(|finding| (finding.id.clone(), true, "the gates ran again".to_owned()))
            .collect();
        work.findings.review(Phase::Verify, round, own, Vec::new(), |_| Vec::new());
        self.ledger(|ledger| ledger.save_findings(&work.findings))
    }
}

/// What a failed gate's author is told, with what a second run of it showed.
fn failure(gate: &EvidenceRow, all: &[EvidenceRow]) -> String {
    let name = &gate.name;
    let mut text = match &gate.discounted {
        Some(reason) => format!("the gate `{name}` ended well on a fresh checkout, which doesn't count: {reason}"),
        None => format!("the gate `{name}` failed on a fresh checkout: {}; see its output", gate.exit),
    };
    if let Some(again) = all.iter().find(|row| row.rerun_of.as_ref() == Some(&gate.id)) {
        text.push_str(&match &again.discounted {
            Some(reason) => format!("; it passed when it was run once more, which doesn't count: {reason}"),
            None => format!("; when it was run once more: {}", again.exit),
        });
    }
    text
}
