//! What every file of a worktree looked like when its content was last known, so that telling what changed takes a
//! look at each file instead of reading it. It lies outside the tree. Losing it costs time, never correctness.

use crate::ambient;
use crate::beneath::Stamp;
use crate::error::WorktreeError;
use git2::Oid;
use std::collections::HashMap;
use std::path::Path;

const MAGIC: &[u8; 8] = b"shstat/1";
/// A million files with long paths.
const MAX_CACHE_BYTES: u64 = 512 << 20;
const FIXED_BYTES: usize = 8 + 8 + 8 + 4 + 16 + 16 + 20 + 2;

/// Path to stamp and content.
#[derive(Debug, Default)]
pub(crate) struct StatCache {
    entries: HashMap<Vec<u8>, (Stamp, Oid)>,
    /// Files that changed at or after this time may have changed once more within the same tick of the clock.
    written_ns: i128,
}

impl StatCache {
    /// Reads the cache; an empty one where it is missing or damaged.
    pub(crate) fn load(path: &Path) -> Self {
        let bytes = ambient::read_bounded(path, MAX_CACHE_BYTES).ok().flatten().unwrap_or_default();
        match (decode(&bytes), ambient::modified_ns(path)) {
            (Some(entries), Some(written_ns)) => Self { entries, written_ns },
            _ => Self::default(),
        }
    }

    /// Writes the cache. It needn't survive a power cut.
    pub(crate) fn store(&self, path: &Path) -> Result<(), WorktreeError> {
        let mut bytes = MAGIC.to_vec();
        for (name, (stamp, blob)) in &self.entries {
            let Ok(length) = u16::try_from(name.len()) else { continue };
            bytes.extend(stamp.device.to_le_bytes());
            bytes.extend(stamp.inode.to_le_bytes());
            bytes.extend(stamp.size.to_le_bytes());
            bytes.extend(stamp.mode.to_le_bytes());
            bytes.extend(stamp.modified_ns.to_le_bytes());
            bytes.extend(stamp.changed_ns.to_le_bytes());
            bytes.extend(blob.as_bytes());
            bytes.extend(length.to_le_bytes());
            bytes.extend(name);
        }
        ambient::write_atomically(path, &bytes, false)
    }

    /// The content of a file that provably wasn't touched.
    pub(crate) fn blob(&self, path: &[u8], stamp: &Stamp) -> Option<Oid> {
        let (known, blob) = self.entries.get(path)?;
        (known == stamp && stamp.changed_ns < self.written_ns).then_some(*blob)
    }

    pub(crate) fn insert(&mut self, path: Vec<u8>, stamp: Stamp, blob: Oid) {
        self.entries.insert(path, (stamp, blob));
    }
}

fn decode(bytes: &[u8]) -> Option<HashMap<Vec<u8>, (Stamp, Oid)>> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let mut entries = HashMap::new();
    while !rest.is_empty() {
        let (mut fixed, after) = rest.split_at_checked(FIXED_BYTES)?;
        let stamp = Stamp {
            device: u64::from_le_bytes(take(&mut fixed)?),
            inode: u64::from_le_bytes(take(&mut fixed)?),
            size: u64::from_le_bytes(take(&mut fixed)?),
            mode: u32::from_le_bytes(take(&mut fixed)?),
            modified_ns: i128::from_le_bytes(take(&mut fixed)?),
            changed_ns: i128::from_le_bytes(take(&mut fixed)?),
        };
        let blob = Oid::from_bytes(&take::<20>(&mut fixed)?).ok()?;
        let (name, after) = after.split_at_checked(usize::from(u16::from_le_bytes(take(&mut fixed)?)))?;
        entries.insert(name.to_vec(), (stamp, blob));
        rest = after;
    }
    Some(entries)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = bytes.split_first_chunk()?;
    *bytes = tail;
    Some(*head)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
    use super::*;

    #[test]
    fn a_damaged_cache_is_an_empty_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("stat");
        let blob = Oid::hash_object(git2::ObjectType::Blob, b"x").unwrap();
        let stamp = Stamp { device: 1, inode: 2, size: 3, mode: 0o100_644, modified_ns: 4, changed_ns: 5 };
        let mut cache = StatCache::default();
        cache.insert(b"a/b".to_vec(), stamp, blob);
        cache.store(&path).unwrap();
        let read = StatCache::load(&path);
        assert_eq!(read.blob(b"a/b", &stamp), Some(blob));
        assert_eq!(read.blob(b"a/b", &Stamp { changed_ns: 6, ..stamp }), None);
        assert_eq!(read.blob(b"a/b", &Stamp { changed_ns: read.written_ns, ..stamp }), None);
        let bytes = std::fs::read(&path).unwrap();
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            assert_eq!(StatCache::load(&path).blob(b"a/b", &stamp), None, "{length}");
        }
    }
}
