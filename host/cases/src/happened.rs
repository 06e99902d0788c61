//! What a skill did, as whoever ran it tells.

use crate::expect::Failing;
use serde_json::Value;
use skillhost_core::path::SkillPath;
use std::collections::{BTreeMap, BTreeSet};

/// What came of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// How it ended.
    pub outcome: Outcome,
    /// Files that it wrote or removed.
    pub touched: BTreeSet<SkillPath>,
    /// How the files are now that were touched or are expected.
    pub files: BTreeMap<SkillPath, Now>,
    /// What was denied: the capability, and what of it.
    pub denials: Vec<String>,
    /// The commands that it ran, with their arguments.
    pub commands: Vec<String>,
    /// What it logged, each line with its level.
    pub log: Vec<String>,
    /// What of the case's script was not met.
    pub unmet: Vec<String>,
}

impl Happened {
    /// Drops what came, where it can't be accepted any more.
    pub fn forget(&mut self) {
        (self.files, self.commands, self.log) = Default::default();
        // How it ended stays; what it said goes.
        match &mut self.outcome {
            Outcome::Answered(answer) => *answer = Value::Null,
            Outcome::Failed(_, text) | Outcome::Unanswered(text) => text.clear(),
        }
    }

    /// How much it holds of an answer, files, commands and a log, in bytes.
    pub fn bytes(&self) -> usize {
        let files = self.files.values().map(|now| if let Now::Holds(bytes) = now { bytes.len() } else { 0 });
        let outcome = match &self.outcome {
            Outcome::Answered(answer) => kept_bytes(answer),
            Outcome::Failed(_, text) | Outcome::Unanswered(text) => text.len(),
        };
        files.chain(self.commands.iter().chain(&self.log).map(String::len)).sum::<usize>() + outcome
    }
}

/// About how much memory a value takes, in bytes.
pub(crate) fn kept_bytes(value: &Value) -> usize {
    let within = match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(kept_bytes).sum(),
        Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + kept_bytes(value)).sum(),
        _ => 0,
    };
    size_of::<Value>() + within
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// With an answer, as the contract has it in JSON.
    Answered(Value),
    /// With an error of the skill's.
    Failed(Failing, String),
    /// Without an answer: a trap, a limit, a result that the manifest doesn't allow.
    Unanswered(String),
}

/// How a file is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// There is none, or something that is no regular file.
    Absent,
    /// It holds this.
    Holds(Vec<u8>),
    /// It holds more than is compared.
    TooLarge,
}
