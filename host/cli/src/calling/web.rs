//! The way out for requests of skills: the program's dialer, and the user's secrets.

use crate::ambient;
use crate::failure::{Exit, Failure};
use crate::installing::known::Known;
use crate::places::Places;
use crate::project::{Base, ProjectLock};
use skillhost_core::kind::Kind;
use skillhost_core::lock::{FILE, Locked};
use skillhost_core::name::SecretName;
use skillhost_core::pin::Pin;
use skillhost_core::user::{SecretSource, User};
use skillhost_egress::Dialer;
use skillhost_engine::Grantor;
use skillhost_models::ProviderConfig;
use skillhost_runs::host::Equipped;
use skillhost_runs::web::{Secrets, Web};
use std::collections::{BTreeMap, BTreeSet};

/// A skill that was granted secrets.
pub(crate) struct Bearer<'a> {
    pub(crate) secrets: &'a BTreeSet<SecretName>,
    pub(crate) by: By<'a>,
}

/// Who granted them.
pub(crate) enum By<'a> {
    /// Somebody here, on the command line.
    CommandLine,
    /// A lock, which anybody can have written.
    Lock(&'a Locked, &'a ProjectLock),
}

/// Sets it up for these skills together. A secret that can't be used, or that nobody here gave, is told now, before
/// anything is called.
pub(crate) fn open(
    dialer: Dialer,
    bearers: &[Bearer<'_>],
    places: &Places,
    user: impl FnOnce() -> Result<User<ProviderConfig>, Failure>,
) -> Result<Web, Failure> {
    let granted: BTreeSet<&SecretName> = bearers.iter().flat_map(|bearer| bearer.secrets).collect();
    let secrets = if granted.is_empty() {
        Secrets::default()
    } else {
        let sources = user()?.secrets;
        bearers.iter().try_for_each(|bearer| check(bearer, &sources, places))?;
        let read = Secrets::read(&sources, granted, ambient::variable);
        read.map_err(|e| Failure::of(Exit::Configuration, &e).hint(e.hint()))?
    };
    Ok(Web::new(dialer, secrets))
}

/// The skills of a run that were granted secrets. No project grants any, so a built-in skill has none.
pub(crate) fn bearers<'a>(skills: &'a BTreeMap<Kind, Equipped>, base: &'a Base) -> Vec<Bearer<'a>> {
    let by = |equipped: &Equipped| {
        let (Grantor::Lock(name), Some(lock)) = (&equipped.grantor, &base.lock) else { return None };
        lock.lock.find(name.as_str()).map(|locked| By::Lock(locked, lock))
    };
    let bearer = |equipped: &'a Equipped| Some(Bearer { secrets: &equipped.capabilities.secrets, by: by(equipped)? });
    skills.values().filter_map(bearer).collect()
}

/// A lock gives a secret to nobody by itself.
fn check(bearer: &Bearer<'_>, sources: &BTreeMap<SecretName, SecretSource>, places: &Places) -> Result<(), Failure> {
    let By::Lock(locked, lock) = &bearer.by else { return Ok(()) };
    let known = Known::read(places, &lock.path);
    for secret in bearer.secrets {
        // One that the user doesn't have is told with all else that it needs.
        if sources.get(secret).is_some_and(|source| !names(source, locked)) && !known.lets(locked, secret) {
            return Err(refused(locked, lock, secret));
        }
    }
    Ok(())
}

/// Whether the user's configuration names a skill for a secret, whichever project has it.
pub(crate) fn names(source: &SecretSource, locked: &Locked) -> bool {
    source.skills.iter().any(|pin| pin.is_of(locked))
}

fn refused(locked: &Locked, lock: &ProjectLock, secret: &SecretName) -> Failure {
    let name = &locked.name;
    let failure = Failure::new(Exit::Denied, format!("nobody on this machine let {name} use the secret {secret}"))
        .because(format!("{} grants it, and a lock is the word of whoever wrote it", lock.path.display()));
    let named = format!("skills = [\"{}\"] under [secrets.{secret}] in config.toml", Pin::of(locked));
    // What was named with --lock may be no project's.
    match lock.path.file_name().is_some_and(|file| file == FILE) {
        true => failure
            .hint(format!("skillhost sync --secret {name}={secret} lets it, in this project"))
            .or_hint(format!("or, in every project: {named}")),
        false => failure.hint(named),
    }
}
