//! What a gate shows about a criterion, and about itself.

use std::collections::BTreeSet;

use skillhost_sdk::{Check, CheckOutcome, Criterion, Gate};

/// The check for a criterion: its own command's gate decides, and nothing else.
pub(crate) fn shown(criterion: &Criterion, gates: &[Gate]) -> Check {
    match &criterion.command {
        None => not_run(criterion.id.clone(), "no command shows it".into()),
        Some(command) => named(criterion.id.clone(), command, gates),
    }
}

/// One check for each name among the gates, in their order.
pub(crate) fn judged(gates: &[Gate]) -> Vec<Check> {
    let mut seen = BTreeSet::new();
    gates
        .iter()
        .filter(|gate| seen.insert(&gate.name))
        .map(|gate| named(format!("gate:{}", gate.name), &gate.name, gates))
        .collect()
}

fn not_run(id: String, detail: String) -> Check {
    Check { id, outcome: CheckOutcome::NotRun, evidence: vec![], detail }
}

/// Where a command ran more than once, every run has to hold: never retry until green.
fn named(id: String, command: &str, gates: &[Gate]) -> Check {
    let runs: Vec<&Gate> = gates.iter().filter(|gate| gate.name == command && !gate.evidence.is_empty()).collect();
    let judgements: Vec<(CheckOutcome, String)> = runs.iter().map(|gate| judge(gate)).collect();
    // The worst judgement counts: failed, then not run, then passed.
    let worst = judgements.into_iter().max_by_key(|(outcome, _)| match outcome {
        CheckOutcome::Failed => 2,
        CheckOutcome::NotRun => 1,
        CheckOutcome::Passed => 0,
    });
    match worst {
        None => not_run(id, format!("the gate {command} did not run")),
        Some((outcome, detail)) => {
            let evidence = runs.iter().map(|gate| gate.evidence.clone()).collect();
            Check { id, outcome, evidence, detail: format!("{command}: {detail}") }
        }
    }
}

fn judge(gate: &Gate) -> (CheckOutcome, String) {
    match gate.exit_code {
        None => (CheckOutcome::Failed, "ended by a signal or a limit".into()),
        Some(0) => match gate.tests {
            Some(0) => (CheckOutcome::NotRun, "exit 0, but it ran no test".into()),
            Some(1) => (CheckOutcome::Passed, "exit 0, 1 test".into()),
            Some(tests) => (CheckOutcome::Passed, format!("exit 0, {tests} tests")),
            None => (CheckOutcome::Passed, "exit 0".into()),
        },
        Some(code) => (CheckOutcome::Failed, format!("exit {code}")),
    }
}
