//! A manifest that asks for what its component can't use is refused: whoever installs it would be asked to grant something
//! for nothing, and would grant it to the next version, too.

use serde::Deserialize;
use serde::de::IgnoredAny;
use skillhost_core::capability::Capabilities;
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;

/// A capability that is asked for and can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Its key in `[capabilities]`.
    pub capability: &'static str,
    /// The line of the manifest that asks for it, from 1.
    pub line: usize,
    needs: Needs,
}

/// What using a capability takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// An import of this interface.
    Import(&'static str),
    /// An import of any interface of this package, or of `changes`, which shows and commits what these grants cover.
    Files(&'static str),
    /// Another capability, and why.
    Capability(&'static str, &'static str),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { capability, line, needs } = self;
        match needs {
            Needs::Import(name) | Needs::Files(name) => {
                write!(f, "skill.toml:{line}: it asks for `{capability}`, but the component doesn't import {name}")
            }
            Needs::Capability(other, why) => {
                write!(f, "skill.toml:{line}: it asks for `{capability}` without `{other}`: {why}")
            }
        }
    }
}

impl Unusable {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let Self { capability, needs, .. } = self;
        match needs {
            Needs::Import(name) | Needs::Files(name) => {
                format!(
                    "remove `{capability}` from [capabilities], or use {name} in the skill: tool chains leave out what is never called"
                )
            }
            Needs::Capability(other, _) => {
                format!("remove `{capability}` from [capabilities], or ask for `{other}` as well")
            }
        }
    }
}

type IsAskedFor = fn(&Capabilities) -> bool;

const FILES: Needs = Needs::Files("wasi:filesystem");
const NEEDS: [(&str, IsAskedFor, Needs); 9] = [
    ("read", |asked| !asked.read.is_empty(), FILES),
    ("write", |asked| !asked.write.is_empty(), FILES),
    ("exec", |asked| !asked.exec.is_empty(), Needs::Import("skillhost:skill/exec")),
    ("exec_arguments", |asked| asked.exec_arguments, Needs::Capability("exec", "they are added to commands")),
    ("model", |asked| !asked.model.is_empty(), Needs::Import("skillhost:skill/model")),
    ("http", |asked| !asked.http.is_empty(), Needs::Import("wasi:http/outgoing-handler")),
    ("secrets", |asked| !asked.secrets.is_empty(), Needs::Capability("http", "they are put into requests")),
    ("protected", |asked| asked.protected, Needs::Capability("write", "it widens what may be changed")),
    ("ask", |asked| asked.ask, Needs::Import("skillhost:skill/ask")),
];

/// What a manifest asks for that a component with these imports can't use, in the order of the manifest.
pub fn unusable(manifest: &str, asked: &Capabilities, imports: &[String]) -> Vec<Unusable> {
    let lines = lines(manifest);
    let imported = |is_it: &dyn Fn(&str) -> bool| {
        imports.iter().any(|import| is_it(import.split_once('@').map_or(import.as_str(), |(interface, _)| interface)))
    };
    let is_met = |needs: &Needs| match needs {
        Needs::Import(name) => imported(&|interface| interface == *name),
        Needs::Files(package) => imported(&|interface| {
            interface.split('/').next() == Some(package) || interface == "skillhost:skill/changes"
        }),
        Needs::Capability(other, _) => {
            NEEDS.iter().any(|(capability, is_asked, _)| capability == other && is_asked(asked))
        }
    };
    let mut found: Vec<Unusable> = NEEDS
        .iter()
        .filter(|(_, is_asked, needs)| is_asked(asked) && !is_met(needs))
        .map(|&(capability, _, needs)| Unusable {
            capability,
            line: lines.get(capability).copied().unwrap_or(1),
            needs,
        })
        .collect();
    found.sort_by_key(|one| one.line);
    found
}

/// The line of each key of `[capabilities]`.
fn lines(manifest: &str) -> BTreeMap<String, usize> {
    #[derive(Deserialize)]
    struct Document {
        #[serde(default)]
        capabilities: BTreeMap<Spanned<String>, IgnoredAny>,
    }
    let Ok(document) = toml::from_str::<Document>(manifest) else { return BTreeMap::new() };
    let line = |start: usize| 1 + manifest.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count();
    document.capabilities.into_keys().map(|key| (key.get_ref().clone(), line(key.span().start))).collect()
}
