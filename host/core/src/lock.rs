//! `skillhost.lock`: the skills of a project, each pinned by digest, with what it was granted.
//!
//! It is written by the host and reviewed by people: the same entries are always the same bytes, in order of name, with
//! an empty line between them, so that git merges what two people added unless they are neighbours; and each has a sum, so
//! that git never merges two people's changes of one.

mod conflict;
mod sum;
#[cfg(test)]
mod tests;
mod text;

pub use conflict::{Side, Unsettled, settle};
pub use sum::Altered;

use crate::capability::Capabilities;
use crate::digest::Digest;
use crate::document::{self, DocumentError};
use crate::manifest::Version;
use crate::name::SkillName;
use crate::reference::Reference;
use crate::signer::Signer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::Spanned;

/// The file's name.
pub const FILE: &str = "skillhost.lock";
/// The version of the format that this program reads.
pub const VERSION: u32 = 1;

/// A project's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// Version of the format.
    pub version: u32,
    /// One entry a skill, in order of name.
    #[serde(rename = "skill")]
    pub skills: Vec<Locked>,
}

/// One skill of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// Its name.
    pub name: SkillName,
    /// Its version.
    pub version: Version,
    /// The reference that it came from.
    pub source: Reference,
    /// Digest of the component's bytes, manifest included.
    pub digest: Digest,
    /// Who signed it; absent where it is unsigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// What it was granted.
    #[serde(default)]
    pub grant: Capabilities,
}

/// Why a lock is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// A key, a value or the version is not what it should be.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Git left both sides of a merge in it.
    #[error("{file}:{line}: git left a conflict here")]
    Conflict {
        /// The document's name, as people know it.
        file: String,
        /// 1-based.
        line: usize,
    },
}

/// What a lock of any version begins with.
#[derive(Deserialize)]
struct Head {
    version: Option<Spanned<toml::Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Read {
    version: u32,
    #[serde(default)]
    skill: Vec<Spanned<Locked>>,
}

impl Default for Lock {
    /// A lock without a skill.
    fn default() -> Self {
        Self { version: VERSION, skills: Vec::new() }
    }
}

impl Lock {
    /// Reads a lock; `file` names it in errors. Entries may stand in any order.
    ///
    /// # Errors
    /// Where git left a conflict in it, a key is unknown, the version is another, or two entries have one name.
    pub fn parse(file: &str, text: &str) -> Result<Self, LockError> {
        if let Some(line) = conflict::first_marker(text) {
            return Err(LockError::Conflict { file: file.to_owned(), line });
        }
        let at = |offset: usize, reason: String| DocumentError {
            file: file.to_owned(),
            line: line_at(text, offset),
            reason,
        };
        // Before anything else is looked at, since a newer version may have any shape.
        let head: Head = document::parse(file, text)?;
        if let Some(version) = &head.version
            && version.get_ref().as_integer() != Some(VERSION.into())
        {
            let newer = version.get_ref().as_integer().is_some_and(|number| number > VERSION.into());
            let why = if newer { "; a newer skillhost wrote it: update skillhost" } else { "" };
            let reason = format!("version {} of the lock is not {VERSION}{why}", version.get_ref());
            return Err(at(version.span().start, reason).into());
        }
        let read: Read = document::parse(file, text)?;
        let mut lines: BTreeMap<SkillName, usize> = BTreeMap::new();
        for entry in &read.skill {
            let error = at(entry.span().start, String::new());
            if let Some(first) = lines.insert(entry.get_ref().name.clone(), error.line) {
                let reason = format!("`{}` has an entry already, in line {first}", entry.get_ref().name);
                return Err(DocumentError { reason, ..error }.into());
            }
        }
        let mut skills: Vec<Locked> = read.skill.into_iter().map(Spanned::into_inner).collect();
        skills.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self { version: read.version, skills })
    }

    /// Where `text`, which was read before, differs from what this program writes for the same entries: the first line.
    pub fn first_difference(&self, text: &str) -> Option<usize> {
        let written = self.to_text();
        if written == text {
            return None;
        }
        let same = written.lines().zip(text.lines()).take_while(|(one, other)| one == other).count();
        Some(same + 1)
    }

    /// The line at which the entry of `name` begins, in a text that was read before.
    pub fn line_of(name: &SkillName, text: &str) -> Option<usize> {
        let read: Read = document::parse(FILE, text).ok()?;
        let entry = read.skill.iter().find(|entry| entry.get_ref().name == *name)?;
        Some(line_at(text, entry.span().start))
    }

    /// The entries that aren't what `text`, which was read before, has a sum of: somebody edited them, or git put lines of
    /// two together.
    pub fn altered(&self, text: &str) -> Vec<Altered> {
        sum::altered(self, text)
    }

    /// The file's text: the same for the same entries, whatever order they came in.
    pub fn to_text(&self) -> String {
        text::write(self)
    }

    /// The entry of the skill that is called `name`.
    pub fn find(&self, name: &str) -> Option<&Locked> {
        self.skills.iter().find(|skill| skill.name.as_str() == name)
    }

    /// Puts an entry in its place; the one of the same name goes.
    pub fn put(&mut self, entry: Locked) {
        self.remove(&entry.name);
        let at = self.skills.partition_point(|skill| skill.name < entry.name);
        self.skills.insert(at, entry);
    }

    /// Takes an entry out; whether there was one.
    pub fn remove(&mut self, name: &SkillName) -> bool {
        let before = self.skills.len();
        self.skills.retain(|skill| skill.name != *name);
        self.skills.len() < before
    }
}

/// The 1-based line of a byte.
fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
