//! One file for each command.

pub(crate) mod add;
pub(crate) mod build;
pub(crate) mod call;
pub(crate) mod completions;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod gc;
pub(crate) mod init;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod push;
pub(crate) mod remove;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod show;
pub(crate) mod sign;
pub(crate) mod sync;
pub(crate) mod test;
pub(crate) mod update;
