//! Cases of a skill: what it is given, what is expected of it, and where the two differ. Pure: a case comes as text, and
//! what a skill did comes from whoever ran it.
//!
//! A case file is the author's, and may be anything: it is bounded, every key is known, and every path is a
//! [`SkillPath`](skillhost_core::path::SkillPath). What an update writes is read again before it counts.

mod align;
mod answer;
mod brief;
mod case;
mod compare;
mod diff;
mod expect;
mod file;
mod happened;
mod http;
mod lists;
mod recording;
#[cfg(test)]
mod tests;
mod update;

pub use brief::{Brief, Severity};
pub use case::{Case, CaseFile, Command, Reply, Stop, Subject, ToolCall, named_files, shared_name};
pub use compare::{Difference, compare};
pub use diff::{DiffLine, unified};
pub use expect::{Check, Expect, Failing, Finding};
pub use file::Content;
pub use happened::{Happened, Now, Outcome};
pub use http::Http;
pub use recording::recording;
pub use update::{Fix, Refused, update};
