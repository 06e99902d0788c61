//! What the agent has done so far: files, runs, misses. The tools read and change it, the gate judges it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use skillhost_sdk::explore::Explorer;
use skillhost_sdk::{Error, Host, Level};

use crate::rescue::Failure;
use crate::undo::Undo;

/// What a tool tells the model, or why it did nothing.
pub(crate) type Told = Result<String, Refusal>;

/// Why a call did nothing.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// For the model, to try again.
    Text(String),
    /// The attempt is over.
    Over(Error),
}

impl From<String> for Refusal {
    fn from(text: String) -> Refusal {
        Refusal::Text(text)
    }
}

impl From<&str> for Refusal {
    fn from(text: &str) -> Refusal {
        Refusal::Text(text.to_owned())
    }
}

/// A command that ran.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) id: String,
    pub(crate) command: String,
    /// Of the tree after it: what the command itself changed counts as seen by it.
    pub(crate) generation: u64,
    pub(crate) exit_code: Option<i32>,
    /// Tests that it ran, where its output tells.
    pub(crate) tests: Option<u32>,
}

pub(crate) struct Workspace<'h> {
    pub(crate) host: &'h dyn Host,
    pub(crate) explorer: Explorer<'h>,
    /// Goes up with each change to the tree.
    pub(crate) generation: u64,
    /// Files that the agent's own edits touched.
    pub(crate) touched: BTreeSet<String>,
    pub(crate) runs: Vec<Run>,
    /// Commands that no grant lets this agent run, so that nothing can be asked of them.
    pub(crate) not_runnable: BTreeSet<String>,
    /// Edits in a row that were not found, by file.
    pub(crate) misses: HashMap<String, u32>,
    /// The last failure of each command that did not pass since.
    pub(crate) failures: BTreeMap<String, Failure>,
    pub(crate) undo: Undo,
    /// Why the attempt ends, once it does: what is left is to say so.
    pub(crate) lessons: Option<String>,
    pub(crate) plan: String,
    /// Files whose edits in this reply failed; `None` for one whose arguments did not even tell its file.
    failed_in_turn: BTreeSet<Option<String>>,
}

impl<'h> Workspace<'h> {
    pub(crate) fn new(host: &'h dyn Host) -> Workspace<'h> {
        Workspace {
            host,
            explorer: Explorer::new(host),
            generation: 0,
            touched: BTreeSet::new(),
            runs: vec![],
            not_runnable: BTreeSet::new(),
            misses: HashMap::new(),
            failures: BTreeMap::new(),
            undo: Undo::default(),
            lessons: None,
            plan: String::new(),
            failed_in_turn: BTreeSet::new(),
        }
    }

    pub(crate) fn begin_turn(&mut self) {
        self.failed_in_turn.clear();
    }

    /// Calls of one reply were written together: after an edit that failed, the ones that build on it can't be meant.
    pub(crate) fn edit_failed(&mut self, path: Option<&str>) {
        self.failed_in_turn.insert(path.map(str::to_owned));
    }

    pub(crate) fn check_not_after_failure(&self, path: Option<&str>) -> Result<(), Refusal> {
        match path {
            Some(path) if self.failed_in_turn.contains(&Some(path.to_owned())) => {
                Err(format!("Not executed: an earlier edit of {path} in this reply failed.").into())
            }
            Some(_) if !self.failed_in_turn.contains(&None) => Ok(()),
            _ if self.failed_in_turn.is_empty() => Ok(()),
            _ => Err("Not executed: an earlier edit in this reply failed.".into()),
        }
    }

    /// The agent itself wrote `content` to `path`, which held `before`.
    pub(crate) fn wrote(&mut self, path: &str, before: Option<&[u8]>, content: &[u8]) {
        self.generation += 1;
        self.undo.changed(path, before, self.generation);
        self.misses.remove(path);
        self.explorer.saw(path, content);
        self.touched.insert(path.to_owned());
    }

    /// The agent itself removed or renamed `path` away, which held `before`, where that could be read.
    pub(crate) fn took_away(&mut self, path: &str, before: Option<&[u8]>) {
        self.generation += 1;
        match before {
            Some(before) => self.undo.changed(path, Some(before), self.generation),
            None => self.undo.lost(),
        }
        self.explorer.forget(path);
        self.touched.insert(path.to_owned());
    }

    /// Puts back what its edits replaced since `command` last passed, and names those files.
    pub(crate) fn take_back(&mut self, command: &str) -> Vec<String> {
        let mut paths = vec![];
        for (path, content) in self.undo.take_back(command) {
            let done = match &content {
                Some(content) => self.host.write(&path, content),
                None => self.host.remove(&path),
            };
            match done {
                // One that is gone already is as it was.
                Err(error) if content.is_some() || error.kind() != std::io::ErrorKind::NotFound => {
                    self.host.log(Level::Warn, &format!("{path} could not be put back: {error}"));
                }
                _ => paths.push(path.clone()),
            }
            self.explorer.forget(&path);
        }
        self.generation += 1;
        paths
    }

    /// The files that differ from the base commit.
    pub(crate) fn changed_paths(&self) -> Vec<String> {
        self.host.changes().unwrap_or_default().into_iter().map(|change| change.path).collect()
    }

    /// The last run of `command`, on whichever tree.
    pub(crate) fn last_run(&self, command: &str) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.command == command)
    }
}
