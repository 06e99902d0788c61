//! Writing a skill: the project that it begins as, the tool chains that build it, and the cases that it is held to.

pub(crate) mod cases;
pub(crate) mod sources;
pub(crate) mod templates;
pub(crate) mod toolchains;
