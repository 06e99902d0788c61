//! One call's view of its tree: finding places by spelled names, and what the call did so far.

use super::ambient;
use super::bindings::types::ErrorCode;
use super::error::{FsError, FsResult, NOT_GRANTED, OUT_OF_BOUNDS};
use super::metadata::{Remembered, file_type, is_fresh};
use super::meter::{Meter, Quotas};
use super::record::FileRecord;
use super::rules::Rules;
use super::tree::{AS_PLACE, Tree};
use crate::uses::{Need, Noting, Uses};
use rustix::fs::{AtFlags, FileType, Mode, Stat, fstat, statat};
use rustix::io::Errno;
use skillhost_core::path::SkillPath;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

/// The files that one store's guest works on. Making it opens nothing.
#[derive(Debug)]
pub struct Files {
    pub(super) tree: Option<Arc<Tree>>,
    pub(super) meter: Arc<Meter>,
    pub(super) record: FileRecord,
    /// For the next call alone; every call takes it.
    pub(super) remembered: Option<Remembered>,
    /// The directory that was last worked in. Dropped when the guest moves or removes a directory.
    parent: Option<Parent>,
    /// Where it is noted what was needed of the rules; nowhere in most calls.
    uses: Option<Noting>,
}

#[derive(Debug)]
struct Parent {
    spelled: SkillPath,
    /// Where `spelled` leads, where a link lies on it.
    resolved: Option<SkillPath>,
    fd: Arc<OwnedFd>,
    at: Instant,
}

/// A name as the guest spelled it, joined to the descriptor's path. Not judged yet.
#[derive(Debug)]
pub(super) struct Spelled {
    pub(super) path: SkillPath,
    /// It ends in a slash, or in a dot: it can only mean a directory.
    pub(super) is_directory: bool,
}

/// A name in a directory that is held open, no link on the way to it. Judged by whoever asked for it.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) parent: Arc<OwnedFd>,
    pub(super) path: SkillPath,
}

impl Place {
    pub(super) fn name(&self) -> &str {
        self.path.name().unwrap_or(".")
    }

    pub(super) fn stat(&self) -> Result<Stat, Errno> {
        statat(&self.parent, self.name(), AtFlags::SYMLINK_NOFOLLOW)
    }
}

impl Spelled {
    pub(super) fn join(base: &SkillPath, spelled: &str) -> FsResult<Self> {
        let path = base.join(spelled)?;
        let last = spelled.rsplit('/').next().unwrap_or_default();
        Ok(Self { path, is_directory: matches!(last, "" | "." | "..") })
    }
}

impl Files {
    /// A call's files in `tree`, or none at all.
    pub fn new(tree: Option<Arc<Tree>>) -> Self {
        let quotas = tree.as_ref().map_or_else(Quotas::default, |tree| tree.quotas);
        Self {
            tree,
            meter: Arc::new(Meter::new(quotas)),
            record: FileRecord::default(),
            remembered: None,
            parent: None,
            uses: None,
        }
    }

    /// The same, and what is needed of the rules is noted there.
    pub(crate) fn noting_uses(self, uses: Option<Uses>) -> Self {
        Self { uses: uses.map(Uses::of_files), ..self }
    }

    /// What the call has done so far.
    pub fn record(&self) -> FileRecord {
        self.counted(self.record.clone())
    }

    /// What the call did; nothing of it stays.
    pub fn take_record(&mut self) -> FileRecord {
        let record = std::mem::take(&mut self.record);
        self.counted(record)
    }

    fn counted(&self, record: FileRecord) -> FileRecord {
        FileRecord { bytes_read: self.meter.bytes_read(), bytes_written: self.meter.bytes_written(), ..record }
    }

    /// Only descriptors lead here, and without a tree there is none.
    pub(super) fn tree(&self) -> FsResult<&Arc<Tree>> {
        self.tree.as_ref().ok_or(FsError::Code(ErrorCode::BadDescriptor))
    }

    pub(super) fn rules(&self) -> FsResult<&Rules> {
        Ok(&self.tree()?.rules)
    }

    /// Records a denial where `result` is one.
    pub(super) fn noting<T>(
        &mut self,
        operation: &'static str,
        base: &SkillPath,
        spelled: &str,
        result: FsResult<T>,
    ) -> FsResult<T> {
        let is_denied = matches!(&result, Err(FsError::Denied(_)));
        if is_denied {
            self.record.note_denied(operation, base, spelled);
        }
        if let Some(uses) = &self.uses {
            uses.settle(is_denied);
        }
        result
    }

    /// Finds the directory that holds `path`, and holds it open. Gives no answer about what is out of the grant's reach,
    /// neither as it is spelled nor where links lead: not even whether it is there.
    pub(super) fn place(&mut self, path: SkillPath) -> FsResult<Place> {
        if path.is_root() {
            return Err(OUT_OF_BOUNDS);
        }
        self.need(Need::Pass, &path)?;
        let above = path.as_str().rfind('/').map_or("", |at| &path.as_str()[..at]);
        if self.parent.as_ref().is_none_or(|parent| parent.spelled.as_str() != above || !is_fresh(parent.at)) {
            self.parent = None;
            let spelled = path.parent().unwrap_or_else(SkillPath::root);
            let parent = self.open_parent(spelled)?;
            self.parent = Some(parent);
        }
        let Some(parent) = &self.parent else { return Err(OUT_OF_BOUNDS) };
        let path = match (&parent.resolved, path.name()) {
            (Some(resolved), Some(name)) => resolved.join(name)?,
            _ => path,
        };
        if parent.resolved.is_some() {
            self.need(Need::Pass, &path)?;
        }
        Ok(Place { parent: Arc::clone(&parent.fd), path })
    }

    fn open_parent(&self, spelled: SkillPath) -> FsResult<Parent> {
        let tree = self.tree()?;
        let (fd, resolved) = match tree.open_exactly(&spelled, AS_PLACE, Mode::empty()) {
            Err(Errno::LOOP | Errno::NOTDIR) => {
                let resolved = tree.follow_links(&spelled, true)?.path;
                if resolved == spelled {
                    return Err(ErrorCode::NotDirectory.into());
                }
                self.need(Need::Pass, &resolved)?;
                (tree.open_exactly(&resolved, AS_PLACE, Mode::empty())?, Some(resolved))
            }
            fd => (fd?, None),
        };
        Ok(Parent { spelled, resolved, fd: Arc::new(fd), at: ambient::now() })
    }

    /// Drops everything that is remembered of the tree: somebody else, a command, may change it now.
    pub(crate) fn forget(&mut self) {
        self.remembered = None;
        self.parent = None;
        // Open descriptors remember too, each up to the next change.
        self.meter.note_change();
    }

    /// Must follow everything that moves or removes a directory.
    pub(super) fn forget_parent(&mut self) {
        self.parent = None;
    }

    /// Must follow everything that replaces a link, since one may lie on the way to the parent.
    pub(super) fn forget_linked_parent(&mut self) {
        self.parent.take_if(|parent| parent.resolved.is_some());
    }

    /// The metadata behind a name, and whether the name is a link. Shows what may be known of, and nothing else.
    pub(super) fn stat(&mut self, spelled: Spelled, follow: bool) -> FsResult<(Stat, bool)> {
        let Spelled { path, mut is_directory } = spelled;
        if path.is_root() {
            return Ok((fstat(self.tree()?.root())?, false));
        }
        let mut place = self.place(path)?;
        let mut stat = place.stat();
        let is_link = stat.as_ref().is_ok_and(|stat| file_type(stat) == FileType::Symlink);
        if is_link && (follow || is_directory) {
            let followed = self.tree()?.follow_links(&place.path, true)?;
            if followed.path.is_root() {
                return Ok((fstat(self.tree()?.root())?, true));
            }
            is_directory |= followed.is_directory;
            place = self.place(followed.path)?;
            stat = place.stat();
        }
        let stat = stat?;
        let kind = file_type(&stat);
        if kind == FileType::Symlink && (follow || is_directory) {
            return Err(ErrorCode::Loop.into());
        }
        if kind != FileType::Directory {
            if is_directory {
                return Err(ErrorCode::NotDirectory.into());
            }
            self.need(Need::Show, &place.path)?;
        }
        Ok((stat, is_link))
    }

    /// Refuses what the rules don't grant, and notes where they do.
    pub(super) fn need(&self, need: Need, path: &SkillPath) -> FsResult<()> {
        if !self.rules()?.grants(need, path) {
            return Err(NOT_GRANTED);
        }
        self.note_need(need, path)
    }

    /// Notes what was needed and is granted, as was seen elsewhere.
    pub(super) fn note_need(&self, need: Need, path: &SkillPath) -> FsResult<()> {
        if let Some(uses) = &self.uses {
            uses.file(need, path, self.rules()?.is_lifted(need, path));
        }
        Ok(())
    }

    /// Whether two places have the same rights, which is noted where they have.
    pub(super) fn are_alike(&self, one: &SkillPath, other: &SkillPath) -> FsResult<bool> {
        let are_alike = self.rules()?.rights(one) == self.rules()?.rights(other);
        if let (true, Some(uses)) = (are_alike, &self.uses) {
            uses.alike(one, other);
        }
        Ok(are_alike)
    }
}
