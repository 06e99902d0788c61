//! Listing a directory: names, types and inodes from the entries themselves, without a look at each file.

use super::bindings::types::{DescriptorType, ErrorCode};
use super::error::code;
use super::metadata::{Identity, descriptor_type, file_type};
use super::meter::{Handle, Meter};
use super::rules::Rules;
use rustix::fs::{AtFlags, FileType, RawDir, statat};
use skillhost_core::path::SkillPath;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::vec;

/// Some hundred entries for each system call.
const BUFFER_BYTES: usize = 32 << 10;

/// A listing under way.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the generated traits, which are public, name it")]
pub struct Entries {
    pub(super) directory: Arc<SkillPath>,
    fd: OwnedFd,
    device: u64,
    batch: vec::IntoIter<Entry>,
    ended: bool,
    meter: Arc<Meter>,
    _handle: Handle,
}

/// One entry that the rules let the guest know of.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) kind: DescriptorType,
    pub(super) identity: Identity,
}

impl Entries {
    pub(super) fn new(directory: Arc<SkillPath>, fd: OwnedFd, device: u64, meter: Arc<Meter>, handle: Handle) -> Self {
        Self { directory, fd, device, batch: Vec::new().into_iter(), ended: false, meter, _handle: handle }
    }

    /// The next entry that `rules` show. Names that can't be named are counted in `skipped`.
    pub(super) fn next(&mut self, rules: &Rules, skipped: &mut u64) -> Result<Option<Entry>, ErrorCode> {
        loop {
            if let Some(entry) = self.batch.next() {
                return Ok(Some(entry));
            }
            if self.ended {
                return Ok(None);
            }
            self.batch = self.read_batch(rules, skipped)?.into_iter();
        }
    }

    fn read_batch(&mut self, rules: &Rules, skipped: &mut u64) -> Result<Vec<Entry>, ErrorCode> {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES);
        let mut raw = RawDir::new(&self.fd, buffer.spare_capacity_mut());
        let mut batch = Vec::new();
        let mut seen = 0;
        loop {
            let Some(entry) = raw.next() else {
                self.ended = true;
                break;
            };
            let entry = entry.map_err(code)?;
            seen += 1;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                match str::from_utf8(name).ok().and_then(|name| Some((name, self.directory.join(name).ok()?))) {
                    Some((name, path)) => batch.extend(self.show(rules, name, &path, entry.file_type(), entry.ino())),
                    None => *skipped += 1,
                }
            }
            if raw.is_buffer_empty() {
                break;
            }
        }
        self.meter.charge_entries(seen)?;
        Ok(batch)
    }

    fn show(&self, rules: &Rules, name: &str, path: &SkillPath, kind: FileType, inode: u64) -> Option<Entry> {
        let kind = match kind {
            // Some file systems keep no types in their directories.
            FileType::Unknown => file_type(&statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).ok()?),
            known => known,
        };
        let shown = if kind == FileType::Directory { rules.passes(path) } else { rules.shows(path) };
        let identity = Identity { device: self.device, inode };
        shown.then(|| Entry { name: name.to_owned(), kind: descriptor_type(kind), identity })
    }
}
