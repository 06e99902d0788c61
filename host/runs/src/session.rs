//! One call outside of a run: a session has an audit log of its own.

use crate::ambient;
use skillhost_audit::{Actor, AuditError, Auditor, Keyring, Log, Subject};
use skillhost_core::digest::Digest;
use skillhost_engine::Skill;
use std::path::Path;
use std::sync::Arc;

/// Why a session can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The log or its keys.
    #[error("the session can't be audited")]
    Audit(#[from] AuditError),
    /// The folder, or the source of random bytes.
    #[error("the session's folder can't be made")]
    Folder(#[from] std::io::Error),
}

/// An open session.
pub struct Session {
    auditor: Auditor,
}

impl Session {
    /// Opens a session in which `skill` is called, under the policy of this digest.
    ///
    /// # Errors
    /// Where nothing could be recorded: then nothing is called.
    pub fn open(state: &Path, skill: &Skill, policy: Option<Digest>) -> Result<Self, SessionError> {
        let log = open_log(state, &Keyring::open(state)?)?;
        Ok(Self { auditor: log.auditor(actor(skill, None, policy)) })
    }

    /// Who records what the skill does.
    pub fn auditor(&self) -> Auditor {
        self.auditor.clone()
    }
}

/// The log of a new session.
pub(crate) fn open_log(state: &Path, keyring: &Keyring) -> Result<Arc<Log>, SessionError> {
    let id = ambient::new_run_id()?;
    let key = keyring.subject(Subject::Run(id.clone()))?;
    let folder = state.join("sessions");
    ambient::make_folder(&folder)?;
    Ok(Log::open(&folder.join(format!("{id}.jsonl")), id, &key)?)
}

/// A skill at work, as entries name it.
pub(crate) fn actor(skill: &Skill, agent: Option<skillhost_core::name::AgentId>, policy: Option<Digest>) -> Actor {
    let inspection = skill.inspection();
    let name = inspection.manifest.skill.name.clone();
    Actor { agent, policy, skill: Some(skillhost_audit::Skill { digest: inspection.digest, name }) }
}
