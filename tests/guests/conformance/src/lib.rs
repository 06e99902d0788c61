//! Uses `/repo` as programs use a file system: with the standard library, and with the functions of `wasi:filesystem`
//! themselves, for what it hides. Each case stands for a behaviour that the public tests of WASI ask for.
//!
//! The host prepares the same directory for each case:
//!
//! | name | is |
//! |---|---|
//! | `given/file` | a file that says `given` |
//! | `given/folder/inner` | a file that says `inner` |
//! | `given/twin-a`, `given/twin-b` | two names of one file that says `twin` |
//! | `given/to-file`, `given/to-folder` | links to `file` and `folder` |
//! | `given/dangling` | a link to `nowhere` |
//! | `given/absolute`, `given/outside` | links to `/etc/hostname`, and to `../../beside`, a file outside |
//! | `given/fifo` | a pipe with a name |
//! | `given/odd` | a directory with names that others than Linux would refuse, one of them not UTF-8 |
#![cfg(target_arch = "wasm32")]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a guest: what it reaches is the host's decision")]

mod plain;
mod preview2;
mod steps;

use skillhost_sdk::{Error, Host, Tool};
use steps::Case;

/// All cases, by what they run over.
const GROUPS: &[(&str, &[Case])] = &[
    ("p2/paths", preview2::paths::CASES),
    ("p2/open", preview2::open::CASES),
    ("p2/rights", preview2::rights::CASES),
    ("p2/contents", preview2::contents::CASES),
    ("p2/streams", preview2::streams::CASES),
    ("p2/size", preview2::size::CASES),
    ("p2/metadata", preview2::metadata::CASES),
    ("p2/times", preview2::times::CASES),
    ("p2/list", preview2::list::CASES),
    ("p2/create", preview2::create::CASES),
    ("p2/remove", preview2::remove::CASES),
    ("p2/rename", preview2::rename::CASES),
    ("p2/links", preview2::links::CASES),
    ("p2/hard_links", preview2::hard_links::CASES),
    ("p2/handles", preview2::handles::CASES),
    ("std-p2", plain::CASES),
];

struct Conformance;

impl Tool for Conformance {
    fn call(_host: &dyn Host, name: String, arguments: String) -> Result<String, Error> {
        steps::answer(GROUPS, &name, &arguments)
    }
}

skillhost_sdk::export_tool!(Conformance);
