//! The five kinds of skill as traits, and one macro for each that turns an implementation into a component's export.
//!
//! A skill gets everything it may reach as its [`Host`] argument. That is what makes it testable natively: the same function
//! runs over the component's imports and over [`crate::mock::Host`].

use crate::review::{Report, Subject};
use crate::{Brief, Check, Error, Host, Specification, Summary};

/// Writes the specification.
pub trait Spec {
    /// Drafts, or answers the findings on the last draft.
    fn draft(host: &dyn Host, brief: Brief) -> Result<Specification, Error>;
}

/// Reads a spec or a change with adversarial intent.
pub trait Review {
    /// Reports findings, and verdicts over earlier ones.
    fn review(host: &dyn Host, brief: Brief, subject: Subject) -> Result<Report, Error>;
}

/// Makes the change in the worktree.
pub trait Implement {
    /// Edits files until the brief is done.
    fn implement(host: &dyn Host, brief: Brief) -> Result<Summary, Error>;
}

/// Judges what the gates showed.
pub trait Verify {
    /// One check for each criterion, and more of its own.
    fn verify(host: &dyn Host, brief: Brief) -> Result<Vec<Check>, Error>;
}

/// Named operations with JSON arguments.
pub trait Tool {
    /// Calls the operation `name`; `arguments` was validated against the manifest's schema.
    fn call(host: &dyn Host, name: String, arguments: String) -> Result<String, Error>;
}

/// Makes `$skill`, which implements [`Spec`], the component's export.
#[macro_export]
macro_rules! export_spec {
    ($skill:ty) => {
        $crate::export_kind!(
            spec,
            export_spec_world,
            spec,
            $skill,
            $crate::Spec,
            draft(brief: $crate::Brief) -> $crate::Specification
        );
    };
}

/// Makes `$skill`, which implements [`Review`], the component's export.
#[macro_export]
macro_rules! export_review {
    ($skill:ty) => {
        $crate::export_kind!(
            review,
            export_review_world,
            review,
            $skill,
            $crate::Review,
            review(brief: $crate::Brief, subject: $crate::review::Subject) -> $crate::review::Report
        );
    };
}

/// Makes `$skill`, which implements [`Implement`], the component's export.
#[macro_export]
macro_rules! export_implement {
    ($skill:ty) => {
        $crate::export_kind!(
            implement,
            export_implement_world,
            implement,
            $skill,
            $crate::Implement,
            implement(brief: $crate::Brief) -> $crate::Summary
        );
    };
}

/// Makes `$skill`, which implements [`Verify`], the component's export.
#[macro_export]
macro_rules! export_verify {
    ($skill:ty) => {
        $crate::export_kind!(
            verify,
            export_verify_world,
            verify,
            $skill,
            $crate::Verify,
            verify(brief: $crate::Brief) -> ::std::vec::Vec<$crate::Check>
        );
    };
}

/// Makes `$skill`, which implements [`Tool`], the component's export.
#[macro_export]
macro_rules! export_tool {
    ($skill:ty) => {
        $crate::export_kind!(
            tool,
            export_tool_world,
            tool,
            $skill,
            $crate::Tool,
            call(name: ::std::string::String, arguments: ::std::string::String) -> ::std::string::String
        );
    };
}

/// Shared by the macros above. Only a component has exports: natively a skill is an ordinary library.
#[doc(hidden)]
#[macro_export]
macro_rules! export_kind {
    ($module:ident, $world:ident, $interface:ident, $skill:ty, $kind:path, $function:ident($($argument:ident: $type:ty),*) -> $result:ty) => {
        #[cfg(target_arch = "wasm32")]
        #[allow(unsafe_code, reason = "the component ABI is made of raw pointers")]
        const _: () = {
            struct Component;
            impl $crate::bindings::$module::exports::skillhost::skill::$interface::Guest for Component {
                fn $function($($argument: $type),*) -> ::std::result::Result<$result, $crate::Error> {
                    <$skill as $kind>::$function(&$crate::Imports, $($argument),*)
                }
            }
            $crate::bindings::$module::$world!(Component with_types_in $crate::bindings::$module);
        };
    };
}
