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
        Some(0) => match gate.tests.or_else(|| executed(&gate.output)) {
            Some(0) => (CheckOutcome::NotRun, "exit 0, but it ran no test".into()),
            Some(1) => (CheckOutcome::Passed, "exit 0, 1 test".into()),
            Some(tests) => (CheckOutcome::Passed, format!("exit 0, {tests} tests")),
            None => (CheckOutcome::Passed, "exit 0".into()),
        },
        Some(code) => (CheckOutcome::Failed, format!("exit {code}")),
    }
}

/// Tests that a run executed, where its output tells: the summaries of cargo, pytest, Jest, Vitest, Mocha, `node --test`
/// and Go. Skipped ones don't count. Runners exit with 0 over no test at all, which is why this is looked for.
pub(crate) fn executed(output: &str) -> Option<u32> {
    let mut total: Option<u32> = None;
    let mut add = |count: u32| total = Some(total.unwrap_or(0).saturating_add(count));
    let (mut packages, mut empty_packages) = (0, 0);
    for line in output.lines() {
        let line = line.trim_start_matches(|c: char| "=#ℹ✔ \t".contains(c)).trim();
        if let Some(summary) = line.strip_prefix("test result: ") {
            add(before(summary, "passed") + before(summary, "failed")); // cargo
        } else if let Some(summary) = line.strip_prefix("Tests:").or_else(|| line.strip_prefix("Tests  ")) {
            add(before(summary, "passed") + before(summary, "failed")); // Jest, Vitest
        } else if let Some(count) = line.strip_prefix("tests ").and_then(|rest| rest.parse().ok()) {
            add(count); // node --test
        } else if line.ends_with("passing") || line.contains(" passing (") {
            add(before(line, "passing")); // Mocha
        } else if line.contains(" in ") && ["passed", "failed", "skipped"].iter().any(|word| counted(line, word)) {
            add(before(line, "passed") + before(line, "failed")); // pytest
        } else if ["collected 0 items", "no tests ran", "No tests found", "No test files found"]
            .iter()
            .any(|notice| line.starts_with(notice))
        {
            add(0);
        } else if line.starts_with("ok  \t") || line.starts_with("?   \t") {
            packages += 1; // Go names a count only with -v.
            empty_packages += usize::from(line.contains("[no test files]") || line.contains("[no tests to run]"));
        }
    }
    match total {
        None if packages > 0 && packages == empty_packages => Some(0),
        total => total,
    }
}

/// The number that stands right before a word: 12 in `12 passed`. 0 where there is none.
fn before(line: &str, word: &str) -> u32 {
    let words: Vec<&str> = line.split([' ', '\t', ',', ';']).filter(|word| !word.is_empty()).collect();
    words.windows(2).filter(|pair| pair[1] == word).find_map(|pair| pair[0].parse().ok()).unwrap_or(0)
}

fn counted(line: &str, word: &str) -> bool {
    before(line, word) > 0
}
