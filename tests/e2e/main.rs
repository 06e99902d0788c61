//! What users can see, tested from outside: the program, real repositories, scripted models.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub,
    reason = "tests"
)]

mod actions;
mod audit;
mod authors;
mod bad_input;
mod calls;
mod cases;
mod ci_action;
mod ci_document;
mod clean_container;
mod cleanup;
mod command_line;
mod contract_versions;
mod conventions;
mod demo;
mod documents;
mod endings;
mod exit_codes;
mod gates;
mod hostile_commands;
mod hostile_git;
mod hostile_models;
mod hostile_output;
mod installing;
mod long_runs;
mod main_job;
mod model_probe;
mod network;
mod packages;
mod publishing;
mod pull_requests;
mod real_toolchains;
mod record_grants;
mod recordings;
mod registries;
mod reports;
mod repositories;
mod requests;
mod reviews;
mod rogue;
mod rounds;
mod sandbox_levels;
mod scripts;
#[allow(dead_code, reason = "the attacks use more of it")]
#[path = "../attacks/servers.rs"]
mod servers;
mod side_by_side;
mod signing;
mod strange_models;
mod strange_repositories;
mod support;
mod terminal;
mod tests_on_base;
mod throwaway_repository;
mod transcripts;
mod trap;
