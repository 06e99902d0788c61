//! Gates: the host runs the declared commands itself, on a fresh checkout of the proposed commit. Nothing else is
//! evidence.
//!
//! What a gate showed is held against the base commit: fewer tests are no pass. A failure of tests that the change does
//! not touch is tried once more.

use super::OnBase;
use super::gate::{Purpose, millis};
use crate::ambient;
use crate::error::RunError;
use crate::event::Event;
use crate::ledger::{AtBase, EvidenceRow, deciding};
use crate::state::{State, Work};
use skillhost_core::name::CommandName;
use skillhost_core::project::{Command, SETUP};
use skillhost_core::text::escape_terminal;

impl State {
    /// Runs all gates on `commit`, in their order, each on a checkout of its own, so that none can prepare the next
    /// one's; gives whether all passed.
    pub(crate) async fn run_gates(&self, work: &mut Work, commit: &str) -> Result<bool, RunError> {
        let project = std::sync::Arc::clone(&self.host.project);
        let started = ambient::now();
        work.evidence.clear();
        work.on_base = OnBase::Untold;
        for name in &project.verify.commands {
            let Some(command) = project.commands.get(name) else { continue };
            let first = self.run_gate((name, command), Purpose::Judge(commit)).await?;
            if first.name == SETUP {
                // Without its set-up nothing can be shown; that it failed is the evidence.
                self.ledger(|ledger| ledger.save_evidence(&first))?;
                work.evidence.push(first);
                break;
            }
            let first = self.settle((name, command), first).await?;
            let again = self.run_again((name, command), commit, &first).await?;
            work.evidence.push(first);
            work.evidence.extend(again);
        }
        let passed = !work.evidence.is_empty() && deciding(&work.evidence).all(EvidenceRow::passed);
        let notes: Vec<String> = deciding(&work.evidence).map(describe).collect();
        self.tell(Event::PhaseEnded {
            name: "gates",
            by: escape_terminal("fresh checkouts", 200),
            is_good: passed,
            note: escape_terminal(&notes.join(" · "), 200),
            duration_ms: millis(started.elapsed()),
        });
        Ok(passed)
    }

    /// Runs a gate once more that failed in tests which are known, all of them as they were at base; never a third time. With
    /// one that the change touches, a pass would show nothing.
    async fn run_again(
        &self,
        gate: (&CommandName, &Command),
        commit: &str,
        first: &EvidenceRow,
    ) -> Result<Option<EvidenceRow>, RunError> {
        let Some(failed_in) = &first.failed_in else { return Ok(None) };
        let changed = self.tree.committed_changes().await?.0;
        if failed_in.iter().any(|path| changed.iter().any(|file| file.path == *path)) {
            return Ok(None);
        }
        let mut again = self.run_gate(gate, Purpose::Again(commit)).await?;
        if again.name == SETUP {
            // A set-up that fails now says nothing of the tests.
            self.ledger(|ledger| ledger.save_evidence(&again))?;
            return Ok(None);
        }
        again.rerun_of = Some(first.id.clone());
        if again.exit_code == Some(0) && again.tests < first.tests {
            again.discounted = Some("it ran fewer tests than the run that failed".to_owned());
        }
        self.settle(gate, again).await.map(Some)
    }

    /// Holds a gate that ended well against the base commit, and saves the record.
    async fn settle(&self, gate: (&CommandName, &Command), mut evidence: EvidenceRow) -> Result<EvidenceRow, RunError> {
        if self.host.project.verify.baseline && evidence.passed() && evidence.tests.is_some() {
            let base = self.baseline(gate).await?;
            if base.name == evidence.name {
                evidence.discounted = shortfall(&evidence, &base);
                evidence.at_base = AtBase::of(&base);
            }
        }
        self.ledger(|ledger| ledger.save_evidence(&evidence))?;
        Ok(evidence)
    }

    /// What a gate, or the set-up before it, showed at the base commit; run once.
    pub(super) async fn baseline(&self, (name, command): (&CommandName, &Command)) -> Result<EvidenceRow, RunError> {
        let base = self.tree.base();
        let is_known = |row: &EvidenceRow| {
            row.commit == base
                && row.tests_of.is_none()
                && (row.name == name.as_str() || (row.name == SETUP && row.exit_code != Some(0)))
        };
        if let Some(known) = self.ledger(|ledger| ledger.evidence())?.into_iter().find(is_known) {
            return Ok(known);
        }
        let evidence = self.run_gate((name, command), Purpose::Base).await?;
        self.ledger(|ledger| ledger.save_evidence(&evidence))?;
        Ok(evidence)
    }
}

/// Why a gate that ended well does not count: fewer tests ran than at base, or more were skipped. A run at base that was
/// cut short tells nothing, and one that failed may have stopped before it skipped anything.
fn shortfall(now: &EvidenceRow, base: &EvidenceRow) -> Option<String> {
    let code = base.exit_code?;
    let (ran, before) = (now.tests?, base.tests?);
    if ran < before {
        return Some(format!("{ran} {}, {before} at base", tests(ran)));
    }
    let (skipped, before) = (now.skipped?, base.skipped?);
    (code == 0 && skipped > before).then(|| format!("{skipped} {} skipped, {before} at base", tests(skipped)))
}

fn tests(count: u32) -> &'static str {
    if count == 1 { "test" } else { "tests" }
}

fn describe(evidence: &EvidenceRow) -> String {
    let again = if evidence.rerun_of.is_some() { " at the second try" } else { "" };
    match (evidence.passed(), evidence.tests, &evidence.discounted) {
        (true, Some(tests), _) => format!("{} {tests} passed{again}", evidence.name),
        (true, None, _) => format!("{} ok{again}", evidence.name),
        (false, _, Some(reason)) => format!("{} failed ({reason})", evidence.name),
        (false, _, None) => format!("{} failed ({})", evidence.name, evidence.exit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::evidence_of;

    fn row(exit_code: Option<i32>, tests: Option<u32>, skipped: u32) -> EvidenceRow {
        EvidenceRow { tests, skipped: tests.map(|_| skipped), exit_code, ..evidence_of("ev-1", 0) }
    }

    #[test]
    fn fewer_tests_than_at_base_are_no_pass() {
        let short = |now: (Option<u32>, u32), base: EvidenceRow| shortfall(&row(Some(0), now.0, now.1), &base);
        let base = |tests, skipped| row(Some(0), Some(tests), skipped);
        assert_eq!(short((Some(3), 0), base(3, 0)), None);
        assert_eq!(short((Some(4), 1), base(3, 1)), None);
        assert_eq!(short((Some(1), 0), base(3, 0)).as_deref(), Some("1 test, 3 at base"));
        assert_eq!(short((Some(3), 2), base(3, 1)).as_deref(), Some("2 tests skipped, 1 at base"));
        // Base failed: what it ran is the least that there is, what it skipped is not.
        assert_eq!(short((Some(3), 2), row(Some(1), Some(3), 0)), None);
        assert_eq!(short((Some(2), 0), row(Some(1), Some(3), 0)).as_deref(), Some("2 tests, 3 at base"));
        // Base was cut short, or tells nothing.
        assert_eq!(short((Some(2), 0), row(None, Some(3), 0)), None);
        assert_eq!(short((Some(2), 0), row(Some(0), None, 0)), None);
        assert_eq!(short((None, 0), base(3, 0)), None);
    }
}
