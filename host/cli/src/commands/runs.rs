//! `skillhost runs`: all runs, newest first.

use crate::args::{Global, Runs};
use crate::failure::{Exit, Failure};
use crate::places::Places;
use crate::terminal::printer::Printer;
use serde::Serialize;
use skillhost_audit::Keyring;
use skillhost_core::text::escape_terminal;
use skillhost_runs::host::runs_folder;
use skillhost_runs::ledger::{Listed, RunState, Sealer, list};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    runs: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    state: Option<RunState>,
    goal: Option<String>,
    branch: Option<String>,
    started_ms: Option<u64>,
    tokens: Option<u64>,
    cost_micro_usd: Option<u64>,
    error: Option<String>,
}

pub(crate) fn run(arguments: &Runs, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let places = Places::find(global.state_dir.as_deref())?;
    let folder = runs_folder(&places.state);
    let mut listed = if crate::ambient::exists(&folder) {
        let keyring =
            Keyring::open(&places.state).map_err(|e| Failure::of(Exit::Integrity, &e).maybe_hint(e.hint()))?;
        list(&folder, |run| Sealer::existing(&keyring, run)).map_err(|e| Failure::of(Exit::Integrity, &e))?
    } else {
        Vec::new()
    };
    listed.truncate(arguments.limit);
    if printer.is_json() {
        printer.json(&Document { schema: "skillhost.runs/1", runs: listed.iter().map(entry).collect() });
    } else if listed.is_empty() {
        printer.note("no runs yet · skillhost run \"GOAL\" begins one");
    } else {
        for found in &listed {
            printer.data(line(found));
        }
    }
    Ok(Exit::Done)
}

fn line(listed: &Listed) -> String {
    match &listed.run {
        Ok(run) => format!(
            "{}  {:<11}  {:<44}  {:>7} tok  {}",
            run.id,
            run.state.as_str(),
            escape_terminal(&run.goal, 44),
            run.tokens,
            cost(run.cost_micro_usd)
        ),
        Err(error) => format!("{}  unreadable   {}", listed.id, escape_terminal(&error.to_string(), 60)),
    }
}

/// The cost, for people.
pub(crate) fn cost(micro_usd: Option<u64>) -> String {
    micro_usd.map_or_else(|| "cost unknown".to_owned(), dollars)
}

/// Millionths of a dollar, for people.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn dollars(micro_usd: u64) -> String {
    format!("{:.2} USD", micro_usd as f64 / 1e6)
}

fn entry(listed: &Listed) -> Entry {
    let run = listed.run.as_ref().ok();
    Entry {
        id: listed.id.to_string(),
        state: run.map(|run| run.state),
        goal: run.map(|run| run.goal.clone()),
        branch: run.map(|run| run.branch.clone()),
        started_ms: run.map(|run| run.started_ms),
        tokens: run.map(|run| run.tokens),
        cost_micro_usd: run.and_then(|run| run.cost_micro_usd),
        error: match &listed.run {
            Ok(run) => run.error.clone(),
            Err(error) => Some(error.to_string()),
        },
    }
}
