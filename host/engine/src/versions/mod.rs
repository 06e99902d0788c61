//! Versions of the contract, side by side.
//!
//! Which one a component was written for is read from the names of what it imports and exports, before anything of it is
//! compiled. Each version that this host understands is one [`Contract`]: what it gives to components of that version, and
//! how their exports are called. The rest of the host knows the types of the newest one alone; the module of an older one
//! translates. So a new version is a module here and a line in [`SUPPORTED`], and the old ones stay as they are.
//!
//! Versions that semver calls compatible are one contract: `0.1.3` is served by what `0.1.0` is served by.

#[cfg(test)]
mod tests;
mod v0_1;

use crate::contract::{Brief, Check, Error, Report, Specification, Subject, Summary};
use crate::error::{LoadError, Outdated};
use crate::inspect::Inspection;
use crate::state::CallState;
use futures::future::BoxFuture;
use semver::Version;
use skillhost_core::kind::Kind;
use skillhost_core::text::escape_terminal;
use std::collections::BTreeSet;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre, Linker};

/// What names of the contract begin with.
const PACKAGE: &str = "skillhost:skill/";
/// Longest name of an import or export that is told, in characters.
const NAME_CHARS: usize = 128;

/// The versions that this host understands, oldest first.
pub(crate) static SUPPORTED: [Contract; 1] = [v0_1::CONTRACT];

/// One version of the contract.
#[derive(Debug)]
pub(crate) struct Contract {
    /// The newest of those that are compatible.
    pub(crate) version: Version,
    /// Gives components its interfaces.
    pub(crate) add_to_linker: fn(&mut Linker<CallState>) -> wasmtime::Result<()>,
    /// Finds what a component exports of it, and compares that with it.
    pub(crate) find: Find,
}

type Find = fn(&InstancePre<CallState>, &Inspection) -> Result<Box<dyn Exports>, LoadError>;

/// What a call of the guest gives.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Calls what a component exports, in the types of the newest version. Only what is [there](Self::has) is called.
pub(crate) trait Exports: Send + Sync {
    fn has(&self, kind: Kind) -> bool;
    fn spec<'a>(&'a self, guest: Guest<'a>, brief: Brief) -> BoxFuture<'a, Answer<Specification>>;
    fn review<'a>(&'a self, guest: Guest<'a>, brief: Brief, subject: Subject) -> BoxFuture<'a, Answer<Report>>;
    fn implement<'a>(&'a self, guest: Guest<'a>, brief: Brief) -> BoxFuture<'a, Answer<Summary>>;
    fn verify<'a>(&'a self, guest: Guest<'a>, brief: Brief) -> BoxFuture<'a, Answer<Vec<Check>>>;
    fn tool<'a>(&'a self, guest: Guest<'a>, name: String, arguments: String) -> BoxFuture<'a, Answer<String>>;
}

/// An instance of a component, in the store of its call.
pub(crate) struct Guest<'a> {
    pub(crate) store: &'a mut Store<CallState>,
    pub(crate) instance: &'a Instance,
}

impl Contract {
    /// Whether a component of that version is served by this one. Nobody promises anything of a pre-release.
    pub(crate) fn serves(&self, version: &Version) -> bool {
        version.pre.is_empty() && track(version) == track(&self.version)
    }
}

/// The interface and the version that a name of the contract names.
pub(crate) fn parse(name: &str) -> Option<(&str, Version)> {
    let (interface, version) = name.strip_prefix(PACKAGE)?.split_once('@')?;
    Some((interface, version.parse().ok()?))
}

/// The version of the contract that a component was written for, by what it imports and exports: the newest, where it names
/// several that are compatible. None where it names none.
///
/// # Errors
/// Where `known` has none that serves it, or it names versions that are not compatible.
pub(crate) fn read(imports: &[String], exports: &[String], known: &[Contract]) -> Result<Option<Version>, LoadError> {
    let named = || imports.iter().chain(exports).filter_map(|name| Some((name.as_str(), parse(name)?.1)));
    let mut versions: Vec<Version> = named().map(|(_, version)| version).collect();
    versions.sort();
    let Some(newest) = versions.last().cloned() else { return Ok(None) };
    let is_another = |version: &Version| track(version) != track(&newest) || version.pre != newest.pre;
    let mixed = versions.iter().any(is_another);
    let mut interfaces = BTreeSet::new();
    let exported = exports.iter().filter_map(|name| parse(name));
    let twice = exported.map(|(interface, _)| interface).find(|interface| !interfaces.insert(*interface));
    if mixed || twice.is_some() {
        let told = |(name, _): (&str, Version)| format!("`{}`", escape_terminal(name, NAME_CHARS));
        let relevant = named().filter(|(name, version)| {
            mixed && (is_another(version) || *version == newest) || twice.is_some_and(|twice| name.contains(twice))
        });
        // One of each version says enough.
        let mut seen = BTreeSet::new();
        let names = relevant.filter(|(_, version)| seen.insert(version.clone())).map(told).take(4).collect();
        return Err(LoadError::MixedContract { names });
    }
    if known.iter().any(|contract| contract.serves(&newest)) {
        return Ok(Some(newest));
    }
    let how = match known.last() {
        _ if !newest.pre.is_empty() => Outdated::PreRelease,
        Some(last) if track(&newest) > track(&last.version) => Outdated::Host,
        _ => Outdated::Skill,
    };
    Err(LoadError::Contract {
        wanted: shown(&newest),
        known: known.iter().map(|c| track_name(&c.version)).collect(),
        how,
    })
}

fn shown(version: &Version) -> String {
    escape_terminal(&version.to_string(), NAME_CHARS).to_string()
}

/// What two versions have in common where they are compatible.
fn track(version: &Version) -> (u64, u64, u64) {
    match (version.major, version.minor) {
        (0, 0) => (0, 0, version.patch),
        (0, minor) => (0, minor, 0),
        (major, _) => (major, 0, 0),
    }
}

/// The same as people write it.
fn track_name(version: &Version) -> String {
    match track(version) {
        (0, 0, patch) => format!("0.0.{patch}"),
        (0, minor, _) => format!("0.{minor}"),
        (major, _, _) => major.to_string(),
    }
}
