//! From what a tool chain leaves to a skill: a core module becomes a component, what only debuggers need is taken out, the
//! code is validated as the host will, and the manifest is embedded once it is shown that it asks for nothing that the
//! component can't use.
//!
//! Pure: bytes in, bytes out, and the same bytes for the same input.

#[cfg(feature = "modules")]
mod encode;
mod strip;
mod tools;
mod usable;
mod validate;

pub use tools::{TELL_TOOLS, are_told, before_told, read_told, with_tools};
pub use usable::{Unusable, unusable};

use skillhost_core::document::DocumentError;
use skillhost_core::manifest::{self, Manifest, ManifestError};
use wasmparser::Parser;

/// What is done with sections that only debuggers and tools read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Debug {
    /// They are taken out: they hold names and paths of the machine that built it.
    Strip,
    /// They stay, so that a trap can name functions.
    Keep,
}

/// A skill, ready to be signed.
#[derive(Debug, Clone)]
pub struct Made {
    /// The component, with its manifest inside.
    pub bytes: Vec<u8>,
    /// The manifest.
    pub manifest: Manifest,
    /// Whether it came as a core module.
    pub was_module: bool,
}

/// Why no skill came of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MakeError {
    /// The bytes are neither a component nor a core module.
    #[error("it is neither a WebAssembly component nor a core module")]
    NotWasm,
    /// A core module that says nothing of the world that it was written for.
    #[error("it is a core module that names no world, so nothing tells what its functions mean")]
    NoWorld,
    /// A core module of which no component can be made.
    #[error("no component can be made of the core module: {0}")]
    Module(String),
    /// The code is not valid, or uses proposals that the host doesn't have.
    #[error("the component is not valid for this host: {0}")]
    Invalid(String),
    /// The manifest is invalid.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// It has been made a skill already.
    #[error("the component has a manifest already")]
    HasManifest,
    /// The manifest can't be embedded.
    #[error(transparent)]
    Manifest(ManifestError),
    /// The manifest asks for what the component can't use.
    #[error("the manifest asks for what the component can't use: {}", list(.0))]
    Unusable(Vec<Unusable>),
}

fn list(all: &[Unusable]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Makes a skill of a component or a core module, and its `skill.toml`.
///
/// # Errors
/// Where the bytes are no such thing or hold a manifest already, and where the manifest is invalid or asks for what the
/// component can't use.
pub fn make(input: &[u8], manifest_text: &str, debug: Debug) -> Result<Made, MakeError> {
    let manifest = Manifest::parse(manifest_text)?;
    let was_module = Parser::is_core_wasm(input);
    let encoded;
    let component = if was_module {
        encoded = component_of(input)?;
        &encoded
    } else if Parser::is_component(input) {
        input
    } else {
        return Err(MakeError::NotWasm);
    };
    let stripped = strip::strip(component, debug)?;
    let imports = validate::imports(&stripped)?;
    let unusable = unusable(manifest_text, &manifest.capabilities, &imports);
    if !unusable.is_empty() {
        return Err(MakeError::Unusable(unusable));
    }
    let bytes = manifest::embed(&stripped, manifest_text).map_err(|error| match error {
        ManifestError::Several => MakeError::HasManifest,
        other => MakeError::Manifest(other),
    })?;
    Ok(Made { bytes, manifest, was_module })
}

#[cfg(feature = "modules")]
use encode::component_of;

#[cfg(not(feature = "modules"))]
fn component_of(_: &[u8]) -> Result<Vec<u8>, MakeError> {
    Err(MakeError::Module("the feature `modules` is off".to_owned()))
}

#[cfg(test)]
mod tests;
