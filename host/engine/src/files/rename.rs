//! Moving a file, a link, or a directory with all that is in it. Things move between places with equal rights only:
//! otherwise a move would make a secret readable, or take a protected file along with the folder around it.

use super::bindings::types::ErrorCode;
use super::error::{FsResult, NOT_GRANTED, OUT_OF_BOUNDS};
use super::metadata::file_type;
use super::meter::weigh;
use super::state::{Files, Place, Spelled};
use crate::uses::Need;
use rustix::fs::{FileType, Mode, OFlags, RawDir, renameat};
use skillhost_core::path::SkillPath;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// Most entries beneath a directory that moves: each is judged, and recorded.
const MAX_MOVED: usize = 10_000;
const BUFFER_BYTES: usize = 32 << 10;

/// A file or a link that moves.
struct Move {
    from: SkillPath,
    to: SkillPath,
}

impl Files {
    pub(super) fn rename(&mut self, old: Spelled, new: Spelled) -> FsResult<()> {
        if old.path.is_root() || new.path.is_root() {
            return Err(ErrorCode::Busy.into());
        }
        let needs_directory = old.is_directory || new.is_directory;
        let from = self.place(old.path)?;
        let to = self.place(new.path)?;
        self.need(Need::Hold, &from.path)?;
        self.need(Need::Hold, &to.path)?;
        let kind = file_type(&from.stat()?);
        if needs_directory && kind != FileType::Directory {
            return Err(ErrorCode::NotDirectory.into());
        }
        let mut moves = Vec::new();
        if kind == FileType::Directory {
            if to.path.starts_with(&from.path) && to.path != from.path {
                return Err(ErrorCode::Invalid.into());
            }
            self.judge_directory(&from.path, &to.path, &mut moves)?;
        } else {
            self.judge_move(&from, &to.path, kind)?;
            moves.push(Move { from: from.path.clone(), to: to.path.clone() });
        }
        self.forget_parent();
        // Each is recorded, and stays in the record: so a file that is moved about counts as often as it moves.
        let weight = moves.iter().map(|moved| weigh(&moved.to)).sum::<u64>().max(weigh(&to.path));
        self.meter.charge_created(weight)?;
        renameat(&from.parent, from.name(), &to.parent, to.name())
            .inspect_err(|_| self.meter.refund_created(weight))?;
        self.meter.note_change();
        for moved in moves.iter().filter(|moved| moved.from != moved.to) {
            self.record.note_removed(&moved.from);
            self.record.note_written(&moved.to);
        }
        Ok(())
    }

    fn judge_move(&self, from: &Place, to: &SkillPath, kind: FileType) -> FsResult<()> {
        self.need(Need::Write, &from.path)?;
        if !self.are_alike(&from.path, to)? {
            return Err(NOT_GRANTED);
        }
        match kind {
            FileType::RegularFile => Ok(()),
            // From another directory, `..` means another place.
            FileType::Symlink => self.judge_link(to, &self.target_of(from)?),
            _ => Err(OUT_OF_BOUNDS),
        }
    }

    /// Judges all that lies beneath the directory `from`, and lists it in `moves`.
    fn judge_directory(&self, from: &SkillPath, to: &SkillPath, moves: &mut Vec<Move>) -> FsResult<()> {
        let mut pending = vec![Move { from: from.clone(), to: to.clone() }];
        let mut entries = 0;
        while let Some(directory) = pending.pop() {
            self.need(Need::Hold, &directory.from)?;
            self.need(Need::Hold, &directory.to)?;
            let fd = self.tree()?.open_exactly(&directory.from, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty())?;
            let fd = Arc::new(fd);
            for name in names(&fd, MAX_MOVED.saturating_sub(entries))? {
                entries += 1;
                let place = Place { parent: Arc::clone(&fd), path: directory.from.join(&name)? };
                let to = directory.to.join(&name)?;
                let kind = file_type(&place.stat()?);
                if kind == FileType::Directory {
                    pending.push(Move { from: place.path, to });
                } else {
                    self.judge_move(&place, &to, kind)?;
                    moves.push(Move { from: place.path, to });
                }
            }
        }
        Ok(())
    }
}

/// The names in a directory. A name that is no path of ours stays where it is, and so does the directory.
fn names(fd: &OwnedFd, most: usize) -> FsResult<Vec<String>> {
    let mut buffer = Vec::with_capacity(BUFFER_BYTES);
    let mut raw = RawDir::new(fd, buffer.spare_capacity_mut());
    let mut names = Vec::new();
    while let Some(entry) = raw.next() {
        let entry = entry?;
        let name = entry.file_name().to_str().map_err(|_| OUT_OF_BOUNDS)?;
        if name == "." || name == ".." {
            continue;
        }
        if names.len() >= most {
            return Err(ErrorCode::Quota.into());
        }
        names.push(name.to_owned());
    }
    Ok(names)
}
