//! What `bindgen!` makes of `wasi:filesystem`: io and clocks are Wasmtime's own, the resources are the guard's.

#![allow(missing_docs, unreachable_pub, clippy::all, reason = "generated code")]

wasmtime::component::bindgen!({
    path: "src/files/wit",
    world: "skillhost:file-guard/guard",
    imports: { default: trappable | tracing },
    trappable_error_type: { "wasi:filesystem/types.error-code" => crate::files::FsError },
    with: {
        "wasi:io": wasmtime_wasi_io::bindings::wasi::io,
        "wasi:clocks": wasmtime_wasi::p2::bindings::clocks,
        "wasi:filesystem/types.descriptor": crate::files::descriptor::Descriptor,
        "wasi:filesystem/types.directory-entry-stream": crate::files::entries::Entries,
    },
    require_store_data_send: true,
});

pub use wasi::filesystem::{preopens, types};
