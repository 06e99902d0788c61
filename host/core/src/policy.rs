//! `policy.toml`: the ceiling of a machine or an organisation. Several may apply; each only narrows.

mod cut;
mod source;

pub use cut::{Cut, cuts, limit_cuts};
pub use source::{SourcePattern, SourcePatternError};

use crate::capability::Ceiling;
use crate::document::{self, DocumentError};
use crate::limits::PartialLimits;
use crate::reach::Opening;
use crate::reference::Reference;
use crate::signer::{Signer, SignerPattern};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// What the words for an unsigned skill end with.
const UNSIGNED: &str = ", and it isn't signed";

/// One policy file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Where skills may come from, and who has to have signed them.
    pub sources: Sources,
    /// What bundles are judged by.
    pub sigstore: Sigstore,
    /// What any skill may have at most.
    pub capabilities: Ceiling,
    /// What any call may use at most.
    pub limits: PartialLimits,
    /// What of the machine's own networks may be reached; absent leaves that to other policies.
    pub network: Option<Network>,
}

/// What of the machine's own networks commands and skills may reach, where a project or a grant names it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Hosts and ranges of private addresses. No other document can open them.
    pub private: Vec<Opening>,
}

/// Where skills may come from, and who has to have signed them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    /// Patterns of references; absent means all.
    pub allow: Option<Vec<SourcePattern>>,
    /// How unsigned skills are treated; absent means that they are refused where `signers` are named, and loaded where
    /// not.
    pub signed: Option<SignedRule>,
    /// Who may sign; absent means anybody.
    pub signers: Option<Vec<SignerPattern>>,
}

/// How unsigned skills are treated: all of them, or each by where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "write required, warn or off, or a table of source patterns with one of them for each")]
pub enum SignedRule {
    /// All alike.
    All(Signed),
    /// By the narrowest pattern that speaks of the source. What none speaks of must be signed.
    By(BTreeMap<SourcePattern, Signed>),
}

/// How an unsigned skill is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signed {
    /// Loaded.
    Off,
    /// Loaded, with a warning.
    Warn,
    /// Refused.
    Required,
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Required => "required",
        })
    }
}

/// Which Sigstore instance vouches for identities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sigstore {
    /// Its `trusted_root.json`, an absolute path, instead of the public good instance's, which comes with the program.
    pub trusted_root: Option<PathBuf>,
}

/// What a policy says of a skill with the signatures that it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be used.
    Accepted,
    /// It may be used, with a warning.
    Warned(Rule),
    /// It may not.
    Refused(Rule),
}

/// The key of a policy that decided, and what it says in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The key's path: tables, then its name. See [`crate::lines::Lines`].
    pub key: Vec<String>,
    /// As people read it: `[sources] signed = "required", and it isn't signed`.
    pub says: String,
}

impl Rule {
    fn new(key: &[&str], says: impl Into<String>) -> Self {
        Self { key: key.iter().map(|part| (*part).to_owned()).collect(), says: says.into() }
    }
}

impl Policy {
    /// Reads a policy; `file` names it in errors.
    ///
    /// # Errors
    /// Where it isn't TOML or has an unknown key: a policy that can't be read denies, it is never skipped.
    pub fn parse(file: &str, text: &str) -> Result<Self, DocumentError> {
        let policy: Self = document::parse(file, text)?;
        if policy.sigstore.trusted_root.as_ref().is_some_and(|path| !path.is_absolute()) {
            let line = crate::lines::Lines::of(text).line(&["sigstore", "trusted_root"]);
            let reason = "[sigstore] trusted_root is an absolute path".to_owned();
            return Err(DocumentError { file: file.to_owned(), line, reason });
        }
        Ok(policy)
    }

    /// What a policy opens together with others: see [`crate::reach::Openings`].
    pub fn private(&self) -> Option<Vec<Opening>> {
        self.network.as_ref().map(|network| network.private.clone())
    }

    /// Whether a skill may come from `reference`.
    pub fn judge_source(&self, reference: &Reference) -> Verdict {
        match &self.sources.allow {
            Some(patterns) if !patterns.iter().any(|pattern| pattern.matches(reference)) => {
                Verdict::Refused(Rule::new(&["sources", "allow"], "[sources] allow doesn't name it"))
            }
            _ => Verdict::Accepted,
        }
    }

    /// Whether it speaks of the place itself that a skill comes from, and not of all places of its kind.
    pub fn names_source(&self, reference: &Reference) -> bool {
        let mut patterns = self.sources.allow.iter().flatten();
        patterns.any(|pattern| pattern.names_a_place() && pattern.matches(reference))
    }

    /// Whether a skill from `reference` may be used that is signed by `signers`, whose signatures were verified.
    pub fn judge_signers(&self, reference: &Reference, signers: &[Signer]) -> Verdict {
        // The built-in ones come with the program that reads the policy.
        if reference.is_builtin() {
            return Verdict::Accepted;
        }
        if signers.is_empty() {
            return match (&self.sources.signed, &self.sources.signers) {
                (Some(rule), _) => rule.judge(reference),
                // Else to take a signature away would be a way around.
                (None, Some(_)) => Verdict::Refused(Rule::new(
                    &["sources", "signers"],
                    format!("[sources] signers names who may sign{UNSIGNED}"),
                )),
                (None, None) => Verdict::Accepted,
            };
        }
        let is_allowed = |signer: &Signer, allowed: &[SignerPattern]| allowed.iter().any(|a| a.matches(signer));
        match &self.sources.signers {
            Some(allowed) if !signers.iter().any(|signer| is_allowed(signer, allowed)) => {
                Verdict::Refused(Rule::new(&["sources", "signers"], "[sources] signers names nobody who signed it"))
            }
            _ => Verdict::Accepted,
        }
    }
}

impl SignedRule {
    fn judge(&self, reference: &Reference) -> Verdict {
        let key = ["sources", "signed"];
        let (signed, rule) = match self {
            Self::All(signed) => (*signed, Rule::new(&key, format!("[sources] signed = \"{signed}\"{UNSIGNED}"))),
            Self::By(rules) => match SourcePattern::narrowest(rules, reference) {
                Some((pattern, signed)) => {
                    let pattern = pattern.to_string();
                    let says = format!("[sources.signed] \"{pattern}\" = \"{signed}\"{UNSIGNED}");
                    (*signed, Rule::new(&[key[0], key[1], &pattern], says))
                }
                None => {
                    (Signed::Required, Rule::new(&key, format!("[sources.signed] doesn't name its source{UNSIGNED}")))
                }
            },
        };
        match signed {
            Signed::Off => Verdict::Accepted,
            Signed::Warn => Verdict::Warned(rule),
            Signed::Required => Verdict::Refused(rule),
        }
    }
}

#[cfg(test)]
mod tests;
