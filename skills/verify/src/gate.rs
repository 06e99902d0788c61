//! What a gate shows about a criterion, and about itself.

use std::collections::BTreeSet;

use skillhost_sdk::{Brief, Check, CheckOutcome, Criterion, Gate, Host, count_tests, intact};

use crate::failing;

/// What pytest exits with where it found no test.
const PYTEST_NO_TESTS: i32 = 5;

/// The check for a criterion: its own command's gate decides, and nothing else.
pub(crate) fn shown(host: &dyn Host, criterion: &Criterion, gates: &[Gate]) -> Check {
    match &criterion.command {
        None => not_run(criterion.id.clone(), "no command shows it".into()),
        Some(command) => named(host, criterion.id.clone(), command, gates),
    }
}

/// One check for each name among the gates, in their order.
pub(crate) fn judged(host: &dyn Host, brief: &Brief) -> Vec<Check> {
    let mut seen = BTreeSet::new();
    let gates = brief.gates.iter().filter(|gate| seen.insert(&gate.name));
    gates.map(|gate| named(host, format!("gate:{}", gate.name), &gate.name, &brief.gates)).collect()
}

fn not_run(id: String, detail: String) -> Check {
    Check { id, outcome: CheckOutcome::NotRun, evidence: vec![], detail }
}

fn named(host: &dyn Host, id: String, command: &str, gates: &[Gate]) -> Check {
    let runs: Vec<&Gate> = gates.iter().filter(|gate| gate.name == command && !gate.evidence.is_empty()).collect();
    if runs.is_empty() {
        return not_run(id, format!("the gate {command} did not run"));
    }
    let (outcome, detail) = of_runs(host, &runs);
    let evidence = runs.iter().map(|gate| gate.evidence.clone()).collect();
    Check { id, outcome, evidence, detail: format!("{command}: {detail}") }
}

/// Where a command ran more than once, every run has to hold: never retry until green. The one exception is a test that fails
/// by chance, which a single second run on the same tree shows, and only where the change has nothing to do with it.
fn of_runs(host: &dyn Host, runs: &[&Gate]) -> (CheckOutcome, String) {
    let mut judgements: Vec<(CheckOutcome, String)> = runs.iter().map(|gate| judge(gate)).collect();
    let outcomes: Vec<CheckOutcome> = judgements.iter().map(|(outcome, _)| *outcome).collect();
    if outcomes == [CheckOutcome::Failed, CheckOutcome::Passed] {
        let (first, second) = (&judgements[0].1, &judgements[1].1);
        return match unrelated(host, runs[0]) {
            Ok(names) => (
                CheckOutcome::Passed,
                format!("{second} in the second run; {names} failed in the first, and the change does not touch it"),
            ),
            Err(why) => (CheckOutcome::Failed, format!("{first} in the first run, {second} in the second: {why}")),
        };
    }
    // The worst judgement counts: failed, then not run, then passed; of several, the first.
    judgements.sort_by_key(|(outcome, _)| match outcome {
        CheckOutcome::Failed => 0,
        CheckOutcome::NotRun => 1,
        CheckOutcome::Passed => 2,
    });
    judgements.swap_remove(0)
}

/// The tests that failed in a run, where the change touches no file that declares one of them; otherwise why it counts.
fn unrelated(host: &dyn Host, run: &Gate) -> Result<String, String> {
    let failed = failing::names(&run.output);
    if run.exit_code.is_none() || failed.is_empty() {
        return Err("the first does not tell which test failed".into());
    }
    let touched = intact::touched(host)?;
    match failed.iter().find(|name| touched.contains(*name)) {
        Some(name) => Err(format!("{name} failed, and stands in a file that the change touches")),
        None => Ok(failed.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

fn judge(gate: &Gate) -> (CheckOutcome, String) {
    let tests = gate.tests.or_else(|| count_tests(gate.output.as_bytes()).map(|counts| counts.ran));
    match (gate.exit_code, tests) {
        (None, _) => (CheckOutcome::Failed, "ended by a signal or a limit".into()),
        (Some(code @ (0 | PYTEST_NO_TESTS)), Some(0)) => {
            (CheckOutcome::NotRun, format!("exit {code}, but it ran no test"))
        }
        (Some(0), Some(1)) => (CheckOutcome::Passed, "exit 0, 1 test".into()),
        (Some(0), Some(tests)) => (CheckOutcome::Passed, format!("exit 0, {tests} tests")),
        (Some(0), None) => (CheckOutcome::Passed, "exit 0".into()),
        (Some(code), _) => (CheckOutcome::Failed, format!("exit {code}")),
    }
}
