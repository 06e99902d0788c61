//! Opening a name: judged as it is spelled, and once more where a link leads elsewhere. Nothing is created or cut before
//! both were judged.

use super::ambient;
use super::bindings::types::{DescriptorFlags, ErrorCode, OpenFlags};
use super::descriptor::{Descriptor, Target};
use super::error::{FsResult, NOT_GRANTED, OUT_OF_BOUNDS, code};
use super::metadata::{Fresh, Identity, file_type};
use super::meter::weigh;
use super::opened::OpenFile;
use super::rules::Rules;
use super::state::{Files, Spelled};
use crate::uses::Need;
use rustix::fs::{FileType, Mode, OFlags, fstat};
use rustix::io::Errno;
use skillhost_core::path::SkillPath;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// How often creating and opening are tried in turn while somebody else removes and creates the file.
const MAX_ATTEMPTS: u32 = 4;

/// What the guest wants to open a name for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) open: OpenFlags,
    pub(super) access: DescriptorFlags,
    pub(super) follow: bool,
}

/// What came of opening.
struct Opened {
    fd: OwnedFd,
    created: bool,
}

impl Wish {
    fn reads(self) -> bool {
        self.access.contains(DescriptorFlags::READ)
    }

    fn writes(self) -> bool {
        self.access.contains(DescriptorFlags::WRITE)
    }

    fn creates(self) -> bool {
        self.open.contains(OpenFlags::CREATE)
    }

    fn truncates(self) -> bool {
        self.open.contains(OpenFlags::TRUNCATE)
    }

    /// Whether it asks for more than to read.
    pub(super) fn changes(self) -> bool {
        self.writes() || self.creates() || self.truncates()
    }

    /// Whether a file there is not for this wish, though a directory could be.
    fn is_hidden(self, rules: &Rules, path: &SkillPath) -> bool {
        !self.changes() && !if self.reads() { rules.readable(path) } else { rules.shows(path) }
    }

    /// The same for a name that can only mean a directory.
    fn for_directory(mut self) -> Result<Self, ErrorCode> {
        self.open |= OpenFlags::DIRECTORY;
        if self.creates() { Err(ErrorCode::IsDirectory) } else { Ok(self) }
    }

    fn is_exclusive(self) -> bool {
        self.creates() && self.open.contains(OpenFlags::EXCLUSIVE)
    }
}

impl Files {
    pub(super) fn open(&mut self, spelled: Spelled, mut wish: Wish) -> FsResult<Descriptor> {
        let Spelled { path, is_directory } = spelled;
        // The judgement comes first, so that nothing is to be learned about what is out of reach.
        self.judge(&path, wish)?;
        let makes_files = OpenFlags::CREATE | OpenFlags::EXCLUSIVE | OpenFlags::TRUNCATE;
        if wish.open.contains(OpenFlags::DIRECTORY) && wish.open.intersects(makes_files) {
            return Err(ErrorCode::Invalid.into());
        }
        if is_directory {
            wish = Wish { follow: true, ..wish.for_directory()? };
        }
        let handle = self.meter.take_handle()?;
        let (path, opened) = match self.open_judged(&path, wish) {
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let followed = self.tree()?.follow_links(&path, wish.follow && !wish.is_exclusive())?;
                let resolved = followed.path;
                if resolved != path {
                    self.judge(&resolved, wish)?;
                }
                if followed.is_directory {
                    wish = wish.for_directory()?;
                }
                let opened = self.open_judged(&resolved, wish);
                (resolved, opened)
            }
            opened => (path, opened),
        };
        let Opened { fd, created } = match opened {
            // Only directories may be passed through there, and it is something else.
            Err(Errno::NOTDIR) if wish.is_hidden(self.rules()?, &path) => return Err(NOT_GRANTED),
            // A link that is not followed is one, also for who asks for a directory.
            Err(Errno::NOTDIR) if !wish.follow && self.is_link(&path) => return Err(ErrorCode::Loop.into()),
            // A FIFO without a reader, or a socket.
            Err(Errno::NXIO) => return Err(OUT_OF_BOUNDS),
            opened => opened?,
        };
        let mut stat = fstat(&fd)?;
        let identity = Identity::of(&stat);
        let path = Arc::new(path);
        match file_type(&stat) {
            FileType::Directory => {
                let flags = wish.access & (DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY);
                return Ok(Descriptor { path, flags, target: Target::Directory { fd, identity, _handle: handle } });
            }
            FileType::RegularFile => {}
            _ => return Err(OUT_OF_BOUNDS),
        }
        if !wish.changes() {
            // What is hidden was opened as a directory alone, so this is none of that.
            self.note_need(if wish.reads() { Need::Read } else { Need::Show }, &path)?;
        }
        // Another name of the same file may lie where other rules hold, or outside.
        if wish.changes() && stat.st_nlink > 1 {
            return Err(OUT_OF_BOUNDS);
        }
        let flags = wish.access & (DescriptorFlags::READ | DescriptorFlags::WRITE);
        let may_change = wish.writes() || wish.truncates();
        let mut file =
            OpenFile::new(fd, wish.reads(), may_change, stat.st_size as u64, Arc::clone(&self.meter), handle);
        if wish.truncates() && stat.st_size > 0 {
            file.set_len(0)?;
            stat = fstat(&file.fd)?;
        }
        if created || wish.truncates() {
            self.record.note_written(&path);
        }
        self.record.read_count += u64::from(wish.reads());
        // Truncating may have opened it for writing, which the guest did not ask for.
        file.may_write = wish.writes();
        let fresh = Fresh { stat, at: ambient::now(), generation: self.meter.generation() };
        Ok(Descriptor { path, flags, target: Target::File { file: Arc::new(file), identity, fresh: Some(fresh) } })
    }

    /// Whether a judged path is a link.
    fn is_link(&mut self, path: &SkillPath) -> bool {
        let stat = self.place(path.clone()).and_then(|place| Ok(place.stat()?));
        stat.is_ok_and(|stat| file_type(&stat) == FileType::Symlink)
    }

    fn judge(&self, path: &SkillPath, wish: Wish) -> FsResult<()> {
        if !wish.changes() {
            return self.need(Need::Pass, path);
        }
        self.need(Need::Write, path)?;
        if wish.reads() { self.need(Need::Read, path) } else { Ok(()) }
    }

    /// Opens a judged path exactly. What may not be read, and may be a directory above something that may, is opened
    /// as a directory alone.
    fn open_judged(&self, path: &SkillPath, wish: Wish) -> Result<Opened, Errno> {
        let Some(tree) = &self.tree else { return Err(Errno::BADF) };
        let mut flags = match (wish.reads(), wish.writes() || wish.truncates()) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            (_, false) => OFlags::RDONLY,
        };
        if wish.open.contains(OpenFlags::DIRECTORY) || wish.is_hidden(&tree.rules, path) {
            flags |= OFlags::DIRECTORY;
        }
        let existing = |flags| tree.open_exactly(path, flags, Mode::empty()).map(|fd| Opened { fd, created: false });
        if !wish.creates() {
            return existing(flags);
        }
        let weight = weigh(path);
        for _ in 0..MAX_ATTEMPTS {
            if self.meter.charge_created(weight).is_err() {
                return if wish.is_exclusive() { Err(Errno::DQUOT) } else { existing(flags).map_err(quota_if_missing) };
            }
            let new = OFlags::CREATE | OFlags::EXCL;
            match tree.open_exactly(path, flags | new, Mode::from_raw_mode(0o666)) {
                Ok(fd) => return Ok(Opened { fd, created: true }),
                Err(Errno::EXIST) if !wish.is_exclusive() => self.meter.refund_created(weight),
                Err(errno) => {
                    self.meter.refund_created(weight);
                    return Err(errno);
                }
            }
            match existing(flags) {
                Err(Errno::NOENT) => {}
                opened => return opened,
            }
        }
        Err(Errno::BUSY)
    }

    /// Opens the directory at `path` anew, to list it or to work in it. Only for paths that no link lies on.
    pub(super) fn open_directory(&self, path: &SkillPath) -> FsResult<OwnedFd> {
        self.need(Need::Pass, path)?;
        let listing = OFlags::RDONLY | OFlags::DIRECTORY;
        Ok(self.tree()?.open_exactly(path, listing, Mode::empty()).map_err(code)?)
    }
}

fn quota_if_missing(errno: Errno) -> Errno {
    if errno == Errno::NOENT { Errno::DQUOT } else { errno }
}
