//! Where a log ends, and what a crash left there.

use std::{fs::File, os::unix::fs::FileExt, path::Path};

use skillhost_core::{digest::Digest, name::RunId};

use crate::{
    AuditError, MAX_ENTRY_BYTES,
    entry::{leaf_hash, parse},
};

/// The end of a log, ready for the next entry.
pub(crate) struct Tail {
    pub(crate) seq: u64,
    pub(crate) prev: Digest,
    pub(crate) length: u64,
    /// The incomplete entry that was cut off, up to the size of an entry.
    pub(crate) dropped: Vec<u8>,
}

/// Finds the last entry, and cuts off what comes after it. Only what no newline ends is ever cut:
/// an entry counts as written once its newline is, and a complete last line that is no entry means
/// that something else than a crash was at work.
pub(crate) fn repair(file: &File, path: &Path, run: &RunId) -> Result<Tail, AuditError> {
    let length = file.metadata().map_err(AuditError::file("look at", path))?.len();
    let end = line_end_before(file, length).map_err(AuditError::file("read", path))?;
    let rest = read(file, end, length.min(end + MAX_ENTRY_BYTES as u64)).map_err(AuditError::file("read", path))?;

    let Some(last_newline) = end.checked_sub(1) else {
        cut(file, path, 0, length)?;
        return Ok(Tail { seq: 0, prev: Digest::of(b""), length: 0, dropped: rest });
    };
    let start = line_end_before(file, last_newline).map_err(AuditError::file("read", path))?;
    if end - start > MAX_ENTRY_BYTES as u64 {
        return Err(AuditError::LogDamaged(path.into()));
    }
    let line = read(file, start, last_newline).map_err(AuditError::file("read", path))?;
    let last = parse(&line).ok_or_else(|| AuditError::LogDamaged(path.into()))?;
    if *last.run != *run {
        return Err(AuditError::LogForeign(path.into()));
    }
    let seq = last.seq.checked_add(1).ok_or_else(|| AuditError::LogDamaged(path.into()))?;
    cut(file, path, end, length)?;
    Ok(Tail { seq, prev: leaf_hash(&line), length: end, dropped: rest })
}

fn cut(file: &File, path: &Path, end: u64, length: u64) -> Result<(), AuditError> {
    if end < length {
        file.set_len(end).map_err(AuditError::file("repair", path))?;
    }
    Ok(())
}

/// The place after the last newline before `limit`; 0 where there is none.
fn line_end_before(file: &File, limit: u64) -> std::io::Result<u64> {
    let mut end = limit;
    while end > 0 {
        let start = end.saturating_sub(MAX_ENTRY_BYTES as u64);
        let chunk = read(file, start, end)?;
        if let Some(at) = chunk.iter().rposition(|b| *b == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

fn read(file: &File, start: u64, end: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(end - start).map_err(std::io::Error::other)?];
    file.read_exact_at(&mut bytes, start)?;
    Ok(bytes)
}
