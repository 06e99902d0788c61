//! The ceilings of the machine, the user, and the command line. All of them apply.

use crate::ambient;
use crate::failure::{Exit, Failure};
use skillhost_core::capability::{Capabilities, Ceiling};
use skillhost_core::digest::Digest;
use skillhost_core::limits::PartialLimits;
use skillhost_core::lines::Lines;
use skillhost_core::permission::{Left, Permission};
use skillhost_core::policy::{Cut, Policy, Rule, Verdict, cuts, limit_cuts};
use skillhost_core::reach::Openings;
use skillhost_core::reference::Reference;
use skillhost_core::signer::Signer;
use skillhost_registry::source::Rules;
use std::path::{Path, PathBuf};

const FILE: &str = "policy.toml";
const MAX_BYTES: u64 = skillhost_core::document::MAX_DOCUMENT_BYTES as u64;

/// Every policy that applies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Policies {
    policies: Vec<Read>,
    /// Digest over all of them; none where there is none.
    pub(crate) digest: Option<Digest>,
}

/// One that was read.
#[derive(Debug, Clone)]
struct Read {
    file: PathBuf,
    /// Kept for the line that a denial names, which is looked for where one is.
    text: String,
    policy: Policy,
}

impl Read {
    /// `FILE:LINE: what the rule says`.
    fn told(&self, rule: &Rule) -> String {
        let key: Vec<&str> = rule.key.iter().map(String::as_str).collect();
        format!("{}:{}: {}", self.file.display(), Lines::of(&self.text).line(&key), rule.says)
    }
}

impl Policies {
    /// Reads them. One that can't be read is an error: a policy is never skipped.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, Failure> {
        let usual = [Some(ambient::machine_folder()), ambient::config_folder()];
        let mut files: Vec<(PathBuf, bool)> = usual.into_iter().flatten().map(|f| (f.join(FILE), false)).collect();
        files.extend(named.map(|file| (file.to_owned(), true)));
        let mut policies = Vec::new();
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
            policies.push(Read { file, text, policy });
        }
        let texts: Vec<&str> = policies.iter().map(|read| read.text.as_str()).collect();
        let digest = (!texts.is_empty()).then(|| Digest::of(texts.join("\0").as_bytes()));
        Ok(Self { policies, digest })
    }

    pub(crate) fn ceilings(&self) -> Vec<Ceiling> {
        self.policies.iter().map(|read| read.policy.capabilities.clone()).collect()
    }

    pub(crate) fn limits(&self) -> Vec<PartialLimits> {
        self.policies.iter().map(|read| read.policy.limits).collect()
    }

    /// What of the machine's own networks may be reached.
    pub(crate) fn openings(&self) -> Openings {
        self.policies.iter().filter_map(|read| read.policy.private()).collect()
    }

    /// Whether any of them says something of signatures.
    pub(crate) fn judge_signatures(&self) -> bool {
        self.policies.iter().any(|read| read.policy.sources.signed.is_some() || read.policy.sources.signers.is_some())
    }

    /// The trust root that they name. They have to agree: none of two narrows the other.
    pub(crate) fn trusted_root(&self) -> Result<Option<&Path>, Failure> {
        let mut named =
            self.policies.iter().filter_map(|read| Some((read, read.policy.sigstore.trusted_root.as_deref()?)));
        let Some((first, root)) = named.next() else { return Ok(None) };
        let Some((second, other)) = named.find(|(_, other)| *other != root) else { return Ok(Some(root)) };
        let told = |read: &Read, root: &Path| {
            let key = ["sigstore", "trusted_root"].map(str::to_owned).to_vec();
            read.told(&Rule { key, says: format!("[sigstore] trusted_root = \"{}\"", root.display()) })
        };
        let failure = Failure::new(Exit::Configuration, "two policies name different trust roots of Sigstore");
        Err(failure.because(told(first, root)).because(told(second, other)))
    }

    /// Refuses a skill from a place that a policy doesn't allow.
    pub(crate) fn check_source(&self, reference: &Reference) -> Result<(), Failure> {
        self.each(reference, Policy::judge_source).map(drop)
    }

    /// Whether one of them speaks of this very place, and none denies it.
    pub(crate) fn name_source(&self, reference: &Reference) -> bool {
        self.policies.iter().any(|read| read.policy.names_source(reference)) && self.check_source(reference).is_ok()
    }

    /// What they say of where sources lead to.
    pub(crate) fn rules(&self) -> Rules {
        let policies = self.clone();
        Rules::new(self.openings(), move |reference| {
            policies.check_source(reference).map_err(|denied| denied.causes().join("; ").into())
        })
    }

    /// Refuses a skill that isn't signed as a policy wants it. `signers` are those whose signatures were verified. What
    /// is to be warned of comes back, a line for each policy that does.
    pub(crate) fn check_signers(&self, reference: &Reference, signers: &[Signer]) -> Result<Vec<String>, Failure> {
        let warned = self.each(reference, |policy, reference| policy.judge_signers(reference, signers))?;
        Ok(warned.into_iter().map(|rule| format!("{reference} is used all the same: {rule}")).collect())
    }

    /// Whether a policy leaves nothing of a permission, and where it says so.
    pub(crate) fn denies(&self, permission: &Permission) -> Option<String> {
        let capability = permission.capability();
        let read = self.policies.iter().find(|read| read.policy.capabilities.leaves(permission) == Left::Nothing)?;
        let key = vec!["capabilities".to_owned(), capability.to_owned()];
        Some(read.told(&Rule { key, says: format!("[capabilities] {capability}") }))
    }

    /// What each policy cuts from what a skill is granted and from the limits that it asks for, and where it says so.
    pub(crate) fn narrowing(&self, grant: &Capabilities, asked: &PartialLimits) -> Vec<String> {
        let told = |read: &Read| {
            let limits = limit_cuts(asked, &read.policy.limits);
            let found = cuts(grant, &read.policy.capabilities).into_iter().chain(limits);
            found.map(|Cut { rule, .. }| read.told(&rule)).collect::<Vec<_>>()
        };
        self.policies.iter().flat_map(told).collect()
    }

    fn each(
        &self,
        reference: &Reference,
        judge: impl Fn(&Policy, &Reference) -> Verdict,
    ) -> Result<Vec<String>, Failure> {
        let mut warned = Vec::new();
        for read in &self.policies {
            match judge(&read.policy, reference) {
                Verdict::Accepted => {}
                Verdict::Warned(rule) => warned.push(read.told(&rule)),
                Verdict::Refused(rule) => {
                    let denied = Failure::new(Exit::Denied, format!("policy denies {reference}"));
                    return Err(denied.because(read.told(&rule)));
                }
            }
        }
        Ok(warned)
    }
}
