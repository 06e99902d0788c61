//! `run --record-grants`: for each skill, the smallest grant that would have sufficed for what all goals used together.

use crate::calling::grants;
use crate::terminal::printer::Printer;
use serde::Serialize;
use skillhost_core::kind::Kind;
use skillhost_core::project::Project;
use skillhost_engine::{Grantor, Uses};
use skillhost_runs::host::Equipped;
use std::collections::BTreeMap;

/// What one skill used.
#[derive(Serialize)]
pub(super) struct Recorded {
    kind: Kind,
    skill: String,
    /// The file that the entry is for.
    file: &'static str,
    /// A table of skillhost.toml, or of the skill's entry in skillhost.lock.
    entry: String,
}

/// The skills that a run is equipped with, as far as what they use is noted.
pub(super) struct Recorders(Vec<(Kind, String, Grantor, Uses)>);

impl Recorders {
    pub(super) fn of(skills: &BTreeMap<Kind, Equipped>) -> Self {
        let noted = skills.iter().filter_map(|(kind, equipped)| {
            Some((*kind, equipped.reference.clone(), equipped.grantor.clone(), equipped.uses.clone()?))
        });
        Self(noted.collect())
    }

    /// None where nothing was to be noted.
    pub(super) fn recorded(&self, project: &Project) -> Option<Vec<Recorded>> {
        let row = |(kind, skill, grantor, uses): &(Kind, String, Grantor, Uses)| {
            let grant = uses.smallest(&project.protect.paths);
            let (file, entry) = match grantor {
                Grantor::Lock(_) => ("skillhost.lock", grants::table(&grant)),
                Grantor::Project(_) | Grantor::Flags => ("skillhost.toml", grants::project_table(*kind, &grant)),
            };
            Recorded { kind: *kind, skill: skill.clone(), file, entry }
        };
        (!self.0.is_empty()).then(|| self.0.iter().map(row).collect())
    }
}

pub(super) fn show(recorded: &[Recorded], printer: Printer) {
    for row in recorded {
        printer.block(&format!("\n# {} in {}\n{}", row.skill, row.file, row.entry));
    }
}
