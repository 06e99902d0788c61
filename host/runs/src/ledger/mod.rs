//! The ledger: a run's state on disk, one SQLite file in the run's folder.
//!
//! One file for each run, so that runs never wait for each other, and `runs` and `show` read while a run works. It is
//! written before each effect. What people or models wrote (goals, findings, argument vectors, outputs) stands in
//! sealed columns only; what is in the clear are ids, states, numbers and digests.

mod list;
mod record;
mod sealed;

pub use list::{Listed, find, list, with_true_state};
pub(crate) use record::shows_success;
pub use record::{
    AgentRow, AtBase, CheckRow, CheckState, DenialRow, EvidenceRow, PhaseRow, PhaseState, Process, RunRow, RunState,
    deciding,
};
pub use sealed::Sealer;
#[cfg(test)]
pub(crate) use tests::evidence as evidence_of;

use crate::ambient;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

/// The file's name in a run's folder.
pub const FILE: &str = "ledger.db";
/// The audit log's name in a run's folder.
pub const LOG: &str = "audit.jsonl";
/// Version of the tables.
const VERSION: i32 = 1;
/// Marks the file as a ledger: "skho".
const APPLICATION_ID: i32 = 0x736b_686f;
/// How long a reader waits for a writer; a write takes milliseconds.
const BUSY_MS: u32 = 5000;

const TABLES: &str = "
    CREATE TABLE run (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL, body BLOB NOT NULL);
    CREATE TABLE agent (id TEXT PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE phase (seq INTEGER PRIMARY KEY, state TEXT NOT NULL, body BLOB NOT NULL);
    CREATE TABLE findings (id INTEGER PRIMARY KEY CHECK (id = 1), body BLOB NOT NULL);
    CREATE TABLE evidence (id TEXT PRIMARY KEY, body BLOB NOT NULL);
    CREATE TABLE denial (seq INTEGER PRIMARY KEY, body BLOB NOT NULL);
";

const SAVE_RUN: &str = "INSERT INTO run VALUES (1, ?1, ?2) ON CONFLICT (id) DO UPDATE SET state = ?1, body = ?2";

/// Why the ledger can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// SQLite, or the disk under it.
    #[error("the run's ledger can't be used")]
    Database(#[from] rusqlite::Error),
    /// A newer program wrote it.
    #[error("the run's ledger has version {0}, which a newer skillhost wrote")]
    Version(i32),
    /// It has no tables yet.
    #[error("the run's ledger is incomplete: it is being made now, or its host was killed while making it")]
    Incomplete,
    /// Another program's file stands in its place.
    #[error("the run's ledger is not a ledger")]
    Foreign,
    /// The run's key is gone, and what it sealed with it.
    #[error("the run's ledger can't be read: its key was erased")]
    Erased,
    /// The run's key can't be read or made.
    #[error("the run's key can't be used")]
    Key(#[source] skillhost_audit::AuditError),
    /// A sealed column doesn't open: altered, or its key is gone.
    #[error("a part of the run's ledger can't be opened: {0}")]
    Sealed(String),
    /// The folder can't be read or made.
    #[error("the run's folder can't be used")]
    Folder(#[from] std::io::Error),
}

/// One run's ledger.
pub struct Ledger {
    folder: PathBuf,
    database: Connection,
    sealer: Sealer,
}

impl Ledger {
    /// Makes the ledger of a new run.
    ///
    /// # Errors
    /// Where it exists already, or the disk refuses.
    pub fn create(folder: &Path, sealer: Sealer, run: &RunRow) -> Result<Self, LedgerError> {
        ambient::make_file(&folder.join(FILE))?;
        let mut ledger = Self { folder: folder.to_owned(), database: connect(folder)?, sealer };
        ledger.database.pragma_update(None, "journal_mode", "WAL")?;
        // In one step, so that a reader finds a whole ledger or an empty file.
        let body = ledger.seal("run", run)?;
        let tables = ledger.database.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tables.execute_batch(TABLES)?;
        tables.execute(SAVE_RUN, params![run.state.as_str(), body])?;
        tables.pragma_update(None, "application_id", APPLICATION_ID)?;
        tables.pragma_update(None, "user_version", VERSION)?;
        tables.commit()?;
        Ok(ledger)
    }

    /// Opens the ledger of a run that exists; it may be at work.
    ///
    /// # Errors
    /// Where there is none, or a newer program wrote it.
    pub fn open(folder: &Path, sealer: Sealer) -> Result<Self, LedgerError> {
        let database = connect(folder)?;
        // One statement, so that both come from one moment.
        let marks = "SELECT application_id, user_version FROM pragma_application_id, pragma_user_version";
        match database.query_row(marks, [], |row| Ok((row.get::<_, i32>(0)?, row.get::<_, i32>(1)?)))? {
            (APPLICATION_ID, VERSION) => Ok(Self { folder: folder.to_owned(), database, sealer }),
            (APPLICATION_ID, version) => Err(LedgerError::Version(version)),
            (0, 0) => Err(LedgerError::Incomplete),
            _ => Err(LedgerError::Foreign),
        }
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Saves the run's own row.
    ///
    /// # Errors
    /// Where the disk refuses; the effect that follows must not happen then.
    pub fn save_run(&self, run: &RunRow) -> Result<(), LedgerError> {
        let body = self.seal("run", run)?;
        self.database.execute(SAVE_RUN, params![run.state.as_str(), body])?;
        Ok(())
    }

    /// The run's own row.
    ///
    /// # Errors
    /// Where it can't be read or opened.
    pub fn run(&self) -> Result<RunRow, LedgerError> {
        let body: Vec<u8> = self.database.query_row("SELECT body FROM run", [], |row| row.get(0))?;
        self.unseal("run", &body)
    }

    /// Saves an agent: its worktree's place and recorded git directory.
    ///
    /// # Errors
    /// As [`Ledger::save_run`].
    pub fn save_agent(&self, agent: &AgentRow) -> Result<(), LedgerError> {
        let body = self.seal(&format!("agent {}", agent.agent), agent)?;
        let sql = "INSERT INTO agent VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2";
        self.database.execute(sql, params![agent.agent.as_str(), body])?;
        Ok(())
    }

    /// All agents.
    ///
    /// # Errors
    /// Where they can't be read or opened.
    pub fn agents(&self) -> Result<Vec<AgentRow>, LedgerError> {
        self.all("SELECT 'agent ' || id, body FROM agent ORDER BY id")
    }

    /// Begins a phase; gives its number.
    ///
    /// # Errors
    /// As [`Ledger::save_run`].
    pub fn begin_phase(&self, phase: &PhaseRow) -> Result<i64, LedgerError> {
        let number = self.next("SELECT coalesce(max(seq), 0) + 1 FROM phase")?;
        let body = self.seal(&format!("phase {number}"), phase)?;
        self.database.execute("INSERT INTO phase VALUES (?1, ?2, ?3)", params![number, phase.state.as_str(), body])?;
        Ok(number)
    }

    /// Ends a phase, or saves how far it is.
    ///
    /// # Errors
    /// As [`Ledger::save_run`].
    pub fn save_phase(&self, number: i64, phase: &PhaseRow) -> Result<(), LedgerError> {
        let body = self.seal(&format!("phase {number}"), phase)?;
        let sql = "UPDATE phase SET state = ?2, body = ?3 WHERE seq = ?1";
        match self.database.execute(sql, params![number, phase.state.as_str(), body])? {
            0 => Err(rusqlite::Error::QueryReturnedNoRows.into()),
            _ => Ok(()),
        }
    }

    /// Ends the phases that are still at work, since the run is over; `spent` is what the whole run used.
    ///
    /// # Errors
    /// As [`Ledger::save_run`].
    pub fn close_phases(&self, note: &str, ended_ms: u64, spent: (u64, u64)) -> Result<(), LedgerError> {
        let phases = self.phases()?;
        let ended = phases.iter().filter(|phase| phase.state != PhaseState::Running);
        let (tokens, cost) = ended.fold(spent, |(tokens, cost), phase| {
            (tokens.saturating_sub(phase.tokens), cost.saturating_sub(phase.cost_micro_usd.unwrap_or(0)))
        });
        // Phases are numbered from 1, without a gap.
        for (number, phase) in (1..).zip(phases).filter(|(_, phase)| phase.state == PhaseState::Running) {
            let (state, ended_ms, cost_micro_usd) = (PhaseState::Failed, Some(ended_ms), Some(cost));
            let note = note.to_owned();
            self.save_phase(number, &PhaseRow { state, ended_ms, tokens, cost_micro_usd, note, ..phase })?;
        }
        Ok(())
    }

    /// All phases, in the order in which they began.
    ///
    /// # Errors
    /// Where they can't be read or opened.
    pub fn phases(&self) -> Result<Vec<PhaseRow>, LedgerError> {
        self.all("SELECT 'phase ' || seq, body FROM phase ORDER BY seq")
    }

    /// Saves all findings.
    ///
    /// # Errors
    /// As [`Ledger::save_run`].
    pub fn save_findings(&self, findings: &crate::findings::Findings) -> Result<(), LedgerError> {
        let body = self.seal("findings", findings)?;
        let sql = "INSERT INTO findings VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET body = ?1";
        self.database.execute(sql, params![body])?;
        Ok(())
    }

    /// All findings.
    ///
    /// # Errors
    /// Where they can't be read or opened.
    pub fn findings(&self) -> Result<crate::findings::Findings, LedgerError> {
        let body: Option<Vec<u8>> =
            self.database.query_row("SELECT body FROM findings", [], |row| row.get(0)).optional()?;
        body.map_or_else(|| Ok(Default::default()), |body| self.unseal("findings", &body))
    }

    /// Saves evidence: the host's record of a gate. It is written once and never changed.
    ///
    /// # Errors
    /// As [`Ledger::save_run`], and where the id is taken.
    pub fn save_evidence(&self, evidence: &EvidenceRow) -> Result<(), LedgerError> {
        let body = self.seal(&format!("evidence {}", evidence.id), evidence)?;
        self.database.execute("INSERT INTO evidence VALUES (?1, ?2)", params![evidence.id, body])?;
        Ok(())
    }

    /// All evidence.
    ///
    /// # Errors
    /// Where it can't be read or opened.
    pub fn evidence(&self) -> Result<Vec<EvidenceRow>, LedgerError> {
        self.all("SELECT 'evidence ' || id, body FROM evidence ORDER BY rowid")
    }

    /// Saves what was refused.
    ///
    /// # Errors
    /// As [`Ledger::save_run`].
    pub fn save_denial(&self, denial: &DenialRow) -> Result<(), LedgerError> {
        let number = self.next("SELECT coalesce(max(seq), 0) + 1 FROM denial")?;
        let body = self.seal(&format!("denial {number}"), denial)?;
        self.database.execute("INSERT INTO denial VALUES (?1, ?2)", params![number, body])?;
        Ok(())
    }

    /// Everything that was refused.
    ///
    /// # Errors
    /// Where it can't be read or opened.
    pub fn denials(&self) -> Result<Vec<DenialRow>, LedgerError> {
        self.all("SELECT 'denial ' || seq, body FROM denial ORDER BY seq")
    }

    /// Rows of places and bodies. A place is a table and a row: a body that was moved to another row doesn't open.
    fn all<T: DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>, LedgerError> {
        let mut statement = self.database.prepare(sql)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?)))?;
        rows.collect::<Result<Vec<_>, _>>()?.iter().map(|(place, body)| self.unseal(place, body)).collect()
    }

    /// A ledger has one writer, so the number is still free when it is used; were it not, the insert would fail.
    fn next(&self, sql: &str) -> Result<i64, LedgerError> {
        Ok(self.database.query_row(sql, [], |row| row.get(0))?)
    }

    fn seal(&self, place: &str, row: &impl Serialize) -> Result<Vec<u8>, LedgerError> {
        let text = serde_json::to_vec(row).map_err(|e| LedgerError::Sealed(e.to_string()))?;
        self.sealer.seal(place, &text)
    }

    fn unseal<T: DeserializeOwned>(&self, place: &str, body: &[u8]) -> Result<T, LedgerError> {
        let text = self.sealer.open(place, body)?;
        serde_json::from_slice(&text).map_err(|e| LedgerError::Sealed(e.to_string()))
    }
}

/// Never makes a file and never follows a link in its place. Readers too may have to write: the first one after a kill
/// recovers the write-ahead log.
fn connect(folder: &Path) -> Result<Connection, LedgerError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    // SQLite refuses a link anywhere in the path, and the state directory may well be behind one.
    let folder = ambient::real_folder(folder)?;
    let database = ambient::open_database(&folder.join(FILE), flags)?;
    database.busy_timeout(std::time::Duration::from_millis(BUSY_MS.into()))?;
    // What was written stays so after a power cut too; there are a few writes for each phase.
    database.pragma_update(None, "synchronous", "FULL")?;
    // A file that somebody put there must not bring code along in views or triggers.
    database.pragma_update(None, "trusted_schema", false)?;
    Ok(database)
}

#[cfg(test)]
mod tests;
