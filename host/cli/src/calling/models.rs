//! Models, from the project's roles, the user's providers, and the command line.

use crate::ambient;
use crate::failure::{Exit, Failure};
use crate::terminal::printer::Printer;
use skillhost_core::document::MAX_DOCUMENT_BYTES;
use skillhost_core::kind::Kind;
use skillhost_core::project::Project;
use skillhost_core::text::escape_terminal;
use skillhost_core::user::{self, User};
use skillhost_models::{ModelError, Models, Override, ProviderConfig, Role, Roles, Setup, Tuning};
use skillhost_runs::host::Equipped;
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

/// Sets the models up; nothing is sent, and nothing is made.
pub(crate) fn open(
    project: &Project,
    user: &User<ProviderConfig>,
    named: &[String],
    tuning: Tuning,
) -> Result<Models, Failure> {
    let overrides: Vec<Override> = named
        .iter()
        .map(|text| text.parse().map_err(|e: ModelError| failure(Exit::Usage, &e)))
        .collect::<Result<_, _>>()?;
    let roles =
        Roles::from_project(&project.models).map_err(|e| failure(Exit::Configuration, &e))?.with_overrides(overrides);
    let setup = Setup { providers: user.providers.clone(), roles, tuning, ..Setup::default() };
    Models::open(setup).map_err(|e| failure(Exit::Configuration, &e))
}

/// Checks, before anything is spent, that every role of a run has a model, and its provider a key. Warns where the
/// budget of money bounds nothing.
pub(crate) fn check(
    models: &Models,
    skills: &BTreeMap<Kind, Equipped>,
    project: &Project,
    printer: Printer,
) -> Result<(), Failure> {
    let mut unpriced = BTreeSet::new();
    for (kind, equipped) in skills {
        let role: Role = kind.as_str().parse().map_err(|e: ModelError| failure(Exit::Bug, &e))?;
        let skill = equipped.role();
        for tier in &equipped.capabilities.model {
            let found = models.check(&role, skill.as_ref(), *tier);
            let found = found.map_err(|e| failure(Exit::Configuration, &e))?;
            unpriced.extend(found.map(ToString::to_string));
        }
    }
    for model in unpriced {
        let (provider, _) = model.split_once(':').unwrap_or((&model, ""));
        printer.warn(format!(
            "no price is known for {model}, so its cost is not counted and [budget] cost_usd = {} does not bound it; \
             set input_usd and output_usd under [providers.{provider}] in config.toml",
            project.budget.cost_usd
        ));
    }
    for script in models.scripts() {
        let name = escape_terminal(&script.display().to_string(), 300);
        printer.note(format!("  model  scripted: {name} is played back, no model is asked"));
    }
    Ok(())
}

/// No command may be handed a provider's key, or a secret of skills.
pub(crate) fn check_variables(user: &User<ProviderConfig>) -> Result<(), Failure> {
    let built_in = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"];
    let configured = user.providers.values().filter_map(|provider| provider.key_env.as_deref());
    let keys: BTreeSet<&str> = configured.chain(built_in).collect();
    let tokens: BTreeSet<&str> = user.forges.values().filter_map(|forge| forge.token_env.as_deref()).collect();
    let usual_tokens = ["GH_TOKEN", "GITHUB_TOKEN", "GITLAB_TOKEN", "FORGEJO_TOKEN", "GITEA_TOKEN"];
    let secrets: BTreeSet<&str> = user.secrets.values().map(|secret| secret.env.as_str()).collect();
    for name in &user.toolchains.env {
        let held = match name.as_str() {
            name if keys.contains(name) => "a provider's key",
            crate::installing::signing::VARIABLE => "a key that skills are signed with",
            name if secrets.contains(name) => "a secret",
            name if tokens.contains(name) || usual_tokens.contains(&name) => "a forge's token",
            _ => continue,
        };
        let named = format!("[toolchains] env in config.toml names {name}, which holds {held}");
        return Err(
            Failure::new(Exit::Configuration, named).hint("commands never see a key: take it out of [toolchains] env")
        );
    }
    Ok(())
}

pub(crate) fn failure(exit: Exit, error: &ModelError) -> Failure {
    Failure::of(exit, error).maybe_hint(error.hint())
}
