//! A skill that a lock names, ready to be loaded: from the store, by digest, and from nowhere else but its own file where
//! that is still the same.

use crate::calling::policies::Policies;
use crate::calling::skills::Named;
use crate::failure::{Exit, Failure};
use crate::installing::fetch;
use crate::installing::trust::Trust;
use crate::installing::typed::Typed;
use crate::places::Places;
use crate::project::ProjectLock;
use crate::terminal::printer::Printer;
use skillhost_core::digest::Digested;
use skillhost_core::lock::Locked;
use skillhost_core::reference::Reference;
use skillhost_registry::source::{self, NamedBy, Rules, Sources};
use skillhost_registry::store::Hold;
use skillhost_registry::store::StoreError;
use skillhost_registry::{Projects, Store};
use skillhost_runs::error::is_no_room;

/// Keeps components in the store until it is dropped. Who removes some is waited for, and that is said.
pub(crate) fn hold(store: &Store, printer: Printer) -> Hold {
    store.hold_or(|| printer.note("waiting for skillhost gc, which removes components from the store"))
}

/// What is wrong with the store, and what to do.
pub(crate) fn store_failure(error: &StoreError) -> Failure {
    let failure = Failure::of(Exit::Integrity, error);
    match error {
        StoreError::Altered { .. } => failure.hint("skillhost sync fetches it again"),
        StoreError::Unwritable(_, cause) if is_no_room(cause) => failure.hint(
            "free some room on its disk (skillhost gc removes components that no lock names), or name another place \
             with XDG_CACHE_HOME",
        ),
        _ => failure,
    }
}

/// The component of a locked skill, whose bytes, source and signature were checked.
pub(crate) async fn component(
    locked: &Locked,
    lock: &ProjectLock,
    places: &Places,
    policies: &Policies,
    printer: Printer,
) -> Result<Named, Failure> {
    policies.check_source(&locked.source)?;
    if let Some(altered) = lock.altered.iter().find(|altered| altered.name == locked.name) {
        printer.warn(format!(
            "skillhost.lock:{}: the sum of {} is of other lines: somebody edited it, or git put lines of two people's \
             together; look at what it may do, then skillhost sync writes its sum anew",
            altered.line, locked.name
        ));
    }
    let store = Store::new(&places.components);
    // What is used is not removed, from now on.
    let hold = hold(&Store::new(&places.cache), printer);
    if let Err(error) = Projects::new(&places.cache).remember(&lock.path, &hold) {
        tracing::info!(%error, "the project could not be remembered");
    }
    let trust = Trust::new(places, policies, printer);
    let component = match store.load(&locked.digest).map_err(|e| store_failure(&e))? {
        Some(component) => {
            let attached = || store.attached(&locked.digest, locked.signer.as_ref());
            trust.check(locked, component.bytes(), attached)?;
            component
        }
        None => {
            let by = Typed::new(&places.state).who_named(&locked.source, policies);
            let fetched = from_file(locked, by, lock).await?;
            let signed = trust.check_fetched(locked, &fetched)?;
            // The next time it is there, where the store can be written.
            if let Err(error) = store.keep(&fetched, signed.as_ref(), &hold) {
                tracing::info!(%error, "a component is used from memory");
            }
            Digested::new(fetched.component)
        }
    };
    Ok(Named { reference: locked.source.clone(), component: component.map() })
}

async fn from_file(locked: &Locked, by: NamedBy, lock: &ProjectLock) -> Result<skillhost_registry::Fetched, Failure> {
    let name = &locked.name;
    let absent = || Failure::new(Exit::Integrity, format!("{name} {} is not in the store", locked.version));
    let hint = "skillhost sync fetches what skillhost.lock names";
    if !matches!(locked.source, Reference::File(_)) {
        return Err(absent().hint(hint));
    }
    let sources = Sources::new(&lock.folder, Rules::default());
    let fetched = source::fetch(&locked.source, by, &sources).await.map_err(|e| {
        let told = fetch::failure_of_lock(&e, by, locked);
        absent().because_of_all(&e).hint(told.what_to_do().unwrap_or_else(|| hint.to_owned()))
    })?;
    if fetched.digest != locked.digest {
        let message = format!("{name}: the digest of {} is not the one that the lock pins", locked.source);
        return Err(fetch::moved(message, locked, &fetched));
    }
    Ok(fetched)
}
