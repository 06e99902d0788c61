//! Where skills come from. [`fetch`] gives the bytes that a reference stands for, bounded in size and in time, and believes
//! none of them: what they are is checked by whoever asked.

mod error;
mod file;

pub use error::{Class, Fault, FetchError};

use crate::fetched::Fetched;
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_core::reach::Openings;
use skillhost_core::reference::{GitReference, Reference};
use std::path::PathBuf;
use std::sync::Arc;

/// Reads a file of a git repository. This crate doesn't know git, so the caller does it.
type Git = Arc<dyn Fn(GitReference) -> BoxFuture<'static, Result<Fetched, Fault>> + Send + Sync>;

/// What fetching works with: the folder that relative paths are seen from, and the way out. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    folder: PathBuf,
    git: Option<Git>,
    #[expect(dead_code, reason = "the sources of the network use it")]
    openings: Openings,
}

impl Sources {
    /// `folder` is where relative paths begin: the lock's folder, or the working directory for what a person typed.
    /// `openings` is what the policies open of the machine's own networks: without one of them, a name that leads to a
    /// private address is refused. Reads no file and makes no connection.
    pub fn new(folder: impl Into<PathBuf>, openings: Openings) -> Self {
        Self { folder: folder.into(), git: None, openings }
    }

    /// With a reader of git repositories, which has to bound what it reads as the others do. Its `resolved` is the commit.
    pub fn with_git<F>(self, read: impl Fn(GitReference) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Fetched, Fault>> + Send + 'static,
    {
        Self { git: Some(Arc::new(move |reference| read(reference).boxed())), ..self }
    }
}

/// The bytes that a reference stands for now, and what is attached to them.
///
/// Dropping the future ends it, and leaves nothing.
///
/// # Errors
/// As [`Fault`] says; [`FetchError::class`] is what an exit code says of it.
pub async fn fetch(reference: &Reference, from: &Sources) -> Result<Fetched, FetchError> {
    let fetched = match reference {
        Reference::File(path) => file::fetch(&from.folder.join(path)).await,
        Reference::Git(git) => match &from.git {
            Some(read) => read(git.clone()).await,
            None => Err(Fault::Unsupported),
        },
        Reference::Builtin(_) | Reference::Web(_) | Reference::Oci(_) => Err(Fault::Unsupported),
    };
    fetched.map_err(|fault| FetchError { reference: reference.clone(), fault })
}
