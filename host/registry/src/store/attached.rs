//! The signatures of a component, kept beside it: one of each signer, `HEX.SIGNER.sig` or `HEX.SIGNER.sigstore.json`.
//!
//! Only those are kept that held and made the component be accepted, so that nothing that others attach to it takes
//! anybody's place.

use super::ambient;
use crate::fetched::{Attached, MAX_ATTACHED, MAX_ATTACHED_BYTES};
use crate::signature::Signed;
use skillhost_core::signer::Signer;
use std::io;
use std::path::{Path, PathBuf};

const SIGNATURE: &str = ".sig";
const BUNDLE: &str = ".sigstore.json";

fn place(component: &Path, signer: &Signer, kind: &str) -> PathBuf {
    component.with_extension(format!("{}{kind}", signer.digits()))
}

/// The one of a signer. What can't be read is as good as absent, since what it should prove is then not proven.
pub(super) fn of(component: &Path, signer: &Signer) -> Option<Attached> {
    let (kind, attached): (_, fn(Vec<u8>) -> Attached) = match signer {
        Signer::Key(_) => (SIGNATURE, Attached::Signature),
        Signer::Identity { .. } => (BUNDLE, Attached::Bundle),
    };
    ambient::read(&place(component, signer, kind), MAX_ATTACHED_BYTES).ok().flatten().map(attached)
}

/// All that are there, in order of their names.
pub(super) fn all(component: &Path) -> Vec<Attached> {
    let (Some(folder), Some(name)) = (component.parent(), component.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let mut names: Vec<String> = ambient::list(folder).unwrap_or_default().into_iter().map(|(name, _)| name).collect();
    names.retain(|file| file.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')));
    names.sort();
    let one = |file: &String| {
        let bytes = ambient::read(&folder.join(file), MAX_ATTACHED_BYTES).ok().flatten()?;
        Some(if file.ends_with(BUNDLE) { Attached::Bundle(bytes) } else { Attached::Signature(bytes) })
    };
    names.iter().take(MAX_ATTACHED).filter_map(one).collect()
}

/// Keeps one, in the place of the same signer's.
pub(super) fn write(component: &Path, signed: &Signed) -> io::Result<()> {
    let (kind, bytes) = match signed.attached() {
        Attached::Signature(bytes) => (SIGNATURE, bytes),
        Attached::Bundle(bytes) => (BUNDLE, bytes),
        Attached::Unusable(_) => return Ok(()),
    };
    if of(component, signed.signer()).as_ref() == Some(signed.attached()) {
        return Ok(());
    }
    ambient::write(&place(component, signed.signer(), kind), bytes)
}
