//! Who does the work of each kind, with what they may do.

use crate::calling::excess;
use crate::calling::policies::Policies;
use crate::calling::skills;
use crate::failure::{Exit, Failure};
use crate::installing::installed;
use crate::places::Places;
use crate::project::Base;
use crate::terminal::printer::Printer;
use crate::terminal::progress::Progress;
use skillhost_core::capability::Effective;
use skillhost_core::glob::Globs;
use skillhost_core::kind::Kind;
use skillhost_core::limits::Limits;
use skillhost_engine::{Engine, Grantor, Uses};
use skillhost_runs::host::Equipped;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The kinds of which a run needs one each.
const NEEDED: [Kind; 4] = [Kind::Spec, Kind::Review, Kind::Implement, Kind::Verify];

/// Loads the skills that the project names. With `records_grants`, each is granted all that it asks for, and what it uses
/// is noted.
pub(crate) async fn equip(
    base: &Base,
    (places, policies): (&Places, &Policies),
    engine: &Engine,
    (progress, printer): (&Progress, Printer),
    records_grants: bool,
) -> Result<BTreeMap<Kind, Equipped>, Failure> {
    let mut equipped = BTreeMap::new();
    for kind in NEEDED {
        let skill = one(kind, base, (places, policies), engine, (progress, printer), records_grants).await?;
        equipped.insert(kind, skill);
    }
    Ok(equipped)
}

async fn one(
    kind: Kind,
    base: &Base,
    (places, policies): (&Places, &Policies),
    engine: &Engine,
    (progress, printer): (&Progress, Printer),
    records_grants: bool,
) -> Result<Equipped, Failure> {
    let reference = base.project.skill(kind);
    let is_builtin = reference.starts_with("builtin:");
    let (named, grant, grantor) = if is_builtin {
        let named = skills::find(&reference)?;
        policies.check_source(&named.reference)?;
        (named, base.project.grant(kind), Grantor::Project(kind))
    } else {
        let lock = base.lock.as_ref();
        let found = lock.and_then(|lock| lock.lock.find(&reference).map(|locked| (locked, lock)));
        let (locked, lock) = found.ok_or_else(|| {
            Failure::new(Exit::Configuration, format!("[skills] {kind} = \"{reference}\" is not in skillhost.lock"))
                .hint("skillhost add REF puts it there, and the lock has to be committed; or name a built-in skill (builtin:review)")
        })?;
        let named = installed::component(locked, lock, places, policies, printer).await?;
        (named, locked.grant.clone(), Grantor::Lock(locked.name.clone()))
    };
    let skill = skills::load(engine, &named, progress).await?;
    let manifest = &skill.inspection().manifest;
    if manifest.skill.kind != kind {
        return Err(Failure::new(
            Exit::Configuration,
            format!("{reference} is a skill of kind `{}`", manifest.skill.kind),
        )
        .because(format!("[skills] {kind} names it")));
    }
    if !is_builtin && manifest.skill.name.as_str() != reference {
        return Err(Failure::new(
            Exit::Integrity,
            format!("the lock's entry `{reference}` names a skill `{}`", manifest.skill.name),
        ));
    }
    if let Some(locked) = base.lock.as_ref().and_then(|lock| lock.lock.find(&reference)) {
        excess::warn(locked, &manifest.capabilities, printer);
    }
    let mut request = manifest.capabilities.clone();
    if is_builtin {
        // It can't know the names of a project's commands: it requests whichever it is granted.
        request.exec.extend(grant.exec.iter().cloned());
        if records_grants {
            request.exec.extend(base.project.commands.keys().cloned());
        }
    }
    if kind == Kind::Review {
        // A reviewer changes nothing: what it wrote would be committed with the author's work, and reviewed by nobody.
        (request.write, request.protected) = (Globs::none(), false);
    }
    let grant = if records_grants { request.clone() } else { grant };
    for line in policies.narrowing(&grant, &manifest.limits) {
        printer.note(format!("{kind} is narrowed by policy: {line}"));
    }
    let capabilities = Arc::new(Effective::new(&request, &grant, &policies.ceilings()));
    let limits = Limits::resolve(&manifest.limits, &policies.limits());
    let uses = records_grants.then(Uses::default);
    Ok(Equipped { reference, capabilities, grantor, limits, skill, uses })
}
