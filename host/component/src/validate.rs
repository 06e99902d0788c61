//! Whether the host can run it: the same proposals, and no other.

use crate::MakeError;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

/// What the engine's configuration of Wasmtime leaves on (`host/engine/src/config.rs`).
fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::MULTI_MEMORY
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::COMPONENT_MODEL
}

/// Validates a component, and gives the names of what it imports.
pub(crate) fn imports(component: &[u8]) -> Result<Vec<String>, MakeError> {
    let invalid = |e: wasmparser::BinaryReaderError| MakeError::Invalid(e.to_string());
    Validator::new_with_features(features()).validate_all(component).map_err(invalid)?;
    let (mut names, mut depth) = (Vec::new(), 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(invalid)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    names.push(import.map_err(invalid)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(names)
}
