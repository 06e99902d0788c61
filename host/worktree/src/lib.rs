//! Worktrees, commits, diffs and the sweep: the only crate that knows git.
//!
//! An agent's tree is a plain directory. There is no `.git` in it, and it is not registered in the user's repository
//! as a linked worktree: what the host knows about it (its branch, its base, what every file looked like when it was
//! written) lies beside the tree, where no skill and no command can reach it. What is shared with the user's
//! repository is its objects and the run's own refs, nothing else. So there is nothing to lock when sixteen trees are
//! made at once, nothing that `git worktree prune` could drop, nothing that stops people from checking the branch
//! out, and no git directory that an agent could be led to.
//!
//! Four rules hold throughout:
//! - No process is ever started; git is libgit2, and it never sees the repository's configuration.
//! - Every operation opens the git directory that was recorded, as a bare repository: the user's own working
//!   directory and index are out of reach.
//! - A ref moves only by compare-and-swap, and only a ref whose name carries the run's id.
//! - Files are read, written and removed relative to directory handles, and no link is ever followed.
//!
//! File contents are byte-exact in both directions: no line-ending conversion, no filters, no keyword expansion. What
//! a skill was shown, what a review quoted, what a gate ran on and what is committed are the same bytes.

mod allocator;
mod ambient;
mod beneath;
mod branch;
mod changes;
mod checkout;
mod commit;
mod create;
mod error;
mod executes;
mod folder;
mod git_directory;
mod id;
mod links;
mod measure;
mod message;
mod objects;
mod reader;
mod record;
pub mod remote;
mod repository;
mod rescue;
mod revision;
mod selection;
mod settings;
mod snapshot;
mod stage;
mod stat_cache;
mod status;
mod sweep;
mod throwaway;
mod tree;
mod uncommitted;
mod walk;
mod worktree;

pub use changes::{Change, ChangeKind};
pub use checkout::{Skipped, remove_directory};
pub use commit::{CommitRequest, Committed};
pub use create::NewWorktree;
pub use error::WorktreeError;
pub use executes::executes_by_itself;
pub use folder::Folder;
pub use id::CommitId;
pub use measure::measure;
pub use reader::{Files, Reader};
pub use record::WorktreeRecord;
pub use repository::Repository;
pub use rescue::{MAX_RESCUE_BYTES, Rescue, Saved};
pub use selection::{LeftOut, LeftOutReason};
pub use sweep::{SweepAction, SweepFinding, SweepWhat};
pub use throwaway::CommandRepository;
pub use worktree::Worktree;
