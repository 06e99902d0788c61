//! Version 0.1, which the host's own types are of: nothing has to be translated.

use super::{Answer, Contract, Exports, Guest, parse};
use crate::contract::exports::skillhost::skill::{implement, review, spec, tool, verify};
use crate::contract::{Brief, Check, Error, Report, Specification, Subject, Summary};
use crate::error::{CallError, LoadError};
use crate::inspect::Inspection;
use crate::signature;
use crate::state::CallState;
use futures::future::BoxFuture;
use semver::Version;
use skillhost_core::kind::Kind;
use skillhost_core::text::escape_terminal;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, ComponentNamedList, InstancePre, Lift, Lower};

pub(super) const CONTRACT: Contract =
    Contract { version: Version::new(0, 1, 0), add_to_linker: crate::interfaces::add_to_linker, find };

/// Where a component's exports are, of those that the contract knows.
struct Found {
    spec: Option<spec::GuestIndices>,
    review: Option<review::GuestIndices>,
    implement: Option<implement::GuestIndices>,
    verify: Option<verify::GuestIndices>,
    tool: Option<tool::GuestIndices>,
}

fn find(pre: &InstancePre<CallState>, inspection: &Inspection) -> Result<Box<dyn Exports>, LoadError> {
    macro_rules! find {
        ($kind:ident, $interface:ident: ($($argument:ty),*) -> $answer:ty) => {{
            let has_name = |name: &&String| {
                parse(name).is_some_and(|(interface, version)| {
                    interface == Kind::$kind.interface() && CONTRACT.serves(&version)
                })
            };
            let find = |name: &String| {
                check::<($(&$argument,)*), (Result<$answer, Error>,)>(pre.component(), name, Kind::$kind)?;
                $interface::GuestIndices::new(pre).map_err(|e| refusal(name, Kind::$kind, None, &e))
            };
            inspection.exports.iter().find(has_name).map(find).transpose()?
        }};
    }
    Ok(Box::new(Found {
        spec: find!(Spec, spec: (Brief) -> Specification),
        review: find!(Review, review: (Brief, Subject) -> Report),
        implement: find!(Implement, implement: (Brief) -> Summary),
        verify: find!(Verify, verify: (Brief) -> Vec<Check>),
        tool: find!(Tool, tool: (str, str) -> String),
    }))
}

/// The check that Wasmtime makes of a function before it is called, here without an instance. Wasmtime has it for code that
/// it generates, which makes it only for functions outside of interfaces.
fn check<Parameters, Results>(component: &Component, name: &str, kind: Kind) -> Result<(), LoadError>
where
    Parameters: ComponentNamedList + Lower,
    Results: ComponentNamedList + Lift,
{
    let no = |reason: &str| refusal(name, kind, None, &wasmtime::Error::msg(reason.to_owned()));
    let (_, instance) = component.get_export(None, name).ok_or_else(|| no("it is not there"))?;
    match component.get_export(Some(&instance), kind.function()) {
        Some((ComponentItem::ComponentFunc(found), _)) => found
            .typecheck::<Parameters, Results>(&component.component_type().instance_type())
            .map_err(|e| refusal(name, kind, Some(signature::of(&found)), &e)),
        Some(_) => Err(no("it is no function")),
        None => Err(no("the interface has no such function")),
    }
}

fn refusal(name: &str, kind: Kind, found: Option<String>, error: &wasmtime::Error) -> LoadError {
    LoadError::ExportType {
        name: escape_terminal(&format!("{name}#{}", kind.function()), 128).to_string(),
        expected: kind.signature(),
        found,
        reason: escape_terminal(&format!("{error:#}"), 500).to_string(),
    }
}

/// Nobody calls what isn't there; whoever does all the same ends that one call.
fn missing(kind: Kind) -> wasmtime::Error {
    wasmtime::Error::new(CallError::MissingExport(kind.interface()))
}

macro_rules! call {
    ($self:ident, $guest:ident, $kind:ident, $interface:ident.$call:ident($($argument:expr),*)) => {
        Box::pin(async move {
            let indices = $self.$interface.as_ref().ok_or_else(|| missing(Kind::$kind))?;
            let Guest { store, instance } = $guest;
            let exports = indices.load(&mut *store, instance)?;
            exports.$call(&mut *store, $($argument),*).await
        })
    };
}

impl Exports for Found {
    fn has(&self, kind: Kind) -> bool {
        match kind {
            Kind::Spec => self.spec.is_some(),
            Kind::Review => self.review.is_some(),
            Kind::Implement => self.implement.is_some(),
            Kind::Verify => self.verify.is_some(),
            Kind::Tool => self.tool.is_some(),
        }
    }

    fn spec<'a>(&'a self, guest: Guest<'a>, brief: Brief) -> BoxFuture<'a, Answer<Specification>> {
        call!(self, guest, Spec, spec.call_draft(&brief))
    }

    fn review<'a>(&'a self, guest: Guest<'a>, brief: Brief, subject: Subject) -> BoxFuture<'a, Answer<Report>> {
        call!(self, guest, Review, review.call_review(&brief, &subject))
    }

    fn implement<'a>(&'a self, guest: Guest<'a>, brief: Brief) -> BoxFuture<'a, Answer<Summary>> {
        call!(self, guest, Implement, implement.call_implement(&brief))
    }

    fn verify<'a>(&'a self, guest: Guest<'a>, brief: Brief) -> BoxFuture<'a, Answer<Vec<Check>>> {
        call!(self, guest, Verify, verify.call_verify(&brief))
    }

    fn tool<'a>(&'a self, guest: Guest<'a>, name: String, arguments: String) -> BoxFuture<'a, Answer<String>> {
        call!(self, guest, Tool, tool.call_call(&name, &arguments))
    }
}
