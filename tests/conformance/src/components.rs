//! The guests: one for WASI 0.2, and one for preview 1, which becomes a component as languages make one: with the adapter.

use crate::root;
use anyhow::{Context, Result, anyhow};
use skillhost_core::manifest;
use wasi_preview1_component_adapter_provider as adapter;
use wit_component::ComponentEncoder;

/// Each component, with what it is called.
pub(crate) fn all() -> Result<[(&'static str, Vec<u8>); 2]> {
    Ok([
        ("wasm32-wasip2", built("conformance.wasm")?),
        ("wasm32-wasip1", adapted(&built("conformance-p1.core.wasm")?)?),
    ])
}

fn built(name: &str) -> Result<Vec<u8>> {
    let file = root().join("target/guests").join(name);
    std::fs::read(&file).with_context(|| format!("{} is missing; `cargo xtask conformance` builds it", file.display()))
}

fn adapted(module: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = ComponentEncoder::default();
    encoder.validate(true).module(module).map_err(plain)?;
    let preview1 = adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    encoder.adapter(adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, preview1).map_err(plain)?;
    let component = encoder.encode().map_err(plain)?;
    let text = std::fs::read_to_string(root().join("tests/guests/conformance/skill.toml"))?;
    Ok(manifest::embed(&component, &text)?)
}

fn plain(error: impl std::fmt::Debug) -> anyhow::Error {
    anyhow!("{error:?}")
}
