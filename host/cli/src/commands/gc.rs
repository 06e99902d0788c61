//! `skillhost gc`: removes the worktrees of runs that ended, and saves what is in them and nowhere else.

use crate::args::{Gc, Global};
use crate::failure::{Exit, Failure};
use crate::places::Places;
use crate::printer::Printer;
use serde::Serialize;
use skillhost_audit::Keyring;
use skillhost_core::text::escape_terminal;
use skillhost_runs::cleanup::{Removed, clean};
use skillhost_runs::host::runs_folder;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    dry_run: bool,
    removed: Vec<Entry>,
    kept: Vec<Kept>,
}

#[derive(Serialize)]
struct Entry {
    run: String,
    path: String,
    rescued: Option<String>,
}

#[derive(Serialize)]
struct Kept {
    run: String,
    reason: String,
}

pub(crate) fn run(arguments: &Gc, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    let places = Places::find(global.state_dir.as_deref())?;
    let folder = runs_folder(&places.state);
    let outcomes = if crate::ambient::exists(&folder) {
        let keyring =
            Keyring::open(&places.state).map_err(|e| Failure::of(Exit::Integrity, &e).maybe_hint(e.hint()))?;
        clean(&folder, &keyring, arguments.dry_run).map_err(|e| Failure::of(Exit::Integrity, &e))?
    } else {
        Vec::new()
    };
    let mut document =
        Document { schema: "skillhost.gc/1", dry_run: arguments.dry_run, removed: Vec::new(), kept: Vec::new() };
    for (run, outcome) in outcomes {
        match outcome {
            Removed::Tree { path, rescued } => {
                document.removed.push(Entry { run: run.to_string(), path: path.display().to_string(), rescued })
            }
            Removed::Kept(reason) => document.kept.push(Kept { run: run.to_string(), reason }),
        }
    }
    if printer.is_json() {
        printer.json(&document);
        return Ok(Exit::Done);
    }
    let verb = if arguments.dry_run { "would remove" } else { "removed" };
    let is = if arguments.dry_run { "would be" } else { "is" };
    for entry in &document.removed {
        let rescued = entry.rescued.as_ref().map(|at| format!(" · what was not committed {is} saved at {at}"));
        let rescued = rescued.unwrap_or_default();
        printer.data(format!("{verb} {}{rescued}", escape_terminal(&entry.path, 300)));
    }
    for kept in &document.kept {
        printer.data(format!("kept {}: {}", kept.run, escape_terminal(&kept.reason, 200)));
    }
    if document.removed.is_empty() && document.kept.is_empty() {
        printer.note("nothing to remove");
    }
    Ok(Exit::Done)
}
