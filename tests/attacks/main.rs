//! Attacks on the engine by real components, named after their ids.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, missing_docs, reason = "tests")]

mod debug_info;
mod exhaustion;
mod files;
mod grants;
mod http;
mod loading;
mod outside;
mod servers;
mod support;
