//! What a case expects. What it doesn't name doesn't matter, but for two things: a file that the skill changed and a denial
//! have to be named, so that none goes unnoticed.

use crate::brief::{Location, Severity};
use crate::file::Content;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use skillhost_core::path::SkillPath;
use std::collections::BTreeMap;
use std::fmt;

/// What is expected of a skill.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The whole answer.
    pub answer: Option<Value>,
    /// A part of the answer: keys that it has, among others.
    pub answer_has: Option<Value>,
    /// That it fails, and how.
    pub error: Option<Failing>,
    /// A part of that error's text.
    pub error_has: Option<String>,
    /// Files afterwards.
    pub files: BTreeMap<SkillPath, Content>,
    /// All findings of a review, in its order.
    pub findings: Option<Vec<Finding>>,
    /// All checks of a verification, in its order.
    pub checks: Option<Vec<Check>>,
    /// Everything that was denied: the capability, and what of it.
    pub denials: Vec<String>,
    /// The commands that it ran, with their arguments, in this order.
    pub commands: Option<Vec<String>>,
    /// Texts that it logged, each within one line.
    pub log: Vec<String>,
}

/// The contract's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the contract's words")]
pub enum Failing {
    Denied,
    Invalid,
    Exhausted,
    Cancelled,
    TooLarge,
    Failed,
}

impl Failing {
    /// The contract's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Exhausted => "exhausted",
            Self::Cancelled => "cancelled",
            Self::TooLarge => "too-large",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Failing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A finding; what it leaves out may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<String>,
}

/// A check; what it leaves out may be anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Shown {
    Passed,
    Failed,
    NotRun,
}
