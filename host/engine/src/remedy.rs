//! What to do about a component that is not loaded.

use crate::error::{LoadError, Outdated};
use skillhost_core::manifest::ManifestError;

/// What the host offers, where an import is not among it.
pub const OFFERED: &str = "offered are skillhost:skill (log, model, exec, changes, ask), and of WASI 0.2 cli, clocks, \
     filesystem, http (types, outgoing-handler), io and random; sockets link, and end the call that uses them";

impl LoadError {
    /// What its author, or whoever wants to use it, can do.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Manifest(ManifestError::CoreModule { .. }) => {
                "skillhost build --component FILE makes a skill of it, where its tool chain left the world in it"
                    .to_owned()
            }
            Self::Manifest(ManifestError::Missing) => {
                "skillhost build --component FILE embeds skill.toml in a component".to_owned()
            }
            Self::Manifest(ManifestError::Several) => {
                "build it of what the tool chain left, not of what was built already".to_owned()
            }
            Self::Manifest(ManifestError::Document(_)) => {
                "correct skill.toml there, and build it anew: skillhost build".to_owned()
            }
            Self::Manifest(_) => "a skill is a component with its skill.toml embedded".to_owned(),
            Self::Import { .. } => OFFERED.to_owned(),
            Self::Contract { known, how, .. } => {
                let known = known.last().map_or("another version", String::as_str);
                match how {
                    Outdated::Host => format!("update skillhost, or build the skill against skillhost:skill {known}"),
                    Outdated::Skill => format!(
                        "build the skill anew against skillhost:skill {known}: skillhost new writes its WIT and SDK"
                    ),
                    Outdated::PreRelease => {
                        format!("no host keeps a pre-release: build the skill against skillhost:skill {known}")
                    }
                }
            }
            Self::MixedContract { .. } => {
                "build all of its parts against one version of skillhost:skill, each interface once".to_owned()
            }
            Self::Export { kind, others, .. } => {
                let world = format!("export `{}: {}` of the world `{kind}-skill`", kind.function(), kind.signature());
                match others.first() {
                    Some(other) => format!("write kind = \"{other}\" in skill.toml, or {world}"),
                    None => format!("{world} in wit/"),
                }
            }
            Self::ExportType { .. } | Self::Link(_) => {
                "make the bindings anew from the WIT that skillhost new writes, and build the skill again".to_owned()
            }
            _ => return None,
        })
    }
}
