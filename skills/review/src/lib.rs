//! Reads a spec or a change with adversarial intent, and reports what would break.
//!
//! 1. Three conversations side by side, each with four of the twelve `lenses`. Each can look at the whole tree (`list`, `search`,
//!    `read`, `diff`) and ends with one `report`.
//! 2. What is reported is a claim until it is checked: a finding whose quote does not stand at its place is dropped, one without
//!    a trigger is minor at most, and an earlier finding without a verdict stays open.
//! 3. What says the same twice is merged, and there is an end to how much is reported.
//! 4. Somebody who did not raise it tries to refute each finding that is left.
//!
//! What a program can see by itself (`checks`) is not asked of a model. The author's summary and commit messages are withheld: a
//! change that is described as free of bugs is believed to be. A review that did not come to its end has no result: a group
//! that fails fails all of it.

mod checks;
mod desk;
mod lenses;
mod place;
mod prompt;
mod refute;
mod report;
mod triage;
mod verdicts;

use skillhost_sdk::changed::Changed;
use skillhost_sdk::conversation::{Conversation, Limits};
use skillhost_sdk::review::{Report, Subject};
use skillhost_sdk::side_by_side::side_by_side;
use skillhost_sdk::{Brief, Error, Host, Level, Review, Tier};

use desk::{Desk, Memory};
use lenses::GROUPS;
use place::Places;

/// Looking around, and then one report. Groups that need more turns than this have lost their way.
const LIMITS: Limits = Limits { turns: 30, notice_at: 20 };

/// The skill.
pub struct Reviewer;

impl Review for Reviewer {
    fn review(host: &dyn Host, brief: Brief, subject: Subject) -> Result<Report, Error> {
        let change = match &subject {
            Subject::Spec(_) => None,
            Subject::Change => Some(Changed::read(host)?),
        };
        if change.as_ref().is_some_and(|change| change.files.is_empty()) {
            return Err(Error::Invalid("there is no change to review".into()));
        }
        let hits = change.as_ref().map(|change| checks::run(change, &brief));
        let reported = checks::reported(hits.as_deref().unwrap_or_default());

        let memory = Memory::default();
        let claims = side_by_side(host, GROUPS.len(), |group, host| {
            let messages = prompt::messages(&brief, &subject, change.as_ref(), &reported, group);
            let mut conversation = Conversation::new(host, Tier::Capable, prompt::SYSTEM, messages);
            conversation.run(&mut Desk::new(host, &brief, change.is_some(), &memory), LIMITS)
        })?;
        let claims = report::joined(claims);

        let places = Places::new(host, &brief, &subject);
        let verdicts = verdicts::settle(&brief.findings, claims.verdicts, hits.as_deref());
        let (findings, mut told) = triage::triage(claims.findings, &brief.findings, &places);
        let shared = prompt::shared(&brief, &subject);
        let findings = refute::refute(host, &shared, change.as_ref(), &places, findings)?;
        told.extend(lenses_left_out(&claims.lenses_checked));
        let findings = triage::completed(findings, reported, &brief.findings, &mut told);
        told.iter().for_each(|line| host.log(Level::Info, line));
        Ok(Report { findings, verdicts })
    }
}

/// What people are told of a review that says itself that it did not look everywhere.
fn lenses_left_out(checked: &[String]) -> Option<String> {
    let checked: Vec<String> = checked.iter().map(|lens| triage::category(lens)).collect();
    let left_out: Vec<&str> = lenses::all().filter(|lens| !checked.iter().any(|it| it == lens)).collect();
    (!left_out.is_empty()).then(|| format!("the reviewer did not look through: {}", left_out.join(", ")))
}

skillhost_sdk::export_review!(Reviewer);

#[cfg(test)]
mod tests;
