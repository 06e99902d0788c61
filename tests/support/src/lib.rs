//! What several test programs need: chance that repeats itself, pictures of a tree, components by their sections, servers on
//! loopback, registries that lie and a real one, and stock WASI to compare with. Nothing of the product depends on it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

pub mod distribution;
pub mod forge_server;
pub mod git_server;
pub mod http_server;
pub mod random;
pub mod registry;
pub mod sections;
#[cfg(feature = "stock")]
pub mod stock;
pub mod tree;
pub mod web;
