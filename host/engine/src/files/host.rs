//! `wasi:filesystem`, function by function: each finds its descriptor, and leaves the work to the module that knows.

use super::FilesCtxView;
use super::ROOT_NAME;
use super::ambient;
use super::bindings::preopens;
use super::bindings::types::{
    Advice, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry, ErrorCode, Filesize, Host, HostDescriptor,
    HostDirectoryEntryStream, MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use super::descriptor::{Descriptor, Target};
use super::entries::Entries;
use super::error::{FsError, FsResult, OUT_OF_BOUNDS};
use super::metadata::{Identity, Remembered, descriptor_stat, is_fresh, timestamps};
use super::open::Wish;
use super::opened::{MAX_CHUNK_BYTES, MAX_FILE_BYTES};
use super::state::{Files, Spelled};
use super::streams::{FileInput, FileOutput};
use crate::uses::Need;
use rustix::fs::{Stat, fstat, futimens};
use skillhost_core::path::SkillPath;
use std::sync::Arc;
use wasmtime::component::{Resource, ResourceTableError};
use wasmtime_wasi_io::streams::{DynInputStream, DynOutputStream};

type Fd = Resource<Descriptor>;

impl preopens::Host for FilesCtxView<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        if self.files.tree.is_none() {
            return Ok(Vec::new());
        }
        match self.table.push(Descriptor::root(Arc::new(SkillPath::root()))) {
            Ok(root) => Ok(vec![(root, ROOT_NAME.to_owned())]),
            // A guest that has filled its table can still be told that there is nothing.
            Err(ResourceTableError::Full) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Host for FilesCtxView<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        match error {
            FsError::Code(code) | FsError::Denied(code) => Ok(code),
            FsError::Trap(trap) => Err(trap),
        }
    }

    fn filesystem_error_code(&mut self, error: Resource<wasmtime::Error>) -> wasmtime::Result<Option<ErrorCode>> {
        Ok(self.table.get(&error)?.downcast_ref::<ErrorCode>().copied())
    }
}

impl FilesCtxView<'_> {
    /// The path that a name is joined to. Also forgets what was remembered for this call alone.
    fn base(&mut self, fd: &Fd) -> FsResult<Arc<SkillPath>> {
        self.files.remembered = None;
        Ok(Arc::clone(self.table.get(fd)?.directory()?))
    }

    /// Does the work that one name asks for, and records a denial.
    fn named<T>(
        &mut self,
        operation: &'static str,
        fd: &Fd,
        spelled: &str,
        work: impl FnOnce(&mut Files, Spelled) -> FsResult<T>,
    ) -> FsResult<T> {
        let base = self.base(fd)?;
        let result = Spelled::join(&base, spelled).and_then(|spelled| work(self.files, spelled));
        self.files.noting(operation, &base, spelled, result)
    }

    /// What a name stands for, remembered for the second half of a guest library's pair of questions.
    fn stat_name(&mut self, operation: &'static str, fd: &Fd, follow: bool, spelled: String) -> FsResult<Stat> {
        if let Some(known) = self.known(fd, &spelled, follow)?
            && let Some(stat) = known.stat
        {
            return Ok(stat);
        }
        let (stat, is_link) = self.named(operation, fd, &spelled, |files, spelled| files.stat(spelled, follow))?;
        self.files.remembered = Some(Remembered {
            base: Arc::clone(self.table.get(fd)?.directory()?),
            spelled,
            followed: is_link.then_some(follow),
            identity: Identity::of(&stat),
            stat: Some(stat),
            at: ambient::now(),
            generation: self.files.meter.generation(),
        });
        Ok(stat)
    }

    /// What is remembered, where it answers this question. It is gone afterwards, whether it does or not.
    fn known(&mut self, fd: &Fd, spelled: &str, follow: bool) -> FsResult<Option<Remembered>> {
        let Some(remembered) = self.files.remembered.take() else { return Ok(None) };
        let base = self.table.get(fd)?.directory()?;
        let generation = self.files.meter.generation();
        Ok(remembered.answers(base, spelled, follow, generation).then_some(remembered))
    }

    /// What is behind an open descriptor.
    fn stat_of(&self, fd: &Fd) -> FsResult<Stat> {
        Ok(match &self.table.get(fd)?.target {
            Target::Root => fstat(self.files.tree()?.root())?,
            Target::Directory { fd, .. } => fstat(fd)?,
            Target::File { file, .. } => fstat(&file.fd)?,
        })
    }

    fn identity(&self, fd: &Fd) -> FsResult<Identity> {
        Ok(match self.table.get(fd)?.target {
            Target::Root => Identity::of(&self.stat_of(fd)?),
            Target::Directory { identity, .. } | Target::File { identity, .. } => identity,
        })
    }

    fn output(&mut self, fd: &Fd, position: Option<Filesize>) -> FsResult<Resource<DynOutputStream>> {
        self.files.remembered = None;
        let descriptor = self.table.get(fd)?;
        let file = descriptor.file()?;
        if !file.may_write {
            return Err(ErrorCode::BadDescriptor.into());
        }
        // C libraries take a stream's error for an I/O error, whatever it is. Here they take the code.
        if file.bytes_left() == 0 {
            return Err(ErrorCode::Quota.into());
        }
        self.files.record.note_written(&descriptor.path);
        let file = Arc::clone(file);
        let output: DynOutputStream = Box::new(match position {
            Some(position) => FileOutput::at(file, position),
            None => FileOutput::append(file),
        });
        Ok(self.table.push(output)?)
    }
}

impl HostDescriptor for FilesCtxView<'_> {
    fn read_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        // POSIX tells who reads a directory more than who writes one.
        let file = self.table.get(&fd)?.file().map_err(|_| ErrorCode::IsDirectory)?;
        if !file.may_read {
            return Err(ErrorCode::BadDescriptor.into());
        }
        let input: DynInputStream = Box::new(FileInput { file: Arc::clone(file), position: offset });
        Ok(self.table.push(input)?)
    }

    fn write_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, Some(offset))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        self.output(&fd, None)
    }

    fn advise(&mut self, fd: Fd, offset: Filesize, len: Filesize, _: Advice) -> FsResult<()> {
        // Advice may be ignored, and a guest has none to give about the host's page cache.
        self.table.get(&fd)?.file()?;
        if offset > MAX_FILE_BYTES || len > MAX_FILE_BYTES { Err(ErrorCode::Invalid.into()) } else { Ok(()) }
    }

    fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        self.sync(fd)
    }

    fn get_flags(&mut self, fd: Fd) -> FsResult<DescriptorFlags> {
        Ok(self.table.get(&fd)?.flags)
    }

    fn get_type(&mut self, fd: Fd) -> FsResult<DescriptorType> {
        Ok(match self.table.get(&fd)?.target {
            Target::Root | Target::Directory { .. } => DescriptorType::Directory,
            Target::File { .. } => DescriptorType::RegularFile,
        })
    }

    fn set_size(&mut self, fd: Fd, size: Filesize) -> FsResult<()> {
        self.files.remembered = None;
        let descriptor = self.table.get(&fd)?;
        descriptor.file()?.set_len(size)?;
        self.files.record.note_written(&descriptor.path);
        Ok(())
    }

    fn set_times(&mut self, fd: Fd, access: NewTimestamp, modification: NewTimestamp) -> FsResult<()> {
        self.files.remembered = None;
        let times = timestamps(access, modification)?;
        let descriptor = self.table.get(&fd)?;
        let path = Arc::clone(&descriptor.path);
        let is_open_to_write = matches!(&descriptor.target, Target::File { file, .. } if file.may_write);
        let result = if is_open_to_write { Ok(()) } else { self.files.need(Need::Write, &path) };
        self.files.noting("set-times", &path, "", result)?;
        match &self.table.get(&fd)?.target {
            Target::Root => return Err(OUT_OF_BOUNDS),
            Target::Directory { fd, .. } => futimens(fd, &times)?,
            Target::File { file, .. } => futimens(&file.fd, &times)?,
        }
        self.files.meter.note_change();
        Ok(())
    }

    fn read(&mut self, fd: Fd, len: Filesize, offset: Filesize) -> FsResult<(Vec<u8>, bool)> {
        let len = usize::try_from(len).unwrap_or(usize::MAX).min(MAX_CHUNK_BYTES);
        let bytes = self.table.get(&fd)?.file()?.read(len, offset)?;
        let ended = bytes.is_empty() && len > 0;
        Ok((bytes, ended))
    }

    fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        self.files.remembered = None;
        let descriptor = self.table.get(&fd)?;
        let bytes = bytes.get(..MAX_CHUNK_BYTES).unwrap_or(&bytes);
        descriptor.file()?.write(bytes, offset)?;
        self.files.record.note_written(&descriptor.path);
        Ok(bytes.len() as Filesize)
    }

    fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<Entries>> {
        let directory = self.base(&fd)?;
        let handle = self.files.meter.take_handle()?;
        let result = self.files.open_directory(&directory);
        let opened = self.files.noting("read-directory", &directory, "", result)?;
        let device = fstat(&opened)?.st_dev;
        let meter = Arc::clone(&self.files.meter);
        Ok(self.table.push(Entries::new(directory, opened, device, meter, handle))?)
    }

    fn sync(&mut self, fd: Fd) -> FsResult<()> {
        // The tree is the host's to keep: what counts is what it commits. A guest does not make the disk busy.
        self.table.get(&fd)?;
        Ok(())
    }

    fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.named("create-directory-at", &fd, &path, Files::create_directory)
    }

    fn stat(&mut self, fd: Fd) -> FsResult<DescriptorStat> {
        self.files.remembered = None;
        if let Target::File { fresh, .. } = &mut self.table.get_mut(&fd)?.target
            && let Some(fresh) = fresh.take()
            && fresh.generation == self.files.meter.generation()
            && is_fresh(fresh.at)
        {
            return Ok(descriptor_stat(&fresh.stat));
        }
        Ok(descriptor_stat(&self.stat_of(&fd)?))
    }

    fn stat_at(&mut self, fd: Fd, flags: PathFlags, path: String) -> FsResult<DescriptorStat> {
        Ok(descriptor_stat(&self.stat_name("stat-at", &fd, follows(flags), path)?))
    }

    fn set_times_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        access: NewTimestamp,
        modification: NewTimestamp,
    ) -> FsResult<()> {
        self.named("set-times-at", &fd, &path, |files, spelled| {
            files.set_times_at(spelled, follows(flags), access, modification)
        })
    }

    /// Refused: two names of one file would have the rights of either.
    fn link_at(&mut self, fd: Fd, _: PathFlags, _: String, new: Fd, new_path: String) -> FsResult<()> {
        self.base(&fd)?;
        self.named("link-at", &new, &new_path, |_, _| Err(OUT_OF_BOUNDS))
    }

    fn open_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
        open: OpenFlags,
        access: DescriptorFlags,
    ) -> FsResult<Fd> {
        let wish = Wish { open, access, follow: follows(flags) };
        let operation = if wish.changes() { "open-at to write" } else { "open-at" };
        let descriptor = self.named(operation, &fd, &path, |files, spelled| files.open(spelled, wish))?;
        Ok(self.table.push(descriptor)?)
    }

    fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        self.named("readlink-at", &fd, &path, Files::read_link)
    }

    fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.named("remove-directory-at", &fd, &path, Files::remove_directory)
    }

    fn rename_at(&mut self, fd: Fd, old_path: String, new: Fd, new_path: String) -> FsResult<()> {
        let new_base = self.base(&new)?;
        self.named("rename-at", &fd, &old_path, |files, old| {
            let result = Spelled::join(&new_base, &new_path).and_then(|new| files.rename(old, new));
            files.noting("rename-at", &new_base, &new_path, result)
        })
    }

    fn symlink_at(&mut self, fd: Fd, target: String, path: String) -> FsResult<()> {
        self.named("symlink-at", &fd, &path, |files, spelled| files.symlink(&target, spelled))
    }

    fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        self.named("unlink-file-at", &fd, &path, Files::unlink)
    }

    fn is_same_object(&mut self, one: Fd, other: Fd) -> wasmtime::Result<bool> {
        match (self.identity(&one), self.identity(&other)) {
            (Ok(one), Ok(other)) => Ok(one == other),
            (Err(FsError::Trap(trap)), _) | (_, Err(FsError::Trap(trap))) => Err(trap),
            _ => Ok(false),
        }
    }

    fn metadata_hash(&mut self, fd: Fd) -> FsResult<MetadataHashValue> {
        Ok(self.identity(&fd)?.hash_value())
    }

    fn metadata_hash_at(&mut self, fd: Fd, flags: PathFlags, path: String) -> FsResult<MetadataHashValue> {
        let follow = follows(flags);
        if let Some(known) = self.known(&fd, &path, follow)? {
            return Ok(known.identity.hash_value());
        }
        Ok(Identity::of(&self.stat_name("metadata-hash-at", &fd, follow, path)?).hash_value())
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.table.delete(fd)?;
        Ok(())
    }
}

impl HostDirectoryEntryStream for FilesCtxView<'_> {
    fn read_directory_entry(&mut self, stream: Resource<Entries>) -> FsResult<Option<DirectoryEntry>> {
        self.files.remembered = None;
        let Some(tree) = &self.files.tree else { return Ok(None) };
        let entries = self.table.get_mut(&stream)?;
        let Some(entry) = entries.next(&tree.rules, &mut self.files.record.skipped_names)? else { return Ok(None) };
        self.files.remembered = Some(Remembered {
            base: Arc::clone(&entries.directory),
            spelled: entry.name.clone(),
            followed: (entry.kind == DescriptorType::SymbolicLink).then_some(false),
            identity: entry.identity,
            stat: None,
            at: ambient::now(),
            generation: self.files.meter.generation(),
        });
        Ok(Some(DirectoryEntry { type_: entry.kind, name: entry.name }))
    }

    fn drop(&mut self, stream: Resource<Entries>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}

fn follows(flags: PathFlags) -> bool {
    flags.contains(PathFlags::SYMLINK_FOLLOW)
}
