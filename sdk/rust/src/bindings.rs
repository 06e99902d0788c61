//! What `wit-bindgen` makes of `wit/`: the host interfaces once, and one small module for each kind of skill, so that a
//! component has the world of its own kind and no other. Everything outside this file uses the re-exports in the crate's root.
#![allow(missing_docs, reason = "generated; the documentation is in wit/")]
#![allow(unsafe_code, reason = "generated: the component ABI is made of raw pointers")]
#![allow(unreachable_pub, reason = "generated modules are re-exported selectively")]

/// The host interfaces and the types that all kinds share.
pub mod imports {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "imports",
        generate_unused_types: true,
        additional_derives: [PartialEq, Eq],
    });
}

macro_rules! kind {
    ($module:ident, $world:literal, $bindings:literal, $macro:literal) => {
        pub mod $module {
            wit_bindgen::generate!({
                path: "../../wit",
                world: $world,
                additional_derives: [PartialEq, Eq],
                pub_export_macro: true,
                default_bindings_module: $bindings,
                export_macro_name: $macro,
                with: {
                    "skillhost:skill/types@0.1.0": crate::bindings::imports::skillhost::skill::types,
                    "skillhost:skill/log@0.1.0": crate::bindings::imports::skillhost::skill::log,
                    "skillhost:skill/model@0.1.0": crate::bindings::imports::skillhost::skill::model,
                    "skillhost:skill/exec@0.1.0": crate::bindings::imports::skillhost::skill::exec,
                    "skillhost:skill/changes@0.1.0": crate::bindings::imports::skillhost::skill::changes,
                    "skillhost:skill/ask@0.1.0": crate::bindings::imports::skillhost::skill::ask,
                },
            });
        }
    };
}

kind!(spec, "spec-skill", "skillhost_sdk::bindings::spec", "export_spec_world");
kind!(review, "review-skill", "skillhost_sdk::bindings::review", "export_review_world");
kind!(implement, "implement-skill", "skillhost_sdk::bindings::implement", "export_implement_world");
kind!(verify, "verify-skill", "skillhost_sdk::bindings::verify", "export_verify_world");
kind!(tool, "tool-skill", "skillhost_sdk::bindings::tool", "export_tool_world");
