//! Sealing of ledger rows: under the run's key, bound to the run, the table and the row.

use super::LedgerError;
use skillhost_audit::{Keyring, Subject, SubjectKey};
use skillhost_core::name::RunId;

/// Seals and opens the rows of one run.
#[derive(Debug)]
pub struct Sealer {
    run: RunId,
    key: SubjectKey,
}

impl Sealer {
    /// The sealer of a run, with its key made where there is none.
    ///
    /// # Errors
    /// Where the keyring can't be used.
    pub fn of(keyring: &Keyring, run: &RunId) -> Result<Self, LedgerError> {
        let key = keyring.subject(Subject::Run(run.clone())).map_err(LedgerError::Key)?;
        Ok(Self { run: run.clone(), key })
    }

    /// The sealer of a run that exists. Readers use this one: it never makes a key, so that a run that was erased
    /// stays so.
    ///
    /// # Errors
    /// Where the key was erased, or the keyring can't be used.
    pub fn existing(keyring: &Keyring, run: &RunId) -> Result<Self, LedgerError> {
        let key = keyring.existing(Subject::Run(run.clone())).map_err(LedgerError::Key)?.ok_or(LedgerError::Erased)?;
        Ok(Self { run: run.clone(), key })
    }

    pub(super) fn seal(&self, place: &str, row: &[u8]) -> Result<Vec<u8>, LedgerError> {
        self.key.seal(&self.run, place, row).map_err(sealed)
    }

    pub(super) fn open(&self, place: &str, body: &[u8]) -> Result<Vec<u8>, LedgerError> {
        self.key.unseal(&self.run, place, body).map_err(sealed)
    }
}

fn sealed(error: skillhost_audit::AuditError) -> LedgerError {
    LedgerError::Sealed(error.to_string())
}
