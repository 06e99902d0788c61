//! A core module as most languages leave it, for WASI preview 1, becomes a component: with the adapter of Wasmtime, and by
//! the world that `wit-bindgen` left in a custom section.

use crate::MakeError;
use wasi_preview1_component_adapter_provider as adapter;
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// How the sections begin that say which world a module was written for.
const WORLD: &str = "component-type";

pub(crate) fn component_of(module: &[u8]) -> Result<Vec<u8>, MakeError> {
    if !names_a_world(module)? {
        return Err(MakeError::NoWorld);
    }
    // `{:#}` is the whole chain of reasons.
    let failed = |error| MakeError::Module(format!("{error:#}"));
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module).map_err(failed)?;
    let preview1 = adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    encoder.adapter(adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, preview1).map_err(failed)?;
    encoder.encode().map_err(failed)
}

fn names_a_world(module: &[u8]) -> Result<bool, MakeError> {
    for payload in Parser::new(0).parse_all(module) {
        match payload.map_err(|e| MakeError::Module(e.to_string()))? {
            Payload::CustomSection(custom) if custom.name().starts_with(WORLD) => return Ok(true),
            _ => {}
        }
    }
    Ok(false)
}
