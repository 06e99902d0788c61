//! `skillhost gc`: removes the worktrees of runs that ended, and saves what is in them and nowhere else; and the components
//! of the store that no lock names any more.

use crate::args::{Gc, Global};
use crate::failure::{Exit, Failure};
use crate::installing::installed::store_failure;
use crate::installing::known::{self, Known};
use crate::installing::needed;
use crate::installing::typed;
use crate::places::Places;
use crate::terminal::printer::Printer;
use serde::Serialize;
use skillhost_audit::{AuditError, Keyring};
use skillhost_core::text::escape_terminal;
use skillhost_registry::{LockFile, Projects, Store, StoreError};
use skillhost_runs::cleanup::{Removed, clean};
use skillhost_runs::host::runs_folder;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    dry_run: bool,
    removed: Vec<Entry>,
    kept: Vec<Kept>,
    components: Components,
}

#[derive(Default, Serialize)]
struct Components {
    removed: Vec<Component>,
    /// Why none is removed, where that can't be decided.
    kept_because: Option<String>,
}

#[derive(Serialize)]
struct Component {
    digest: String,
    size_bytes: u64,
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
    let mut outcomes = Vec::new();
    if crate::ambient::exists(&places.keys()) || crate::ambient::exists(&folder) {
        let failed = |e: AuditError| Failure::of(Exit::Integrity, &e).maybe_hint(e.hint());
        let keyring = Keyring::open(&places.state).map_err(failed)?;
        if let (false, Err(error)) = (arguments.dry_run, keyring.tidy()) {
            tracing::info!(%error, "what was left of keys could not be removed");
        }
        outcomes = clean(&folder, &keyring, arguments.dry_run).map_err(|e| Failure::of(Exit::Integrity, &e))?;
    }
    for folder in [known::folder(&places), typed::folder(&places.state)] {
        if let (false, Err(error)) = (arguments.dry_run, crate::ambient::remove_drafts(&folder)) {
            tracing::info!(%error, "what was left of a change could not be removed");
        }
    }
    let mut document = Document {
        schema: "skillhost.gc/1",
        dry_run: arguments.dry_run,
        removed: Vec::new(),
        kept: Vec::new(),
        components: components(&places, arguments.dry_run)?,
    };
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
    for component in &document.components.removed {
        let kilobytes = component.size_bytes.div_ceil(1024);
        printer.data(format!("{verb} a component that no lock names: {} · {kilobytes} KB", component.digest));
    }
    if let Some(reason) = &document.components.kept_because {
        printer.data(format!("kept all components: {}", escape_terminal(reason, 300)));
    }
    let is_idle = document.components.removed.is_empty() && document.components.kept_because.is_none();
    if document.removed.is_empty() && document.kept.is_empty() && is_idle {
        printer.note("nothing to remove");
    }
    Ok(Exit::Done)
}

/// Removes what no lock names. Where that can't be decided, everything stays.
fn components(places: &Places, dry_run: bool) -> Result<Components, Failure> {
    let store = Store::new(&places.cache);
    let kept = |failure: Failure| {
        let causes = failure.causes();
        let reason = std::iter::once(failure.message()).chain(causes).collect::<Vec<_>>().join(": ");
        Components { removed: Vec::new(), kept_because: Some(reason) }
    };
    let read_only = |error: StoreError| match error.is_read_only() {
        // As where the cache is a read-only image: there is nothing to be done about it.
        true => Ok(kept(store_failure(&error))),
        false => Err(store_failure(&error)),
    };
    let alone = match (!dry_run).then(|| store.alone()).transpose() {
        Ok(alone) => alone.flatten(),
        Err(error) => return read_only(error),
    };
    // Looked at while nobody is between keeping a component and naming it.
    let needed = std::cell::OnceCell::new();
    let swept = store.sweep(alone.as_ref(), |digest| {
        needed.get_or_init(|| needed::look(places)).as_ref().map_or(true, |needed| needed.digests.contains(digest))
    });
    let removed = match swept {
        Ok(removed) => removed,
        Err(error) => return read_only(error),
    };
    let projects = Projects::new(&places.cache);
    if let Some(alone) = &alone {
        // What can't be known, removed or forgotten is in nobody's way, and is tried again the next time.
        let known = projects.all().unwrap_or_default();
        for error in known.iter().filter_map(|lock| LockFile::new(lock.parent()?).tidy().err()) {
            tracing::info!(%error, "a project's folder could not be tidied up");
        }
        for lock in needed.get().iter().filter_map(|needed| needed.as_ref().ok()).flat_map(|needed| &needed.gone) {
            let _ = projects.forget(lock, alone);
            // Another project that comes to lie there was granted nothing.
            let _ = Known::forget(places, lock);
        }
    }
    match needed.into_inner() {
        Some(Err(failure)) => Ok(kept(failure)),
        _ => Ok(of(removed)),
    }
}

fn of(removed: Vec<skillhost_registry::store::Kept>) -> Components {
    let one = |kept: skillhost_registry::store::Kept| Component {
        digest: kept.digest.to_string(),
        size_bytes: kept.size_bytes,
    };
    Components { removed: removed.into_iter().map(one).collect(), kept_because: None }
}
