//! What the commands work with that change a project's skills: its lock, the store, the sources, the signatures, and the
//! log of what is done.

use crate::ambient;
use crate::calling::policies::Policies;
use crate::failure::{Exit, Failure};
use crate::installing::fetch::Fetcher;
use crate::installing::installed;
use crate::installing::installed::store_failure;
use crate::installing::known::{self, Known};
use crate::installing::news;
use crate::installing::trust::{Candidate, Trust, Wanted};
use crate::installing::typed::Typed;
use crate::places::Places;
use crate::project::{SETTLE, worktree_failure};
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use skillhost_audit::{Auditor, Class, Event, Kind, Outcome, Status};
use skillhost_core::lock::{FILE, Lock, LockError, Locked, Unsettled};
use skillhost_core::name::{SecretName, SkillName};
use skillhost_core::reference::Reference;
use skillhost_core::signer::Signer;
use skillhost_engine::inspect::{Inspection, inspect};
use skillhost_registry::lockfile::Found;
use skillhost_registry::signature::Signed;
use skillhost_registry::store::Hold;
use skillhost_registry::{Fetched, LockFile, LockFileError, Projects, Store};
use skillhost_runs::error::is_no_room;
use skillhost_worktree::{Repository, WorktreeError};
use std::collections::BTreeSet;

/// The tools for one project.
pub(crate) struct Workshop {
    pub(crate) places: Places,
    pub(crate) policies: Policies,
    pub(crate) lock: LockFile,
    pub(crate) store: Store,
    pub(crate) printer: Printer,
    pub(crate) progress: Progress,
    pub(crate) is_offline: bool,
    /// Nothing is written, be it in the state, the cache or the project.
    only_looks: bool,
}

/// A component that was fetched, judged and read.
pub(crate) struct Arrived {
    pub(crate) fetched: Fetched,
    /// The signature for which it is accepted.
    pub(crate) signed: Option<Signed>,
    pub(crate) inspection: Inspection,
}

impl Arrived {
    /// Who signed it.
    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.signed.as_ref().map(Signed::signer)
    }
}

impl Workshop {
    pub(crate) fn open(global: &crate::args::Global, is_offline: bool, printer: Printer) -> Result<Self, Failure> {
        let policies = Policies::read(global.policy.as_deref())?;
        let places = Places::find(global.state_dir.as_deref())?;
        Self::at(places, policies, is_offline, printer)
    }

    /// For what only looks: it needs no folder to write to, and makes no connection.
    pub(crate) fn look(global: &crate::args::Global, printer: Printer) -> Result<Self, Failure> {
        let policies = Policies::read(global.policy.as_deref())?;
        let places = Places::for_looking(global.state_dir.as_deref());
        Ok(Self { only_looks: true, ..Self::at(places, policies, true, printer)? })
    }

    fn at(places: Places, policies: Policies, is_offline: bool, printer: Printer) -> Result<Self, Failure> {
        let (store, progress) = (Store::new(&places.cache), Progress::new(printer));
        Ok(Self { places, policies, lock: here()?, store, printer, progress, is_offline, only_looks: false })
    }

    /// What the lock says; a conflict that git left is settled in it.
    pub(crate) fn read(&self) -> Result<Found, Failure> {
        self.lock.read().map_err(|e| lock_failure(&e))
    }

    pub(crate) fn trust(&self) -> Trust<'_> {
        Trust::new(&self.places, &self.policies, self.printer).only_looking(self.only_looks)
    }

    /// Fetches what a place has now that somebody just typed.
    pub(crate) async fn fetch_typed(&self, reference: &Reference, wanted: Wanted<'_>) -> Result<Arrived, Failure> {
        self.policies.check_source(reference)?;
        let fetched = self.fetcher().typed(reference, self.lock.folder()).await?;
        let arrived = self.arrived(reference, fetched, wanted)?;
        Typed::new(&self.places.state).remember(reference);
        Ok(arrived)
    }

    /// Fetches what the place has now that the lock names.
    pub(crate) async fn fetch_locked(&self, locked: &Locked, wanted: Wanted<'_>) -> Result<Arrived, Failure> {
        self.arrived(&locked.source, self.locked_bytes(locked).await?, wanted)
    }

    /// The bytes that the place has now that the lock names; nobody looked at them.
    pub(crate) async fn locked_bytes(&self, locked: &Locked) -> Result<Fetched, Failure> {
        self.policies.check_source(&locked.source)?;
        let by = Typed::new(&self.places.state).who_named(&locked.source, &self.policies);
        self.fetcher().locked(locked, by, self.lock.folder()).await
    }

    fn fetcher(&self) -> Fetcher<'_> {
        Fetcher { policies: &self.policies, is_offline: self.is_offline, progress: &self.progress }
    }

    /// Says who signed a skill before anything of it is parsed.
    fn arrived(&self, reference: &Reference, fetched: Fetched, wanted: Wanted<'_>) -> Result<Arrived, Failure> {
        let Fetched { component, digest, attached, .. } = &fetched;
        let candidate = Candidate { reference, component, digest: *digest, attached };
        let signed = self.trust().judge(&candidate, wanted)?;
        let inspection =
            inspect(component).map_err(|e| crate::calling::skills::load_failure(&reference.to_string(), &e))?;
        Ok(Arrived { fetched, signed, inspection })
    }

    /// Keeps others from removing components meanwhile.
    pub(crate) fn hold(&self) -> Hold {
        installed::hold(&self.store, self.printer)
    }

    /// Keeps a component that the lock names, or is going to while the hold lasts. Where nothing can be kept here at all,
    /// it is said and gone on.
    pub(crate) fn keep(&self, fetched: &Fetched, signed: Option<&Signed>, hold: &Hold) -> Result<(), Failure> {
        // First, so that what is kept is needed by somebody from the beginning.
        match Projects::new(&self.places.cache).remember(&self.lock.path(), hold) {
            Err(error) if error.is_read_only() => tracing::info!(%error, "the project could not be remembered"),
            remembered => remembered.map_err(|e| store_failure(&e))?,
        }
        match self.store.keep(fetched, signed, hold) {
            Ok(()) => Ok(()),
            Err(error) if error.is_read_only() => {
                self.printer.warn(format!("{error}: the component is not kept, and has to be fetched for each use"));
                Ok(())
            }
            Err(error) => Err(store_failure(&error)),
        }
    }

    /// Keeps a component and names it in the lock, once that is in the audit log: where it could not be recorded, does not
    /// fit what is in the lock by then, or the lock can't be written, it is not kept either.
    pub(crate) fn install(
        &self,
        kind: Kind,
        name: &SkillName,
        arrived: &Arrived,
        change: impl FnOnce(&mut Lock) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        // Before the folder's lock, as everybody takes them, so that nobody waits in a circle.
        let hold = self.hold();
        self.edit_with(kind, name, change, || self.keep(&arrived.fetched, arrived.signed.as_ref(), &hold)).map(drop)
    }

    /// Changes the lock, once that is in the audit log. `change` sees what is there at that moment. Gives whether the
    /// file is another one now.
    pub(crate) fn edit(
        &self,
        kind: Kind,
        name: &SkillName,
        change: impl FnOnce(&mut Lock) -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        self.edit_with(kind, name, change, || Ok(()))
    }

    fn edit_with(
        &self,
        kind: Kind,
        name: &SkillName,
        change: impl FnOnce(&mut Lock) -> Result<(), Failure>,
        first: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<bool, Failure> {
        let auditor = self.auditor()?;
        let event = Event::granted(Class::Skill, kind).on(auditor.commit(Class::Skill, name.as_str().as_bytes()));
        let unrecorded = |e: skillhost_audit::AuditError| Failure::of(Exit::Integrity, &e);
        let intent = auditor.intent(event).map_err(unrecorded)?;
        let changed = |found: &mut Found| {
            change(&mut found.lock).map_err(Stopped::ByUs)?;
            Ok(found.was_settled.then(|| found.lock.clone()))
        };
        let edited = self.lock.edit_with(changed, || first().map_err(Stopped::ByUs));
        let status = if edited.is_ok() { Status::Done } else { Status::Failed };
        intent.outcome(Outcome::of(status)).map_err(unrecorded)?;
        let (settled, is_changed) = edited.map_err(|stopped| match stopped {
            Stopped::ByUs(failure) => failure,
            Stopped::ByFile(error) => lock_failure(&error),
        })?;
        if let Some(lock) = settled {
            news::tell_settled(&self.places, &self.lock.path(), &lock, name, self.printer);
        }
        Ok(is_changed)
    }

    /// Knows that a skill was granted what its entry says, by somebody here, who let it use these secrets. Each of them is
    /// in the audit log first.
    pub(crate) fn know(&self, locked: &Locked, secrets: BTreeSet<SecretName>) -> Result<(), Failure> {
        let needs_it = !secrets.is_empty();
        if needs_it {
            self.record_secrets(&secrets)?;
        }
        match Known::edit(&self.places, &self.lock.path(), |known| known.put(locked, secrets)) {
            Err(error) if needs_it => Err(known::unwritable(&error)),
            Err(error) => {
                tracing::info!(%error, "what was granted here could not be written down, and is told again");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Records that secrets were given to a skill.
    pub(crate) fn record_secrets(&self, secrets: &BTreeSet<SecretName>) -> Result<(), Failure> {
        let auditor = self.auditor()?;
        for secret in secrets {
            let event = Event::granted(Class::Secret, Kind::Update);
            let event = event.on(auditor.commit(Class::Secret, secret.as_str().as_bytes()));
            auditor.decision(event).map_err(|e| Failure::of(Exit::Integrity, &e))?;
        }
        Ok(())
    }

    /// Records that something was refused.
    pub(crate) fn record_refusal(&self, kind: Kind, name: &SkillName) -> Result<(), Failure> {
        let auditor = self.auditor()?;
        let event = Event::denied(Class::Skill, kind).on(auditor.commit(Class::Skill, name.as_str().as_bytes()));
        auditor.decision(event).map_err(|e| Failure::of(Exit::Integrity, &e))
    }

    fn auditor(&self) -> Result<Auditor, Failure> {
        self.places.check_state()?;
        skillhost_runs::session::recorder(&self.places.state, self.policies.digest)
            .map_err(|e| Failure::of(Exit::Integrity, &e))
    }

    /// The last lines of whatever changed the lock.
    pub(crate) fn tell_to_commit(&self, what: &str, next: &str) {
        self.printer.note(format!("Next: git add {FILE} && git commit -m {}", crate::installing::asks::shell(what)));
        if !next.is_empty() {
            self.printer.note(format!("Then: {next}"));
        }
    }
}

/// Why an edit ended.
enum Stopped {
    ByUs(Failure),
    ByFile(LockFileError),
}

impl From<LockFileError> for Stopped {
    fn from(error: LockFileError) -> Self {
        Self::ByFile(error)
    }
}

/// The lock of the project that the program was started in: at the top of its repository, or right here without one.
fn here() -> Result<LockFile, Failure> {
    let gone = |e: std::io::Error| Failure::new(Exit::Usage, "the current folder is gone").because(e);
    let here = ambient::current_folder().and_then(|here| ambient::absolute(&here)).map_err(gone)?;
    match Repository::open(&here) {
        Ok(repository) => Ok(LockFile::new(repository.workdir())),
        Err(WorktreeError::NoCommits) => {
            let top = here.ancestors().find(|folder| ambient::exists(&folder.join(".git")));
            Ok(LockFile::new(top.unwrap_or(&here)))
        }
        Err(WorktreeError::NoRepository { .. }) => Ok(LockFile::new(here)),
        Err(error) => Err(worktree_failure(&error)),
    }
}

pub(crate) fn lock_failure(error: &LockFileError) -> Failure {
    let failure = Failure::of(Exit::Configuration, error);
    match error {
        LockFileError::Unsettled(Unsettled::Mixed { name, .. }) => failure.hint(format!(
            "edit {FILE} by hand: make `{name}` what it should be, take its line `# sum` out, then skillhost sync"
        )),
        LockFileError::Unsettled(_) => {
            failure.hint(format!("edit {FILE} by hand: keep one of the two, then skillhost sync"))
        }
        LockFileError::Invalid(LockError::Conflict { .. }) => failure.hint(SETTLE),
        LockFileError::Unwritable(_, cause) if is_no_room(cause) => {
            failure.hint(format!("free some room on its disk; {FILE} is as it was"))
        }
        _ => failure,
    }
}

/// An entry of the lock, for programs.
pub(crate) fn entry(locked: &Locked) -> serde_json::Value {
    serde_json::json!({
        "name": locked.name,
        "version": locked.version,
        "source": locked.source,
        "digest": locked.digest,
        "signer": locked.signer,
        "grant": locked.grant,
    })
}
