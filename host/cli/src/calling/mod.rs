//! What a call or a run is made of: which skill, what it may do, and whom it reaches through the host.

pub(crate) mod builtin;
pub(crate) mod chosen;
pub(crate) mod denied;
pub(crate) mod engine;
pub(crate) mod equip;
pub(crate) mod excess;
pub(crate) mod grants;
pub(crate) mod invoke;
pub(crate) mod models;
pub(crate) mod policies;
pub(crate) mod skills;
pub(crate) mod web;
