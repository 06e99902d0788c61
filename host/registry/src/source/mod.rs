//! Where skills come from. [`fetch`] gives the bytes that a reference stands for, bounded in size and in time, and believes
//! none of them: what they are is checked by whoever asked.

mod error;
mod file;
mod http;
mod oci;
mod rules;
mod upload;
mod web;

pub use error::{Class, Fault, FetchError, PushError};
pub use http::Waits;
pub use oci::{Publication, Pushed};
pub use rules::{Denial, NamedBy, Reach, Rules};

use self::http::Way;
use crate::credentials::Wallet;
use crate::fetched::Fetched;
use futures::FutureExt;
use futures::future::BoxFuture;
use skillhost_core::reference::{GitReference, OciReference, Reference};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

/// Reads a file of a git repository. This crate doesn't know git, so the caller does it.
type Git = Arc<dyn Fn(GitReference, Reach) -> BoxFuture<'static, Result<Fetched, Fault>> + Send + Sync>;

/// What fetching works with: the folder that relative paths are seen from, and the way out. Cheap to clone.
#[derive(Clone)]
pub struct Sources {
    folder: PathBuf,
    git: Option<Git>,
    way: Way,
    wallet: Wallet,
}

impl Sources {
    /// `folder` is where relative paths begin: the lock's folder, or the working directory for what a person typed.
    /// Reads no file and makes no connection.
    pub fn new(folder: impl Into<PathBuf>, rules: Rules) -> Self {
        Self { folder: folder.into(), git: None, way: Way::new(rules, Waits::default()), wallet: Wallet::default() }
    }

    /// With a reader of git repositories, which has to bound what it reads as the others do, and to judge where it is sent
    /// on to. Its `resolved` is the commit.
    pub fn with_git<F>(self, read: impl Fn(GitReference, Reach) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Fetched, Fault>> + Send + 'static,
    {
        Self { git: Some(Arc::new(move |reference, by| read(reference, by).boxed())), ..self }
    }

    /// With other variables than those of the program's environment to look for credentials by.
    pub fn with_variables(self, variable: impl Fn(&str) -> Option<OsString> + Send + Sync + 'static) -> Self {
        Self { wallet: Wallet::new(variable), ..self }
    }

    /// With another authority for TLS than the machine's.
    #[cfg(feature = "testing")]
    pub fn trusting(mut self, authority: rustls::pki_types::CertificateDer<'static>) -> Self {
        self.way.tls = skillhost_egress::Tls::trusting(authority);
        self
    }

    /// With other limits on how long servers may take.
    pub fn with_waits(mut self, waits: Waits) -> Self {
        self.way.waits = waits;
        self
    }
}

/// The bytes that a reference stands for now, and what is attached to them.
///
/// Dropping the future ends it, and leaves nothing.
///
/// # Errors
/// As [`Fault`] says; [`FetchError::class`] is what an exit code says of it.
pub async fn fetch(reference: &Reference, by: NamedBy, from: &Sources) -> Result<Fetched, FetchError> {
    let reach = by.reach(reference);
    let fetching = async {
        let fetched = match reference {
            Reference::File(path) => file::fetch(&from.folder, path, reach).await,
            Reference::Web(url) => web::fetch(url, reach, &from.way).await,
            Reference::Oci(artifact) => oci::fetch(artifact, reach, &from.way, &from.wallet).await,
            Reference::Git(git) => {
                let read = from.git.as_ref().ok_or(Fault::Unsupported)?;
                read(git.clone(), reach).await
            }
            Reference::Builtin(_) => Err(Fault::Unsupported),
        };
        match reach {
            Reach::Component => fetched.ok().filter(Fetched::is_component).ok_or(Fault::Outside),
            _ => fetched,
        }
    };
    let total = from.way.waits.total;
    let fetched = tokio::time::timeout(total, fetching).await;
    let fetched = fetched.unwrap_or(Err(Fault::TooSlow { most: total }));
    fetched.map_err(|fault| FetchError { reference: reference.clone(), fault })
}

/// Publishes a component under a tag of a registry, with its signatures and a bill of materials. The same component gives
/// the same manifest. The tag is written last; that nobody else moves it in between, no registry can promise.
///
/// # Errors
/// As [`Fault`] says. Where it fails, or the future is dropped, the tag is what it was.
pub async fn push(publication: Publication<'_>, reference: &OciReference, to: &Sources) -> Result<Pushed, PushError> {
    let total = to.way.waits.total;
    let pushed = tokio::time::timeout(total, oci::push(publication, reference, &to.way, &to.wallet)).await;
    let pushed = pushed.unwrap_or(Err(Fault::TooSlow { most: total }));
    pushed.map_err(|fault| PushError { reference: reference.clone(), fault })
}
