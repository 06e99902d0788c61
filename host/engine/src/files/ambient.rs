//! The guard's only ambient authority: opening a tree's root by its path, reading the monotonic clock, and the number
//! of descriptors that this process may have.

#![allow(clippy::disallowed_methods, reason = "ambient authority has its place here")]

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Instant;

pub(super) fn open_root(path: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

pub(super) fn now() -> Instant {
    Instant::now()
}

/// Descriptors that this process asks for, where the system lets it have them: 1,024 are the usual limit that a program
/// can lift by itself, and four calls at their quota would use them up.
const WANTED_DESCRIPTORS: u64 = 1 << 16;

/// How many descriptors this process may have, after it has lifted the limit as far as it may.
pub(super) fn most_descriptors() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let current = limit.current.unwrap_or(u64::MAX);
    let wanted = limit.maximum.map_or(WANTED_DESCRIPTORS, |most| most.min(WANTED_DESCRIPTORS));
    if current < wanted && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_ok() {
        return wanted;
    }
    current
}
