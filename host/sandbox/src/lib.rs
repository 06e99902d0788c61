//! The operating-system sandbox that declared commands run in.
//!
//! What a command runs was just written by a skill, so it is as untrusted as the skill. The host therefore starts its
//! own program again as a small *init*, which enters new namespaces, builds a root that holds the system's libraries,
//! the toolchains and the worktree and nothing else, gives up every privilege, tells the host what it observes, and
//! only after the host has checked that starts the command:
//!
//! ```text
//! host ── supervisor (outside the PID namespace: watches limits, dies with the host)
//!            └─ init, PID 1 (Landlock, seccomp, no capabilities; attests, reaps)
//!                  └─ the command and all that it starts
//! ```
//!
//! When PID 1 ends, the kernel ends everything in its namespace, so a command can leave nothing behind.
//!
//! A program that uses this crate calls [`init_if_requested`] as the very first thing in `main`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "this crate is made of processes, mounts and files; nothing here takes a path from a guest"
)]

mod attest;
mod cgroup;
mod command;
mod error;
mod init;
mod layout;
mod level;
mod measure;
mod outcome;
mod plan;
mod proxy;
mod running;
mod sandbox;
mod support;
mod toolchains;
mod trial;
mod unsandboxed;
mod witness;

pub use command::{Command, Limits, Network};
pub use error::SandboxError;
pub use init::init_if_requested;
pub use layout::{HOME, WORK};
pub use level::{Attestation, Demand, Level, LimitsHeldBy, Missing, Observed, ObservedMount, Wall};
pub use outcome::{Exit, Outcome, Output};
pub use proxy::Serve;
pub use sandbox::Sandbox;
pub use support::{MIN_LANDLOCK_ABI, Support, probe, probe_with};
pub use toolchains::Toolchains;
pub use trial::measure;
