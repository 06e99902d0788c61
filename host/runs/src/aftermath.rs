//! What a skill's call leaves behind: what it touched, was denied and printed, and why it failed.

use crate::error::RunError;
use crate::host::Equipped;
use crate::ledger::DenialRow;
use crate::state::State;
use skillhost_core::path::SkillPath;
use skillhost_engine::contract;
use skillhost_engine::{Done, Printed};
use skillhost_models::ModelError;
use std::sync::Mutex;

/// Lines of a skill's output that are shown where it ended without an answer.
const SHOWN_LINES: usize = 5;

impl State {
    /// Notes what a call did and wanted.
    pub(crate) fn took(&self, equipped: &Equipped, done: &Done) -> Result<(), RunError> {
        if let Ok(mut touched) = self.touched.lock() {
            touched.extend(done.files.written.iter().chain(&done.files.removed).cloned());
        }
        let skill = equipped.name();
        let calls = done.denials.iter().map(|denial| DenialRow {
            skill: skill.clone(),
            capability: denial.capability.to_owned(),
            what: denial.what.clone(),
            remedy: denial.remedy.clone(),
        });
        let files = done.files.denied.iter().map(|denial| {
            let (capability, what) = match denial.is_write() {
                true if self.shields(equipped, &denial.path) => ("protected", "true"),
                true => ("write", denial.path.as_str()),
                false => ("read", denial.path.as_str()),
            };
            let remedy = equipped.grantor.remedy(capability, what);
            let capability = capability.to_owned();
            DenialRow { skill: skill.clone(), capability, what: denial.path.clone(), remedy }
        });
        for denial in calls.chain(files) {
            self.ledger(|ledger| ledger.save_denial(&denial))?;
        }
        self.save_refused()
    }

    /// Saves what commands were refused that is not in the ledger yet.
    pub(crate) fn save_refused(&self) -> Result<(), RunError> {
        let commands = self.refused.lock().map(|mut refused| std::mem::take(&mut *refused)).unwrap_or_default();
        commands.iter().try_for_each(|denial| self.ledger(|ledger| ledger.save_denial(denial)))
    }

    /// Tells the end of what a skill printed before it ended without an answer: a panic says there what it was about.
    pub(crate) fn show_printed(&self, equipped: &Equipped, printed: &Printed) {
        let text = String::from_utf8_lossy(&printed.kept);
        let last = text.lines().rev().filter(|line| !line.trim().is_empty()).take(SHOWN_LINES);
        for line in last.collect::<Vec<_>>().into_iter().rev() {
            self.warn(&format!("{} | {line}", equipped.reference));
        }
    }

    /// Whether a path is the project's to protect, so that a wider write grant would not help.
    fn shields(&self, equipped: &Equipped, path: &str) -> bool {
        let protected = &self.host.project.protect.paths;
        !equipped.capabilities.protected
            && SkillPath::parse(path).is_ok_and(|path| protected.matches(&path) || protected.covers_beneath(&path))
    }
}

/// Where a skill failed since its newest model call did, the run says why that one did.
pub(crate) fn skill_failed(skill: String, error: contract::Error, failed: &Mutex<Option<ModelError>>) -> RunError {
    match (error, failed.lock().ok().and_then(|mut failed| failed.take())) {
        (contract::Error::Failed(_), Some(error)) => RunError::Model { skill, error },
        (error, _) => RunError::Skill { skill, error },
    }
}
