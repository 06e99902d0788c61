//! What a component says about itself to those who look for it: its manifest, its imports and exports, what made it. All
//! of it is its author's word.

use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use skillhost_core::manifest::Manifest;
use skillhost_core::text::is_deceptive;
use std::collections::BTreeSet;
use std::error::Error;
use wasmparser::{KnownCustom, Parser, Payload};

/// Most imports, exports and tools that are told.
const MAX_TOLD: usize = 512;
/// Longest name of one, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// What a component is, read from its bytes: nothing of it is compiled or run.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) digest: Digest,
    pub(crate) manifest: Manifest,
    pub(crate) imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    /// What made it, by the role that it had.
    producers: BTreeSet<(String, String)>,
}

impl Described {
    /// # Errors
    /// Where it is no component with a manifest.
    pub(crate) fn read(component: &[u8]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let manifest = Manifest::from_component(component)?;
        let (mut imports, mut exports, mut producers) = (Vec::new(), Vec::new(), BTreeSet::new());
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component) {
            match payload? {
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section {
                        add(&mut imports, import?.name.name);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section {
                        add(&mut exports, export?.name.name);
                    }
                }
                Payload::CustomSection(section) => {
                    if let KnownCustom::Producers(fields) = section.as_known() {
                        // What can't be read of it is left out: nothing is decided by it.
                        for field in fields.into_iter().flatten() {
                            for value in field.values.into_iter().flatten() {
                                let named = format!("{} {}", value.name, value.version);
                                if producers.len() < MAX_TOLD && is_plain(field.name) && is_plain(&named) {
                                    producers.insert((field.name.to_owned(), named.trim_end().to_owned()));
                                }
                            }
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(Self { digest: Digest::of(component), manifest, imports, exports, producers })
    }

    /// A bill of materials, as CycloneDX has it. What the component is built of isn't known from its bytes, and it says so.
    pub(crate) fn bill_of_materials(&self) -> Value {
        let skill = &self.manifest.skill;
        let property =
            |(role, named): &(String, String)| json!({ "name": format!("wasm:producers:{role}"), "value": named });
        json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {
                "component": {
                    "type": "application",
                    "bom-ref": self.digest.to_string(),
                    "name": skill.name.to_string(),
                    "version": skill.version.to_string(),
                    "description": skill.description,
                    "hashes": [{ "alg": "SHA-256", "content": self.digest.hex() }],
                    "properties": self.producers.iter().map(property).collect::<Vec<_>>(),
                },
            },
            "compositions": [{ "aggregate": "unknown", "assemblies": [self.digest.to_string()] }],
        })
    }
}

fn add(names: &mut Vec<String>, name: &str) {
    if names.len() < MAX_TOLD && is_plain(name) {
        names.push(name.to_owned());
    }
}

fn is_plain(name: &str) -> bool {
    name.len() <= MAX_NAME_BYTES && !name.chars().any(is_deceptive)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use skillhost_core::manifest;

    const MANIFEST: &str =
        "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"review\"\ndescription = \"Reviews.\"\n";

    fn described(text: &str) -> Described {
        Described::read(&manifest::embed(&wat::parse_str(text).unwrap(), MANIFEST).unwrap()).unwrap()
    }

    #[test]
    fn imports_exports_and_tools_are_those_of_the_component() {
        let found = described(
            r#"(component
                 (import "a:b/c@1.0.0" (instance $c))
                 (core module (@producers (language "Rust" "2024") (processed-by "rustc" "1.95.0")))
                 (component (import "inner:only/x@1.0.0" (instance)))
                 (export "d:e/f@2.0.0" (instance $c)))"#,
        );
        assert_eq!(
            (found.imports.as_slice(), found.exports.as_slice()),
            (&["a:b/c@1.0.0".to_owned()][..], &["d:e/f@2.0.0".to_owned()][..])
        );
        let bill = found.bill_of_materials();
        let about = &bill["metadata"]["component"];
        assert_eq!(
            about["properties"],
            serde_json::json!([
                { "name": "wasm:producers:language", "value": "Rust 2024" },
                { "name": "wasm:producers:processed-by", "value": "rustc 1.95.0" },
            ])
        );
        assert_eq!(about["bom-ref"], bill["compositions"][0]["assemblies"][0]);
    }

    #[test]
    fn o_01_what_does_not_show_is_not_told() {
        let hidden = "(component (core module (@producers (language \"R\\e2\\80\\aeust\" \"\\1b[2J\"))))";
        assert!(described(hidden).producers.is_empty());
        let many: String = (0..1000).map(|n| format!("(language \"l{n}\" \"1\")")).collect();
        let producers = described(&format!("(component (core module (@producers {many})))")).producers;
        assert!(producers.len() <= MAX_TOLD, "{}", producers.len());
        assert!(Described::read(b"\0asm").is_err() && Described::read(b"").is_err());
    }
}
