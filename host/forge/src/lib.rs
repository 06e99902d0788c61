//! The hosts of repositories, over HTTP: git's own requests for `worktree`, and the pull requests of the forges.
//!
//! What a forge answers is somebody else's text: bounded in size and time, never followed to another origin, and escaped
//! before anybody sees it.

mod client;
mod git;

pub use client::{Client, WebError};
pub use git::{GitClient, read_file};
