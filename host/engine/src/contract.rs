//! The contract `skillhost:skill@0.1.0` as Rust types, generated from `wit/`.

#![allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub, reason = "generated; the WIT files document it")]

pub use exports::skillhost::skill::implement::Summary;
pub use exports::skillhost::skill::review::{Report, Subject, Verdict};
pub use exports::skillhost::skill::spec::Specification;
pub use exports::skillhost::skill::verify::{Check, Outcome as CheckOutcome};
pub use skillhost::skill::types::{Answer, Brief, Criterion, Document, Error, Finding, Gate, Location, Severity, Step};
pub use skillhost::skill::{changes, exec, log, model};

wasmtime::component::bindgen!({
    path: "../../wit",
    inline: "
        package skillhost:host;
        world every-kind {
            include skillhost:skill/imports@0.1.0;
            export skillhost:skill/spec@0.1.0;
            export skillhost:skill/review@0.1.0;
            export skillhost:skill/implement@0.1.0;
            export skillhost:skill/verify@0.1.0;
            export skillhost:skill/tool@0.1.0;
        }
    ",
    world: "skillhost:host/every-kind",
    imports: {
        // What may wait; the rest answers at once. Each call is an event for whoever traces (`--trace`), with its lists.
        "skillhost:skill/model@0.1.0.complete": async | trappable | tracing | verbose_tracing,
        "skillhost:skill/model@0.1.0.complete-all": async | trappable | tracing | verbose_tracing,
        "skillhost:skill/exec@0.1.0.run": async | trappable | tracing | verbose_tracing,
        "skillhost:skill/changes@0.1.0.original": async | trappable | tracing,
        "skillhost:skill/changes@0.1.0": async | trappable | tracing | verbose_tracing,
        "skillhost:skill/ask@0.1.0.ask": async | trappable | tracing | verbose_tracing,
        default: trappable | tracing | verbose_tracing,
    },
    exports: { default: async },
    additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
});
