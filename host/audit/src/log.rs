use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Instant,
};

use skillhost_core::{digest::Digest, name::RunId};

use crate::{
    Actor, AuditError, Class, Commitment, Count, Event, Kind, Outcome, Status, SubjectKey, ambient,
    commitment::CommitmentKey,
    entry::{Draft, Line, Place},
    tail::{self, Tail},
};

/// The log of one run or session: one file, one writer. Shared through [`Auditor`]s.
///
/// An entry is one `write(2)` to a file opened for appending, so that it survives the death of the
/// process; those of [`Class::is_flushed`] wait for the disk as well. Nothing is buffered here.
pub struct Log {
    path: PathBuf,
    run: RunId,
    commitments: CommitmentKey,
    file: File,
    /// Files that have to be on disk before the first flush has a meaning: this log's own entry in its folder, and its key.
    unflushed: Mutex<Vec<PathBuf>>,
    writer: Mutex<Writer>,
}

struct Writer {
    state: State,
    /// `seq` of the next entry.
    seq: u64,
    /// Leaf hash of the last entry.
    prev: Digest,
    /// Bytes of whole entries, to which a half-written one is cut back.
    length: u64,
    line: Line,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    /// An entry could not be written, for this reason: from here on, nothing is.
    Stopped(io::ErrorKind),
    Closed,
}

impl Log {
    /// Opens the log at `path` for appending, and makes it where it is missing. What a crash left
    /// of an entry at the end is cut off, with an entry that says so. `key` is the run's own.
    pub fn open(path: &Path, run: RunId, key: &SubjectKey) -> Result<Arc<Self>, AuditError> {
        let file = ambient::open_log(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(AuditError::LogBusy(path.into())),
            Err(std::fs::TryLockError::Error(e)) => return Err(AuditError::file("lock", path)(e)),
        }
        let unflushed = [path.to_owned()].into_iter().chain(key.unflushed.clone()).collect();
        Self::over(file, path, run, key, unflushed)
    }

    /// A log that nobody else can see, for the tests and benchmarks of other crates. It is a real file all the same.
    #[cfg(any(test, feature = "testing"))]
    pub fn in_memory(run: RunId, key: &SubjectKey) -> Result<Arc<Self>, AuditError> {
        let path = Path::new("memory");
        let flags = rustix::fs::MemfdFlags::CLOEXEC | rustix::fs::MemfdFlags::ALLOW_SEALING;
        let file = rustix::fs::memfd_create("audit", flags).map_err(|e| AuditError::file("create", path)(e.into()))?;
        Self::over(file.into(), path, run, key, Vec::new())
    }

    fn over(
        file: File,
        path: &Path,
        run: RunId,
        key: &SubjectKey,
        unflushed: Vec<PathBuf>,
    ) -> Result<Arc<Self>, AuditError> {
        let Tail { seq, prev, length, dropped } = tail::repair(&file, path, &run)?;
        let writer = Writer { state: State::Open, seq, prev, length, line: Line::default() };
        let commitments = CommitmentKey::of(key);
        let (unflushed, writer) = (Mutex::new(unflushed), Mutex::new(writer));
        let log = Arc::new(Self { path: path.into(), run, commitments, file, unflushed, writer });
        if !dropped.is_empty() {
            let event = Event::granted(Class::Log, Kind::Recover)
                .on(log.commit(Class::Log, &dropped))
                .count(Count::BytesDropped, dropped.len() as u64);
            log.append(&Actor::default(), Draft::Decision(event))?;
        }
        Ok(log)
    }

    /// Who writes here from now on, in `actor`'s name.
    pub fn auditor(self: &Arc<Self>, actor: Actor) -> Auditor {
        Auditor(Arc::new(Voice { log: Arc::clone(self), actor }))
    }

    /// Stands for `bytes` (a path, a host, an argument vector) in entries of this log.
    pub fn commit(&self, class: Class, bytes: &[u8]) -> Commitment {
        self.commitments.commit(class, bytes)
    }

    /// Number of entries.
    pub fn size(&self) -> u64 {
        self.writer.lock().map_or(0, |writer| writer.seq)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the log: what was written is brought to disk, and nothing more is taken.
    pub fn close(&self) -> Result<(), AuditError> {
        let mut writer = self.writer.lock().map_err(|_| poisoned())?;
        if writer.state == State::Open {
            writer.state = State::Closed;
            self.sync().map_err(AuditError::LogFlush)?;
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut unflushed = self.unflushed.lock().map_err(|_| io::Error::other("a thread panicked"))?;
        for path in unflushed.iter() {
            ambient::sync(path)?;
        }
        unflushed.clear();
        drop(unflushed);
        self.file.sync_data()
    }

    fn append(&self, actor: &Actor, draft: Draft) -> Result<u64, AuditError> {
        // A panic while the lock was held leaves an unknown state: no further entry.
        let mut writer = self.writer.lock().map_err(|_| poisoned())?;
        writer.append(&self.file, actor, draft, &self.run)
    }

    /// Outside the lock, so that file work goes on while a command's intent waits for the disk.
    fn flush(&self) -> Result<(), AuditError> {
        self.sync().map_err(|e| {
            // After a failed flush the kernel may have dropped what it couldn't write, and the next flush would succeed.
            if let Ok(mut writer) = self.writer.lock() {
                writer.state = State::Stopped(e.kind());
            }
            AuditError::LogFlush(e)
        })
    }
}

impl Writer {
    fn append(&mut self, mut file: &File, actor: &Actor, draft: Draft, run: &RunId) -> Result<u64, AuditError> {
        match self.state {
            State::Open => {}
            State::Stopped(kind) => return Err(AuditError::LogStopped(kind.into())),
            State::Closed => return Err(AuditError::LogClosed),
        }
        let place = Place { run, seq: self.seq, prev: self.prev, time_us: ambient::now_us() };
        let leaf = self.line.encode(&draft.entry(actor, place))?;
        if let Err(e) = file.write_all(self.line.bytes()) {
            self.state = State::Stopped(e.kind());
            // Half an entry would be cut off at the next opening anyway; where this works, readers never see it.
            let _ = file.set_len(self.length);
            return Err(AuditError::LogWrite(e));
        }
        let seq = self.seq;
        self.seq += 1;
        self.prev = leaf;
        self.length += self.line.bytes().len() as u64;
        Ok(seq)
    }
}

fn poisoned() -> AuditError {
    AuditError::LogStopped(io::Error::other("a thread panicked while it wrote"))
}

/// Writes entries in one actor's name. Cheap to clone; every clone writes to the same log.
#[derive(Clone)]
pub struct Auditor(Arc<Voice>);

struct Voice {
    log: Arc<Log>,
    actor: Actor,
}

impl Auditor {
    /// Announces an effect. Where this fails, the effect must not happen. For a class that is
    /// flushed it waits for the disk: don't call it where a thread may not block.
    pub fn intent(&self, event: Event) -> Result<Intent, AuditError> {
        let seq = self.0.log.append(&self.0.actor, Draft::Intent(event))?;
        // The intent exists before the flush: where that fails, its outcome says that nothing was done.
        let started = ambient::monotonic();
        let intent = Intent { auditor: self.clone(), seq, class: event.class, kind: event.kind, started, open: true };
        if event.class.is_flushed() {
            self.0.log.flush()?;
        }
        Ok(intent)
    }

    /// Records a decision that no effect follows.
    pub fn decision(&self, event: Event) -> Result<(), AuditError> {
        self.0.log.append(&self.0.actor, Draft::Decision(event)).map(drop)
    }

    /// Stands for `bytes` in entries of this log.
    pub fn commit(&self, class: Class, bytes: &[u8]) -> Commitment {
        self.0.log.commit(class, bytes)
    }

    /// The log.
    pub fn log(&self) -> &Arc<Log> {
        &self.0.log
    }

    /// In whose name.
    pub fn actor(&self) -> &Actor {
        &self.0.actor
    }
}

/// Leave to do one thing, already in the log. Ends in an outcome, by [`Intent::outcome`] or by being dropped.
#[must_use = "an intent that is dropped is logged as abandoned"]
pub struct Intent {
    auditor: Auditor,
    seq: u64,
    class: Class,
    kind: Kind,
    started: Instant,
    open: bool,
}

impl Intent {
    /// Says how it ended. An error means that the log has stopped, and the run with it.
    pub fn outcome(mut self, outcome: Outcome) -> Result<(), AuditError> {
        self.resolve(outcome)
    }

    /// `seq` of its entry.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    fn resolve(&mut self, outcome: Outcome) -> Result<(), AuditError> {
        self.open = false;
        let duration_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let draft = Draft::Outcome { of: self.seq, class: self.class, kind: self.kind, duration_us, outcome };
        self.auditor.0.log.append(&self.auditor.0.actor, draft).map(drop)
    }
}

impl Drop for Intent {
    fn drop(&mut self) {
        if self.open {
            // Nobody is left to tell; a stopped log tells by itself.
            let _ = self.resolve(Outcome::of(Status::Abandoned));
        }
    }
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
