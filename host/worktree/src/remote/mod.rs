//! Repositories elsewhere: reading one file of them, and pushing a run's branch to them.
//!
//! Two kinds of places are known: a repository that is served over HTTP, and one in a directory of this machine. Neither
//! is handed to libgit2 by its URL: it would start `ssh`, speak plain HTTP, read a proxy from a configuration, or open
//! what stands at a path unlooked at. What git speaks over HTTP is little, and every byte of it may be hostile: so it is
//! spoken here, by code that can't be made to panic, and bounded in bytes, in objects and in time. Packs alone go to
//! libgit2, within what it may allocate. Hooks, helpers and `git` itself are never started, at either end.
//!
//! This crate opens no connection: whoever calls brings one, as [`GitHttp`].

mod advertisement;
mod directory;
mod error;
mod exchange;
mod fetch;
mod http;
mod pack;
mod packet;
mod push;
mod url;

pub use error::RemoteError;
pub use fetch::{Fetched, Limits, Place, read_files};
pub use http::{Credentials, GitBody, GitHttp, GitReply, GitRequest};
pub use push::{Push, Pushed};
pub use url::RemoteUrl;
