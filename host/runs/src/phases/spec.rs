//! The spec is written, its sections and its plan are checked, and what is missing goes back.

use crate::error::RunError;
use crate::findings::{Raised, Severity};
use crate::plan;
use crate::sections;
use crate::state::{State, Turn, Work};
use skillhost_core::phase::Phase;
use skillhost_engine::contract::{Document, Specification, Step};
use std::collections::BTreeSet;

/// What the host itself finds wrong with a draft.
struct Faults {
    missing: Vec<String>,
    problems: Vec<String>,
}

impl State {
    /// One draft. Gives whether the host itself finds something wrong with it; the next round is told then.
    pub(crate) async fn draft_spec(
        &self,
        work: &mut Work,
        goal: &str,
        round: u32,
        rounds: u32,
    ) -> Result<bool, RunError> {
        let turn = Turn { phase: Phase::Spec, round };
        let path = self.spec_path();
        if work.spec.is_none() {
            let text = sections::skeleton(goal, &self.host.project.spec.sections);
            work.spec = Some(Document { path: path.clone(), text });
        }
        let brief = self.brief(turn, work, goal);
        let drafted = self
            .call(
                turn,
                brief,
                |call, engine, brief| async move { call.spec(&engine, brief).await },
                |drafted: &Specification| {
                    let faults = self.faults(drafted);
                    let text = format!(
                        "{} sections, {} steps, {} criteria{}",
                        self.host.project.spec.sections.len() - faults.missing.len(),
                        drafted.steps.len(),
                        drafted.criteria.len(),
                        faults.describe()
                    );
                    (faults.is_empty(), text)
                },
            )
            .await?;
        let faults = self.faults(&drafted);
        // Where the spec is committed is the project's to say.
        work.spec = Some(Document { path, text: drafted.document.text });
        work.steps = drafted.steps;
        work.criteria = drafted.criteria;
        work.assumptions = drafted.assumptions;
        work.findings.answer(round, drafted.answers.into_iter().map(|a| (a.finding, a.text)).collect());
        self.close_own_findings(work, round);
        if faults.is_empty() {
            // The implementer takes the steps as they stand; none of a sound plan wait for each other.
            if let Ok(order) = plan::order(&plan_steps(&work.steps)) {
                work.steps = order.into_iter().map(|at| work.steps[at].clone()).collect();
            }
            return Ok(true);
        }
        if round >= rounds {
            return Err(faults.into_error(rounds));
        }
        work.findings.review(Phase::Spec, round, Vec::new(), faults.raise(), |_| Vec::new());
        self.ledger(|ledger| ledger.save_findings(&work.findings))?;
        Ok(false)
    }

    /// The host checks its own findings anew on each draft, so it closes the earlier ones itself.
    fn close_own_findings(&self, work: &mut Work, round: u32) {
        let own: Vec<_> = work
            .findings
            .open(Severity::Nit)
            .filter(|finding| finding.phase == Phase::Spec)
            .map(|finding| (finding.id.clone(), true, "checked anew by the host".to_owned()))
            .collect();
        work.findings.review(Phase::Spec, round, own, Vec::new(), |_| Vec::new());
    }

    fn faults(&self, drafted: &Specification) -> Faults {
        let project = &self.host.project;
        let missing =
            sections::gaps(&drafted.document.text, &project.spec.sections).into_iter().map(|gap| gap.section).collect();
        let commands: BTreeSet<&str> = project.commands.keys().map(|name| name.as_str()).collect();
        let steps = plan_steps(&drafted.steps);
        let criteria: Vec<_> = drafted
            .criteria
            .iter()
            .map(|criterion| plan::Criterion {
                id: &criterion.id,
                statement: &criterion.statement,
                command: criterion.command.as_deref(),
            })
            .collect();
        let problems = plan::problems(&steps, &criteria, &commands).iter().map(ToString::to_string).collect();
        Faults { missing, problems }
    }

    pub(crate) fn spec_path(&self) -> String {
        let slug = crate::slug::Slug::of(&self.row.lock().map(|row| row.goal.clone()).unwrap_or_default());
        self.host.project.spec.path.replace("{slug}", slug.as_str())
    }
}

fn plan_steps(steps: &[Step]) -> Vec<plan::Step<'_>> {
    steps
        .iter()
        .map(|step| plan::Step { id: &step.id, files: &step.files, after: &step.after, criteria: &step.criteria })
        .collect()
}

impl Faults {
    fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.problems.is_empty()
    }

    fn describe(&self) -> String {
        match (self.missing.as_slice(), self.problems.first()) {
            ([], None) => String::new(),
            ([], Some(problem)) => format!("; {problem}"),
            (missing, _) => format!("; missing: {}", missing.join(", ")),
        }
    }

    fn raise(self) -> Vec<Raised> {
        let raised = |category: &str, message: String| Raised {
            severity: Severity::Major,
            category: category.to_owned(),
            at: None,
            quote: None,
            message,
            suggestion: None,
        };
        let missing = self.missing.into_iter().map(|section| {
            raised(
                "sections",
                format!("the section \"{section}\" is missing or empty; write it, or \"None, because …\""),
            )
        });
        let problems = self.problems.into_iter().map(|problem| raised("plan", problem));
        missing.chain(problems).collect()
    }

    fn into_error(self, rounds: u32) -> RunError {
        if let Some(problem) = self.problems.into_iter().next()
            && self.missing.is_empty()
        {
            return RunError::Plan { problem, rounds };
        }
        let quoted: Vec<_> = self.missing.iter().map(|section| format!("\"{section}\"")).collect();
        RunError::Sections { sections: quoted.join(", "), rounds }
    }
}
