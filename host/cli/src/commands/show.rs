//! `skillhost show RUN`.

use crate::args::{Global, Show};
use crate::commands::runs::cost;
use crate::failure::{Exit, Failure};
use crate::places::Places;
use crate::terminal::printer::Printer;
use skillhost_audit::Keyring;
use skillhost_core::name::RunId;
use skillhost_core::phase::Phase;
use skillhost_core::text::{escape_block, escape_terminal};
use skillhost_runs::host::runs_folder;
use skillhost_runs::ledger::{Ledger, LedgerError, PhaseState, RunState, Sealer, find};
use skillhost_runs::view::{RunView, read};

pub(crate) fn run(arguments: &Show, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let places = Places::find(global.state_dir.as_deref())?;
    let folder = runs_folder(&places.state);
    let id = find(&folder, &arguments.run).map_err(|several| unclear(&arguments.run, &several))?;
    let mut view = open(&places, &id)?;
    if let Some(phase) = arguments.phase {
        view.phases.retain(|row| row.phase == phase);
        view.findings.retain(|finding| finding.phase == phase);
        // Gates are what a verification judges.
        view.gates.retain(|_| phase == Phase::Verify);
        let skills: Vec<&str> = view.phases.iter().map(|row| row.skill.as_str()).collect();
        view.denials.retain(|denial| skills.contains(&denial.skill.as_str()));
    }
    if printer.is_json() {
        printer.json(&view);
    } else {
        for line in describe(&view) {
            printer.data(line);
        }
    }
    Ok(Exit::Done)
}

/// Reads all of a run.
pub(super) fn open(places: &Places, id: &RunId) -> Result<RunView, Failure> {
    let keyring = Keyring::open(&places.state).map_err(|e| Failure::of(Exit::Integrity, &e).maybe_hint(e.hint()))?;
    Sealer::existing(&keyring, id)
        .and_then(|sealer| Ledger::open(&runs_folder(&places.state).join(id.as_str()), sealer))
        .and_then(|ledger| read(&ledger))
        .map_err(|e: LedgerError| Failure::of(Exit::Integrity, &e))
}

fn unclear(prefix: &str, several: &[RunId]) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("no single run begins with `{prefix}`"));
    if several.is_empty() {
        return failure.hint("skillhost runs lists them");
    }
    let ids: Vec<&str> = several.iter().map(RunId::as_str).collect();
    failure.hint(format!("it could be {}", ids.join(", ")))
}

/// How much of the tokens came from a provider's cache.
fn cached(tokens: u64) -> String {
    if tokens == 0 { String::new() } else { format!(" ({tokens} from the provider's cache)") }
}

fn describe(view: &RunView) -> Vec<String> {
    let run = &view.run;
    let say = |text: &str| escape_terminal(text, 300).to_string();
    let mut lines = vec![
        format!("{}  {}", run.id, run.state.as_str()),
        format!("  goal    {}", say(&run.goal)),
        format!(
            "  branch  {} · base {}@{}",
            run.branch,
            say(&run.base),
            &run.base_commit[..7.min(run.base_commit.len())]
        ),
        format!("  cost    {} tokens{}, {}", run.tokens, cached(run.cached_tokens), cost(run.cost_micro_usd)),
    ];
    if let Some(level) = &run.sandbox {
        lines.push(format!("  sandbox {level}"));
    }
    lines.push(String::new());
    for phase in &view.phases {
        let mark = match phase.state {
            PhaseState::Done => "✓",
            PhaseState::Negative => "•",
            PhaseState::Failed => "✗",
            PhaseState::Running => "▸",
        };
        let seconds = phase.ended_ms.map_or(0, |ended| ended.saturating_sub(phase.started_ms)) / 1000;
        lines.push(format!(
            "  {mark} {:<13} round {}  {:<20} {:>6} tok {seconds:>4}s  {}",
            phase.phase.as_str(),
            phase.round,
            phase.skill,
            phase.tokens,
            say(&phase.note)
        ));
    }
    for gate in &view.gates {
        let tests = gate.tests.map(|tests| format!(" · {tests} tests")).unwrap_or_default();
        lines.push(format!(
            "  {} gate {:<8} {} · {:.1}s{tests} · {}",
            if gate.passed() { "✓" } else { "✗" },
            say(&gate.name),
            gate.exit,
            std::time::Duration::from_millis(gate.duration_ms).as_secs_f64(),
            gate.id
        ));
        if let Some(reason) = &gate.discounted {
            lines.push(format!("      does not count: {}", say(reason)));
        }
        if !gate.passed() {
            let tail = escape_block(&gate.output, 64 << 10);
            let all: Vec<&str> = tail.lines().collect();
            lines.extend(all[all.len().saturating_sub(15)..].iter().map(|line| format!("      | {line}")));
        }
    }
    for finding in &view.findings {
        let state = if finding.is_open() { "open" } else { "closed" };
        lines.push(format!(
            "  {} {} {state}: {}",
            finding.id,
            finding.severity.as_str(),
            say(finding.message.lines().next().unwrap_or_default())
        ));
    }
    for denial in &view.denials {
        lines.push(format!(
            "  denied: {} {} {} · {}",
            denial.skill,
            denial.capability,
            say(&denial.what),
            say(&denial.remedy)
        ));
    }
    if let Some(error) = &run.error {
        lines.push(format!("  ended: {}", escape_terminal(error, 1000)));
    }
    lines.push(String::new());
    if let Some(remote) = &run.pushed {
        lines.push(format!("pushed        {}", say(remote)));
    }
    if let Some(url) = &run.pull_request_url {
        lines.push(format!("review        {}", say(url)));
    }
    match (&run.pull_request, run.state) {
        (Some(path), _) => {
            lines.push(format!("pull request  {}", say(path)));
            lines.push(format!("look          git switch {}", run.branch));
        }
        (None, RunState::Running) => lines.push("at work".to_owned()),
        (None, _) => {
            let there = view.agents.iter().filter(|agent| !agent.removed);
            lines.extend(there.map(|agent| format!("worktree      {}", say(&agent.worktree))));
        }
    }
    for agent in view.agents.iter().filter(|agent| agent.removed) {
        let saved = agent.rescued.as_ref().map(|at| format!(" · what was not committed is saved at {}", say(at)));
        lines.push(format!("worktree      removed{}", saved.unwrap_or_default()));
    }
    lines
}
