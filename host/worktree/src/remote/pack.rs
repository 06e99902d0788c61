//! Packs that come in: written to a repository of the host's own, within limits.

use crate::allocator;
use crate::ambient;
use crate::remote::error::RemoteError;
use crate::remote::packet::{Bounded, failed};
use std::cell::Cell;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::time::Duration;

/// Most objects of one pack.
const MAX_OBJECTS: usize = 2_000_000;
/// What libgit2 may allocate for one pack, all objects together: each is unfolded once, some of them to unfold others.
const UNFOLDED_BYTES: usize = 16 << 30;
/// How much is handed on at once: between two pieces, time is looked at.
const PIECE_BYTES: usize = 64 << 10;

/// Stores the pack that `from` gives in a directory of packs.
pub(super) fn store(from: impl Read, packs: &Path, max_bytes: u64, time: Duration) -> Result<(), RemoteError> {
    let until = ambient::Deadline::after(time);
    let mut from = Bounded::new(from, max_bytes, "bytes of objects");
    let (is_late, is_large) = (Cell::new(false), Cell::new(false));
    let stored = allocator::within(UNFOLDED_BYTES, || -> Result<(), RemoteError> {
        let mut indexer = git2::Indexer::new(None, packs, 0o444, false)?;
        // Called for each object, so that none goes on for long once there is no time left.
        indexer.progress(|progress| {
            is_late.set(until.is_over());
            is_large.set(progress.total_objects() > MAX_OBJECTS);
            !is_late.get() && !is_large.get()
        });
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            if until.is_over() {
                return Err(RemoteError::TooSlow);
            }
            match from.read(&mut piece) {
                Ok(0) => return Ok(indexer.commit().map(drop)?),
                Ok(count) => indexer.write_all(&piece[..count]).map_err(refused)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    });
    if is_large.get() {
        return Err(RemoteError::TooMuch { limit: MAX_OBJECTS as u64, what: "objects" });
    }
    if is_late.get() {
        return Err(RemoteError::TooSlow);
    }
    match stored {
        Ok((stored, _)) => stored,
        Err(_) => Err(RemoteError::TooMuch { limit: UNFOLDED_BYTES as u64, what: "bytes to unfold" }),
    }
}

/// What libgit2 says of a pack that it doesn't take.
fn refused(error: io::Error) -> RemoteError {
    match error.downcast::<git2::Error>() {
        // The disk may be what fails.
        Ok(error) if error.class() == git2::ErrorClass::Os => error.into(),
        Ok(_) | Err(_) => RemoteError::protocol("its pack"),
    }
}
