//! What a component exports of the contract, found and compared with it before anything is called.

use crate::contract::exports::skillhost::skill::{implement, review, spec, tool, verify};
use crate::contract::{Brief, Check, Error, Report, Specification, Subject, Summary};
use crate::error::LoadError;
use crate::inspect::Inspection;
use crate::state::CallState;
use skillhost_core::text::escape_terminal;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentNamedList, InstancePre, Lift, Lower};

/// Where a component's exports are, of those that the contract knows.
pub(crate) struct Exports {
    pub(crate) spec: Option<spec::GuestIndices>,
    pub(crate) review: Option<review::GuestIndices>,
    pub(crate) implement: Option<implement::GuestIndices>,
    pub(crate) verify: Option<verify::GuestIndices>,
    pub(crate) tool: Option<tool::GuestIndices>,
}

impl Exports {
    /// Finds them.
    ///
    /// # Errors
    /// Names one that has the name of the contract's, and not its type.
    pub(crate) fn find(pre: &InstancePre<CallState>, inspection: &Inspection) -> Result<Self, LoadError> {
        macro_rules! find {
            ($interface:ident, $function:literal: ($($argument:ty),*) -> $answer:ty) => {{
                let interface = stringify!($interface);
                let prefix = format!("skillhost:skill/{interface}@0.1.");
                let is_there = inspection.exports.iter().any(|name| name.starts_with(&prefix));
                let find = || {
                    let found = $interface::GuestIndices::new(pre)?;
                    check::<($(&$argument,)*), (Result<$answer, Error>,)>(pre.component(), interface, $function)?;
                    Ok(found)
                };
                is_there.then(find).transpose().map_err(|error| refusal(interface, $function, &error))?
            }};
        }
        Ok(Self {
            spec: find!(spec, "draft": (Brief) -> Specification),
            review: find!(review, "review": (Brief, Subject) -> Report),
            implement: find!(implement, "implement": (Brief) -> Summary),
            verify: find!(verify, "verify": (Brief) -> Vec<Check>),
            tool: find!(tool, "call": (str, str) -> String),
        })
    }
}

/// The check that Wasmtime makes of a function before it is called, here without an instance. Wasmtime has it for code that
/// it generates, which makes it only for functions outside of interfaces.
fn check<Parameters, Results>(component: &Component, interface: &str, function: &str) -> wasmtime::Result<()>
where
    Parameters: ComponentNamedList + Lower,
    Results: ComponentNamedList + Lift,
{
    let (_, instance) = component
        .get_export(None, format!("skillhost:skill/{interface}@0.1.0"))
        .ok_or_else(|| wasmtime::Error::msg("it is not there"))?;
    match component.get_export(Some(&instance), function) {
        Some((ComponentItem::ComponentFunc(found), _)) => {
            found.typecheck::<Parameters, Results>(&component.component_type().instance_type())
        }
        _ => Err(wasmtime::Error::msg("it is no function")),
    }
}

fn refusal(interface: &str, function: &str, error: &wasmtime::Error) -> LoadError {
    let name = format!("skillhost:skill/{interface}@0.1.0#{function}");
    LoadError::ExportType { name, reason: escape_terminal(&format!("{error:#}"), 500).to_string() }
}
