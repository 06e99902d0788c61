//! What was attached to a component, kept beside it: `HEX.0.sig`, `HEX.1.sigstore.json`.

use super::ambient;
use crate::fetched::{Attached, MAX_ATTACHED, MAX_ATTACHED_BYTES};
use std::io;
use std::path::{Path, PathBuf};

const SIGNATURE: &str = "sig";
const BUNDLE: &str = "sigstore.json";

fn place(component: &Path, index: usize, kind: &str) -> PathBuf {
    component.with_extension(format!("{index}.{kind}"))
}

/// All that is there. What can't be read is as good as absent, since what it should prove is then not proven.
pub(super) fn read(component: &Path) -> Vec<Attached> {
    let one = |index, kind| ambient::read(&place(component, index, kind), MAX_ATTACHED_BYTES).ok().flatten();
    (0..MAX_ATTACHED)
        .flat_map(|index| [one(index, SIGNATURE).map(Attached::Signature), one(index, BUNDLE).map(Attached::Bundle)])
        .flatten()
        .collect()
}

/// Adds what isn't there yet: another source of the same component may have other signatures, which don't go.
pub(super) fn write(component: &Path, attached: &[Attached]) -> io::Result<()> {
    let known = read(component);
    let mut free = (0..MAX_ATTACHED)
        .filter(|index| [SIGNATURE, BUNDLE].iter().all(|kind| !ambient::is_there(&place(component, *index, kind))));
    for attached in attached.iter().filter(|attached| !known.contains(attached)) {
        // Full: those that are there were found first.
        let Some(index) = free.next() else { break };
        let (kind, bytes) = match attached {
            Attached::Signature(bytes) => (SIGNATURE, bytes),
            Attached::Bundle(bytes) => (BUNDLE, bytes),
        };
        ambient::write(&place(component, index, kind), bytes)?;
    }
    Ok(())
}
