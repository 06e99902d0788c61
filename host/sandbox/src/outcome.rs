//! How a command ended and what it wrote.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::level::Attestation;

/// The record of one command that ran.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// What it wrote, up to the command's output limit.
    pub output: Output,
    /// Bytes it wrote as far as they were read; more than `output` holds where the limit was reached.
    pub output_size: u64,
    /// Wall-clock time from start to end.
    pub duration: Duration,
    /// What stood around it.
    pub attestation: Attestation,
}

/// How a command ended. Only `Code(0)` is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Exit {
    /// It ended by itself, with this exit code.
    Code(i32),
    /// A signal ended it.
    Signal(i32),
    /// It was still running when its time was over.
    TimedOut,
    /// It wrote more than it may.
    OutputLimit,
    /// It used more memory than it may.
    MemoryLimit,
    /// It ran more processes than it may.
    ProcessLimit,
    /// The worktree grew by more than it may.
    DiskLimit,
    /// The caller ended it.
    Cancelled,
}

impl Exit {
    /// Whether the command did what it was asked to.
    pub fn is_success(self) -> bool {
        self == Self::Code(0)
    }
}

/// Output of a command, stdout and stderr as they came. Untrusted bytes: escape before showing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output(Vec<u8>);

impl Output {
    /// All that was kept.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Number of bytes that were kept.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// At most `length` bytes from `offset` on; empty beyond the end.
    pub fn read(&self, offset: u64, length: usize) -> &[u8] {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let end = start.saturating_add(length).min(self.0.len());
        &self.0[start..end]
    }

    /// The last `length` bytes, where a test suite says what failed.
    pub fn tail(&self, length: usize) -> &[u8] {
        &self.0[self.0.len().saturating_sub(length)..]
    }

    /// Appends what fits below `limit_bytes`; false where something did not fit.
    pub(crate) fn append(&mut self, bytes: &[u8], limit_bytes: usize) -> bool {
        let room = limit_bytes.saturating_sub(self.0.len());
        self.0.extend_from_slice(&bytes[..bytes.len().min(room)]);
        bytes.len() <= room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_keeps_the_head_and_says_when_it_is_full() {
        let mut output = Output::default();
        assert!(output.append(b"hello", 8));
        assert!(!output.append(b" world", 8));
        assert_eq!(output.as_bytes(), b"hello wo");
        assert_eq!(output.tail(2), b"wo");
        assert_eq!(output.tail(100), b"hello wo");
    }

    #[test]
    fn output_is_read_by_offset_and_never_beyond_its_end() {
        let mut output = Output::default();
        output.append(b"abcdef", 100);
        assert_eq!(output.read(2, 3), b"cde");
        assert_eq!(output.read(4, usize::MAX), b"ef");
        assert_eq!(output.read(u64::MAX, 3), b"");
    }
}
