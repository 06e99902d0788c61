//! Types, sizes, times and identities of files, as WASI tells them.
//!
//! A guest's C library asks for an identity (`metadata-hash`) with each stat, before or after it, and with each directory
//! entry. Both are answered by one system call: what it said is remembered for the very next call that names something,
//! for milliseconds at most, and not beyond a write.

use super::ambient;
use super::bindings::types::{Datetime, DescriptorStat, DescriptorType, ErrorCode, MetadataHashValue, NewTimestamp};
use rustix::fs::{FileType, Stat, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};
use skillhost_core::path::SkillPath;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an answer, or an open parent directory, is good for. Long enough for the second of a pair of calls, too
/// short for anything else to happen in between; other processes change the tree only while a skill's commands run.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_millis(5);

/// Which file it is, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) device: u64,
    pub(super) inode: u64,
}

impl Identity {
    pub(super) fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }

    /// Hashed, so that a guest learns nothing about the host's devices.
    pub(super) fn hash_value(self) -> MetadataHashValue {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        let lower = hasher.finish();
        self.inode.hash(&mut hasher);
        MetadataHashValue { lower, upper: hasher.finish() }
    }
}

/// What was just said about a name. Good for one more answer.
#[derive(Debug)]
pub(super) struct Remembered {
    pub(super) base: Arc<SkillPath>,
    pub(super) spelled: String,
    /// Where the name is a link: whether it was followed. None where it is no link, so that it does not matter.
    pub(super) followed: Option<bool>,
    pub(super) identity: Identity,
    /// Absent after a directory entry, which tells the identity alone.
    pub(super) stat: Option<Stat>,
    pub(super) at: Instant,
    /// The meter's generation then: any write since makes this stale.
    pub(super) generation: u64,
}

impl Remembered {
    pub(super) fn answers(&self, base: &SkillPath, spelled: &str, follow: bool, generation: u64) -> bool {
        self.spelled == spelled
            && *self.base == *base
            && self.followed.is_none_or(|followed| followed == follow)
            && self.generation == generation
            && is_fresh(self.at)
    }
}

/// What an open file's metadata were when it was opened.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) stat: Stat,
    pub(super) at: Instant,
    /// The meter's generation then: any write since makes this stale.
    pub(super) generation: u64,
}

pub(super) fn is_fresh(at: Instant) -> bool {
    ambient::now().duration_since(at) < REMEMBERED_FOR
}

pub(super) fn file_type(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

pub(super) fn descriptor_type(kind: FileType) -> DescriptorType {
    match kind {
        FileType::RegularFile => DescriptorType::RegularFile,
        FileType::Directory => DescriptorType::Directory,
        FileType::Symlink => DescriptorType::SymbolicLink,
        FileType::Fifo => DescriptorType::Fifo,
        FileType::Socket => DescriptorType::Socket,
        FileType::CharacterDevice => DescriptorType::CharacterDevice,
        FileType::BlockDevice => DescriptorType::BlockDevice,
        FileType::Unknown => DescriptorType::Unknown,
    }
}

#[allow(clippy::unnecessary_cast, reason = "the widths differ between architectures")]
pub(super) fn descriptor_stat(stat: &Stat) -> DescriptorStat {
    DescriptorStat {
        type_: descriptor_type(file_type(stat)),
        link_count: stat.st_nlink as u64,
        size: stat.st_size as u64,
        data_access_timestamp: datetime(stat.st_atime, stat.st_atime_nsec as u64),
        data_modification_timestamp: datetime(stat.st_mtime, stat.st_mtime_nsec as u64),
        status_change_timestamp: datetime(stat.st_ctime, stat.st_ctime_nsec as u64),
    }
}

/// None before 1970, which WASI's times can't say.
fn datetime(seconds: i64, nanoseconds: u64) -> Option<Datetime> {
    Some(Datetime { seconds: u64::try_from(seconds).ok()?, nanoseconds: u32::try_from(nanoseconds).ok()? })
}

pub(super) fn timestamps(access: NewTimestamp, modification: NewTimestamp) -> Result<Timestamps, ErrorCode> {
    Ok(Timestamps { last_access: timespec(access)?, last_modification: timespec(modification)? })
}

fn timespec(time: NewTimestamp) -> Result<Timespec, ErrorCode> {
    let special = |tv_nsec| Timespec { tv_sec: 0, tv_nsec };
    match time {
        NewTimestamp::NoChange => Ok(special(UTIME_OMIT)),
        NewTimestamp::Now => Ok(special(UTIME_NOW)),
        NewTimestamp::Timestamp(time) if time.nanoseconds >= 1_000_000_000 => Err(ErrorCode::Invalid),
        NewTimestamp::Timestamp(time) => Ok(Timespec {
            tv_sec: i64::try_from(time.seconds).map_err(|_| ErrorCode::Overflow)?,
            tv_nsec: time.nanoseconds.into(),
        }),
    }
}
