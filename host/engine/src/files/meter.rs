//! What a call may use up, and what it has used so far. Streams outlive the calls that make them, so they share it.

use super::ambient;
use super::bindings::types::ErrorCode;
use skillhost_core::path::SkillPath;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// The most that one call may use. An exhausted quota reaches the guest as the error code `quota`.
#[derive(Debug, Clone, Copy)]
pub struct Quotas {
    /// Bytes that are written, over all files; a gap that a write leaves counts as written.
    pub bytes_written: u64,
    /// Files, directories and links that are created or moved, removed ones included. A path counts once more for each
    /// 256 bytes that it has: the host remembers all of them until the call ends.
    pub created: u64,
    /// Descriptors, and listings, that are open at one time. Each holds a file descriptor of the host.
    pub handles: u32,
    /// Directory entries that are listed.
    pub entries_listed: u64,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            // More than any change that somebody could review; less than fills a small disk.
            bytes_written: 512 << 20,
            // A generated client or a vendored package has some thousand files.
            created: 20_000,
            // More than any build tool holds.
            handles: 256,
            // A hundred listings of a large repository.
            entries_listed: 5_000_000,
        }
    }
}

/// Handles of all calls together. However many skills hold all they may, the host has descriptors left: the guests get
/// half of what the process may open.
static HELD: AtomicU64 = AtomicU64::new(0);
static MOST_HELD: OnceLock<u64> = OnceLock::new();

/// What one call has used.
#[derive(Debug)]
pub(super) struct Meter {
    quotas: Quotas,
    bytes_written: AtomicU64,
    bytes_read: AtomicU64,
    created: AtomicU64,
    entries_listed: AtomicU64,
    handles: AtomicU32,
    /// Grows with every change to a file: what was remembered before it is stale.
    generation: AtomicU64,
}

impl Meter {
    pub(super) fn new(quotas: Quotas) -> Self {
        Self {
            quotas,
            bytes_written: AtomicU64::new(0),
            bytes_read: AtomicU64::new(0),
            created: AtomicU64::new(0),
            entries_listed: AtomicU64::new(0),
            handles: AtomicU32::new(0),
            generation: AtomicU64::new(0),
        }
    }

    pub(super) fn bytes_written(&self) -> u64 {
        self.bytes_written.load(Relaxed)
    }

    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Relaxed)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Relaxed)
    }

    pub(super) fn note_change(&self) {
        self.generation.fetch_add(1, Relaxed);
    }

    pub(super) fn note_read(&self, bytes: u64) {
        self.bytes_read.fetch_add(bytes, Relaxed);
    }

    /// How much may still be written.
    pub(super) fn bytes_left(&self) -> u64 {
        self.quotas.bytes_written.saturating_sub(self.bytes_written())
    }

    pub(super) fn charge_bytes(&self, bytes: u64) -> Result<(), ErrorCode> {
        charge(&self.bytes_written, bytes, self.quotas.bytes_written)
    }

    /// Charged before paths are created, for what they [`weigh`]; given back where they were there already.
    pub(super) fn charge_created(&self, names: u64) -> Result<(), ErrorCode> {
        charge(&self.created, names, self.quotas.created)
    }

    pub(super) fn refund_created(&self, names: u64) {
        self.created.fetch_sub(names, Relaxed);
    }

    pub(super) fn charge_entries(&self, entries: u64) -> Result<(), ErrorCode> {
        charge(&self.entries_listed, entries, self.quotas.entries_listed)
    }

    /// One open descriptor's share; it is given back when the handle is dropped.
    pub(super) fn take_handle(self: &Arc<Self>) -> Result<Handle, ErrorCode> {
        let handle = Handle(Arc::clone(self));
        let held = HELD.fetch_add(1, Relaxed);
        if self.handles.fetch_add(1, Relaxed) >= self.quotas.handles
            || held >= *MOST_HELD.get_or_init(|| ambient::most_descriptors() / 2)
        {
            return Err(ErrorCode::Quota);
        }
        Ok(handle)
    }
}

/// What a path counts for among those that are created.
pub(super) fn weigh(path: &SkillPath) -> u64 {
    1 + path.as_str().len() as u64 / 256
}

fn charge(used: &AtomicU64, amount: u64, quota: u64) -> Result<(), ErrorCode> {
    let within = |now: u64| now.checked_add(amount).filter(|sum| *sum <= quota);
    used.fetch_update(Relaxed, Relaxed, within).map(|_| ()).map_err(|_| ErrorCode::Quota)
}

/// A place among the open handles.
#[derive(Debug)]
pub(super) struct Handle(Arc<Meter>);

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.handles.fetch_sub(1, Relaxed);
        HELD.fetch_sub(1, Relaxed);
    }
}
