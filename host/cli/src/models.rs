//! Models, from the project's roles, the user's providers, and the command line.

use crate::ambient;
use crate::args;
use crate::failure::{Exit, Failure};
use skillhost_core::document::MAX_DOCUMENT_BYTES;
use skillhost_core::kind::Kind;
use skillhost_core::project::Project;
use skillhost_core::tier::Tier;
use skillhost_core::user::{self, User};
use skillhost_models::{ModelError, Models, Override, ProviderConfig, Role, Roles, Setup};
use std::collections::{BTreeMap, BTreeSet};

/// The user's own configuration.
pub(crate) fn read_user() -> Result<User<ProviderConfig>, Failure> {
    let Some(file) = ambient::config_folder().map(|folder| folder.join(user::FILE)) else { return Ok(User::default()) };
    let name = file.display().to_string();
    let unreadable =
        |e: &dyn std::error::Error| Failure::new(Exit::Configuration, format!("{name} can't be read")).because(e);
    match ambient::read_if_there(&file, MAX_DOCUMENT_BYTES as u64).map_err(|e| unreadable(&e))? {
        None => Ok(User::default()),
        Some(bytes) => {
            let text = String::from_utf8(bytes).map_err(|e| unreadable(&e))?;
            User::parse(&name, &text).map_err(|e| Failure::of(Exit::Configuration, &e))
        }
    }
}

/// Sets the models up; nothing is sent.
pub(crate) fn open(
    project: &Project,
    user: &User<ProviderConfig>,
    arguments: &args::Models,
) -> Result<Models, Failure> {
    let overrides: Vec<Override> = arguments
        .models
        .iter()
        .map(|text| text.parse().map_err(|e: ModelError| failure(Exit::Usage, &e)))
        .collect::<Result<_, _>>()?;
    let roles =
        Roles::from_project(&project.models).map_err(|e| failure(Exit::Configuration, &e))?.with_overrides(overrides);
    let setup =
        Setup { providers: user.providers.clone(), roles, record: arguments.record.clone(), ..Setup::default() };
    Models::open(setup).map_err(|e| failure(Exit::Configuration, &e))
}

/// Checks, before anything is spent, that every role of a run has a model, and its provider a key.
pub(crate) fn check(models: &Models, tiers: &BTreeMap<Kind, BTreeSet<Tier>>) -> Result<(), Failure> {
    for kind in [Kind::Spec, Kind::Review, Kind::Implement] {
        let role: Role = kind.as_str().parse().map_err(|e: ModelError| failure(Exit::Bug, &e))?;
        // The tiers that the skill of this kind may call, which its manifest requests.
        for tier in tiers.get(&kind).into_iter().flatten() {
            models.check(&role, None, *tier).map_err(|e| failure(Exit::Configuration, &e))?;
        }
    }
    Ok(())
}

pub(crate) fn failure(exit: Exit, error: &ModelError) -> Failure {
    Failure::of(exit, error).maybe_hint(error.hint())
}
