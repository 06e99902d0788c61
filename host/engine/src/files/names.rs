//! Making, removing and moving names. All of it goes through the parent's descriptor, and is judged at the place where
//! the name really is.

use super::bindings::types::{ErrorCode, NewTimestamp};
use super::error::{FsResult, NOT_GRANTED, OUT_OF_BOUNDS};
use super::metadata::{file_type, timestamps};
use super::meter::weigh;
use super::state::{Files, Place, Spelled};
use super::tree::judge_target;
use crate::uses::Need;
use rustix::fs::{AtFlags, FileType, Mode, mkdirat, readlinkat, symlinkat, unlinkat, utimensat};
use skillhost_core::path::SkillPath;

impl Files {
    pub(super) fn create_directory(&mut self, spelled: Spelled) -> FsResult<()> {
        if spelled.path.is_root() {
            return Err(ErrorCode::Exist.into());
        }
        let place = self.place(spelled.path)?;
        if !self.rules()?.holds(&place.path) {
            // Libraries make every directory on the way; one that is there and may be seen is no denial.
            let is_known = place.stat().is_ok_and(|stat| file_type(&stat) == FileType::Directory);
            return Err(if is_known { ErrorCode::Exist.into() } else { NOT_GRANTED });
        }
        let weight = weigh(&place.path);
        self.meter.charge_created(weight)?;
        let mode = Mode::from_raw_mode(0o777);
        mkdirat(&place.parent, place.name(), mode).inspect_err(|_| self.meter.refund_created(weight))?;
        // Only now: one that is there already takes no grant.
        self.note_need(Need::Hold, &place.path)
    }

    pub(super) fn remove_directory(&mut self, spelled: Spelled) -> FsResult<()> {
        if spelled.path.is_root() {
            return Err(ErrorCode::Invalid.into());
        }
        let place = self.place(spelled.path)?;
        self.need(Need::Hold, &place.path)?;
        self.forget_parent();
        Ok(unlinkat(&place.parent, place.name(), AtFlags::REMOVEDIR)?)
    }

    pub(super) fn unlink(&mut self, spelled: Spelled) -> FsResult<()> {
        if spelled.is_directory {
            // It means what a link leads to, and that is a directory or wrong.
            self.need(Need::Write, &spelled.path)?;
            self.stat(spelled, true)?;
            return Err(ErrorCode::IsDirectory.into());
        }
        let place = self.place(spelled.path)?;
        self.need(Need::Write, &place.path)?;
        unlinkat(&place.parent, place.name(), AtFlags::empty())?;
        self.forget_linked_parent();
        self.meter.note_change();
        self.record.note_removed(&place.path);
        Ok(())
    }

    pub(super) fn symlink(&mut self, target: &str, spelled: Spelled) -> FsResult<()> {
        if spelled.is_directory {
            self.need(Need::Write, &spelled.path)?;
            self.stat(spelled, true)?;
            return Err(ErrorCode::Exist.into());
        }
        let place = self.place(spelled.path)?;
        self.need(Need::Write, &place.path)?;
        self.judge_link(&place.path, target)?;
        let weight = weigh(&place.path);
        self.meter.charge_created(weight)?;
        symlinkat(target, &place.parent, place.name()).inspect_err(|_| self.meter.refund_created(weight))?;
        self.forget_linked_parent();
        self.record.note_written(&place.path);
        Ok(())
    }

    pub(super) fn read_link(&mut self, spelled: Spelled) -> FsResult<String> {
        if spelled.is_directory {
            // It means what a link leads to, and that is no link.
            self.stat(spelled, true)?;
            return Err(ErrorCode::Invalid.into());
        }
        let place = self.place(spelled.path)?;
        self.need(Need::Show, &place.path)?;
        let target = self.target_of(&place)?;
        // What leads out would tell about the host's directories.
        judge_target(&place.path, &target)?;
        Ok(target)
    }

    pub(super) fn set_times_at(
        &mut self,
        spelled: Spelled,
        follow: bool,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> FsResult<()> {
        let Spelled { path, mut is_directory } = spelled;
        let times = timestamps(access, modification)?;
        self.need(Need::Write, &path)?;
        let mut place = self.place(path.clone())?;
        let mut kind = file_type(&place.stat()?);
        if kind == FileType::Symlink && (follow || is_directory) {
            let followed = self.tree()?.follow_links(&path, true)?;
            is_directory |= followed.is_directory;
            place = self.place(followed.path)?;
            kind = file_type(&place.stat()?);
        }
        self.need(Need::Write, &place.path)?;
        if is_directory && kind != FileType::Directory {
            return Err(ErrorCode::NotDirectory.into());
        }
        utimensat(&place.parent, place.name(), &times, AtFlags::SYMLINK_NOFOLLOW)?;
        self.meter.note_change();
        Ok(())
    }

    /// Judges what a link at `link` says: a place inside the tree, of the class that the link itself is of.
    pub(super) fn judge_link(&self, link: &SkillPath, target: &str) -> FsResult<()> {
        let place = judge_target(link, target)?;
        if self.are_alike(&place, link)? { Ok(()) } else { Err(OUT_OF_BOUNDS) }
    }

    pub(super) fn target_of(&self, place: &Place) -> FsResult<String> {
        let target = readlinkat(&place.parent, place.name(), Vec::new())?;
        Ok(target.into_string().map_err(|_| ErrorCode::IllegalByteSequence)?)
    }
}
