//! Sizes and numbers of an entry, without a heap allocation, since every call has some.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};

/// JSON readers keep integers exact up to here (RFC 7493), so larger counts stop here.
const MAX_COUNT: u64 = (1 << 53) - 1;

macro_rules! counts {
    ($($name:ident $key:literal $doc:literal,)*) => {
        /// What is counted. In the order of the names in JSON, since canonical JSON sorts them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Count { $(#[doc = $doc] $name,)* }

        const KEYS: &[&str] = &[$($key,)*];
    };
}

counts! {
    BytesDropped "bytes_dropped" "Bytes of an incomplete tail that were cut off.",
    BytesIn "bytes_in" "Bytes that came in: output of a command, a reply.",
    BytesOut "bytes_out" "Bytes that went out: arguments, a prompt.",
    BytesRead "bytes_read" "Bytes read from files.",
    BytesWritten "bytes_written" "Bytes written to files.",
    Calls "calls" "Calls that this entry stands for.",
    Denials "denials" "Refusals that this entry stands for.",
    EntriesListed "entries_listed" "Directory entries listed.",
    FilesCreated "files_created" "Files, folders and links made.",
    FilesOpened "files_opened" "Files opened.",
    FilesRemoved "files_removed" "Files, folders and links removed.",
    FilesRenamed "files_renamed" "Files and folders renamed.",
    TokensIn "tokens_in" "Tokens of the request.",
    TokensOut "tokens_out" "Tokens of the reply.",
}

/// A set of counts; those at zero are not written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Counts([u64; KEYS.len()]);

impl Default for Counts {
    fn default() -> Self {
        Self([0; KEYS.len()])
    }
}

impl Counts {
    /// Adds `n`, up to the largest number JSON can carry.
    pub fn add(&mut self, count: Count, n: u64) {
        if let Some(sum) = self.0.get_mut(count as usize) {
            *sum = sum.saturating_add(n).min(MAX_COUNT);
        }
    }

    /// How many.
    pub fn get(&self, count: Count) -> u64 {
        self.0.get(count as usize).copied().unwrap_or(0)
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        for (sum, n) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(n).min(MAX_COUNT);
        }
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|n| *n == 0)
    }

    fn nonzero(&self) -> impl Iterator<Item = (&'static str, u64)> {
        KEYS.iter().copied().zip(self.0).filter(|(_, n)| *n != 0)
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.nonzero()).finish()
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, n) in self.nonzero() {
            map.serialize_entry(key, &n)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = BTreeMap::<String, u64>::deserialize(deserializer)?;
        let mut counts = Self::default();
        for (key, sum) in KEYS.iter().zip(counts.0.iter_mut()) {
            *sum = map.get(*key).copied().unwrap_or(0).min(MAX_COUNT);
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_canonical_order() {
        assert!(KEYS.is_sorted());
    }

    #[test]
    fn sums_stop_at_the_largest_exact_integer() {
        let mut counts = Counts::default();
        counts.add(Count::BytesRead, u64::MAX);
        counts.add(Count::BytesRead, 1);
        assert_eq!(counts.get(Count::BytesRead), MAX_COUNT);
    }
}
