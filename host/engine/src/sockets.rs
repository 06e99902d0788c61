//! `wasi:sockets`, which no skill can use.
//!
//! Some languages import it always, so it links; a use of it ends the call, and says why.

use crate::state::CallState;
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, ResourceType};
use wasmtime_wasi_io::poll::DynPollable;
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

/// Whether an import is one of its interfaces.
pub(crate) fn is_socket(import: &str) -> bool {
    import.starts_with("wasi:sockets/")
}

/// Defines what `component` imports of it.
pub(crate) fn define(linker: &mut Linker<CallState>, engine: &Engine, component: &Component) -> wasmtime::Result<()> {
    for (interface, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(instance) = item.ty else { continue };
        if !is_socket(interface) {
            continue;
        }
        let mut defined = linker.instance(interface)?;
        for (name, export) in instance.exports(engine) {
            match export.ty {
                ComponentItem::ComponentFunc(_) => defined.func_new(name, |_, _, _, _| {
                    Err(wasmtime::Error::msg("it used wasi:sockets, which is not offered: a skill has no network"))
                })?,
                ComponentItem::Resource(_) => defined.resource(name, resource(name), |_, _| Ok(()))?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// What a resource of theirs is: `wasi:io`'s own, which they mention, or something of which there never is one.
fn resource(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<DynPollable>(),
        "input-stream" => ResourceType::host::<DynInputStream>(),
        "output-stream" => ResourceType::host::<DynOutputStream>(),
        _ => ResourceType::host::<()>(),
    }
}
