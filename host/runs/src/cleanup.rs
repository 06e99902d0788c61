//! Removing what no run needs. Nothing that is not saved elsewhere is ever lost: what a tree holds uncommitted is saved
//! in the user's repository first, and a tree that can't be saved stays. Whatever fails is told, and never keeps other
//! runs from being cleaned.

use crate::ambient;
use crate::commands::DOWNLOADS;
use crate::error::chain;
use crate::ledger::{AgentRow, LOG, Ledger, LedgerError, Listed, RunRow, RunState, Sealer, list};
use crate::session;
use skillhost_audit::{Actor, AuditError, Auditor, Class, Event, Keyring, Kind, Log, Outcome, Status, Subject};
use skillhost_core::name::RunId;
use skillhost_worktree::{MAX_RESCUE_BYTES, Repository, WorktreeError};
use std::error::Error;
use std::path::{Path, PathBuf};

/// What was done with one tree.
#[derive(Debug)]
pub enum Removed {
    /// It is gone, or would be.
    Tree {
        /// Where it was.
        path: PathBuf,
        /// The ref that holds what was not committed, or would.
        rescued: Option<String>,
    },
    /// It stays, for this reason.
    Kept(String),
}

/// Removes the trees of the runs that ended and are in the state folder's `runs`.
///
/// # Errors
/// Where the list of runs can't be read.
pub fn clean(runs: &Path, keyring: &Keyring, dry_run: bool) -> Result<Vec<(RunId, Removed)>, LedgerError> {
    let mut outcomes = Vec::new();
    for listed in list(runs, |run| Sealer::existing(keyring, run))? {
        let (id, cleaner) = (listed.id.clone(), Cleaner { runs, keyring, dry_run });
        let done = cleaner.clean_run(listed).unwrap_or_else(|reason| vec![Removed::Kept(reason)]);
        outcomes.extend(done.into_iter().map(|removed| (id.clone(), removed)));
    }
    Ok(outcomes)
}

struct Cleaner<'a> {
    runs: &'a Path,
    keyring: &'a Keyring,
    dry_run: bool,
}

impl Cleaner<'_> {
    fn clean_run(&self, listed: Listed) -> Result<Vec<Removed>, String> {
        let run = listed.run.map_err(|e| format!("its ledger can't be read: {}", chain(&e)))?;
        let at_work = || "it is at work".to_owned();
        if run.state == RunState::Running {
            return Err(at_work());
        }
        let ledger = Sealer::existing(self.keyring, &listed.id).and_then(|sealer| Ledger::open(&listed.folder, sealer));
        let ledger = ledger.map_err(|e| format!("its ledger can't be read: {}", chain(&e)))?;
        let mut agents = ledger.agents().map_err(|e| format!("its ledger can't be read: {}", chain(&e)))?;
        agents.retain(|agent| ambient::exists(&agent.worktree.dir));
        let left_over = left_over(&listed.folder).map_err(|e| format!("its folder can't be read: {e}"))?;
        if agents.is_empty() && left_over.is_empty() {
            return Ok(Vec::new());
        }
        if self.dry_run {
            let would = |agent: &AgentRow| plan(agent, &run).map(|rescue| rescue.reference());
            return Ok(agents.iter().map(|agent| would(agent).map_or_else(Removed::Kept, gone(agent))).collect());
        }
        // Its lock is also what keeps a run, and another cleaning, from touching the same trees.
        let log = match self.open_log(&listed.folder.join(LOG), &listed.id) {
            Ok(log) => log,
            Err(Unlogged::Busy) => return Err(at_work()),
            Err(Unlogged::Failed(reason)) => return Err(format!("its removal can't be recorded: {reason}")),
        };
        let auditor = log.auditor(Actor::default());
        let mut removed = Vec::new();
        for agent in agents {
            removed.push(remove(&agent, &run, &ledger, &auditor).map_or_else(Removed::Kept, gone(&agent)));
        }
        for folder in left_over {
            let done = audited(&auditor, Class::Worktree, Kind::Remove, &folder, || ambient::remove_folder(&folder));
            removed.extend(done.err().map(|e| Removed::Kept(format!("what its commands left can't be removed: {e}"))));
        }
        // What was said so far is on disk where it has to be; the rest is told by the next entry, if it is missing.
        let _ = log.close();
        Ok(removed)
    }

    /// The run's own log; a session's where the run's can't be continued.
    fn open_log(&self, path: &Path, run: &RunId) -> Result<std::sync::Arc<Log>, Unlogged> {
        let failed = |error: &dyn Error| Unlogged::Failed(chain(error));
        let key = self.keyring.existing(Subject::Run(run.clone())).map_err(|e| failed(&e))?;
        match key.map(|key| Log::open(path, run.clone(), &key)) {
            Some(Ok(log)) => return Ok(log),
            Some(Err(AuditError::LogBusy(_))) => return Err(Unlogged::Busy),
            _ => {}
        }
        if ambient::is_locked(path) {
            return Err(Unlogged::Busy);
        }
        let id = ambient::new_run_id().map_err(|e| failed(&e))?;
        session::open_log(self.runs.parent().unwrap_or(self.runs), self.keyring, &id).map_err(|e| failed(&e))
    }
}

enum Unlogged {
    Busy,
    Failed(String),
}

/// Checkouts and repositories for commands, which are made anew where they are needed, from what is in git.
fn left_over(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut folders = ambient::folders(folder)?;
    folders.retain(|folder| {
        let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name == DOWNLOADS || name == "repository" || name.starts_with("repository-") || name.starts_with("gates-")
    });
    Ok(folders)
}

fn gone(agent: &AgentRow) -> impl Fn(Option<String>) -> Removed {
    let path = agent.worktree.dir.clone();
    move |rescued| Removed::Tree { path: path.clone(), rescued }
}

fn plan(agent: &AgentRow, run: &RunRow) -> Result<skillhost_worktree::Rescue, String> {
    let repository = Repository::open(Path::new(&run.repository))
        .map_err(|e| format!("its repository can't be opened: {}", chain(&e)))?;
    let unsaved = |e: WorktreeError| format!("what is in it can't be saved: {}", chain(&e));
    repository.rescue(&agent.worktree, MAX_RESCUE_BYTES).map_err(unsaved)
}

/// Saves what a tree holds, and removes it; gives the ref that it was saved under.
fn remove(agent: &AgentRow, run: &RunRow, ledger: &Ledger, auditor: &Auditor) -> Result<Option<String>, String> {
    let rescue = plan(agent, run)?;
    let rescued = rescue.reference();
    let saved = match &rescued {
        Some(reference) => audited(auditor, Class::Ref, Kind::Update, Path::new(reference), || rescue.save()),
        None => rescue.save().map_err(|e| chain(&e)),
    };
    let saved = saved.map_err(|e| format!("what is in it can't be saved: {e}"))?;
    let row = AgentRow { rescued: rescued.clone().or_else(|| agent.rescued.clone()), ..agent.clone() };
    ledger.save_agent(&row).map_err(|e| format!("its ledger can't be written: {}", chain(&e)))?;
    audited(auditor, Class::Worktree, Kind::Remove, &agent.worktree.dir, || saved.remove_tree())
        .map_err(|e| format!("it can't be removed: {e}"))?;
    Ok(rescued)
}

/// Does something once its intent is in the log.
fn audited<T, E: Error + 'static>(
    auditor: &Auditor,
    class: Class,
    kind: Kind,
    what: &Path,
    effect: impl FnOnce() -> Result<T, E>,
) -> Result<T, String> {
    let event = Event::granted(class, kind).on(auditor.commit(class, what.as_os_str().as_encoded_bytes()));
    let intent = auditor.intent(event).map_err(|e| chain(&e))?;
    let done = effect();
    let status = if done.is_ok() { Status::Done } else { Status::Failed };
    intent.outcome(Outcome::of(status)).map_err(|e| chain(&e))?;
    done.map_err(|e| chain(&e))
}
