//! The crate's only access to absolute paths, the clock and git directories.

#![allow(clippy::disallowed_methods, reason = "this is the ambient module")]

use crate::allocator;
use crate::error::WorktreeError;
use rustix::fs::{CWD, Mode, OFlags};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The one door to libgit2, since every repository, database and configuration is opened in this file: behind it, what it
/// allocates is bounded, and what it makes is not checked by reading the headers of objects that others packed.
fn libgit2<T>(open: impl FnOnce() -> Result<T, git2::Error>) -> Result<T, git2::Error> {
    allocator::install();
    git2::opts::strict_object_creation(false);
    open()
}

/// Opens a git directory as git does: with the working directory that it has, and with the check of who owns both.
/// Nothing else is tried where it is none.
pub(crate) fn open_user_repository(git_directory: &Path) -> Result<git2::Repository, git2::Error> {
    use git2::RepositoryOpenFlags as Flags;
    libgit2(|| {
        git2::Repository::open_ext(git_directory, Flags::NO_SEARCH | Flags::NO_DOTGIT, std::iter::empty::<&OsStr>())
    })
}

/// Whether all of these are the user's own, or the user's configuration says to trust `directory`. The rule is git's.
pub(crate) fn is_trusted(directory: &Path, all: &[&Path]) -> bool {
    let user = rustix::process::geteuid();
    let behind_sudo = || user.is_root().then(|| std::env::var("SUDO_UID").ok()?.parse().ok()).flatten();
    let is_own = |path: &&Path| {
        fs::symlink_metadata(path).is_ok_and(|at| at.uid() == user.as_raw() || Some(at.uid()) == behind_sudo())
    };
    all.iter().all(is_own) || is_named_safe(directory).unwrap_or(false)
}

/// Whether `safe.directory` names it. An empty value takes back those before it.
fn is_named_safe(directory: &Path) -> Result<bool, git2::Error> {
    let config = libgit2(git2::Config::open_default)?;
    let mut is_safe = false;
    config.multivar("safe.directory", None)?.for_each(|entry| {
        let value = if entry.has_value() { entry.value_bytes() } else { b"" };
        is_safe = !value.is_empty() && (is_safe || value == b"*" || value == directory.as_os_str().as_bytes());
    })?;
    Ok(is_safe)
}

/// The configuration of the user and the machine, and the one in `file`, as data.
pub(crate) fn read_configuration(file: &Path) -> Result<git2::Config, git2::Error> {
    let mut config = libgit2(git2::Config::open_default)?;
    if kind_of(file).is_some_and(|kind| kind.is_file()) {
        config.add_file(file, git2::ConfigLevel::Local, false)?;
    }
    Ok(config)
}

/// Opens a git directory by itself, and replaces its configuration by an empty one.
///
/// Nothing that a repository's configuration can name (a file monitor, hooks, a filter, a credential helper, another
/// working directory) can then be looked up, let alone run.
pub(crate) fn open_git_directory(path: &Path) -> Result<git2::Repository, git2::Error> {
    let repository = libgit2(|| git2::Repository::open_bare(path))?;
    forget_configuration(&repository)?;
    Ok(repository)
}

/// From here on, its configuration is empty.
pub(crate) fn forget_configuration(repository: &git2::Repository) -> Result<(), git2::Error> {
    repository.set_config(&git2::Config::new()?)
}

/// Opens the objects of a git directory by themselves, for reading: neither refs, index, attributes nor ignore rules of
/// the repository are seen.
pub(crate) fn open_objects(git_directory: &Path) -> Result<git2::Repository, git2::Error> {
    let objects = libgit2(git2::Odb::new)?;
    let path = git_directory.join("objects");
    objects.add_disk_alternate(path.to_str().ok_or_else(|| git2::Error::from_str("its path is no text"))?)?;
    let repository = git2::Repository::from_odb(objects)?;
    forget_configuration(&repository)?;
    repository.set_index(&mut git2::Index::new()?)?;
    Ok(repository)
}

/// Makes a bare repository without a template, whose configuration the caller replaces.
pub(crate) fn init_git_directory(path: &Path) -> Result<git2::Repository, git2::Error> {
    let mut options = git2::RepositoryInitOptions::new();
    options.bare(true).no_reinit(true).mkdir(true).mkpath(false).external_template(false).initial_head("base");
    libgit2(|| git2::Repository::init_opts(path, &options))
}

/// Makes a repository with a working directory, as a user has it.
pub(crate) fn init_user_repository(path: &Path) -> Result<git2::Repository, git2::Error> {
    let mut options = git2::RepositoryInitOptions::new();
    options.no_reinit(true).mkdir(true).mkpath(false).external_template(false).initial_head("main");
    libgit2(|| git2::Repository::init_opts(path, &options))
}

/// Writes a file that can be started, and the folder that it lies in.
pub(crate) fn write_program(path: &Path, bytes: &[u8]) -> Result<(), WorktreeError> {
    let write = || -> io::Result<()> {
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::OpenOptions::new().write(true).create_new(true).mode(0o755).open(path)?.write_all(bytes)
    };
    write().map_err(|e| WorktreeError::io("write", path, e))
}

/// Runs a shell script that this program wrote, to its end. Nothing of a repository is ever started.
pub(crate) fn run_own_script(path: &Path) -> Result<(), WorktreeError> {
    let mut shell = std::process::Command::new("/bin/sh");
    shell.arg(path).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.status().map(drop).map_err(|e| WorktreeError::io("run", path, e))
}

/// A directory of the host's own that goes with this value.
pub(crate) fn temporary_directory(within: &Path) -> Result<tempfile::TempDir, WorktreeError> {
    tempfile::Builder::new().prefix("git-").tempdir_in(within).map_err(|e| WorktreeError::io("create", within, e))
}

/// A file of the host's own that has no name, and goes with this value.
pub(crate) fn temporary_file(within: &Path) -> Result<fs::File, WorktreeError> {
    tempfile::tempfile_in(within).map_err(|e| WorktreeError::io("create", within, e))
}

/// When something has to be over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    started: Instant,
    time: Duration,
}

impl Deadline {
    pub(crate) fn after(time: Duration) -> Self {
        Self { started: Instant::now(), time }
    }

    pub(crate) fn is_over(self) -> bool {
        self.started.elapsed() > self.time
    }
}

/// Seconds since 1970, for signatures.
pub(crate) fn now_s() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

/// Refuses a path that a record can't hold, and that git2 can't name objects by.
pub(crate) fn require_text(path: &Path) -> Result<(), WorktreeError> {
    path.to_str().map(drop).ok_or_else(|| WorktreeError::NotText { path: path.to_owned() })
}

/// The absolute spelling of a path, with its links resolved.
pub(crate) fn canonical(path: &Path) -> Result<PathBuf, WorktreeError> {
    fs::canonicalize(path).map_err(|e| WorktreeError::io("resolve", path, e))
}

/// What stands at a path itself, not at what it links to.
pub(crate) fn kind_of(path: &Path) -> Option<fs::FileType> {
    fs::symlink_metadata(path).ok().map(|m| m.file_type())
}

/// Opens a directory of the host's own; a link in its place is refused.
pub(crate) fn open_directory(path: &Path) -> Result<OwnedFd, WorktreeError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(|e| WorktreeError::io("open", path, e.into()))
}

/// Reads a regular file, no link, of at most `max_bytes`; none where there is no such file.
pub(crate) fn read_bounded(path: &Path, max_bytes: u64) -> Result<Option<Vec<u8>>, WorktreeError> {
    let error = |e| WorktreeError::io("read", path, e);
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let file = fs::OpenOptions::new().read(true).custom_flags(i32::try_from(flags).unwrap_or_default()).open(path);
    let file = match file {
        Ok(file) => file,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(e) => return Err(error(e)),
    };
    let metadata = file.metadata().map_err(error)?;
    if !metadata.is_file() {
        return Ok(None);
    }
    if metadata.len() > max_bytes {
        return Err(WorktreeError::TooLarge { bytes: metadata.len(), limit: max_bytes });
    }
    let mut bytes = Vec::new();
    file.take(max_bytes).read_to_end(&mut bytes).map_err(error)?;
    Ok(Some(bytes))
}

/// When a file was last written, in nanoseconds of its file system's clock.
pub(crate) fn modified_ns(path: &Path) -> Option<i128> {
    let metadata = fs::symlink_metadata(path).ok()?;
    Some(i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()))
}

/// Replaces a file of the host's own in one step, so that a kill leaves the old one or the new one.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8], durable: bool) -> Result<(), WorktreeError> {
    let temporary = draft(path);
    let write = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        if durable {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)
    };
    write().map_err(|e| WorktreeError::io("write", path, e))
}

/// Where what replaces a file is written first.
fn draft(path: &Path) -> PathBuf {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    draft.into()
}

/// Makes one directory that must not exist yet.
pub(crate) fn create_new_directory(path: &Path) -> Result<(), WorktreeError> {
    fs::DirBuilder::new().mode(0o755).create(path).map_err(|e| WorktreeError::io("create", path, e))
}

/// Copies a directory of the host's own, in which only directories and regular files are, to a place that must not exist.
pub(crate) fn copy_directory(from: &Path, to: &Path) -> Result<(), WorktreeError> {
    create_new_directory(to)?;
    for name in names_in(from, usize::MAX)? {
        let (from, to) = (from.join(&name), to.join(&name));
        match kind_of(&from) {
            Some(kind) if kind.is_dir() => copy_directory(&from, &to)?,
            Some(kind) if kind.is_file() => {
                fs::copy(&from, &to).map_err(|e| WorktreeError::io("copy", &from, e))?;
            }
            _ => return Err(WorktreeError::Irregular { path: from }),
        }
    }
    Ok(())
}

/// Removes one file, if it is there, and what a kill left that was to replace it.
pub(crate) fn remove_file(path: &Path) -> Result<(), WorktreeError> {
    for path in [&draft(path), path] {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(WorktreeError::io("remove", path, e)),
            _ => {}
        }
    }
    Ok(())
}

/// The names in a directory of the host's own, sorted, at most `limit`; empty where there is none.
pub(crate) fn names_in(path: &Path, limit: usize) -> Result<Vec<OsString>, WorktreeError> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(WorktreeError::io("list", path, e)),
    };
    let mut names = Vec::new();
    for entry in entries.take(limit) {
        names.push(entry.map_err(|e| WorktreeError::io("list", path, e))?.file_name());
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g_01_a_repository_is_opened_without_its_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let git_directory = folder.path().join("repository");
        init_git_directory(&git_directory).unwrap();
        let configured = fs::read_to_string(git_directory.join("config")).unwrap();
        let hostile = format!("{configured}[core]\n\tfsmonitor = /bin/false\n\thooksPath = /tmp\n");
        fs::write(git_directory.join("config"), hostile).unwrap();
        for open in [open_git_directory, open_objects] {
            let config = open(&git_directory).unwrap().config().unwrap();
            let mut entries = config.entries(None).unwrap();
            assert!(entries.next().is_none(), "a key is there");
        }
    }
}
