//! Where skills come from: a file, the web, a registry, a repository; who signed them; and the store that keeps them.
//!
//! Everything that comes from outside is hostile until its digest and its signature were checked: it is bounded while it
//! is read, and nothing of it is compiled or run here. A skill is one component with its manifest inside, so no archive
//! is ever unpacked.

mod ambient;
mod credentials;
mod described;
mod fetched;
pub mod lockfile;
pub mod projects;
pub mod signature;
pub mod source;
pub mod store;

pub use fetched::{Attached, Fetched, MAX_ATTACHED, MAX_ATTACHED_BYTES, MAX_COMPONENT_BYTES};
pub use lockfile::{LockFile, LockFileError};
pub use projects::Projects;
pub use store::{Store, StoreError};
