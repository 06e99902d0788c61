//! Which components of the store are needed: those that a lock names, and those that a run used which is not over. A lock
//! is in a project's working directory, at the tip of a branch, or at the commit that such a run started from. Where one
//! can't be read, nobody knows, and nothing goes.

use crate::ambient;
use crate::failure::{Exit, Failure};
use crate::places::Places;
use skillhost_audit::Keyring;
use skillhost_core::digest::Digest;
use skillhost_core::document::MAX_DOCUMENT_BYTES;
use skillhost_core::lock::{FILE, Lock, LockError, settle};
use skillhost_registry::Projects;
use skillhost_runs::host::runs_folder;
use skillhost_runs::ledger::{Ledger, Listed, RunState, Sealer, list};
use skillhost_worktree::{CommitId, Repository};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What is needed, and whose projects are gone.
#[derive(Default)]
pub(crate) struct Needed {
    pub(crate) digests: BTreeSet<Digest>,
    /// Locks whose folder is not there any more.
    pub(crate) gone: Vec<PathBuf>,
}

/// Looks at all projects that the store's user knows, and at the runs of this state folder.
pub(crate) fn look(places: &Places) -> Result<Needed, Failure> {
    let mut needed = Needed::default();
    let unlisted =
        |e: std::io::Error| Failure::new(Exit::Integrity, "the projects of the store can't be listed").because(e);
    for path in Projects::new(&places.cache).all().map_err(unlisted)? {
        let folder = path.parent().unwrap_or(&path);
        if !ambient::exists(folder) {
            needed.gone.push(path);
            continue;
        }
        let text = ambient::read_unlinked(&path, MAX_DOCUMENT_BYTES as u64).map_err(|e| unknown(&path, &e))?;
        needed.add(&path, text)?;
        // Without a repository there is no other place that it could be in.
        if let Ok(repository) = Repository::open(folder) {
            let mut commits = repository.branch_tips().map_err(|e| unknown(&path, &e))?;
            commits.extend(repository.resolve("HEAD").ok());
            for commit in commits {
                needed.add_at(&repository, &commit)?;
            }
        }
    }
    let runs = runs_folder(&places.state);
    if ambient::exists(&runs) {
        let keyring = Keyring::open(&places.state).map_err(|e| Failure::of(Exit::Integrity, &e))?;
        let listed =
            list(&runs, |run| Sealer::existing(&keyring, run)).map_err(|e| Failure::of(Exit::Integrity, &e))?;
        for Listed { folder, id, run } in listed {
            // Of a run whose ledger can't be read nothing can be gone on with.
            let Some(run) = run.ok().filter(|run| matches!(run.state, RunState::Running | RunState::Interrupted))
            else {
                continue;
            };
            if let (Ok(repository), Ok(commit)) =
                (Repository::open(Path::new(&run.repository)), run.base_commit.parse())
            {
                needed.add_at(&repository, &commit)?;
            }
            // It may have been given another lock, which says something else by now.
            let phases = Sealer::existing(&keyring, &id).and_then(|sealer| Ledger::open(&folder, sealer)?.phases());
            let phases = phases.map_err(|e| unknown(&folder, &e))?;
            needed.digests.extend(phases.iter().filter_map(|phase| phase.digest.parse::<Digest>().ok()));
        }
    }
    Ok(needed)
}

impl Needed {
    fn add_at(&mut self, repository: &Repository, commit: &CommitId) -> Result<(), Failure> {
        let at = PathBuf::from(format!("{FILE} at {} of {}", commit.short(), repository.workdir().display()));
        let text = repository.read_file(commit, FILE, MAX_DOCUMENT_BYTES as u64);
        self.add(&at, text.map_err(|e| unknown(&at, &e))?)
    }

    fn add(&mut self, path: &Path, text: Option<Vec<u8>>) -> Result<(), Failure> {
        let Some(text) = text else { return Ok(()) };
        let text = String::from_utf8(text).map_err(|e| unknown(path, &e))?;
        let lock = match Lock::parse(FILE, &text) {
            Err(LockError::Conflict { .. }) => settle(&text).map_err(|e| unknown(path, &e))?,
            parsed => parsed.map_err(|e| unknown(path, &e))?,
        };
        self.digests.extend(lock.skills.iter().map(|skill| skill.digest));
        Ok(())
    }
}

fn unknown(path: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Configuration, format!("no component is removed, since {} can't be read", path.display()))
        .because_of_all(error)
}
