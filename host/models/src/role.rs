//! Roles: which model works for whom.
//!
//! A project says it in `[models]`, by role or `role.tier`; a user overrides it for one run. A role is a kind of skill
//! (spec, review, implement, verify) or the name of a skill, and the nearer name wins.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use skillhost_core::capability::Tier;

use crate::error::ModelError;
use crate::reply::clean;

const MAX_ROLE_BYTES: usize = 64;
const MAX_MODEL_BYTES: usize = 200;
const REPLAY: &str = "replay";

/// A kind of skill, or a skill's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Role(String);

/// The name of a provider: built in, or from the user's configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProviderName(String);

/// Where a model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelRef {
    /// `provider:model`
    Api {
        /// The provider.
        provider: ProviderName,
        /// The model, as the provider calls it.
        model: String,
    },
    /// `replay:FILE`
    Replay(PathBuf),
}

/// `--model`: `ROLE=PROVIDER:MODEL`, `ROLE.TIER=…`, or without a role for all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    to: Option<(Role, Option<Tier>)>,
    model: ModelRef,
}

/// The models of all roles.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    project: BTreeMap<(Role, Option<Tier>), ModelRef>,
    overrides: BTreeMap<(Role, Option<Tier>), ModelRef>,
    everywhere: Option<ModelRef>,
}

/// Two roles that should differ and use one provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedProvider {
    /// The provider that both use.
    pub provider: ProviderName,
}

impl Roles {
    /// The models that a project asks for, as `[models]` holds them.
    ///
    /// # Errors
    /// Where a role or a model can't be read, and where the project names a recording: a repository can't bring the
    /// replies for its own review.
    pub fn from_project<K: AsRef<str>, V: AsRef<str>>(
        models: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, ModelError> {
        let mut project = BTreeMap::new();
        for (key, value) in models {
            let model: ModelRef = value.as_ref().parse()?;
            if matches!(model, ModelRef::Replay(_)) {
                return Err(ModelError::ReplayInProject { role: clean(key.as_ref(), MAX_ROLE_BYTES) });
            }
            project.insert(parse_key(key.as_ref())?, model);
        }
        Ok(Self { project, ..Self::default() })
    }

    /// The same with a user's overrides; where two say the same role, the later wins.
    #[must_use]
    pub fn with_overrides(mut self, overrides: impl IntoIterator<Item = Override>) -> Self {
        for Override { to, model } in overrides {
            match to {
                Some(key) => drop(self.overrides.insert(key, model)),
                None => self.everywhere = Some(model),
            }
        }
        self
    }

    /// The model for a tier: a user's choice before the project's, a skill's own before its role's, a tier's before
    /// the one for all tiers.
    ///
    /// # Errors
    /// Where nobody named one.
    pub fn resolve(&self, role: &Role, skill: Option<&Role>, tier: Tier) -> Result<&ModelRef, ModelError> {
        find(&self.overrides, role, skill, tier)
            .or(self.everywhere.as_ref())
            .or_else(|| find(&self.project, role, skill, tier))
            .ok_or_else(|| ModelError::RoleWithoutModel { role: role.clone(), tier })
    }

    /// Whether two roles, each with the skill that fills it, use one provider in any tier: a review by its author's own
    /// model finds less. Recordings don't count, and neither do roles without a model.
    pub fn shared_provider(
        &self,
        (one, its_skill): (&Role, Option<&Role>),
        (other, other_skill): (&Role, Option<&Role>),
    ) -> Option<SharedProvider> {
        let pair = |tier| (self.resolve(one, its_skill, tier), self.resolve(other, other_skill, tier));
        Tier::ALL.iter().find_map(|tier| match pair(*tier) {
            (Ok(ModelRef::Api { provider, .. }), Ok(ModelRef::Api { provider: second, .. })) => {
                (provider == second).then(|| SharedProvider { provider: provider.clone() })
            }
            _ => None,
        })
    }

    /// The models that are named, and for what: the user's where there are any, else the project's.
    pub fn named(&self) -> Vec<(String, &ModelRef)> {
        let own = !self.overrides.is_empty() || self.everywhere.is_some();
        let everywhere = self.everywhere.iter().map(|model| ("every role".to_owned(), model));
        let table = if own { &self.overrides } else { &self.project };
        let named = table.iter().map(|((role, tier), model)| match tier {
            Some(tier) => (format!("{role}.{tier}"), model),
            None => (role.to_string(), model),
        });
        everywhere.chain(named).collect()
    }

    /// Every model that somebody named.
    pub(crate) fn models(&self) -> impl Iterator<Item = &ModelRef> {
        self.overrides.values().chain(&self.everywhere).chain(self.project.values())
    }
}

fn find<'a>(
    table: &'a BTreeMap<(Role, Option<Tier>), ModelRef>,
    role: &Role,
    skill: Option<&Role>,
    tier: Tier,
) -> Option<&'a ModelRef> {
    let names = skill.into_iter().chain([role]);
    names.flat_map(|name| [(name.clone(), Some(tier)), (name.clone(), None)]).find_map(|key| table.get(&key))
}

fn parse_key(key: &str) -> Result<(Role, Option<Tier>), ModelError> {
    match key.rsplit_once('.') {
        None => Ok((key.parse()?, None)),
        Some((role, tier)) => match Tier::from_word(tier) {
            Some(tier) => Ok((role.parse()?, Some(tier))),
            None => Err(ModelError::RoleInvalid { text: clean(key, MAX_ROLE_BYTES) }),
        },
    }
}

impl FromStr for Override {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        // A file name may hold `=`, a role never holds `:`.
        match text.split_once('=') {
            Some((role, model)) if !role.contains(':') => {
                Ok(Self { to: Some(parse_key(role)?), model: model.parse()? })
            }
            _ => Ok(Self { to: None, model: text.parse()? }),
        }
    }
}

impl FromStr for ModelRef {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let invalid = || ModelError::ModelRefInvalid { text: clean(text, MAX_MODEL_BYTES) };
        let (provider, model) = text.split_once(':').ok_or_else(invalid)?;
        if provider == REPLAY && !model.is_empty() {
            return Ok(Self::Replay(PathBuf::from(model)));
        }
        let sound = (1..=MAX_MODEL_BYTES).contains(&model.len()) && model.bytes().all(|byte| byte.is_ascii_graphic());
        match provider.parse() {
            Ok(provider) if sound => Ok(Self::Api { provider, model: model.to_owned() }),
            _ => Err(invalid()),
        }
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api { provider, model } => write!(formatter, "{provider}:{model}"),
            Self::Replay(path) => write!(formatter, "{REPLAY}:{}", path.display()),
        }
    }
}

impl FromStr for Role {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        if is_word(text) {
            return Ok(Self(text.to_owned()));
        }
        Err(ModelError::RoleInvalid { text: clean(text, MAX_ROLE_BYTES) })
    }
}

impl FromStr for ProviderName {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        if is_word(text) && text != REPLAY {
            return Ok(Self(text.to_owned()));
        }
        Err(ModelError::ProviderNameInvalid { text: clean(text, MAX_ROLE_BYTES) })
    }
}

/// The names that `skillhost-core` allows for skills, and `_`, which people use in names of providers.
fn is_word(text: &str) -> bool {
    text.len() <= MAX_ROLE_BYTES
        && text.starts_with(|character: char| character.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

macro_rules! as_text {
    ($($name:ident),*) => {$(
        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    )*};
}
as_text!(Role, ProviderName);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn role(text: &str) -> Role {
        text.parse().unwrap()
    }

    fn roles(models: &[(&str, &str)], overrides: &[&str]) -> Roles {
        let overrides: Vec<Override> = overrides.iter().map(|text| text.parse().unwrap()).collect();
        Roles::from_project(models.iter().copied()).unwrap().with_overrides(overrides)
    }

    fn resolve(roles: &Roles, name: &str, skill: Option<&str>, tier: Tier) -> Option<String> {
        roles.resolve(&role(name), skill.map(role).as_ref(), tier).ok().map(ToString::to_string)
    }

    #[test]
    fn the_nearest_name_wins() {
        let models = [("implement", "a:1"), ("implement.cheap", "a:2"), ("licence-check", "b:3"), ("review", "c:4")];
        let roles = roles(&models, &["review.capable=d:5"]);
        for (name, skill, tier, model) in [
            ("implement", None, Tier::Standard, Some("a:1")),
            ("implement", None, Tier::Cheap, Some("a:2")),
            ("implement", Some("licence-check"), Tier::Cheap, Some("b:3")),
            ("implement", Some("other"), Tier::Cheap, Some("a:2")),
            ("review", None, Tier::Capable, Some("d:5")),
            ("review", None, Tier::Cheap, Some("c:4")),
            ("verify", None, Tier::Cheap, None),
        ] {
            assert_eq!(resolve(&roles, name, skill, tier).as_deref(), model, "{name} {skill:?} {tier}");
        }
        let error = roles.resolve(&role("verify"), None, Tier::Cheap).unwrap_err();
        assert!(error.hint().unwrap().contains("--model verify=PROVIDER:MODEL"));
    }

    #[test]
    fn an_override_without_a_role_is_for_all() {
        let roles = roles(&[("spec", "a:1")], &["replay:x=y.jsonl", "spec=b:2:latest"]);
        assert_eq!(resolve(&roles, "verify", None, Tier::Cheap).as_deref(), Some("replay:x=y.jsonl"));
        assert_eq!(resolve(&roles, "spec", None, Tier::Cheap).as_deref(), Some("b:2:latest"));
    }

    #[test]
    fn m_12_a_project_names_no_recording() {
        let error = Roles::from_project([("review", "replay:approve.jsonl")]).unwrap_err();
        assert!(matches!(error, ModelError::ReplayInProject { .. }));
    }

    #[test]
    fn m_06_a_shared_provider_is_found() {
        let roles = roles(&[("spec", "a:1"), ("review", "b:1"), ("implement", "b:2"), ("review.cheap", "a:9")], &[]);
        let shared = |one: &str, other: &str| {
            roles.shared_provider((&role(one), None), (&role(other), None)).map(|found| found.provider.to_string())
        };
        assert_eq!(shared("spec", "implement"), None);
        assert_eq!(shared("review", "implement").as_deref(), Some("b"));
        assert_eq!(shared("review", "spec").as_deref(), Some("a"));
        assert_eq!(shared("review", "verify"), None);
    }

    #[test]
    fn m_06_a_skill_s_own_model_counts_before_its_role_s() {
        let roles = roles(&[("implement", "a:1"), ("review", "b:1"), ("strict-review", "a:2")], &[]);
        let (author, reviewer, skill) = (role("implement"), role("review"), role("strict-review"));
        assert_eq!(roles.shared_provider((&author, None), (&reviewer, None)), None);
        assert!(roles.shared_provider((&author, None), (&reviewer, Some(&skill))).is_some());
    }

    #[test]
    fn what_is_not_a_role_or_a_model_is_refused() {
        for text in ["", "a", ":", "a:", ":b", "A:b", "a b:c", "a:b c", "replay:", "a:\u{202e}x", "http://x:1\n", "9:a"]
        {
            assert!(text.parse::<ModelRef>().is_err(), "{text:?}");
        }
        for text in ["=a:b", "spec.huge=a:b", "Spec=a:b", "spec=", "spec", "a.b.cheap=a:b"] {
            assert!(text.parse::<Override>().is_err(), "{text:?}");
        }
    }
}
