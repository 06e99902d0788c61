//! The ceilings of the machine, the user, and the command line. All of them apply.

use crate::ambient;
use crate::failure::{Exit, Failure};
use skillhost_core::capability::Ceiling;
use skillhost_core::digest::Digest;
use skillhost_core::limits::PartialLimits;
use skillhost_core::policy::Policy;
use skillhost_core::reach::Openings;
use std::path::{Path, PathBuf};

const FILE: &str = "policy.toml";
const MAX_BYTES: u64 = skillhost_core::document::MAX_DOCUMENT_BYTES as u64;

/// Every policy that applies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    policies: Vec<(PathBuf, Policy)>,
    /// Digest over all of them; none where there is none.
    pub(crate) digest: Option<Digest>,
}

impl Policies {
    /// Reads them. One that can't be read is an error: a policy is never skipped.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let usual = [Some(ambient::machine_folder()), ambient::config_folder()];
        let mut files: Vec<(PathBuf, bool)> = usual.into_iter().flatten().map(|f| (f.join(FILE), false)).collect();
        files.extend(named.map(|file| (file.to_owned(), true)));
        let (mut policies, mut texts) = (Vec::new(), Vec::new());
        for (file, must_exist) in files {
            let failed = |e: &dyn std::error::Error| {
                Failure::new(Exit::Configuration, format!("the policy {} can't be used", file.display())).because(e)
            };
            let bytes = match ambient::read_if_there(&file, MAX_BYTES).map_err(|e| failed(&e))? {
                Some(bytes) => bytes,
                None if must_exist => return Err(failed(&std::io::Error::from(std::io::ErrorKind::NotFound))),
                None => continue,
            };
            let text = String::from_utf8(bytes).map_err(|e| failed(&e))?;
            let policy = Policy::parse(&file.display().to_string(), &text).map_err(|e| failed(&e))?;
            texts.push(text);
            policies.push((file, policy));
        }
        let digest = (!texts.is_empty()).then(|| Digest::of(texts.join("\0").as_bytes()));
        Ok(Self { policies, digest })
    }

    pub(crate) fn ceilings(&self) -> Vec<Ceiling> {
        self.policies.iter().map(|(_, policy)| policy.capabilities.clone()).collect()
    }

    pub(crate) fn limits(&self) -> Vec<PartialLimits> {
        self.policies.iter().map(|(_, policy)| policy.limits).collect()
    }

    /// What of the machine's own networks may be reached.
    pub(crate) fn openings(&self) -> Openings {
        self.policies.iter().filter_map(|(_, policy)| policy.private()).collect()
    }

    /// Refuses a skill from a place that a policy doesn't allow.
    pub(crate) fn check_source(&self, reference: &str) -> Result<(), Failure> {
        use skillhost_core::policy::Signed;
        for (file, policy) in &self.policies {
            let refuse = |what: &str| {
                Failure::new(Exit::Denied, format!("policy denies {reference}"))
                    .because(format!("{}: {what}", file.display()))
            };
            if !policy.allows_source(reference) {
                return Err(refuse("[sources] allow doesn't name it"));
            }
            // The built-in ones come with the program that reads the policy.
            if policy.sources.signed == Signed::Required && !reference.starts_with("builtin:") {
                return Err(refuse("[sources] signed = \"required\", and it isn't signed"));
            }
        }
        Ok(())
    }
}
