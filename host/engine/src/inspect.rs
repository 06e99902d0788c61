//! What a component is, read from its bytes: nothing is compiled, and nothing runs.

use crate::error::LoadError;
use crate::http;
use crate::versions::{self, Contract, SUPPORTED};
use semver::Version;
use skillhost_core::digest::Digest;
use skillhost_core::kind::Kind;
use skillhost_core::manifest::{Manifest, ManifestError};
use skillhost_core::text::escape_terminal;
use wasmparser::{ComponentExternalKind, Encoding, Parser, Payload};

/// Largest component; a Python skill with its interpreter has 18 MB.
pub const MAX_COMPONENT_BYTES: usize = 64 << 20;
/// Most parts (modules, instances, functions, sections …) of a component; bounds what compiling it can cost.
const MAX_PARTS: u64 = 200_000;
/// Deepest nesting of components and modules.
const MAX_DEPTH: u64 = 8;
/// Most imports or exports of the component itself.
const MAX_NAMES: usize = 512;

/// Most exports that an error names.
const MAX_TOLD: usize = 5;

/// What a component is.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its size.
    pub size_bytes: usize,
    /// Its manifest.
    pub manifest: Manifest,
    /// The version of the contract that it was written for.
    pub contract: Version,
    /// Names of what it imports; the component's text, not escaped.
    pub imports: Vec<String>,
    /// Names of what it exports; the component's text, not escaped.
    pub exports: Vec<String>,
}

impl Inspection {
    /// The kinds of skill that it exports; the host calls the one that its manifest names.
    pub fn kinds(&self) -> Vec<Kind> {
        kinds(&self.exports)
    }
}

/// Reads a component.
///
/// # Errors
/// Where it is none, too large, written for another version of the contract, imports what the host doesn't have, or lacks a
/// manifest or the export of its kind.
pub fn inspect(component: &[u8]) -> Result<Inspection, LoadError> {
    inspect_digested(component, Digest::of(component), &SUPPORTED)
}

/// As [`inspect`], where the digest of the bytes is known already, and with these versions of the contract.
pub(crate) fn inspect_digested(
    component: &[u8],
    digest: Digest,
    contracts: &[Contract],
) -> Result<Inspection, LoadError> {
    check_size("bytes", component.len() as u64, MAX_COMPONENT_BYTES as u64)?;
    let manifest = Manifest::from_component(component)?;
    let (imports, exports) = names(component)?;
    let contract = versions::read(&imports, &exports, contracts)?;
    for name in &imports {
        if let Some(reason) = refusal(name) {
            return Err(LoadError::Import { name: told(name), reason });
        }
    }
    let kind = manifest.skill.kind;
    let others = kinds(&exports);
    let newest = contracts.last().map(|contract| contract.version.clone());
    let contract = contract.or(newest).unwrap_or(Version::new(0, 0, 0));
    if !others.contains(&kind) {
        let exports = exports.iter().take(MAX_TOLD).map(|name| format!("`{}`", told(name))).collect();
        return Err(LoadError::Export { kind, version: contract.to_string(), others, exports });
    }
    Ok(Inspection { digest, size_bytes: component.len(), manifest, contract, imports, exports })
}

/// The kinds of skill whose interfaces are exported, whatever version of them.
fn kinds(exports: &[String]) -> Vec<Kind> {
    exports.iter().filter_map(|name| Kind::from_word(versions::parse(name)?.0)).collect()
}

fn told(name: &str) -> String {
    escape_terminal(name, 128).to_string()
}

/// Why an import can't be linked; none where it can. Which version of the contract it names was judged before.
fn refusal(import: &str) -> Option<&'static str> {
    let Some((interface, version)) = import.split_once('@') else {
        return Some("it names no version of an interface that is known here");
    };
    let Some((package, name)) = interface.split_once('/') else { return Some("it is no interface of a package") };
    match package {
        "skillhost:skill" if versions::parse(import).is_none() => Some("it names no version of the contract"),
        "skillhost:skill" if Kind::from_word(name).is_some() => {
            Some("a skill exports it, and the host calls it there: nobody offers it to others")
        }
        "skillhost:skill" => None,
        // Sockets link, since some languages import them always, and end the call when they are used.
        "wasi:http" if !http::is_offered(interface) => Some("of wasi:http, types and outgoing-handler are offered"),
        "wasi:http" | "wasi:io" | "wasi:cli" | "wasi:clocks" | "wasi:filesystem" | "wasi:random" | "wasi:sockets" => {
            if version.starts_with("0.2.") {
                None
            } else {
                Some("only WASI 0.2 is offered; build the component for wasip2, without async")
            }
        }
        _ => Some("only WASI 0.2 and the interfaces of skillhost:skill are offered"),
    }
}

/// The names of what the outermost component imports and exports, with the sizes of everything checked on the way.
fn names(component: &[u8]) -> Result<(Vec<String>, Vec<String>), LoadError> {
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let (mut depth, mut parts) = (0_u64, 0_u64);
    let invalid = |e: wasmparser::BinaryReaderError| LoadError::Manifest(ManifestError::NotAComponent(e.to_string()));
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload.map_err(invalid)?;
        parts += count(&payload);
        check_size("parts", parts, MAX_PARTS)?;
        match payload {
            Payload::Version { encoding, .. } => {
                depth += 1;
                check_size("levels", depth, MAX_DEPTH)?;
                debug_assert!(depth > 1 || encoding == Encoding::Component, "checked with the manifest");
            }
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    imports.push(import.map_err(invalid)?.name.name.to_owned());
                    check_size("imports", imports.len() as u64, MAX_NAMES as u64)?;
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    let export = export.map_err(invalid)?;
                    if matches!(export.kind, ComponentExternalKind::Instance | ComponentExternalKind::Func) {
                        exports.push(export.name.name.to_owned());
                    }
                    check_size("exports", exports.len() as u64, MAX_NAMES as u64)?;
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

fn count(payload: &Payload<'_>) -> u64 {
    u64::from(match payload {
        Payload::FunctionSection(section) => section.count(),
        Payload::TypeSection(section) => section.count(),
        Payload::ComponentTypeSection(section) => section.count(),
        Payload::ComponentInstanceSection(section) => section.count(),
        Payload::InstanceSection(section) => section.count(),
        Payload::ComponentAliasSection(section) => section.count(),
        Payload::ComponentCanonicalSection(section) => section.count(),
        Payload::ElementSection(section) => section.count(),
        Payload::DataSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        _ => 1,
    })
}

fn check_size(what: &'static str, has: u64, most: u64) -> Result<(), LoadError> {
    if has > most { Err(LoadError::TooLarge { what, has, most }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use skillhost_core::manifest;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";
    const MANIFEST: &str = "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"review\"\n";

    #[test]
    fn l_04_a_skill_must_export_its_kind() {
        let component = manifest::embed(EMPTY_COMPONENT, MANIFEST).unwrap();
        let error = inspect(&component).unwrap_err();
        assert!(matches!(&error, LoadError::Export { kind: Kind::Review, others, .. } if others.is_empty()));
        assert!(error.to_string().ends_with("this component doesn't: it exports nothing"), "{error}");
        assert!(error.remedy().unwrap().contains("export `review: func(brief: brief, subject: subject)"));
    }

    #[test]
    fn l_02_a_core_module_is_refused_with_the_remedy() {
        let error = inspect(b"\0asm\x01\0\0\0").unwrap_err();
        assert_eq!(error.to_string(), "it is a core module, not a component");
        assert!(error.remedy().unwrap().starts_with("skillhost build --component FILE"));
    }

    #[test]
    fn kinds_are_told_by_the_interfaces_that_are_exported() {
        let exports =
            ["skillhost:skill/review@0.1.0", "skillhost:skill/spec@0.2.0", "skillhost:skill/log@0.1.0", "tool"];
        assert_eq!(kinds(&exports.map(str::to_owned)), [Kind::Review, Kind::Spec]);
    }

    #[test]
    fn l_03_unknown_imports_are_refused_with_the_reason() {
        for good in [
            "wasi:cli/environment@0.2.3",
            "wasi:http/outgoing-handler@0.2.0",
            "wasi:sockets/tcp@0.2.0",
            "skillhost:skill/log@0.1.0",
        ] {
            assert_eq!(refusal(good), None, "{good}");
        }
        for (bad, word) in [
            ("wasi:cli/environment@0.3.0", "0.2"),
            ("skillhost:skill/log", "no version"),
            ("skillhost:skill/log@0.1", "no version of the contract"),
            ("skillhost:skill/tool@0.1.0", "a skill exports it"),
            ("wasi:http/incoming-handler@0.2.0", "outgoing-handler"),
            ("wasi:http/types@0.3.0", "0.2"),
            ("evil:x/y@0.2.0", "only WASI"),
            ("read", "no version"),
        ] {
            assert!(refusal(bad).unwrap().contains(word), "{bad}");
        }
    }

    #[test]
    fn d_10_a_huge_component_is_refused_before_it_is_read() {
        let huge = vec![0; MAX_COMPONENT_BYTES + 1];
        assert!(matches!(inspect(&huge), Err(LoadError::TooLarge { what: "bytes", .. })));
    }
}
