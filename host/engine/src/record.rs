//! What becomes known of a call, however it ends: the store hands it over when it is dropped, and the audit log has the
//! numbers even where nobody waits for an answer any longer.

use crate::files::FileRecord;
use crate::gate::Denial;
use crate::output::Printed;
use skillhost_audit::{AuditError, Count, Counts, Intent, Outcome, Status};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a call did.
#[derive(Debug, Default)]
pub struct Done {
    /// What it did to files.
    pub files: FileRecord,
    /// What it printed.
    pub printed: Printed,
    /// What it wanted and didn't get, files aside.
    pub denials: Vec<Denial>,
    /// How long it took.
    pub duration: Duration,
}

/// A call's entry in the audit log, from its intent to its outcome. Where nobody says how it ended, because its caller is
/// gone, the outcome is written when the last one that knows of it is dropped: the store.
pub(crate) struct Record(Mutex<Kept>);

struct Kept {
    intent: Option<Intent>,
    files: FileRecord,
    denials: Vec<Denial>,
    denied_count: u64,
}

impl Record {
    pub(crate) fn new(intent: Intent) -> Self {
        let (files, denials) = (FileRecord::default(), Vec::new());
        Self(Mutex::new(Kept { intent: Some(intent), files, denials, denied_count: 0 }))
    }

    /// The store's last act.
    pub(crate) fn keep(&self, files: FileRecord, denials: Vec<Denial>, denied_count: u64) {
        let mut kept = self.kept();
        (kept.files, kept.denials, kept.denied_count) = (files, denials, denied_count);
    }

    /// Writes the outcome; gives what the store has handed over.
    pub(crate) fn close(&self, status: Status) -> Result<(FileRecord, Vec<Denial>), AuditError> {
        let mut kept = self.kept();
        kept.close(status)?;
        Ok((std::mem::take(&mut kept.files), std::mem::take(&mut kept.denials)))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn close(&mut self, status: Status) -> Result<(), AuditError> {
        let Some(intent) = self.intent.take() else { return Ok(()) };
        let mut counts = Counts::default();
        counts.add(Count::Calls, 1);
        counts.add(Count::FilesOpened, self.files.read_count);
        counts.add(Count::BytesRead, self.files.bytes_read);
        counts.add(Count::BytesWritten, self.files.bytes_written);
        counts.add(Count::FilesCreated, self.files.written.len() as u64);
        counts.add(Count::FilesRemoved, self.files.removed.len() as u64);
        counts.add(Count::Denials, self.files.denied_count.saturating_add(self.denied_count));
        intent.outcome(Outcome::of(status).counts(&counts))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // Nobody is left to tell; a stopped log tells by itself.
        let _ = self.close(Status::Abandoned);
    }
}
