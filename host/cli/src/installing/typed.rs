//! Places of this machine that somebody named here. A lock is anybody's: it comes with a repository or a pull request. So a
//! server on a loopback address without TLS, and what is no component elsewhere, is taken from one where this machine knows it
//! already: its user typed it, or a policy names it.
//!
//! What was typed is remembered in the state folder, under a key of the host's own: a repository that brings a state folder
//! along has not got it.

use crate::ambient;
use crate::calling::policies::Policies;
use skillhost_audit::Keyring;
use skillhost_core::reference::{MAX_REFERENCE_BYTES, Reference};
use skillhost_registry::source::NamedBy;
use std::io;
use std::path::{Path, PathBuf};

/// What the key is for, and nothing else.
const CONTEXT: &str = "skillhost 2026 typed sources";

/// The references that were typed, as far as they are of this machine alone: nobody needs to know the others.
pub(crate) struct Typed<'a> {
    state: &'a Path,
}

/// Where they are kept, in a state folder.
pub(crate) fn folder(state: &Path) -> PathBuf {
    state.join("sources")
}

impl<'a> Typed<'a> {
    pub(crate) fn new(state: &'a Path) -> Self {
        Self { state }
    }

    /// Remembers one. Where it can't be written down, a lock that has it is not believed later.
    pub(crate) fn remember(&self, reference: &Reference) {
        if !reference.is_of_one_machine() || self.knows(reference) {
            return;
        }
        let written = Keyring::open(self.state).map_err(io::Error::other).and_then(|keyring| {
            let folder = folder(self.state);
            ambient::make_private_folder(&folder)?;
            let _alone = ambient::lock_folder(&folder)?;
            ambient::replace(&self.file(&keyring, reference), reference.to_string().as_bytes())
        });
        if let Err(error) = written {
            tracing::info!(%reference, %error, "that a reference was typed could not be remembered");
        }
    }

    fn knows(&self, reference: &Reference) -> bool {
        let Ok(Some(keyring)) = Keyring::find(self.state) else { return false };
        let kept = ambient::read_unlinked(&self.file(&keyring, reference), MAX_REFERENCE_BYTES as u64);
        kept.is_ok_and(|kept| kept.is_some_and(|kept| kept == reference.to_string().as_bytes()))
    }

    /// Named by a keyed hash, which nobody else can make.
    fn file(&self, keyring: &Keyring, reference: &Reference) -> PathBuf {
        let name = blake3::keyed_hash(&keyring.derived(CONTEXT), reference.to_string().as_bytes());
        folder(self.state).join(name.to_hex().as_str())
    }

    /// Who named what a lock names. What is the same place everywhere needs nobody: a lock may lead there.
    pub(crate) fn who_named(&self, reference: &Reference, policies: &Policies) -> NamedBy {
        let is_known = || policies.name_source(reference) || self.knows(reference);
        if reference.is_of_one_machine() && is_known() { NamedBy::User } else { NamedBy::Lock }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    const OWN: &str = "http://127.0.0.1:5000/acme/x.wasm";

    fn who(state: &Path, reference: &str, policy: &str) -> NamedBy {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), policy).unwrap();
        let policies = Policies::read(Some(file.path())).unwrap();
        Typed::new(state).who_named(&reference.parse().unwrap(), &policies)
    }

    #[test]
    fn r_17_a_lock_leads_where_its_reader_was_and_nowhere_beside() {
        let state = TempDir::new().unwrap();
        assert_eq!(who(state.path(), OWN, ""), NamedBy::Lock);
        for typed in [OWN, "file:/opt/x.wasm", "./x.wasm", "https://example.com/x.wasm"] {
            Typed::new(state.path()).remember(&typed.parse().unwrap());
        }
        let known = fs::read_dir(state.path().join("sources")).unwrap().count();
        assert_eq!(known, 2, "the others are nothing that a lock couldn't lead to");
        assert!(who(state.path(), OWN, "") == NamedBy::User && who(state.path(), "/opt/x.wasm", "") == NamedBy::User);
        for other in [
            "http://127.0.0.1:5000/acme/x.wasm?2",
            "http://127.0.0.1:5001/acme/x.wasm",
            "http://127.0.0.1:5000/acme/x",
            "file:/opt/../opt/x.wasm",
            // Beneath a lock's folder a link may have come in its place.
            "./x.wasm",
            "https://example.com/x.wasm",
        ] {
            assert_eq!(who(state.path(), other, ""), NamedBy::Lock, "{other}");
        }
        // What somebody brought along with another key, or with none.
        let brought = TempDir::new().unwrap();
        let from = fs::read_dir(state.path().join("sources")).unwrap().flatten();
        fs::create_dir(brought.path().join("sources")).unwrap();
        for entry in from {
            fs::copy(entry.path(), brought.path().join("sources").join(entry.file_name())).unwrap();
        }
        assert_eq!(who(brought.path(), OWN, ""), NamedBy::Lock);
    }

    #[test]
    fn r_17_a_policy_names_a_place_and_not_all_of_a_kind() {
        let state = TempDir::new().unwrap();
        for (pattern, expected) in [
            ("http://127.0.0.1:5000/*", NamedBy::User),
            (OWN, NamedBy::User),
            ("http://127.0.0.1:5000/acme/*", NamedBy::User),
            ("http://127.0.0.1:5001/*", NamedBy::Lock),
            ("https://*", NamedBy::Lock),
            ("*", NamedBy::Lock),
        ] {
            let policy = format!("[sources]\nallow = [\"{pattern}\"]\n");
            assert_eq!(who(state.path(), OWN, &policy), expected, "{pattern}");
        }
        assert_eq!(who(state.path(), "./x.wasm", "[sources]\nallow = [\"file:./*\"]\n"), NamedBy::Lock);
    }
}
