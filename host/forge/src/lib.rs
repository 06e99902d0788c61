//! The hosts of repositories, over HTTP: git's own requests for `worktree`, and the pull requests of the forges.
//!
//! What a forge answers is somebody else's text: bounded in size and time, never followed to another origin, and escaped
//! before anybody sees it. A token is sent to the origin of its forge's interface and of its remotes, and nowhere else:
//! which these are is built in or stands in the user's configuration, and no repository has a say in it.

mod api;
mod client;
mod error;
mod forge;
mod forgejo;
mod git;
mod github;
mod gitlab;
mod site;
mod token;
mod yaml;

pub use client::{Client, WebError};
pub use error::ForgeError;
pub use forge::{Forge, Opened, PullRequest};
pub use git::{GitClient, blocking, read_files};
pub use site::{Site, SiteError};
pub use token::{Token, token_in, usual_file, usual_variables};
