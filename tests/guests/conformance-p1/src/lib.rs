//! The cases of preview 1, and those of the standard library once more: this is how components come to be that were not
//! made for WASI 0.2. The directory that each case finds is described in `guest-conformance`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a guest: what it reaches is the host's decision")]

#[path = "../../conformance/src/plain.rs"]
mod plain;
mod preview1;
#[path = "../../conformance/src/steps.rs"]
mod steps;

use skillhost_sdk::{Error, Host, Tool};
use steps::Case;

/// All cases, by what they run over.
const GROUPS: &[(&str, &[Case])] = &[
    ("p1/open", preview1::open::CASES),
    ("p1/contents", preview1::contents::CASES),
    ("p1/list", preview1::list::CASES),
    ("p1/metadata", preview1::metadata::CASES),
    ("p1/names", preview1::names::CASES),
    ("p1/links", preview1::links::CASES),
    ("p1/descriptors", preview1::descriptors::CASES),
    ("std-p1", plain::CASES),
];

struct Conformance;

impl Tool for Conformance {
    fn call(_host: &dyn Host, name: String, arguments: String) -> Result<String, Error> {
        steps::answer(GROUPS, &name, &arguments)
    }
}

skillhost_sdk::export_tool!(Conformance);
