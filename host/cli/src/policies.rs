//! The ceilings of the machine, the user, and the command line. All of them apply.

use crate::ambient;
use crate::failure::{Exit, Failure};
use skillhost_core::capability::Ceiling;
use skillhost_core::digest::Digest;
use skillhost_core::limits::PartialLimits;
use skillhost_core::permission::{Left, Permission};
use skillhost_core::policy::Policy;
use skillhost_core::reach::Openings;
use skillhost_core::reference::Reference;
use skillhost_core::signer::Signer;
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
    pub(crate) fn check_source(&self, reference: &Reference) -> Result<(), Failure> {
        match self.policies.iter().find(|(_, policy)| !policy.allows_source(&reference.to_string())) {
            None => Ok(()),
            Some((file, _)) => Err(denied(reference, file, "[sources] allow doesn't name it")),
        }
    }

    /// Refuses a skill that a policy wants signed, and that isn't. `signer` is whose signature was verified.
    pub(crate) fn check_signed(&self, reference: &Reference, signer: Option<&Signer>) -> Result<(), Failure> {
        use skillhost_core::policy::Signed;
        // The built-in ones come with the program that reads the policy.
        if reference.is_builtin() || signer.is_some() {
            return Ok(());
        }
        match self.policies.iter().find(|(_, policy)| policy.sources.signed == Signed::Required) {
            None => Ok(()),
            Some((file, _)) => Err(denied(reference, file, "[sources] signed = \"required\", and it isn't signed")),
        }
    }

    /// What all policies together leave of a permission, and the one that takes something from it.
    pub(crate) fn leaves(&self, permission: &Permission) -> (Left, Option<&Path>) {
        let each = self.policies.iter().map(|(file, policy)| (policy.capabilities.leaves(permission), file.as_path()));
        let mut narrowed = each.filter(|(left, _)| *left != Left::All).collect::<Vec<_>>();
        // The narrowest first.
        narrowed.sort_by_key(|(left, _)| *left == Left::Part);
        narrowed.first().map_or((Left::All, None), |(left, file)| (*left, Some(*file)))
    }
}

fn denied(reference: &Reference, file: &Path, what: &str) -> Failure {
    Failure::new(Exit::Denied, format!("policy denies {reference}")).because(format!("{}: {what}", file.display()))
}
