//! The file guard: the directory `/repo` that a skill sees, under its grant.
//!
//! It is an implementation of `wasi:filesystem` 0.2 of the host's own, so that the file API of every language works in
//! a skill as it does elsewhere. A spelled name is joined to the path of its descriptor, lexically; the result, a
//! [`SkillPath`](skillhost_core::path::SkillPath), is judged by the [`Rules`]; what was judged is opened from the
//! tree's root in one step that follows no link. So there is no moment at which somebody else could put something
//! different in its place. All work is done in the call itself, on the guest's thread: only regular files and
//! directories are ever opened, which keep nobody waiting.
//!
//! Architecture invariant: no function here takes a path that is not a `SkillPath`, except to join it to one.

mod ambient;
mod bindings;
mod descriptor;
mod entries;
mod error;
mod host;
mod measure;
mod metadata;
mod meter;
mod names;
mod open;
mod opened;
mod record;
mod rename;
mod rules;
mod state;
mod streams;
#[cfg(test)]
mod tests;
mod tree;

pub use error::FsError;
pub use measure::measure;
pub use meter::Quotas;
pub use record::{Denial, FileRecord};
pub use rules::Rules;
pub use state::Files;
pub use tree::{Tree, TreeError};

use wasmtime::component::{HasData, Linker, ResourceTable};

/// The name of the tree's root in the guest.
pub const ROOT_NAME: &str = "/repo";

/// A borrow of a call's files, with the store's resources.
#[derive(Debug)]
pub struct FilesCtxView<'a> {
    /// The call's files.
    pub files: &'a mut Files,
    /// The store's resources.
    pub table: &'a mut ResourceTable,
}

/// How a store gives the view.
pub trait FilesView: Send {
    /// The view of this store's files.
    fn files(&mut self) -> FilesCtxView<'_>;
}

/// What the linker knows this module by.
struct HasFiles;

impl HasData for HasFiles {
    type Data<'a> = FilesCtxView<'a>;
}

/// Links `wasi:filesystem` types and preopens.
///
/// # Errors
/// Where the linker has them already.
pub fn add_to_linker<T: FilesView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    bindings::types::add_to_linker::<T, HasFiles>(linker, T::files)?;
    bindings::preopens::add_to_linker::<T, HasFiles>(linker, T::files)
}
