//! What came of a goal, from its run's own records.

use super::{Case, Class, Denial, Outcome, RunFacts, Suite, is_severe};
use crate::failure::Exit;
use skillhost_core::kind::Kind;
use skillhost_core::phase::Phase;
use skillhost_runs::findings::Finding;
use skillhost_runs::ledger::{CheckRow, CheckState, EvidenceRow, PhaseRow, deciding};
use skillhost_runs::view::RunView;
use std::time::Duration;

pub(crate) fn of_run(view: &RunView, exit: Exit, reasons: Vec<String>) -> Suite {
    let run = &view.run;
    // What the host raises of a failed gate or check is told with that.
    let is_told = |finding: &&Finding| finding.is_open() && finding.phase != Phase::Verify;
    let open: Vec<Finding> = view.findings.iter().filter(is_told).cloned().collect();
    // Gates of an earlier commit say nothing of this one.
    let newest = run.head.as_ref().or_else(|| view.gates.last().map(|gate| &gate.commit));
    let gates: Vec<EvidenceRow> = view.gates.iter().filter(|gate| Some(&gate.commit) == newest).cloned().collect();
    let gates = deciding(&gates).map(gate);
    let checks = run.checks.iter().map(check);
    let reviews = [Phase::SpecReview, Phase::ChangeReview].into_iter().filter_map(|phase| review(view, phase));
    Suite {
        name: run.goal.clone(),
        kind: "goal",
        run: Some(RunFacts {
            id: run.id.to_string(),
            branch: run.branch.clone(),
            commit: run.head.clone(),
            pull_request: run.pull_request.clone(),
        }),
        exit,
        reasons,
        cases: gates.chain(checks).chain(reviews).collect(),
        findings: open,
        denials: view
            .denials
            .iter()
            .map(|denial| Denial {
                by: denial.skill.clone(),
                capability: denial.capability.clone(),
                what: denial.what.clone(),
                remedy: denial.remedy.clone(),
            })
            .collect(),
        duration: run.ended_ms.map(|ended| Duration::from_millis(ended.saturating_sub(run.started_ms))),
    }
}

fn gate(row: &EvidenceRow) -> Case {
    let outcome = match (&row.discounted, row.passed()) {
        (_, true) => Outcome::Passed,
        (Some(reason), false) => Outcome::Failed(format!("it does not count: {reason}")),
        (None, false) if row.exit_code == Some(0) => Outcome::Failed("it ran no tests".to_owned()),
        (None, false) => Outcome::Failed(format!("{}: {}", row.argv.join(" "), row.exit)),
    };
    Case {
        class: Class::Gate,
        name: row.name.clone(),
        duration: Some(Duration::from_millis(row.duration_ms)),
        outcome,
        output: row.output.clone(),
    }
}

fn check(row: &CheckRow) -> Case {
    let said = || if row.detail.is_empty() { "nothing shows it".to_owned() } else { row.detail.clone() };
    let outcome = match row.state {
        CheckState::Passed => Outcome::Passed,
        CheckState::Failed => Outcome::Failed(said()),
        CheckState::NotRun => Outcome::NotRun(said()),
    };
    let name = match &row.statement {
        Some(statement) => format!("{} {statement}", row.id),
        None => row.id.clone(),
    };
    let output = if row.evidence.is_empty() { String::new() } else { format!("shown by {}", row.evidence.join(", ")) };
    Case { class: Class::Check, name, duration: None, outcome, output }
}

/// What the last review of a phase left open; none where there was no review.
fn review(view: &RunView, phase: Phase) -> Option<Case> {
    debug_assert!(phase.kind() == Kind::Review);
    let rows: Vec<&PhaseRow> = view.phases.iter().filter(|row| row.phase == phase).collect();
    let last = rows.last()?;
    let open: Vec<&Finding> =
        view.findings.iter().filter(|finding| finding.phase == phase && finding.is_open()).collect();
    let severe = open.iter().filter(|finding| is_severe(finding.severity)).count();
    let outcome = match (last.ended_ms, severe) {
        (None, _) => Outcome::NotRun("it was interrupted".to_owned()),
        (Some(_), 0) => Outcome::Passed,
        (Some(_), 1) => Outcome::Failed("a blocker or major finding is open".to_owned()),
        (Some(_), more) => Outcome::Failed(format!("{more} blocker or major findings are open")),
    };
    let spent = rows.iter().filter_map(|row| Some(row.ended_ms?.saturating_sub(row.started_ms))).sum();
    let output: Vec<String> = open.iter().map(|finding| listed(finding)).collect();
    Some(Case {
        class: Class::Review,
        name: phase.as_str().to_owned(),
        duration: Some(Duration::from_millis(spent)),
        outcome,
        output: output.join("\n"),
    })
}

/// A finding in one line.
fn listed(finding: &Finding) -> String {
    let place = super::place(finding).map(|(path, line)| match line {
        Some(line) => format!(" {path}:{line}"),
        None => format!(" {path}"),
    });
    format!(
        "{} {}{}: {}",
        finding.id,
        finding.severity.as_str(),
        place.unwrap_or_default(),
        finding.message.lines().next().unwrap_or_default()
    )
}
