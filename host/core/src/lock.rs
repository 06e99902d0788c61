//! `skillhost.lock`: the skills of a project, each pinned by digest, with what it was granted.

use crate::capability::Capabilities;
use crate::digest::Digest;
use crate::document::{self, DocumentError};
use crate::manifest::Version;
use crate::name::SkillName;
use crate::reference::Reference;
use crate::signer::Signer;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The file's name.
pub const FILE: &str = "skillhost.lock";
/// The version of the format that this program reads.
pub const VERSION: u32 = 1;

/// A project's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Version of the format.
    pub version: u32,
    /// One entry a skill.
    #[serde(default, rename = "skill")]
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

impl Lock {
    /// Reads a lock; `file` names it in errors.
    ///
    /// # Errors
    /// Where a key is unknown, the version is another, or two entries have one name.
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        let lock: Self = document::parse(file, text)?;
        if lock.version != VERSION {
            return Err(DocumentError::whole(
                file,
                format!("version {} is not {VERSION}; a newer skillhost wrote it", lock.version),
            ));
        }
        if lock.skills.iter().map(|skill| &skill.name).collect::<BTreeSet<_>>().len() < lock.skills.len() {
            return Err(DocumentError::whole(file, "two entries have the same name"));
        }
        Ok(lock)
    }

    /// The entry of the skill that is called `name`.
    pub fn find(&self, name: &str) -> Option<&Locked> {
        self.skills.iter().find(|skill| skill.name.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn reads_what_the_design_shows() {
        let digest = Digest::of(b"x");
        let text = format!(
            "version = 1\n[[skill]]\nname = \"licence-check\"\nversion = \"1.2.0\"\nsource = \"file:./x.wasm\"\ndigest = \"{digest}\"\n[skill.grant]\nread = [\"**\"]\n"
        );
        let lock = Lock::parse(FILE, &text).unwrap();
        assert_eq!(lock.find("licence-check").unwrap().digest, digest);
        assert!(Lock::parse(FILE, &text.replace("version = 1\n", "version = 2\n")).is_err());
        let twice = format!("{text}{}", text.replace("version = 1\n", ""));
        assert!(Lock::parse(FILE, &twice).unwrap_err().reason.contains("same name"));
    }
}
