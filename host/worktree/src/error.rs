//! What can go wrong, and what to do about it.

use git2::ErrorCode;
use rustix::io::Errno;
use std::io;
use std::path::{Path, PathBuf};

/// Why an operation on a repository or a worktree failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorktreeError {
    /// No directory from here upwards is a repository.
    #[error("no git repository at {path:?} or above it")]
    NoRepository {
        /// Where the search began.
        path: PathBuf,
    },
    /// A repository without a working directory.
    #[error("{path:?} is a bare repository")]
    Bare {
        /// Its git directory.
        path: PathBuf,
    },
    /// Nothing was committed yet.
    #[error("the repository has no commits")]
    NoCommits,
    /// Objects are fetched on demand, which would need git and the network in the middle of a run.
    #[error("the repository is a partial clone")]
    PartialClone,
    /// References are stored in a format that libgit2 does not read.
    #[error("the repository stores its references as a reftable")]
    Reftable,
    /// Object names are not SHA-1.
    #[error("the repository uses an object format other than sha1")]
    ObjectFormat,
    /// Something else that only a newer git understands.
    #[error("the repository uses a feature that is not supported: {detail:?}")]
    Extension {
        /// What libgit2 said.
        detail: String,
    },
    /// The repository belongs to somebody else.
    #[error("the repository at {path:?} belongs to another user")]
    Ownership {
        /// Where it is.
        path: PathBuf,
    },
    /// A text that is no revision, or names none that exists.
    #[error("{revision:?} does not name a commit of this repository")]
    Revision {
        /// The text.
        revision: String,
        /// Whether history was cut off when the repository was cloned.
        shallow: bool,
    },
    /// A way to name a commit that only git itself takes.
    #[error("{revision:?} is not a revision that is followed here")]
    RevisionForm {
        /// The text.
        revision: String,
    },
    /// A branch name that git refuses, or that isn't the run's own.
    #[error("{name:?} is not a branch name of this run: {rule}")]
    Branch {
        /// The name.
        name: String,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// The branch that a worktree is made for is there already.
    #[error("the branch {name:?} exists already")]
    BranchExists {
        /// Its name.
        name: String,
    },
    /// Somebody else moved or deleted the branch.
    #[error("the branch {name:?} was changed by somebody else")]
    BranchMoved {
        /// Its name.
        name: String,
    },
    /// A commit whose files can't be written safely.
    #[error("the commit has an entry that is unsafe to write: {path:?}: {rule}")]
    UnsafeTree {
        /// The entry.
        path: String,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// A directory, or something that is no file, stands where the host writes a file of its own.
    #[error("{path:?} in the worktree is not a regular file")]
    NotAFile {
        /// Relative to the tree's root.
        path: String,
    },
    /// A link, or a file, stands where a directory is needed.
    #[error("{path:?} is no directory, or leads through a link")]
    NotADirectory {
        /// Where it stands.
        path: PathBuf,
    },
    /// A name in a folder that no path of a worktree can hold.
    #[error("{name:?} is no name for a file here: {reason}")]
    Unnamable {
        /// The name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More than the host hands over or takes in at once.
    #[error("{bytes} bytes are more than the {limit} that are handled at once")]
    TooLarge {
        /// How large it is.
        bytes: u64,
        /// What would be taken.
        limit: u64,
    },
    /// A commit that unfolds to more than can be written or held.
    #[error("the commit has more than {limit} {what}")]
    CommitTooLarge {
        /// The limit.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// A FIFO, a device or a directory stands where git has a file: reading it could take for ever.
    #[error("{path:?} is not a regular file")]
    Irregular {
        /// The file of the git directory.
        path: PathBuf,
    },
    /// A link, or a text, that would lead libgit2 to another git directory than the one that was looked at.
    #[error("{path:?} leads out of its git directory")]
    Redirected {
        /// Where it stands.
        path: PathBuf,
    },
    /// A file of the git directory that doesn't name a directory though it should, or has a NUL in it.
    #[error("{path:?} is not as git writes it")]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// A file of the git directory that nobody can read as a whole.
    #[error("{path:?} is larger than {limit} bytes")]
    TooLargeForGit {
        /// The file.
        path: PathBuf,
        /// The limit.
        limit: u64,
    },
    /// A branch in whose place the run's branch needs a directory.
    #[error("the branch {name:?} can't be made beside the branch {with:?}")]
    BranchCollides {
        /// The run's branch.
        name: String,
        /// The branch that is there.
        with: String,
    },
    /// A limit on the number or depth of files.
    #[error("the tree has more than {limit} {what}")]
    Limit {
        /// The limit.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// The directory holds something else than the worktree that was asked for.
    #[error("{path:?} does not hold the recorded worktree")]
    Record {
        /// The directory.
        path: PathBuf,
    },
    /// A path that no record can hold.
    #[error("the path {path:?} is not UTF-8 text")]
    NotText {
        /// The path.
        path: PathBuf,
    },
    /// Something stands where a worktree is to be made.
    #[error("{path:?} exists already")]
    Exists {
        /// The directory.
        path: PathBuf,
    },
    /// Files are too large or too many to be saved, so that removing them would lose work.
    #[error("{count} files of the worktree at {path:?} can't be saved, first of them {first:?}")]
    Unsaved {
        /// Its directory.
        path: PathBuf,
        /// How many files.
        count: u64,
        /// The first of them.
        first: String,
    },
    /// A lock file of git's stands in the way; the detail names it.
    #[error("another git is at work there, or was ended before it could remove its lock: {detail:?}")]
    Locked {
        /// What libgit2 said.
        detail: String,
    },
    /// libgit2 failed.
    #[error("git: {:?}", .0.message())]
    Git(git2::Error),
    /// The operating system failed.
    #[error("could not {operation} {path:?}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl From<git2::Error> for WorktreeError {
    fn from(error: git2::Error) -> Self {
        match error.code() {
            ErrorCode::Locked => Self::Locked { detail: error.message().to_owned() },
            _ => Self::Git(error),
        }
    }
}

impl WorktreeError {
    /// What to do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        if self.is_storage_full() {
            return Some("make room on its disk, or raise the user's quota there, and try again".to_owned());
        }
        self.advice().map(str::to_owned)
    }

    /// Whether a limit of the host ended it, or the disk's.
    pub fn is_limit(&self) -> bool {
        self.is_storage_full()
            || matches!(
                self,
                Self::TooLarge { .. } | Self::Limit { .. } | Self::CommitTooLarge { .. } | Self::TooLargeForGit { .. }
            )
    }

    /// Whether a disk, a quota or the largest size of a file was reached.
    pub fn is_storage_full(&self) -> bool {
        const FULL: [Errno; 3] = [Errno::NOSPC, Errno::DQUOT, Errno::FBIG];
        match self {
            Self::Io { source, .. } => FULL.iter().any(|full| source.raw_os_error() == Some(full.raw_os_error())),
            // Libgit2 keeps the system's words alone.
            Self::Git(error) if error.class() == git2::ErrorClass::Os => {
                FULL.iter().any(|full| error.message().contains(words(*full).as_str()))
            }
            _ => false,
        }
    }

    fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoRepository { .. } => {
                "run it inside a repository, name one with `-C DIR`, or make one with `git init`"
            }
            Self::Bare { .. } => "run it in a clone that has a working directory",
            Self::NoCommits => "commit something first: a run starts from a commit",
            Self::PartialClone => "make a full clone: `git clone URL` without `--filter`",
            Self::Reftable => "convert it: `git refs migrate --ref-format=files`",
            Self::ObjectFormat => "only sha1 repositories are supported",
            Self::Extension { .. } => "look at the `extensions` section of the repository's configuration",
            Self::Ownership { .. } => "if you trust it: `git config --global --add safe.directory DIR`",
            Self::Revision { shallow: true, .. } => {
                "the clone is shallow: fetch the branch, or all of it with `git fetch --unshallow`"
            }
            Self::Revision { .. } => "name a branch, a tag or a commit that is in this clone",
            Self::RevisionForm { .. } => {
                "name a branch, a tag, a ref or an id, with `~N` or `^N` behind it; `git rev-parse` gives the id of others"
            }
            Self::Branch { .. } => "a branch template needs `{run}` in it, as in `skillhost/{slug}-{run}`",
            Self::BranchExists { .. } => "rename or delete the branch, or start another run",
            Self::BranchMoved { .. } => {
                "the run's work is kept under refs/skillhost/keep/; move the branch back, or start another run from it"
            }
            Self::TooLarge { .. } => "ask for less, or for a part",
            Self::Limit { .. } => "have the run's commands write less into the tree",
            Self::Record { .. } => "`skillhost gc` removes what no run needs",
            Self::NotText { .. } => "move or rename its directories so that their names are UTF-8 text",
            Self::Exists { .. } => "name a directory that does not exist",
            Self::Unsaved { .. } => "copy or remove those files, then try again",
            Self::UnsafeTree { .. } => "start from a commit without that entry",
            Self::NotADirectory { .. } => "put a directory in its place",
            Self::Unnamable { .. } => "rename it",
            Self::NotAFile { .. } => "have the run's commands leave that path alone",
            Self::CommitTooLarge { .. } => "start from a commit without what makes it so large",
            Self::Irregular { .. } | Self::TooLargeForGit { .. } | Self::Malformed { .. } => {
                "remove it, or restore the file from another clone"
            }
            Self::Redirected { .. } => "work in a clone; `git worktree add` makes a second working directory of it",
            Self::BranchCollides { .. } => {
                "rename that branch, or set another template in skillhost.toml, as in branch = \"runs/{slug}-{run}\""
            }
            // Never removed by the host: a `git gc` of the user's may be at it, and would then remove what is written here.
            Self::Locked { .. } => "if no git is at work in that repository, remove the lock file, and try again",
            Self::Git(_) => "`git fsck` says whether the repository is whole",
            Self::Io { .. } => "it must be there, and open to you for reading and writing",
        })
    }

    pub(crate) fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { operation, path: path.to_owned(), source }
    }
}

/// What the system says of an error, without the number that Rust adds.
fn words(errno: Errno) -> String {
    let text = io::Error::from(errno).to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let io = |errno: Errno| WorktreeError::io("write", Path::new("x"), errno.into());
        let git = |class, text| WorktreeError::Git(git2::Error::new(ErrorCode::GenericError, class, text));
        for full in [Errno::NOSPC, Errno::DQUOT, Errno::FBIG].map(io) {
            assert!(full.is_storage_full() && full.is_limit() && full.hint().is_some_and(|hint| hint.contains("room")));
        }
        assert!(git(git2::ErrorClass::Os, "failed to write: No space left on device").is_storage_full());
        for other in
            [io(Errno::ACCESS), git(git2::ErrorClass::Odb, "No space left on device"), WorktreeError::NoCommits]
        {
            assert!(!other.is_storage_full() && !other.is_limit() && other.hint().is_some(), "{other}");
        }
        assert!(WorktreeError::Limit { limit: 1, what: "files" }.is_limit());
    }
}
