//! Why a call failed, in words that a user or a skill may read: no key, no host path, no control characters.

use skillhost_core::capability::Tier;

use crate::budget::Exhausted;
use crate::recording::RecordingError;
use crate::role::{ProviderName, Role};

/// Why a model could not be set up, or a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Nobody named a model.
    #[error("no model is set for {role} in tier {tier}")]
    RoleWithoutModel {
        /// The role.
        role: Role,
        /// The tier.
        tier: Tier,
    },
    /// A key of `[models]` or `--model` is not a role.
    #[error("`{text}` is not a role or ROLE.TIER")]
    RoleInvalid {
        /// What was written.
        text: String,
    },
    /// A model's reference can't be read.
    #[error("`{text}` is not PROVIDER:MODEL or replay:FILE")]
    ModelRefInvalid {
        /// What was written.
        text: String,
    },
    /// A repository asked for a recording.
    #[error("the project's models name a recording for {role}")]
    ReplayInProject {
        /// The role.
        role: String,
    },
    /// A provider's name can't be read.
    #[error("`{text}` is not a provider's name")]
    ProviderNameInvalid {
        /// What was written.
        text: String,
    },
    /// No such provider.
    #[error("the provider {provider} is not known")]
    ProviderUnknown {
        /// Its name.
        provider: ProviderName,
    },
    /// A provider's configuration makes no sense, or is not safe.
    #[error("the configuration of provider {provider} is invalid: {reason}")]
    ProviderInvalid {
        /// Its name.
        provider: ProviderName,
        /// What is wrong.
        reason: String,
    },
    /// This machine can't speak TLS: it has no root certificates, mostly.
    #[error("TLS can't be set up for {provider}: {reason}")]
    TlsUnavailable {
        /// The provider.
        provider: ProviderName,
        /// Why.
        reason: String,
    },
    /// The variable that holds the key is unset or empty.
    #[error("no key for {provider}: the variable {variable} is not set")]
    KeyMissing {
        /// The provider.
        provider: ProviderName,
        /// The variable's name.
        variable: String,
    },
    /// The variable holds something that can't be a key.
    #[error("the key for {provider} in the variable {variable} holds characters that a key can't have")]
    KeyInvalid {
        /// The provider.
        provider: ProviderName,
        /// The variable's name.
        variable: String,
    },
    /// The provider does not take the key.
    #[error("{provider} refused the key with status {status}: {message}")]
    KeyRefused {
        /// The provider.
        provider: ProviderName,
        /// The variable's name, where a key was sent.
        variable: Option<String>,
        /// The HTTP status.
        status: u16,
        /// What the server said: bounded, without the key.
        message: String,
    },
    /// The provider does not have the model, or not at this address.
    #[error("{provider} knows no model {model}: {message}")]
    ModelUnknown {
        /// The provider.
        provider: ProviderName,
        /// The model.
        model: String,
        /// What the server said: bounded, without the key.
        message: String,
    },
    /// The skill's request makes no sense.
    #[error("the request is invalid: {reason}")]
    RequestInvalid {
        /// What is wrong.
        reason: String,
    },
    /// The skill's request is larger than any model reads.
    #[error("the request has {bytes} bytes, and {limit_bytes} are the limit")]
    RequestTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// The provider refused the request itself.
    #[error("{provider} refused the request with status {status}: {message}")]
    RequestRefused {
        /// The provider.
        provider: ProviderName,
        /// The HTTP status.
        status: u16,
        /// What the server said: bounded, without the key.
        message: String,
    },
    /// The server wants the request, and the key with it, somewhere else.
    #[error("{provider} answered with a redirect, which is not followed")]
    Redirected {
        /// The provider.
        provider: ProviderName,
    },
    /// A reply that is larger than any model writes.
    #[error("the reply of {provider} is larger than {limit_bytes} bytes")]
    ReplyTooLarge {
        /// The provider.
        provider: ProviderName,
        /// The limit.
        limit_bytes: usize,
    },
    /// Every attempt failed.
    #[error("{provider} gave no whole reply in {attempts} attempts: {message}")]
    Unavailable {
        /// The provider.
        provider: ProviderName,
        /// How often the host tried.
        attempts: u32,
        /// The last failure: bounded, without the key.
        message: String,
    },
    /// A budget does not cover the call.
    #[error(transparent)]
    Exhausted(#[from] Exhausted),
    /// A recording can't be read or written, or does not hold the call.
    #[error(transparent)]
    Recording(#[from] RecordingError),
}

impl ModelError {
    /// Whether the user's configuration or environment has to change before another try can help. A server that
    /// can't be reached, or breaks off, may do better next time.
    pub fn is_configuration(&self) -> bool {
        match self {
            Self::RoleWithoutModel { .. }
            | Self::RoleInvalid { .. }
            | Self::ModelRefInvalid { .. }
            | Self::ReplayInProject { .. }
            | Self::ProviderNameInvalid { .. }
            | Self::ProviderUnknown { .. }
            | Self::ProviderInvalid { .. }
            | Self::TlsUnavailable { .. }
            | Self::KeyMissing { .. }
            | Self::KeyInvalid { .. }
            | Self::KeyRefused { .. }
            | Self::ModelUnknown { .. }
            | Self::Redirected { .. } => true,
            Self::RequestInvalid { .. }
            | Self::RequestTooLarge { .. }
            | Self::RequestRefused { .. }
            | Self::ReplyTooLarge { .. }
            | Self::Unavailable { .. }
            | Self::Exhausted(_)
            | Self::Recording(_) => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::RoleWithoutModel { role, .. } => {
                format!(
                    "set `{role} = \"PROVIDER:MODEL\"` under [models] in skillhost.toml, or --model {role}=PROVIDER:MODEL"
                )
            }
            Self::RoleInvalid { .. } => {
                "roles are spec, review, implement, verify or a skill's name; tiers are cheap, standard, capable"
                    .to_owned()
            }
            Self::ModelRefInvalid { .. } => {
                "for example anthropic:MODEL, openai:MODEL, replay:recording.jsonl".to_owned()
            }
            Self::ReplayInProject { .. } => "a recording is chosen by the user: --model replay:FILE".to_owned(),
            Self::ProviderNameInvalid { .. } => {
                "lower-case letters, digits, - and _, beginning with a letter".to_owned()
            }
            Self::ProviderUnknown { provider } => {
                format!(
                    "built in are anthropic, openai and ollama; configure others under [providers.{provider}] in config.toml"
                )
            }
            Self::TlsUnavailable { .. } => {
                "install the root certificates of this machine, mostly the package ca-certificates".to_owned()
            }
            Self::KeyMissing { provider, variable } => {
                format!(
                    "set {variable}, or name another variable as key_env under [providers.{provider}] in config.toml"
                )
            }
            Self::KeyInvalid { variable, .. } | Self::KeyRefused { variable: Some(variable), .. } => {
                format!("check the value of {variable}")
            }
            Self::KeyRefused { provider, variable: None, .. } => {
                format!("name the variable that holds the key as key_env under [providers.{provider}] in config.toml")
            }
            Self::ModelUnknown { .. } => "check the model's name, and the url of a configured provider".to_owned(),
            Self::Redirected { provider } => {
                format!("if the service moved, set its new url under [providers.{provider}] in config.toml")
            }
            Self::Unavailable { provider, .. } => format!(
                "check the network and the provider's status, or the url under [providers.{provider}] in config.toml; \
                 the same run may work later"
            ),
            Self::Exhausted(_) => "raise [budget] in skillhost.toml, or ask for less".to_owned(),
            Self::Recording(error) => return error.hint(),
            Self::ProviderInvalid { .. }
            | Self::RequestInvalid { .. }
            | Self::RequestTooLarge { .. }
            | Self::RequestRefused { .. }
            | Self::ReplyTooLarge { .. } => return None,
        })
    }
}
