//! The vocabulary of the host: names, digests, paths, capabilities, and the documents that carry them.
//!
//! Everything here is pure. No function reads a file, the environment or a clock, so that what a value means can
//! never depend on the machine that looks at it. A value that crosses a trust border has a type of its own, and is
//! checked once, where it is made.

pub mod branch;
pub mod capability;
pub mod destination;
pub mod digest;
pub mod document;
pub mod duration;
pub mod glob;
pub mod host;
pub mod kind;
pub mod limits;
pub mod lines;
pub mod lock;
pub mod manifest;
pub mod measured;
pub mod name;
pub mod path;
pub mod permission;
pub mod phase;
pub mod pin;
pub mod policy;
pub mod project;
pub mod reach;
pub mod reference;
pub mod schema;
pub mod secret;
pub mod signer;
pub mod size;
pub mod text;
pub mod tier;
pub mod urls;
pub mod user;
mod words;
