//! An open regular file: reads and writes at a position, counted and charged.

use super::bindings::types::ErrorCode;
use super::error::code;
use super::meter::{Handle, Meter};
use rustix::buffer::spare_capacity;
use rustix::fs::{fstat, ftruncate};
use rustix::io::{Errno, ReadWriteFlags, pread, pwrite, pwritev2};
use std::io::IoSlice;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Most bytes that one read hands over, and one write takes: the host holds them in memory meanwhile.
pub(super) const MAX_CHUNK_BYTES: usize = 1 << 20;

/// Largest offset and size that the kernel has.
pub(super) const MAX_FILE_BYTES: u64 = i64::MAX as u64;

/// A regular file that was opened under the rules. Shared by a descriptor and its streams.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) fd: OwnedFd,
    pub(super) may_read: bool,
    pub(super) may_write: bool,
    /// Up to here the file's length was there already or is charged for. A write beyond it is charged for the gap, so
    /// that a sparse file costs what it appears to hold.
    paid_end: AtomicU64,
    meter: Arc<Meter>,
    _handle: Handle,
}

impl OpenFile {
    pub(super) fn new(
        fd: OwnedFd,
        may_read: bool,
        may_write: bool,
        len: u64,
        meter: Arc<Meter>,
        handle: Handle,
    ) -> Self {
        Self { fd, may_read, may_write, paid_end: AtomicU64::new(len), meter, _handle: handle }
    }

    /// Reads at most `len` bytes at `offset`; none at the end of the file.
    pub(super) fn read(&self, len: usize, offset: u64) -> Result<Vec<u8>, ErrorCode> {
        if !self.may_read {
            return Err(ErrorCode::BadDescriptor);
        }
        if len == 0 {
            return Ok(Vec::new());
        }
        let mut bytes = Vec::with_capacity(len.min(MAX_CHUNK_BYTES));
        let read = retry(|| pread(&self.fd, spare_capacity(&mut bytes), offset))?;
        self.meter.note_read(read as u64);
        Ok(bytes)
    }

    /// Writes all of `bytes` at `offset`.
    pub(super) fn write(&self, mut bytes: &[u8], mut offset: u64) -> Result<(), ErrorCode> {
        self.pay(offset, bytes.len() as u64)?;
        while !bytes.is_empty() {
            let written = retry(|| pwrite(&self.fd, bytes, offset))?;
            bytes = bytes.get(written..).unwrap_or_default();
            offset = offset.saturating_add(written as u64);
        }
        Ok(())
    }

    /// Writes all of `bytes` at the end of the file, wherever that is by then.
    pub(super) fn append(&self, mut bytes: &[u8]) -> Result<(), ErrorCode> {
        self.may_change()?;
        self.meter.charge_bytes(bytes.len() as u64)?;
        self.paid_end.fetch_add(bytes.len() as u64, Relaxed);
        while !bytes.is_empty() {
            let append = ReadWriteFlags::APPEND;
            let written = retry(|| match pwritev2(&self.fd, &[IoSlice::new(bytes)], 0, append) {
                Err(Errno::NOTSUP | Errno::NOSYS) => pwrite(&self.fd, bytes, fstat(&self.fd)?.st_size as u64),
                done => done,
            })?;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }

    /// How much may still be written, to this file and others.
    pub(super) fn bytes_left(&self) -> u64 {
        self.meter.bytes_left()
    }

    /// Cuts the file, or lengthens it with zeros, which are charged like written bytes.
    pub(super) fn set_len(&self, len: u64) -> Result<(), ErrorCode> {
        if !self.may_write {
            // Linux answers so, and stock WASI with it.
            return Err(ErrorCode::Invalid);
        }
        self.pay(len, 0)?;
        retry(|| ftruncate(&self.fd, len))
    }

    /// Charges a write of `len` bytes at `offset`, and the gap before it.
    fn pay(&self, offset: u64, len: u64) -> Result<(), ErrorCode> {
        self.may_change()?;
        let end = offset.checked_add(len).filter(|end| *end <= MAX_FILE_BYTES).ok_or(ErrorCode::Invalid)?;
        let gap = offset.saturating_sub(self.paid_end.load(Relaxed));
        self.meter.charge_bytes(gap.saturating_add(len))?;
        self.paid_end.fetch_max(end, Relaxed);
        Ok(())
    }

    fn may_change(&self) -> Result<(), ErrorCode> {
        if !self.may_write {
            return Err(ErrorCode::BadDescriptor);
        }
        self.meter.note_change();
        Ok(())
    }
}

fn retry<T>(mut operation: impl FnMut() -> Result<T, Errno>) -> Result<T, ErrorCode> {
    loop {
        match operation() {
            Err(Errno::INTR) => {}
            done => return done.map_err(code),
        }
    }
}
