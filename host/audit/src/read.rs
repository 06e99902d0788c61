use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use crate::{AuditError, Entry, MAX_ENTRY_BYTES, ambient, entry::parse};

/// Why a line is not an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// It is no entry of this format.
    #[error("line {line} is no audit entry")]
    Malformed {
        /// From 1.
        line: u64,
    },
    /// It is longer than an entry can be; nothing after it is read.
    #[error("line {line} is longer than an audit entry can be")]
    TooLong {
        /// From 1.
        line: u64,
    },
    /// The file ends in the middle of an entry: a crash, or an entry that is being written right now.
    #[error("line {line} is incomplete")]
    Incomplete {
        /// From 1.
        line: u64,
    },
    /// The file could not be read further.
    #[error("line {line} cannot be read")]
    Unreadable {
        /// From 1.
        line: u64,
    },
}

/// Reads the entries of a log, one line in memory at a time, also while it is written. It shows
/// what is there; whether that is the truth is the verifier's question.
pub fn read_entries(path: &Path) -> Result<Entries<BufReader<File>>, AuditError> {
    match ambient::open_existing(path)? {
        Some(file) => Ok(Entries::new(BufReader::new(file))),
        None => Err(AuditError::File {
            operation: "open",
            path: PathBuf::from(path),
            source: std::io::ErrorKind::NotFound.into(),
        }),
    }
}

/// The entries of a log. A malformed line is an item like the others, and reading goes on after it.
pub struct Entries<R> {
    lines: R,
    line: u64,
    buffer: Vec<u8>,
    ended: bool,
}

impl<R: BufRead> Entries<R> {
    /// Reads lines from anything.
    pub fn new(lines: R) -> Self {
        Self { lines, line: 0, buffer: Vec::new(), ended: false }
    }

    fn end(&mut self, damage: Damage) -> Option<Result<Entry<'static>, Damage>> {
        self.ended = true;
        Some(Err(damage))
    }
}

impl<R: BufRead> Iterator for Entries<R> {
    type Item = Result<Entry<'static>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        self.buffer.clear();
        let line = self.line + 1;
        let limit = MAX_ENTRY_BYTES as u64;
        let read = self.lines.by_ref().take(limit).read_until(b'\n', &mut self.buffer);
        self.line = line;
        match read {
            Err(_) => return self.end(Damage::Unreadable { line }),
            Ok(0) => {
                self.ended = true;
                return None;
            }
            Ok(_) => {}
        }
        match self.buffer.strip_suffix(b"\n") {
            Some(bytes) => Some(parse(bytes).ok_or(Damage::Malformed { line })),
            None if self.buffer.len() == MAX_ENTRY_BYTES => self.end(Damage::TooLong { line }),
            None => self.end(Damage::Incomplete { line }),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn garbage_is_read_to_its_end(bytes in proptest::collection::vec(any::<u8>(), 0..4096)) {
            let items: Vec<_> = Entries::new(&bytes[..]).collect();
            prop_assert!(items.len() <= bytes.len());
            prop_assert!(items.iter().all(Result::is_err));
        }

        #[test]
        fn nearly_json_is_read_to_its_end(text in r#"[{}\[\]":,a-z0-9\n]{0,400}"#) {
            let lines = text.split_terminator('\n').count();
            prop_assert_eq!(Entries::new(text.as_bytes()).count(), lines);
        }
    }

    #[test]
    fn a_14_a_line_over_the_limit_ends_the_reading() {
        let mut bytes = vec![b'x'; MAX_ENTRY_BYTES + 10];
        bytes.extend_from_slice(b"\n{}\n");
        let items: Vec<_> = Entries::new(&bytes[..]).collect();
        assert_eq!(items, [Err(Damage::TooLong { line: 1 })]);
    }

    #[test]
    fn a_deep_line_is_malformed() {
        let bytes = [vec![b'['; 20_000], b"\n".to_vec()].concat();
        let items: Vec<_> = Entries::new(&bytes[..]).collect();
        assert_eq!(items, [Err(Damage::Malformed { line: 1 })]);
    }
}
