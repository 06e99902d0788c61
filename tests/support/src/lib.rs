//! What several test programs need: chance that repeats itself, pictures of a tree, components by their sections, servers on
//! loopback with certificates of their own, registries that lie and a real one, an instance of Sigstore, and stock WASI to
//! compare with. Nothing of the product depends on it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

pub mod authority;
pub mod distribution;
pub mod forge_server;
pub mod git_server;
pub mod random;
pub mod registry;
pub mod sections;
pub mod sigstore;
#[cfg(feature = "stock")]
pub mod stock;
pub mod tree;
pub mod web;
