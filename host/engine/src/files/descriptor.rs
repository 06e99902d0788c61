//! What a guest's descriptor stands for: a place in the tree, or an open file.

use super::bindings::types::{DescriptorFlags, ErrorCode};
use super::metadata::{Fresh, Identity};
use super::meter::Handle;
use super::opened::OpenFile;
use skillhost_core::path::SkillPath;
use std::os::fd::OwnedFd;
use std::sync::Arc;

/// A descriptor of the guest's. Names are joined to its path, and opened from the root: a directory's own file
/// descriptor is never a starting point, since the directory could have been moved to where other rules hold.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "the generated traits, which are public, name it")]
pub struct Descriptor {
    pub(super) path: Arc<SkillPath>,
    pub(super) flags: DescriptorFlags,
    pub(super) target: Target,
}

/// What is behind a descriptor.
#[derive(Debug)]
pub(super) enum Target {
    /// The tree's root, which every call gets without opening anything.
    Root,
    Directory {
        fd: OwnedFd,
        identity: Identity,
        _handle: Handle,
    },
    File {
        file: Arc<OpenFile>,
        identity: Identity,
        fresh: Option<Fresh>,
    },
}

impl Descriptor {
    pub(super) fn root(path: Arc<SkillPath>) -> Self {
        Self { path, flags: DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY, target: Target::Root }
    }

    /// The open file; a directory is none, with the code that WASI has for it.
    pub(super) fn file(&self) -> Result<&Arc<OpenFile>, ErrorCode> {
        match &self.target {
            Target::File { file, .. } => Ok(file),
            Target::Root | Target::Directory { .. } => Err(ErrorCode::BadDescriptor),
        }
    }

    /// The path that names are joined to.
    pub(super) fn directory(&self) -> Result<&Arc<SkillPath>, ErrorCode> {
        match self.target {
            Target::Root | Target::Directory { .. } => Ok(&self.path),
            Target::File { .. } => Err(ErrorCode::NotDirectory),
        }
    }
}
