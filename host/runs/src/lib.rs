//! The outer loop: from a goal to a pull request that the host wrote from evidence.
//!
//! Skills propose, the host decides: [`run`] takes a goal through the phases, gives the engine's ports their meaning,
//! runs the gates itself on a fresh checkout of the proposed commit, and writes everything down before it happens. The
//! modules that judge texts (conventions, sections, plan, findings, pull request) are pure.

mod aftermath;
mod ambient;
pub mod cleanup;
pub mod commands;
pub mod conventions;
pub mod detect;
mod end;
pub mod error;
pub mod event;
mod failed_tests;
pub mod findings;
pub mod host;
pub mod ledger;
mod markdown;
mod network;
mod phases;
pub mod plan;
mod ports;
pub mod publish;
pub mod pull_request;
mod run;
pub mod sections;
pub mod session;
pub mod slug;
pub mod stage;
mod state;
pub mod tree;
pub mod view;
pub mod web;
mod words;
pub mod worktree;

pub use ports::{Person, Question};
pub use run::{Ended, Finished, run};
