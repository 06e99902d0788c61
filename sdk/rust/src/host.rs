//! Everything that a skill can reach, as one trait with two implementations: the component's imports, and the mock.

use std::io;

use crate::{Budget, Change, Command, Error, Level, Outcome, Reply, Request, Tier};

/// The largest file that [`Host::load`] hands over. A skill has 256 MiB for everything.
pub const MAX_LOAD_BYTES: u64 = 8 * 1024 * 1024;

/// The host as a skill sees it. Paths are relative to the worktree's root and separated by `/`; the root is `""`.
pub trait Host {
    /// A line for people.
    fn log(&self, level: Level, message: &str);
    /// What the skill is doing; `fraction` between 0 and 1 where the end is known.
    fn progress(&self, message: &str, fraction: Option<f32>);

    /// One model call.
    fn complete(&self, request: &Request) -> Result<Reply, Error>;
    /// Several model calls side by side; replies in the order of the requests.
    fn complete_all(&self, requests: &[Request]) -> Vec<Result<Reply, Error>>;
    /// Tokens that a request and its reply may have together.
    fn window(&self, tier: Tier) -> Result<u64, Error>;
    /// What is left of the budget.
    fn remaining(&self) -> Budget;

    /// The declared commands, whether this skill may run them or not.
    fn commands(&self) -> Vec<Command>;
    /// Names of the declared commands that this skill may run.
    fn granted(&self) -> Vec<String>;
    /// Runs a declared command; arguments need a grant of their own.
    fn run(&self, name: &str, arguments: &[String]) -> Result<Outcome, Error>;
    /// A part of what a run or a gate printed: 64 KiB from the byte `offset` on, less only at its end.
    fn output(&self, id: &str, offset: u64) -> Result<String, Error>;

    /// The files that differ from the base commit.
    fn changes(&self) -> Result<Vec<Change>, Error>;
    /// A unified diff against the base commit; no `paths` means all.
    fn diff(&self, paths: &[String]) -> Result<String, Error>;
    /// The file as it was at the base commit, at most 1 MiB from `offset`.
    fn original(&self, path: &str, offset: u64) -> Result<Vec<u8>, Error>;
    /// Commits to the agent's own branch.
    fn checkpoint(&self, message: &str, also: &[String]) -> Result<String, Error>;

    /// Asks a person; an unattended run records the default instead.
    fn ask(&self, question: &str, options: &[String], default: &str) -> Result<String, Error>;

    /// A directory's entries, sorted by name.
    fn list(&self, path: &str) -> io::Result<Vec<Node>>;
    /// A file's size in bytes, without reading it.
    fn size(&self, path: &str) -> io::Result<u64>;
    /// A whole file, however large: [`Host::load`] is the one for files of a repository.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// A whole file, unless it is larger than a skill should hold in memory.
    fn load(&self, path: &str) -> io::Result<Vec<u8>> {
        if self.size(path)? > MAX_LOAD_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.read(path)
    }
    /// Writes a whole file, and creates its parent directories.
    fn write(&self, path: &str, content: &[u8]) -> io::Result<()>;
    /// Renames a file, and creates the target's parent directories.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &str) -> io::Result<()>;
}

/// What a failed look at a file is for who called the skill.
pub fn read_error(path: &str, error: &io::Error) -> Error {
    file_error("read", path, error)
}

/// What a failed change of a file is for who called the skill.
pub fn write_error(path: &str, error: &io::Error) -> Error {
    file_error("write", path, error)
}

fn file_error(capability: &str, path: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Error::Denied(format!("{capability} {path}")),
        _ => Error::Failed(format!("{path}: {error}")),
    }
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Its own name, without the directory's path.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
}

/// What an entry of a directory is. Links are never followed by the SDK.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, or anything else.
    Other,
}
