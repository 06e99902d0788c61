//! `skill.toml`: what a skill says of itself, embedded in the component as a custom section.
//!
//! It is read without compiling or running anything. It can only ask: a grant decides.

use crate::capability::Capabilities;
use crate::document::{self, DocumentError};
use crate::kind::Kind;
use crate::limits::PartialLimits;
use crate::name::SkillName;
use crate::schema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// The custom section that holds the manifest.
pub const SECTION: &str = "skillhost:manifest";
/// Largest manifest, in bytes; the schemas of 128 tools are in it.
pub const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// Deepest nesting of components and modules that is looked at.
const MAX_DEPTH: u32 = 64;
/// Most tools that one skill offers.
pub const MAX_TOOLS: usize = 128;
/// Longest description, in bytes.
pub const MAX_DESCRIPTION_BYTES: usize = 1024;

/// Which manifests have entries of tools.
const TOOLS_OF_KIND: &str = "a skill of kind `tool`, and no other, has [[tool]] entries";

/// A skill's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Who it is.
    pub skill: Identity,
    /// What it requests.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// The limits that it asks for.
    #[serde(default)]
    pub limits: PartialLimits,
    /// What a tool skill offers.
    #[serde(default, rename = "tool", skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
}

/// Who a skill is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Its name.
    pub name: SkillName,
    /// Its version.
    pub version: Version,
    /// What it is for.
    pub kind: Kind,
    /// One sentence for people; it is the author's text and untrusted.
    #[serde(default, deserialize_with = "description")]
    pub description: String,
}

/// One operation of a tool skill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name: as a skill's.
    pub name: SkillName,
    /// One sentence for people and models; untrusted.
    #[serde(default, deserialize_with = "description")]
    pub description: String,
    /// JSON Schema of its arguments.
    #[serde(default = "any_object")]
    pub parameters: serde_json::Value,
    /// JSON Schema of what it returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returns: Option<serde_json::Value>,
    /// Whether it changes nothing.
    #[serde(default)]
    pub read_only: bool,
}

/// Where one is refused while it is read, the error tells its line.
fn description<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.len() > MAX_DESCRIPTION_BYTES {
        return Err(D::Error::custom(format!("a description is longer than {MAX_DESCRIPTION_BYTES} bytes")));
    }
    Ok(text)
}

fn any_object() -> serde_json::Value {
    serde_json::json!({ "type": "object" })
}

/// A version: three numbers, with an optional pre-release.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Version(String);

impl Version {
    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it comes before `other`: number by number, and a pre-release before what it leads to.
    pub fn is_before(&self, other: &Self) -> bool {
        let parts = |version: &Self| {
            let (numbers, pre) = version.0.split_once('-').map_or((version.0.as_str(), None), |(n, p)| (n, Some(p)));
            let numbers: Vec<u32> = numbers.split('.').filter_map(|number| number.parse().ok()).collect();
            let labels = pre.map(|pre| pre.split('.').map(label_order).collect::<Vec<_>>());
            // Without a pre-release is the highest.
            (numbers, labels.is_none(), labels)
        };
        parts(self) < parts(other)
    }
}

/// How one label of a pre-release is ordered: numbers by their value, and before words.
fn label_order(label: &str) -> (bool, u64, String) {
    match label.parse::<u64>() {
        Ok(number) => (false, number, String::new()),
        Err(_) => (true, 0, label.to_owned()),
    }
}

impl TryFrom<String> for Version {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (numbers, pre) = text.split_once('-').map_or((text.as_str(), None), |(n, p)| (n, Some(p)));
        let number = |n: &str| !n.is_empty() && n.len() <= 9 && n.bytes().all(|b| b.is_ascii_digit());
        let label = |p: &str| {
            !p.is_empty() && p.len() <= 32 && p.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
        };
        if numbers.split('.').count() == 3 && numbers.split('.').all(number) && pre.is_none_or(label) {
            Ok(Self(text))
        } else {
            Err("a version is three numbers, as in `1.2.0`, with an optional pre-release, as in `1.2.0-rc.1`"
                .to_owned())
        }
    }
}

impl From<Version> for String {
    fn from(version: Version) -> String {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a component has no usable manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The bytes are no WebAssembly component.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// The bytes are a core module.
    #[error("it is a core module{}, not a component", if *.is_preview1 { " for WASI preview 1" } else { "" })]
    CoreModule {
        /// Whether it imports WASI preview 1, as modules of most languages do.
        is_preview1: bool,
    },
    /// It has no manifest section.
    #[error("the component has no manifest (custom section `{SECTION}`)")]
    Missing,
    /// It has more than one.
    #[error("the component has more than one manifest")]
    Several,
    /// The section is larger than a manifest can be: reading it would take more than it is worth.
    #[error("the manifest has {0} bytes; at most {MAX_MANIFEST_BYTES} are accepted")]
    TooLarge(usize),
    /// The section isn't UTF-8 text.
    #[error("the manifest is not UTF-8 text")]
    Encoding,
    /// The manifest doesn't have the shape of one.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl Manifest {
    /// Reads `skill.toml`.
    ///
    /// # Errors
    /// Where a key is unknown or a value is not what it should be.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let manifest = Self::parse_draft(text)?;
        if manifest.skill.kind == Kind::Tool && manifest.tools.is_empty() {
            return Err(DocumentError::whole("skill.toml", TOOLS_OF_KIND));
        }
        Ok(manifest)
    }

    /// Reads the `skill.toml` of a project: that of a tool skill may be without the entries that its build writes.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn parse_draft(text: &str) -> Result<Self, DocumentError> {
        let manifest: Self = document::parse("skill.toml", text)?;
        manifest.check().map_err(|reason| DocumentError::whole("skill.toml", reason))?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), String> {
        if self.skill.kind != Kind::Tool && !self.tools.is_empty() {
            return Err(TOOLS_OF_KIND.to_owned());
        }
        if self.tools.len() > MAX_TOOLS {
            return Err(format!("more than {MAX_TOOLS} tools"));
        }
        if self.tools.iter().map(|tool| &tool.name).collect::<BTreeSet<_>>().len() < self.tools.len() {
            return Err("two tools have the same name".to_owned());
        }
        for schema in self.tools.iter().flat_map(|tool| [Some(&tool.parameters), tool.returns.as_ref()]).flatten() {
            schema::size(schema)?;
        }
        Ok(())
    }

    /// Reads the manifest that is embedded in a component, without compiling it.
    ///
    /// # Errors
    /// Where the bytes are no component, or it has no manifest, two, or an invalid one.
    pub fn from_component(component: &[u8]) -> Result<Self, ManifestError> {
        let text = section(component)?;
        Ok(Self::parse(text)?)
    }
}

/// The text of the embedded manifest. Only custom sections of the outermost component count: a nested module or
/// component can't speak for the whole.
fn section(component: &[u8]) -> Result<&str, ManifestError> {
    use wasmparser::{Encoding, Parser, Payload};
    let mut found = None;
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(|e| ManifestError::NotAComponent(e.to_string()))? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(ManifestError::CoreModule { is_preview1: is_preview1(component) });
            }
            Payload::Version { .. } if depth == MAX_DEPTH => {
                return Err(ManifestError::NotAComponent(format!("it is nested more than {MAX_DEPTH} levels deep")));
            }
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(custom)
                if depth == 1 && custom.name() == SECTION && found.replace(custom.data()).is_some() =>
            {
                return Err(ManifestError::Several);
            }
            _ => {}
        }
    }
    let found = found.ok_or(ManifestError::Missing)?;
    if found.len() > MAX_MANIFEST_BYTES {
        return Err(ManifestError::TooLarge(found.len()));
    }
    std::str::from_utf8(found).map_err(|_| ManifestError::Encoding)
}

/// Whether a core module imports WASI preview 1.
fn is_preview1(module: &[u8]) -> bool {
    use wasmparser::{Parser, Payload};
    let mut payloads = Parser::new(0).parse_all(module).map_while(Result::ok);
    payloads.any(|payload| match payload {
        Payload::ImportSection(section) => {
            section.into_imports().map_while(Result::ok).any(|import| import.module.starts_with("wasi_"))
        }
        _ => false,
    })
}

/// Appends a manifest to a component that has none.
///
/// # Errors
/// Where the manifest is invalid, or the component already has one or is none.
pub fn embed(component: &[u8], manifest: &str) -> Result<Vec<u8>, ManifestError> {
    use wasm_encoder::{ComponentSection, CustomSection};
    Manifest::parse(manifest)?;
    match section(component) {
        Err(ManifestError::Missing) => {}
        Err(other) => return Err(other),
        Ok(_) => return Err(ManifestError::Several),
    }
    let mut bytes = component.to_vec();
    CustomSection { name: SECTION.into(), data: manifest.as_bytes().into() }.append_to_component(&mut bytes);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "[skill]\nname = \"licence-check\"\nversion = \"1.2.0\"\nkind = \"tool\"\n[capabilities]\nread = [\"**\"]\n[[tool]]\nname = \"add-headers\"\n";
    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn is_found_in_a_component() {
        let component = embed(EMPTY_COMPONENT, GOOD).unwrap();
        let manifest = Manifest::from_component(&component).unwrap();
        assert_eq!(manifest.skill.name.as_str(), "licence-check");
        assert_eq!(manifest.capabilities.read, Globs::all());
        assert_eq!(embed(&component, GOOD), Err(ManifestError::Several));
    }

    #[test]
    fn versions_are_in_order() {
        let in_order =
            ["0.9.0", "1.0.0-alpha", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0"];
        let versions = in_order.map(|text| Version::try_from(text.to_owned()).unwrap());
        for (at, one) in versions.iter().enumerate() {
            for (other_at, other) in versions.iter().enumerate() {
                assert_eq!(one.is_before(other), at < other_at, "{one} {other}");
            }
        }
    }

    #[test]
    fn embedding_twice_gives_the_same_bytes() {
        assert_eq!(embed(EMPTY_COMPONENT, GOOD).unwrap(), embed(EMPTY_COMPONENT, GOOD).unwrap());
    }

    use crate::glob::Globs;

    #[test]
    fn l_07_two_manifests_are_refused() {
        let once = embed(EMPTY_COMPONENT, GOOD).unwrap();
        let twice = [&once[..], &once[8..]].concat();
        assert_eq!(Manifest::from_component(&twice), Err(ManifestError::Several));
    }

    #[test]
    fn l_02_a_core_module_is_told_from_a_component() {
        const MODULE: &[u8] = b"\0asm\x01\0\0\0";
        assert_eq!(Manifest::from_component(MODULE), Err(ManifestError::CoreModule { is_preview1: false }));
        // A type, and an import of it: `wasi_x` `y`.
        let import = b"\x01\x04\x01\x60\0\0\x02\x0c\x01\x06wasi_x\x01y\0\0";
        let preview1 = Manifest::from_component(&[MODULE, import].concat()).unwrap_err();
        assert_eq!(preview1.to_string(), "it is a core module for WASI preview 1, not a component");
        assert_eq!(Manifest::from_component(EMPTY_COMPONENT), Err(ManifestError::Missing));
        assert!(matches!(Manifest::from_component(b"#!/bin/sh"), Err(ManifestError::NotAComponent(_))));
    }

    #[test]
    fn unknown_keys_and_wrong_values_are_errors() {
        for (text, word) in [
            (GOOD.replace("read", "raed"), "raed"),
            (GOOD.replace("1.2.0", "1.2"), "version"),
            (GOOD.replace("\"tool\"", "\"spec\""), "[[tool]]"),
            (GOOD.replace("licence-check", "Licence"), "name"),
            (GOOD.replace("\"**\"", "\"../**\""), "worktree"),
            (format!("{GOOD}[[tool]]\nname = \"add-headers\"\n"), "same name"),
            (format!("{GOOD}parameters = {{ \"$ref\" = \"https://example.com/x\" }}\n"), "outside of it"),
            (format!("{GOOD}returns = {{ anyOf = [{{ \"$ref\" = \"#\" }}] }}\n"), "refers to itself"),
        ] {
            let error = Manifest::parse(&text).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_description_that_is_refused_is_told_with_its_line() {
        let long = "x".repeat(MAX_DESCRIPTION_BYTES + 1);
        for (value, reason) in [(long.as_str(), "longer than 1024 bytes"), ("a\u{7}", "")] {
            let of_skill = GOOD.replace("[capabilities]", &format!("description = \"{value}\"\n[capabilities]"));
            for (text, line) in [(of_skill, 5), (format!("{GOOD}description = \"{value}\"\n"), 9)] {
                let error = Manifest::parse(&text).unwrap_err();
                assert!(error.line == line && error.reason.contains(reason), "{line}: {error}");
            }
        }
        assert!(Manifest::parse(&format!("{GOOD}description = \"{}\"\n", &long[1..])).is_ok());
    }

    proptest! {
        #[test]
        fn l_01_no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..200, flip in any::<u8>()) {
            let _ = Manifest::from_component(&bytes);
            let mut component = embed(EMPTY_COMPONENT, GOOD).unwrap();
            let at = cut % component.len();
            component[at] ^= flip;
            let _ = Manifest::from_component(&component);
            component.truncate(at);
            let _ = Manifest::from_component(&component);
        }
    }
}
