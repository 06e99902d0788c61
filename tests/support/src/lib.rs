//! What several test programs need: chance that repeats itself, pictures of a tree, components by their sections, servers on
//! loopback, and stock WASI to compare with. Nothing of the product depends on it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests")]

pub mod forge_server;
pub mod git_server;
pub mod http_server;
pub mod random;
pub mod sections;
#[cfg(feature = "stock")]
pub mod stock;
pub mod tree;
