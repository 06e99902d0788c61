//! The contract's host interfaces, one file each: what the engine itself enforces before a port is called.

mod ask;
mod changes;
mod exec;
pub(crate) mod log;
mod model;

use crate::contract::Error;
use crate::contract::skillhost::skill;
use crate::state::CallState;
use wasmtime::component::{HasSelf, Linker};

pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    type Own = HasSelf<CallState>;
    skill::types::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::log::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::model::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::exec::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::changes::add_to_linker::<_, Own>(linker, |state| state)?;
    skill::ask::add_to_linker::<_, Own>(linker, |state| state)
}

impl skill::types::Host for CallState {}

/// The answer where the host offers no such thing in this call, whatever was granted.
fn absent(interface: &str) -> Error {
    Error::Denied(format!("{interface} is not available in this call; it is in a run of `skillhost run`"))
}
