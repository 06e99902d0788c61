//! What came of one call: findings where the skill reviews, checks where it verifies, and how it ended.

use super::{Case, Class, Denial, Outcome, Suite};
use crate::failure::Exit;
use serde_json::Value;
use skillhost_core::kind::Kind;
use skillhost_core::path::SkillPath;
use skillhost_core::phase::Phase;
use skillhost_engine::contract::{self, Check, CheckOutcome};
use skillhost_runs::findings::{Finding, Location, Quote, Severity};
use std::time::Duration;

/// What a call gave.
pub(crate) struct CallEnd<'a> {
    pub(crate) exit: Exit,
    pub(crate) reasons: Vec<String>,
    /// The skill's answer; none where it failed.
    pub(crate) answer: Option<&'a Value>,
    pub(crate) denials: Vec<Denial>,
    pub(crate) duration: Duration,
}

pub(crate) fn of_call(name: String, kind: Kind, end: CallEnd<'_>) -> Suite {
    let CallEnd { exit, reasons, answer, denials, duration } = end;
    let findings = match kind {
        Kind::Review => read::<contract::Report>(answer).map(|report| report.findings).unwrap_or_default(),
        _ => Vec::new(),
    };
    let checks = match kind {
        Kind::Verify => read::<Vec<Check>>(answer).unwrap_or_default(),
        _ => Vec::new(),
    };
    Suite {
        name,
        kind: "call",
        run: None,
        exit,
        reasons,
        cases: checks.iter().map(case).collect(),
        findings: findings.into_iter().enumerate().map(|(at, finding)| noted(at, finding)).collect(),
        denials,
        duration: Some(duration),
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: Option<&Value>) -> Option<T> {
    serde_json::from_value(answer?.clone()).ok()
}

fn case(check: &Check) -> Case {
    let outcome = match check.outcome {
        CheckOutcome::Passed if check.evidence.is_empty() => Outcome::NotRun("no evidence shows it".to_owned()),
        CheckOutcome::Passed => Outcome::Passed,
        CheckOutcome::Failed => Outcome::Failed(check.detail.clone()),
        CheckOutcome::NotRun => Outcome::NotRun(check.detail.clone()),
    };
    Case { class: Class::Check, name: check.id.clone(), duration: None, outcome, output: check.detail.clone() }
}

/// As a run would note it, but for the check of its quote.
fn noted(at: usize, finding: contract::Finding) -> Finding {
    let place = finding.at.and_then(|at| {
        let path = SkillPath::parse(&at.path).ok().filter(|path| !path.is_root())?;
        Some(Location { path, line: at.line })
    });
    Finding {
        id: format!("F{}", at + 1),
        phase: Phase::ChangeReview,
        round: 1,
        severity: match finding.severity {
            contract::Severity::Nit => Severity::Nit,
            contract::Severity::Minor => Severity::Minor,
            contract::Severity::Major => Severity::Major,
            contract::Severity::Blocker => Severity::Blocker,
        },
        category: finding.category,
        at: place,
        quote: finding.quote,
        checked: Quote::None,
        message: finding.message,
        suggestion: finding.suggestion,
        answers: Vec::new(),
        verdicts: Vec::new(),
    }
}
