//! Cases of the functions of `wasi:filesystem` themselves.

pub(crate) mod contents;
pub(crate) mod create;
pub(crate) mod handles;
pub(crate) mod hard_links;
pub(crate) mod links;
pub(crate) mod list;
pub(crate) mod metadata;
pub(crate) mod open;
pub(crate) mod paths;
pub(crate) mod remove;
pub(crate) mod rename;
pub(crate) mod rights;
pub(crate) mod size;
pub(crate) mod streams;
pub(crate) mod times;

/// What every group needs.
pub(crate) mod prelude {
    pub(crate) use super::{CREATE, DIRECTORY, EXCLUSIVE, MUTATE, PLAIN, READ, TRUNCATE, WRITE};
    pub(crate) use super::{FOLLOW, add, get, kind, names, none, open, put, root, stat};
    pub(crate) use crate::cases;
    pub(crate) use crate::steps::{Case, Outcome, Steps};
    pub(crate) use wasip2::filesystem::types::{
        Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, ErrorCode, NewTimestamp, OpenFlags,
        PathFlags,
    };
    pub(crate) use wasip2::io::streams::{InputStream, OutputStream, StreamError};
}

use crate::steps::Outcome;
use prelude::*;
use wasip2::filesystem::preopens::get_directories;

pub(crate) const FOLLOW: PathFlags = PathFlags::SYMLINK_FOLLOW;
pub(crate) const PLAIN: OpenFlags = OpenFlags::empty();
pub(crate) const CREATE: OpenFlags = OpenFlags::CREATE;
pub(crate) const DIRECTORY: OpenFlags = OpenFlags::DIRECTORY;
pub(crate) const EXCLUSIVE: OpenFlags = OpenFlags::EXCLUSIVE;
pub(crate) const TRUNCATE: OpenFlags = OpenFlags::TRUNCATE;
pub(crate) const READ: DescriptorFlags = DescriptorFlags::READ;
pub(crate) const WRITE: DescriptorFlags = DescriptorFlags::WRITE;
pub(crate) const MUTATE: DescriptorFlags = DescriptorFlags::MUTATE_DIRECTORY;

/// No path flag: a link at the end is the link itself.
pub(crate) fn none() -> PathFlags {
    PathFlags::empty()
}

/// The directory that the guest was given.
pub(crate) fn root() -> Descriptor {
    get_directories().into_iter().find(|(_, name)| name == "/repo").unwrap().0
}

/// Opens, links at the end followed.
pub(crate) fn open(
    at: &Descriptor,
    path: &str,
    open: OpenFlags,
    access: DescriptorFlags,
) -> Result<Descriptor, ErrorCode> {
    at.open_at(FOLLOW, path, open, access)
}

/// Makes a file with this text, or replaces what is there.
pub(crate) fn put(at: &Descriptor, path: &str, text: &str) {
    let file = open(at, path, OpenFlags::CREATE | OpenFlags::TRUNCATE, DescriptorFlags::WRITE).unwrap();
    assert_eq!(file.write(text.as_bytes(), 0).unwrap(), text.len() as u64);
}

/// Makes a directory.
pub(crate) fn add(at: &Descriptor, path: &str) {
    at.create_directory_at(path).unwrap();
}

/// A small file's text.
pub(crate) fn get(at: &Descriptor, path: &str) -> Result<Vec<u8>, ErrorCode> {
    Ok(open(at, path, OpenFlags::empty(), DescriptorFlags::READ)?.read(1 << 16, 0)?.0)
}

/// What is behind a name, links followed.
pub(crate) fn stat(at: &Descriptor, path: &str) -> Result<DescriptorStat, ErrorCode> {
    at.stat_at(FOLLOW, path)
}

/// The kind of a name itself.
pub(crate) fn kind(at: &Descriptor, path: &str) -> Result<DescriptorType, ErrorCode> {
    Ok(at.stat_at(none(), path)?.type_)
}

/// The names in a directory, in order, but for what the host prepared.
pub(crate) fn names(directory: &Descriptor) -> Result<Vec<String>, ErrorCode> {
    let entries = directory.read_directory()?;
    let mut names = Vec::new();
    while let Some(entry) = entries.read_directory_entry()? {
        names.push(entry.name);
    }
    names.retain(|name| name != "given");
    names.sort();
    Ok(names)
}

impl Outcome for ErrorCode {
    fn text(self) -> String {
        self.name().into()
    }
}

impl Outcome for Descriptor {
    fn text(self) -> String {
        "ok".into()
    }
}

impl Outcome for DescriptorType {
    fn text(self) -> String {
        match self {
            DescriptorType::RegularFile => "regular-file",
            DescriptorType::Directory => "directory",
            DescriptorType::SymbolicLink => "symbolic-link",
            DescriptorType::Unknown => "unknown",
            DescriptorType::Fifo => "fifo",
            _ => "other",
        }
        .into()
    }
}

impl Outcome for DescriptorFlags {
    fn text(self) -> String {
        let names = self.iter_names().map(|(name, _)| name.to_lowercase());
        names.collect::<Vec<_>>().join(" ")
    }
}

/// Bytes, and whether they were the last.
impl Outcome for (Vec<u8>, bool) {
    fn text(self) -> String {
        format!("{}{}", self.0.text(), if self.1 { " end" } else { "" })
    }
}

impl Outcome for InputStream {
    fn text(self) -> String {
        "ok".into()
    }
}

impl Outcome for OutputStream {
    fn text(self) -> String {
        "ok".into()
    }
}

impl Outcome for StreamError {
    fn text(self) -> String {
        match self {
            StreamError::Closed => "closed".into(),
            StreamError::LastOperationFailed(error) => {
                let code = wasip2::filesystem::types::filesystem_error_code(&error);
                format!("failed: {}", code.text())
            }
        }
    }
}
