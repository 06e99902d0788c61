//! Reads a spec or a change with adversarial intent, and reports what would break.
//!
//! One conversation with a model that can look at the whole tree (`list`, `search`, `read`, `diff`) and ends it with one
//! `report`. What the model reports is a claim until it is checked: a finding whose quote does not stand at its place is
//! dropped, one without a trigger is minor at most, and an earlier finding without a verdict stays open. What a program can
//! see by itself (`checks`) is not asked of the model.
//!
//! The author's summary and commit messages are withheld: a change that is described as free of bugs is believed to be.

mod change;
mod checks;
mod desk;
mod place;
mod prompt;
mod report;
mod triage;
mod verdicts;

use skillhost_sdk::conversation::{Conversation, Limits};
use skillhost_sdk::review::{Report, Subject};
use skillhost_sdk::{Brief, Error, Host, Level, Review, Tier};

use change::Change;
use desk::Desk;
use place::Places;

/// Looking around, and then one report. Reviews that need more turns than this have lost their way.
const LIMITS: Limits = Limits { turns: 30, notice_at: 20 };

/// The skill.
pub struct Reviewer;

impl Review for Reviewer {
    fn review(host: &dyn Host, brief: Brief, subject: Subject) -> Result<Report, Error> {
        let change = match &subject {
            Subject::Spec(_) => None,
            Subject::Change => Some(Change::read(host)?),
        };
        let hits = change.as_ref().map(|change| checks::run(change, &brief));
        let reported = checks::reported(hits.as_deref().unwrap_or_default());
        let messages = prompt::messages(&brief, &subject, change.as_ref(), &reported);
        let mut conversation = Conversation::new(host, Tier::Capable, prompt::SYSTEM, messages);
        let claims = conversation.run(&mut Desk::new(host, &brief, change.is_some()), LIMITS)?;

        let places = Places::new(host, &brief, &subject);
        let verdicts = verdicts::settle(&brief.findings, claims.verdicts, hits.as_deref());
        let triaged = triage::triage(claims.findings, reported, &brief.findings, &places);
        for reason in lenses_left_out(&claims.lenses_checked).into_iter().chain(triaged.dropped) {
            host.log(Level::Info, &reason);
        }
        Ok(Report { findings: triaged.findings, verdicts })
    }
}

/// What people are told of a review that says itself that it did not look everywhere.
fn lenses_left_out(checked: &[String]) -> Option<String> {
    let checked: Vec<String> = checked.iter().map(|lens| triage::category(lens)).collect();
    let left_out: Vec<&str> = prompt::LENSES.into_iter().filter(|lens| !checked.iter().any(|it| it == lens)).collect();
    (!left_out.is_empty()).then(|| format!("the reviewer did not look through: {}", left_out.join(", ")))
}

skillhost_sdk::export_review!(Reviewer);

#[cfg(test)]
mod tests;
