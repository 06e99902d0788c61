//! How a run ends: whatever happened, it is written down, with what it came to.

use crate::ambient;
use crate::error::{FailureClass, RunError};
use crate::ledger::{CheckRow, CheckState, RunState};
use crate::publish::{PublishError, Published};
use crate::pull_request;
use crate::run::{Ended, Finished};
use crate::state::{State, Work};
use crate::view;
use skillhost_audit::{Class, Event as Entry, Kind as Deed, Outcome, Status};
use skillhost_core::text::escape_json;
use skillhost_engine::contract::{Check, CheckOutcome};
use std::path::{Path, PathBuf};

impl State {
    /// Writes down how the run ended, whatever happened. What can't be written then doesn't hide why it ended.
    pub(crate) async fn end(self, mut work: Work, ended: Result<(), RunError>, duration_ms: u64) -> Finished {
        let ended = ended.map_err(|error| self.or_full(error));
        let has_change = work.summary.is_some();
        if let (Err(error), true) = (&ended, has_change) {
            work.draft_reasons.push(format!("the run ended early: {}", error.chain()));
        }
        let note = ended.as_ref().map_or_else(RunError::chain, |()| "the run ended".to_owned());
        let spent = self.budget.spent();
        let now = ambient::unix_ms();
        let closed = self.ledger(|ledger| ledger.close_phases(&note, now, (spent.tokens, spent.cost)));
        // Of a command that was ended with the run: nothing came behind it that would have.
        let closed = closed.and(self.save_refused());
        let drafts = if has_change { self.propose(&work, duration_ms).await.map(Some) } else { Ok(None) };
        let ended = match (ended, drafts) {
            (Err(error), _) | (Ok(()), Err(error)) => Ended::Failed(error),
            (Ok(()), Ok(Some(drafts))) if drafts.is_empty() => Ended::Ready,
            (Ok(()), Ok(Some(drafts))) => Ended::Draft(drafts),
            (Ok(()), Ok(None)) => Ended::Failed(RunError::Bug("the run ended without a change".to_owned())),
        };
        let published = self.publish_end(&ended).await;
        let recorded = closed.and(self.record_end(&work, &ended)).and(self.log_end(&ended));
        let (json, written) = match self.write_json() {
            Ok(json) => (Some(json), Ok(())),
            Err(error) => (None, Err(error)),
        };
        let ended = match (ended, recorded.and(written)) {
            // A run that nobody can read of afterwards is none that went well.
            (Ended::Ready | Ended::Draft(_), Err(error)) => {
                let ended = Ended::Failed(self.or_full(error));
                let _ = self.record_end(&work, &ended);
                ended
            }
            (ended, _) => ended,
        };
        let row = self.row();
        Finished {
            id: self.id.clone(),
            ended,
            branch: row.branch,
            pull_request: row.pull_request.map(PathBuf::from),
            published,
            json,
            tokens: spent.tokens,
            cost_micro_usd: spent.known_cost(),
            sandbox: row.sandbox,
            denials: self.ledger(|ledger| ledger.denials()).map_or(0, |denials| denials.len()),
            spec: self.spec_path(),
        }
    }

    /// Publishes what the run came to; the pull request is ready only where the run is. Without a change there is nothing
    /// new, but an early draft must not go on saying that somebody is at work.
    async fn publish_end(&self, ended: &Ended) -> Option<Result<Published, PublishError>> {
        let row = self.row();
        let body = match &row.pull_request {
            Some(file) => ambient::read_text(Path::new(file)).ok()?,
            None if row.pushed.is_some() => pull_request::without_change(&row.goal, self.id.as_str(), &row.branch),
            None => return None,
        };
        self.publish(&body, !matches!(ended, Ended::Ready)).await
    }

    fn record_end(&self, work: &Work, ended: &Ended) -> Result<(), RunError> {
        let (state, exit_code, error) = match ended {
            Ended::Ready => (RunState::Ready, 0, None),
            Ended::Draft(reasons) => (RunState::Draft, 1, reasons.first().cloned()),
            Ended::Failed(RunError::Interrupted) => (RunState::Interrupted, 130, Some("interrupted".to_owned())),
            Ended::Failed(error) => (RunState::Failed, exit_code(error.class()), Some(error.chain())),
        };
        self.save(|row| {
            row.state = state;
            row.exit_code = Some(exit_code);
            row.error = error;
            row.ended_ms = Some(ambient::unix_ms());
            row.head = Some(self.tree.head());
            row.checks = checks(work);
            row.assumptions = work.assumptions.iter().cloned().chain(self.asked.taken()).collect();
        })
    }

    fn log_end(&self, ended: &Ended) -> Result<(), RunError> {
        let status = match ended {
            Ended::Ready | Ended::Draft(_) => Status::Done,
            Ended::Failed(RunError::Interrupted) => Status::Cancelled,
            Ended::Failed(_) => Status::Failed,
        };
        self.auditor().intent(Entry::granted(Class::Run, Deed::End))?.outcome(Outcome::of(status))?;
        Ok(self.log.close()?)
    }

    fn write_json(&self) -> Result<PathBuf, RunError> {
        let view = self.ledger(|ledger| view::view(ledger, self.log.size()))?;
        let text = serde_json::to_string_pretty(&view).map_err(|e| RunError::Bug(e.to_string()))?;
        let json = self.folder.join("run.json");
        // People look at it in a terminal, too.
        ambient::write_whole(&json, escape_json(&text).as_str().as_bytes())?;
        Ok(json)
    }
}

/// What became of each criterion, and then of what the verification named itself.
fn checks(work: &Work) -> Vec<CheckRow> {
    let find = |id: &str| work.checks.iter().find(|check| check.id == id);
    let row = |id: &str, statement: Option<&String>, check: Option<&Check>| CheckRow {
        id: id.to_owned(),
        statement: statement.cloned(),
        state: match check.map(|check| check.outcome) {
            Some(CheckOutcome::Passed) => CheckState::Passed,
            Some(CheckOutcome::Failed) => CheckState::Failed,
            Some(CheckOutcome::NotRun) | None => CheckState::NotRun,
        },
        evidence: check.map(|check| check.evidence.clone()).unwrap_or_default(),
        detail: check.map(|check| check.detail.clone()).unwrap_or_default(),
    };
    let criteria = work.criteria.iter().map(|it| row(&it.id, Some(&it.statement), find(&it.id)));
    let named = work.checks.iter().filter(|check| !work.criteria.iter().any(|it| it.id == check.id));
    criteria.chain(named.map(|check| row(&check.id, None, Some(check)))).collect()
}

fn exit_code(class: FailureClass) -> u8 {
    match class {
        FailureClass::Negative => 1,
        FailureClass::Configuration => 3,
        FailureClass::Denied => 4,
        FailureClass::Limit => 5,
        FailureClass::Integrity => 6,
        FailureClass::Bug => 70,
        FailureClass::Interrupted => 130,
    }
}
