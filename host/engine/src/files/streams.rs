//! Streams over an open file. They do their work at once, in the call: handing each operation to another thread, as
//! the stock streams do, costs ten times what the operation itself does. Regular files don't keep anybody waiting.

use super::bindings::types::ErrorCode;
use super::opened::{MAX_CHUNK_BYTES, OpenFile};
use std::sync::Arc;
use wasmtime_wasi_io::async_trait;
use wasmtime_wasi_io::bytes::Bytes;
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{InputStream, OutputStream, StreamError, StreamResult};

/// Reads a file from a position on.
pub(super) struct FileInput {
    pub(super) file: Arc<OpenFile>,
    pub(super) position: u64,
}

#[async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size == 0 {
            return Ok(Bytes::new());
        }
        let bytes = self.file.read(size, self.position).map_err(failed)?;
        if bytes.is_empty() {
            return Err(StreamError::Closed);
        }
        self.position += bytes.len() as u64;
        Ok(bytes.into())
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.read(size)
    }
}

#[async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {}
}

/// Writes a file from a position on, or at its end.
pub(super) struct FileOutput {
    file: Arc<OpenFile>,
    end: End,
}

enum End {
    At(u64),
    Append,
    /// A write failed; a stream does not go on after that.
    Closed,
}

impl FileOutput {
    pub(super) fn at(file: Arc<OpenFile>, position: u64) -> Self {
        Self { file, end: End::At(position) }
    }

    pub(super) fn append(file: Arc<OpenFile>) -> Self {
        Self { file, end: End::Append }
    }

    fn put(&mut self, bytes: &[u8]) -> StreamResult<()> {
        let done = match &mut self.end {
            End::At(position) => {
                let done = self.file.write(bytes, *position);
                *position = position.saturating_add(bytes.len() as u64);
                done
            }
            End::Append => self.file.append(bytes),
            End::Closed => return Err(StreamError::Closed),
        };
        done.map_err(|code| {
            self.end = End::Closed;
            failed(code)
        })
    }
}

#[async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes)
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.check_write().map(|_| ())
    }

    /// A last write fills the quota; it is the one after that which fails. (A guest asks this after a write, too, so
    /// that an error here would be taken for that write's.)
    fn check_write(&mut self) -> StreamResult<usize> {
        match (&self.end, usize::try_from(self.file.bytes_left()).unwrap_or(usize::MAX)) {
            (End::Closed, _) => Err(StreamError::Closed),
            (End::At(_) | End::Append, 0) => Ok(MAX_CHUNK_BYTES),
            (End::At(_) | End::Append, left) => Ok(left.min(MAX_CHUNK_BYTES)),
        }
    }

    async fn blocking_write_and_flush(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.put(&bytes)
    }
}

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {}
}

/// Carries the code, which `filesystem-error-code` gives back to the guest.
fn failed(code: ErrorCode) -> StreamError {
    StreamError::LastOperationFailed(code.into())
}
