//! A worktree's root, and how a judged path is opened beneath it.
//!
//! Every path is opened from the root's descriptor, in one step that follows no link: so the place that was judged is
//! the place that is opened, whatever somebody else moves about meanwhile. Where a link lies on the way, its target is
//! worked out here, judged like any other path, and opened in the same way.

use super::ambient;
use super::bindings::types::ErrorCode;
use super::error::{FsResult, OUT_OF_BOUNDS};
use super::meter::Quotas;
use super::rules::Rules;
use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2, readlinkat};
use rustix::io::Errno;
use skillhost_core::path::SkillPath;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;

/// Most links on the way to one file: Linux's own number.
const MAX_LINKS: u32 = 40;
/// Most steps over components and link targets together; each step costs some system calls.
const MAX_STEPS: u32 = 512;
/// How often an open is tried again that the kernel could not finish because of a rename elsewhere.
const MAX_ATTEMPTS: u32 = 16;

/// Flags to hold a directory as a starting point, which needs no right to list it.
pub(super) const AS_PLACE: OFlags = OFlags::PATH.union(OFlags::DIRECTORY);
/// Flags that every open has: no link at the end.
const ALWAYS: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC);
/// Flags that every open has but that of a place, which opens nothing that could answer: no waiting for the other end of
/// a FIFO, no controlling terminal.
const UNLESS_PLACE: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY);
const NO_LINKS: ResolveFlags =
    ResolveFlags::BENEATH.union(ResolveFlags::NO_MAGICLINKS).union(ResolveFlags::NO_SYMLINKS);

/// One worktree, with the rules and the quotas for every call on it. Made once, shared by the calls.
#[derive(Debug)]
pub struct Tree {
    root: OwnedFd,
    pub(super) rules: Rules,
    pub(super) quotas: Quotas,
    walk: Walk,
}

/// What this kernel, with the filters of this process, can do.
static WALK: OnceLock<Walk> = OnceLock::new();

/// Who walks a path's components.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// The kernel, with `openat2`.
    Kernel,
    /// The guard, one component after the other, where the kernel has no `openat2` or a filter forbids it.
    Steps,
}

/// Where links lead.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) path: SkillPath,
    /// The last link said so with a slash or a dot at its end: it can only mean a directory.
    pub(super) is_directory: bool,
}

/// Why a tree can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The root is missing, is no directory, or can't be read.
    #[error("cannot open the worktree's root")]
    Root(#[source] std::io::Error),
}

impl Tree {
    /// Opens the directory `root`. Rules and quotas hold for every call on the tree.
    ///
    /// # Errors
    /// Where `root` can't be opened as a directory.
    pub fn open(root: &Path, rules: Rules, quotas: Quotas) -> Result<Self, TreeError> {
        let mut tree = Self::open_with(root, rules, quotas, Walk::Kernel)?;
        tree.walk = *WALK.get_or_init(|| {
            // Filters of older container engines answer `EPERM` to a call that they don't know.
            match tree.open_exactly(&SkillPath::root(), AS_PLACE, Mode::empty()) {
                Err(Errno::NOSYS | Errno::PERM) => Walk::Steps,
                _ => Walk::Kernel,
            }
        });
        Ok(tree)
    }

    pub(super) fn open_with(root: &Path, rules: Rules, quotas: Quotas, walk: Walk) -> Result<Self, TreeError> {
        let root = ambient::open_root(root).map_err(|errno| TreeError::Root(errno.into()))?;
        Ok(Self { root, rules, quotas, walk })
    }

    pub(super) fn walk(&self) -> Walk {
        self.walk
    }

    pub(super) fn root(&self) -> impl AsFd + '_ {
        &self.root
    }

    /// Opens exactly `path`. A link anywhere on it is `ELOOP` or `ENOTDIR`.
    pub(super) fn open_exactly(&self, path: &SkillPath, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        let flags = flags | if flags.contains(OFlags::PATH) { ALWAYS } else { ALWAYS.union(UNLESS_PLACE) };
        match self.walk {
            Walk::Kernel => self.open_in_kernel(path, flags, mode),
            Walk::Steps => self.open_in_steps(path, flags, mode),
        }
    }

    fn open_in_kernel(&self, path: &SkillPath, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        let name = if path.is_root() { "." } else { path.as_str() };
        let mut attempts = 0;
        loop {
            match openat2(&self.root, name, flags, mode, NO_LINKS) {
                Err(Errno::AGAIN | Errno::INTR) if attempts < MAX_ATTEMPTS => attempts += 1,
                done => return done,
            }
        }
    }

    /// A [`SkillPath`] has no `..`, so that single steps which follow no link stay beneath the root.
    fn open_in_steps(&self, path: &SkillPath, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
        let mut above: Option<OwnedFd> = None;
        let step = |above: &Option<OwnedFd>, name: &str, flags: OFlags, mode: Mode| match above {
            Some(directory) => openat(directory, name, flags, mode),
            None => openat(&self.root, name, flags, mode),
        };
        let mut components = path.components().peekable();
        while let Some(name) = components.next() {
            if components.peek().is_none() {
                return step(&above, name, flags, mode);
            }
            above = Some(step(&above, name, AS_PLACE | ALWAYS, Mode::empty())?);
        }
        step(&None, ".", flags, mode)
    }

    /// Where `path` leads once the links on it are followed; the last component too where `follow_last` says so.
    /// What is missing on disk stays as it is spelled. The result is to be judged, and opened exactly.
    pub(super) fn follow_links(&self, path: &SkillPath, follow_last: bool) -> FsResult<Followed> {
        let mut pending: Vec<String> = path.as_str().rsplit('/').map(str::to_owned).collect();
        let mut reached = SkillPath::root();
        let mut is_directory = false;
        let (mut links, mut steps) = (0, 0);
        while let Some(name) = pending.pop() {
            steps += 1;
            if steps > MAX_STEPS {
                return Err(ErrorCode::Loop.into());
            }
            is_directory = matches!(name.as_str(), "" | "." | "..");
            match name.as_str() {
                "" | "." => continue,
                // The directory that was reached holds no link, so that its parent is what `..` means.
                ".." => {
                    reached = reached.parent().ok_or(OUT_OF_BOUNDS)?;
                    continue;
                }
                _ => {}
            }
            let next = reached.join(&name)?;
            if pending.is_empty() && !follow_last {
                return Ok(Followed { path: next, is_directory });
            }
            let Some(target) = self.link_target(&reached, &name)? else {
                reached = next;
                continue;
            };
            links += 1;
            if links > MAX_LINKS {
                return Err(ErrorCode::Loop.into());
            }
            if target.starts_with('/') {
                return Err(OUT_OF_BOUNDS);
            }
            pending.extend(target.rsplit('/').map(str::to_owned));
        }
        Ok(Followed { path: reached, is_directory })
    }

    /// What the link `name` in `directory` says; none where it is no link, or is missing.
    fn link_target(&self, directory: &SkillPath, name: &str) -> FsResult<Option<String>> {
        let place = match self.open_exactly(directory, AS_PLACE, Mode::empty()) {
            // What is wrong there shows when the result is opened, after it was judged.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(None),
            place => place?,
        };
        match readlinkat(&place, name, Vec::new()) {
            Ok(target) => Ok(Some(target.into_string().map_err(|_| OUT_OF_BOUNDS)?)),
            Err(Errno::INVAL | Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// Whether a link at `link` may say `target`: relative, with `..` at its beginning alone, and leading to a place inside
/// the tree. Gives that place. (A `..` further on could mean another place once a directory on the way is a link.)
pub(super) fn judge_target(link: &SkillPath, target: &str) -> FsResult<SkillPath> {
    let mut descending = false;
    for component in target.split('/') {
        match component {
            ".." if descending => return Err(OUT_OF_BOUNDS),
            "" | "." | ".." => {}
            _ => descending = true,
        }
    }
    Ok(link.parent().ok_or(OUT_OF_BOUNDS)?.join(target)?)
}
