//! From a reference to what its source gives: bytes that nobody believes yet.

use crate::ambient;
use crate::calling::models::read_user;
use crate::calling::policies::Policies;
use crate::failure::{Exit, Failure};
use crate::installing::asks;
use crate::installing::git_source;
use crate::terminal::progress::Progress;
use skillhost_core::duration::Span;
use skillhost_core::lock::Locked;
use skillhost_core::reference::{GitPlace, Reference};
use skillhost_egress::Dialer;
use skillhost_registry::Fetched;
use skillhost_registry::source::{self, Class, FetchError, NamedBy, Sources, Waits};
use std::path::{Path, PathBuf};

/// What fetching works with.
pub(crate) struct Fetcher<'a> {
    pub(crate) policies: &'a Policies,
    /// No connection is made.
    pub(crate) is_offline: bool,
    pub(crate) progress: &'a Progress,
}

impl Fetcher<'_> {
    /// Fetches what `reference` stands for now, which somebody typed; a relative path begins in `folder`.
    pub(crate) async fn typed(&self, reference: &Reference, folder: &Path) -> Result<Fetched, Failure> {
        self.ask(reference, NamedBy::User, folder).await?.map_err(|e| failure(&e))
    }

    /// Fetches what the source of a skill stands for now, which a lock in `folder` names.
    pub(crate) async fn locked(&self, locked: &Locked, by: NamedBy, folder: &Path) -> Result<Fetched, Failure> {
        self.ask(&locked.source, by, folder).await?.map_err(|e| failure_of_lock(&e, by, locked))
    }

    async fn ask(
        &self,
        reference: &Reference,
        by: NamedBy,
        folder: &Path,
    ) -> Result<Result<Fetched, FetchError>, Failure> {
        if self.is_offline && !is_here(reference) {
            return Err(Failure::new(Exit::Denied, format!("{reference} is not fetched: --offline"))
                .hint("without --offline it is"));
        }
        let rules = self.policies.rules();
        let (dialer, judge) = (Dialer::new(self.policies.openings()), rules.clone());
        let sources = Sources::new(folder, rules)
            .with_waits(waits()?)
            .with_git(move |git, reach| git_source::read(git, reach, dialer.clone(), judge.clone()));
        let what = format!("fetching {reference}");
        Ok(self.progress.waiting(&what, source::fetch(reference, by, &sources)).await)
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

/// What came of a reference that somebody typed.
pub(crate) fn failure(error: &FetchError) -> Failure {
    let exit = match error.class() {
        // A path that isn't there was mistyped.
        Class::Unavailable if matches!(error.reference, Reference::File(_)) => Exit::Usage,
        class => exit_of(class),
    };
    Failure::of(exit, error).maybe_hint(error.hint())
}

/// The same for what a lock names, where nothing was mistyped: a place that nobody named here, its user can name.
pub(crate) fn failure_of_lock(error: &FetchError, by: NamedBy, locked: &Locked) -> Failure {
    let failure = Failure::of(exit_of(error.class()), error).maybe_hint(error.hint());
    if by == NamedBy::Lock && locked.source.is_of_one_machine() && error.leads_too_near() {
        let source = asks::shell(&locked.source.to_string());
        let typed =
            format!("skillhost update {} --source {source} names it, where you know what is there", locked.name);
        failure.hint(typed).or_hint("or a policy names it, under [sources] allow")
    } else {
        failure
    }
}

/// What is wrong where a source gives something else than a lock pins. The digest of what is no component is not told: a lock
/// that leads to somebody's file could have its content guessed by it.
pub(crate) fn moved(message: String, locked: &Locked, found: &Fetched) -> Failure {
    let what = if found.is_component() { found.digest.to_string() } else { "what is no component".to_owned() };
    Failure::new(Exit::Integrity, message)
        .because(format!("expected {}, found {what}", locked.digest))
        .hint(format!("skillhost update {} shows what is different, and asks", locked.name))
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

/// A reference as a lock in `folder` keeps it: a file's path is seen from there, or absolute where it lies elsewhere, as it
/// does where a link in the folder leads out of it.
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
    // The folder's true place, and the file's own name: a link stays one, as long as it stays in the folder.
    let file = ambient::absolute(parent).map_err(|e| failed(&e))?.join(name);
    let file = ambient::absolute(&file).ok().filter(|true_place| !true_place.starts_with(folder)).unwrap_or(file);
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
