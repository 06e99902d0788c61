//! Skills of others: where they come from, who signed them, what they ask for, who agrees, and what the project's lock keeps.

pub(crate) mod asks;
pub(crate) mod consent;
pub(crate) mod fetch;
mod git_source;
pub(crate) mod installed;
pub(crate) mod known;
pub(crate) mod needed;
pub(crate) mod news;
pub(crate) mod signers;
pub(crate) mod signing;
pub(crate) mod trust;
pub(crate) mod typed;
pub(crate) mod workshop;
