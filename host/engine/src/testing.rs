//! What the fuzz targets reach: loading without a second process, and the check of JSON without a call.

use crate::engine::{Engine, Skill};
use crate::error::LoadError;
use crate::schema::Schema;
use std::sync::Arc;

/// Loads a component as [`Engine::load`] does, but compiles it in this process and keeps nothing of it.
///
/// # Errors
/// As [`Engine::load`].
pub fn load(engine: &Engine, component: &[u8]) -> Result<Arc<Skill>, LoadError> {
    engine.load_here(component)
}

/// Compiles a component that nobody inspected, as the process that the engine starts for it does.
///
/// # Errors
/// Where Wasmtime refuses it.
pub fn compile(component: &[u8]) -> Result<Vec<u8>, String> {
    crate::compile::compile_here(component)
}

/// Checks a value against a schema of a manifest.
///
/// # Errors
/// Where the schema is not taken, or the value doesn't satisfy it.
pub fn check_json(schema: &serde_json::Value, value: &serde_json::Value) -> Result<(), String> {
    Schema::new(schema).check(value, value.to_string().len())
}
