//! What a skill prints: kept up to a size, the rest counted and dropped. Printing never fails and never waits.

use bytes::Bytes;
use std::sync::{Arc, Mutex};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi_io::poll::Pollable;
use wasmtime_wasi_io::streams::{OutputStream, StreamResult};

/// Bytes of one call's output that are kept.
const KEPT_BYTES: usize = 64 << 10;
/// Bytes that a guest may hand over at once.
const WRITE_BYTES: usize = 64 << 10;

/// A call's standard output and error, together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output(Arc<Mutex<Printed>>);

/// What was printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    /// The beginning; it is the guest's text, and not escaped.
    pub kept: Vec<u8>,
    /// Bytes that were dropped after it.
    pub dropped_bytes: u64,
}

impl Output {
    pub(crate) fn take(&self) -> Printed {
        self.0.lock().map(|mut printed| std::mem::take(&mut *printed)).unwrap_or_default()
    }

    fn append(&self, bytes: &[u8]) {
        if let Ok(mut printed) = self.0.lock() {
            let kept = bytes.len().min(KEPT_BYTES.saturating_sub(printed.kept.len()));
            printed.kept.extend_from_slice(&bytes[..kept]);
            printed.dropped_bytes += (bytes.len() - kept) as u64;
        }
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Only WASI 0.1 and 0.3 ask for it, and neither is linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi_io::async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d_07_endless_output_stays_bounded() {
        let output = Output::default();
        for _ in 0..1000 {
            output.append(&[b'x'; 1000]);
        }
        let printed = output.take();
        assert_eq!((printed.kept.len(), printed.dropped_bytes), (KEPT_BYTES, 1_000_000 - KEPT_BYTES as u64));
        assert_eq!(output.take(), Printed::default());
    }
}
