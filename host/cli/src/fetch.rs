//! From a reference to what its source gives: bytes that nobody believes yet.

use crate::ambient;
use crate::failure::{Exit, Failure};
use crate::git_source;
use crate::models::read_user;
use crate::policies::Policies;
use crate::progress::Progress;
use skillhost_core::duration::Span;
use skillhost_core::reference::{GitPlace, Reference};
use skillhost_egress::Dialer;
use skillhost_registry::Fetched;
use skillhost_registry::source::{self, Class, FetchError, Sources, Waits};
use std::path::{Path, PathBuf};

/// What fetching works with.
pub(crate) struct Fetcher<'a> {
    pub(crate) policies: &'a Policies,
    /// No connection is made.
    pub(crate) is_offline: bool,
    pub(crate) progress: &'a Progress,
}

impl Fetcher<'_> {
    /// Fetches what `reference` stands for now; a relative path begins in `folder`.
    pub(crate) async fn fetch(&self, reference: &Reference, folder: &Path) -> Result<Fetched, Failure> {
        if self.is_offline && !is_here(reference) {
            return Err(Failure::new(Exit::Denied, format!("{reference} is not fetched: --offline"))
                .hint("without --offline it is"));
        }
        let openings = self.policies.openings();
        let dialer = Dialer::new(openings.clone());
        let sources = Sources::new(folder, openings).with_waits(waits()?);
        let sources = sources.with_git(move |git| git_source::read(git, dialer.clone()));
        let what = format!("fetching {reference}");
        self.progress.waiting(&what, source::fetch(reference, &sources)).await.map_err(|e| failure(&e))
    }
}

/// How long servers may take: all in all, what the user says.
pub(crate) fn waits() -> Result<Waits, Failure> {
    let usual = Waits::default();
    let total = read_user()?.sources.time.map_or(usual.total, Span::get);
    Ok(Waits { total, ..usual })
}

/// Whether it is on this machine.
fn is_here(reference: &Reference) -> bool {
    match reference {
        Reference::Builtin(_) | Reference::File(_) => true,
        Reference::Git(git) => matches!(git.repository, GitPlace::Folder(_)),
        Reference::Web(_) | Reference::Oci(_) => false,
    }
}

pub(crate) fn failure(error: &FetchError) -> Failure {
    let exit = match error.class() {
        // A path that somebody typed.
        Class::Unavailable if matches!(error.reference, Reference::File(_)) => Exit::Usage,
        class => exit_of(class),
    };
    Failure::of(exit, error).maybe_hint(error.hint())
}

/// The exit code for what went wrong with a source.
pub(crate) fn exit_of(class: Class) -> Exit {
    match class {
        Class::Unavailable => Exit::Configuration,
        Class::Denied => Exit::Denied,
        Class::Limit => Exit::Limit,
        Class::Integrity => Exit::Integrity,
    }
}

/// A reference as a lock in `folder` keeps it: a file's path is seen from there, or absolute where it lies elsewhere.
pub(crate) fn as_locked(reference: Reference, folder: &Path) -> Result<Reference, Failure> {
    let Reference::File(path) = &reference else { return Ok(reference) };
    let failed =
        |e: &dyn std::error::Error| Failure::new(Exit::Usage, format!("{reference} can't be found")).because(e);
    let path = PathBuf::from(path);
    let name = path.file_name().ok_or_else(|| Failure::new(Exit::Usage, format!("{reference} names no file")))?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // The folder's true place, and the file's own name: a link stays one.
    let file = ambient::absolute(parent).map_err(|e| failed(&e))?.join(name);
    let text = match file.strip_prefix(folder) {
        Ok(beneath) => Path::new(".").join(beneath),
        Err(_) => file,
    };
    let text =
        text.to_str().ok_or_else(|| Failure::new(Exit::Usage, "a lock names files by text, and this path is none"))?;
    format!("file:{text}").parse().map_err(|e: skillhost_core::reference::ReferenceError| failed(&e))
}

/// Whether two references are of one place, where one publisher puts one version after the other. Of a host of the web
/// nobody knows which of its paths are whose.
pub(crate) fn is_same_place(one: &Reference, other: &Reference) -> bool {
    match (one, other) {
        (Reference::Oci(one), Reference::Oci(other)) => {
            one.registry == other.registry && one.repository == other.repository
        }
        (Reference::Git(one), Reference::Git(other)) => one.repository == other.repository && one.path == other.path,
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn r_09_a_place_is_a_repository_or_a_host_and_not_a_version() {
        let same = |one: &str, other: &str| is_same_place(&one.parse().unwrap(), &other.parse().unwrap());
        assert!(same("oci://r.example/acme/x:1", "oci://r.example/acme/x:2"));
        assert!(same("https://h.example/x.wasm", "https://h.example/x.wasm"));
        assert!(same("git+https://h.example/x.git#v1:x.wasm", "git+https://h.example/x.git#v2:x.wasm"));
        assert!(same("file:./x.wasm", "./x.wasm"));
        for (one, other) in [
            ("oci://r.example/acme/x:1", "oci://r.example/acne/x:1"),
            ("oci://r.example/acme/x:1", "oci://r.example:5000/acme/x:1"),
            ("oci://r.example/acme/x:1", "https://r.example/acme/x"),
            ("https://h.example/alice/x.wasm", "https://h.example/mallory/x.wasm"),
            ("git+https://h.example/x.git#v1:x.wasm", "git+https://h.example/x.git#v1:y.wasm"),
            ("./x.wasm", "./y.wasm"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }
}
