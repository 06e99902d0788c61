//! The guard's only ambient authority: opening a tree's root by its path, and reading the monotonic clock.

#![allow(clippy::disallowed_methods, reason = "ambient authority has its place here")]

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Instant;

pub(super) fn open_root(path: &Path) -> Result<OwnedFd, Errno> {
    openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

pub(super) fn now() -> Instant {
    Instant::now()
}
