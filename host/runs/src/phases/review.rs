//! A spec or the change is attacked by a skill that did not write it, and can't change it.

use crate::error::RunError;
use crate::findings::{Next, Severity};
use crate::phases::finding_from_wit;
use crate::state::{State, Turn, Work};
use skillhost_core::path::SkillPath;
use skillhost_core::phase::Phase;
use skillhost_engine::contract::{Report, Subject};

impl State {
    /// One review; what follows is the host's decision.
    pub(crate) async fn review(
        &self,
        work: &mut Work,
        goal: &str,
        phase: Phase,
        round: u32,
        rounds: u32,
    ) -> Result<Next, RunError> {
        let turn = Turn { phase, round };
        let mut brief = self.brief(turn, work, goal);
        let subject = match (&work.spec, phase) {
            (Some(spec), Phase::SpecReview) => Subject::Spec(spec.clone()),
            _ => Subject::Change,
        };
        if phase == Phase::SpecReview {
            // It is the subject; there it stands once.
            brief.spec = None;
        }
        let report = self
            .call(
                turn,
                brief,
                |call, engine, brief| {
                    let subject = subject.clone();
                    async move { call.review(&engine, brief, subject).await }
                },
                |report: &Report| {
                    let severe = report.findings.iter().filter(|f| {
                        matches!(
                            f.severity,
                            skillhost_engine::contract::Severity::Major | skillhost_engine::contract::Severity::Blocker
                        )
                    });
                    let severe: Vec<_> = severe.collect();
                    let note = match severe.first() {
                        Some(first) => {
                            format!("{} to mend: {}", severe.len(), first.message.lines().next().unwrap_or_default())
                        }
                        None if report.findings.is_empty() => "no open findings".to_owned(),
                        None => format!("{} smaller findings", report.findings.len()),
                    };
                    (severe.is_empty(), note)
                },
            )
            .await?;
        let verdicts = report.verdicts.into_iter().map(|v| (v.finding, v.closed, v.reason)).collect();
        let raised = report.findings.into_iter().map(finding_from_wit).collect();
        let spec = work.spec.clone();
        let versions = |path: &SkillPath| {
            let mut versions = self.tree.versions(path);
            versions.extend(spec.iter().filter(|spec| spec.path == path.as_str()).map(|spec| spec.text.clone()));
            versions
        };
        let dropped = work.findings.review(phase, round, verdicts, raised, versions);
        if dropped > 0 {
            self.warn(&format!("{dropped} findings beyond the most that one review may raise were dropped"));
        }
        self.ledger(|ledger| ledger.save_findings(&work.findings))?;
        Ok(work.findings.next(round, rounds))
    }

    /// The blocker that ends the run.
    pub(crate) fn blocker(&self, work: &Work, rounds: u32) -> RunError {
        let message = work.findings.open(Severity::Blocker).next().map(|f| f.message.clone()).unwrap_or_default();
        RunError::Blocker { message: message.chars().take(200).collect(), rounds }
    }
}
