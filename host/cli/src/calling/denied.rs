//! What a call was denied, with what would grant it.

use serde::Serialize;
use skillhost_engine::files::FileRecord;
use skillhost_engine::{Denial, Grantor};

/// For programs.
#[derive(Serialize)]
pub(crate) struct Denied {
    pub(crate) capability: String,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Denied {
    /// For a report of what `by` did.
    pub(crate) fn of(&self, by: &str) -> crate::reports::Denial {
        crate::reports::Denial {
            by: by.to_owned(),
            capability: self.capability.clone(),
            what: self.what.clone(),
            remedy: self.remedy.clone(),
        }
    }
}

/// Everything that was refused, files included, with the flag that would grant it.
pub(crate) fn denials(calls: &[Denial], files: &FileRecord, grantor: &Grantor) -> Vec<Denied> {
    let calls = calls.iter().map(|denial| Denied {
        capability: denial.capability.to_owned(),
        what: denial.what.clone(),
        remedy: denial.remedy.clone(),
    });
    let files = files.denied.iter().map(|denial| {
        let capability = if denial.is_write() { "write" } else { "read" };
        Denied {
            capability: capability.to_owned(),
            what: denial.path.clone(),
            remedy: grantor.remedy(capability, &denial.path),
        }
    });
    calls.chain(files).collect()
}
