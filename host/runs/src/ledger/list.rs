//! All runs of a state folder. A broken entry is reported and never hides the others.

use super::record::{RunRow, RunState};
use super::{LOG, Ledger, LedgerError, Sealer};
use crate::ambient;
use skillhost_core::name::RunId;
use std::path::{Path, PathBuf};

/// A run in a list.
#[derive(Debug)]
pub struct Listed {
    /// Its folder.
    pub folder: PathBuf,
    /// Its id, as the folder is named.
    pub id: RunId,
    /// Its row, or why it can't be read.
    pub run: Result<RunRow, LedgerError>,
}

/// All runs, newest first. `sealer` gives the key of each.
///
/// # Errors
/// Where the folder exists and can't be read.
pub fn list(runs: &Path, sealer: impl Fn(&RunId) -> Result<Sealer, LedgerError>) -> Result<Vec<Listed>, LedgerError> {
    let mut listed = Vec::new();
    for folder in ambient::folders(runs)? {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let Ok(id) = name.parse::<RunId>() else { continue };
        let run = sealer(&id).and_then(|sealer| Ledger::open(&folder, sealer)).and_then(|ledger| ledger.run());
        let run = run.map(|run| with_true_state(run, &folder));
        listed.push(Listed { folder, id, run });
    }
    let started = |listed: &Listed| listed.run.as_ref().map_or(0, |run| run.started_ms);
    listed.sort_by(|a, b| started(b).cmp(&started(a)).then_with(|| a.id.cmp(&b.id)));
    Ok(listed)
}

/// The one run whose id begins with `prefix`.
///
/// # Errors
/// The ids that begin so, where it isn't exactly one.
pub fn find(runs: &Path, prefix: &str) -> Result<RunId, Vec<RunId>> {
    let ids = ambient::folders(runs)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|folder| folder.file_name()?.to_str()?.parse::<RunId>().ok());
    let mut matching: Vec<RunId> = ids.filter(|id| id.as_str().starts_with(prefix)).collect();
    match matching.as_slice() {
        [_] => Ok(matching.remove(0)),
        _ => Err(matching),
    }
}

/// A run that says it is at work, and whose log nobody holds, was interrupted: the log is locked before the ledger is
/// made, for as long as the run's process lives.
pub fn with_true_state(mut run: RunRow, folder: &Path) -> RunRow {
    if run.state == RunState::Running && !ambient::is_locked(&folder.join(LOG)) {
        run.state = RunState::Interrupted;
    }
    run
}
