//! What holds a version back whatever it asks for, gravest first: another signer, other content under the same version, a
//! lower version. A flag names it, or a person at the terminal takes it, who is told what it may mean; no is the default.

use super::One;
use crate::ambient;
use crate::failure::{Exit, Failure};
use crate::installing::asks;
use crate::installing::consent::answer;
use crate::installing::workshop::Arrived;
use skillhost_core::digest::Digest;
use skillhost_core::lock::Locked;
use skillhost_core::manifest::Version;
use skillhost_core::signer::Signer;

/// A reason not to take what came.
pub(super) enum Doubt {
    /// Somebody else signed it than whoever signed the one that is locked, or nobody signed that.
    Signer(Signer),
    /// The same version has other content.
    Content(Version, Digest),
    /// It is a lower version.
    Lower(Version),
}

impl One<'_> {
    /// Whether it is signed as the lock says. Where that names nobody, whoever signed it since changes nothing by
    /// themselves.
    pub(super) fn keeps_signer(&self, arrived: &Arrived) -> bool {
        match &self.before.signer {
            Some(before) => arrived.signer() == Some(before),
            None => self.arguments.signer.is_none(),
        }
    }

    /// What there is to doubt that no flag names.
    pub(super) fn doubts(&self, arrived: &Arrived) -> Result<Vec<Doubt>, Failure> {
        let version = &arrived.inspection.manifest.skill.version;
        let doubts = [self.signer(arrived)?, self.version(version, arrived.fetched.digest)?];
        Ok(doubts.into_iter().flatten().collect())
    }

    /// None where there was one is refused, whoever is asked.
    fn signer(&self, arrived: &Arrived) -> Result<Option<Doubt>, Failure> {
        let (name, expected) = (&self.before.name, self.before.signer.as_ref());
        let named = self.arguments.signer.as_ref();
        let failed = |message: String| Failure::new(Exit::Integrity, message);
        match (arrived.signer(), expected) {
            // Whoever names one means nobody else.
            (Some(found), _) if named.is_some_and(|named| named != found) => {
                let held = "held back: nothing was changed";
                Err(Failure::new(Exit::Denied, format!("{name} is signed by {found}, whom --signer doesn't name"))
                    .because(held))
            }
            (Some(found), Some(expected)) if found == expected => Ok(None),
            (None, None) if named.is_none() => Ok(None),
            (Some(_), _) if named.is_some() => Ok(None),
            (None, Some(expected)) => Err(failed(format!("{name} is not signed any more"))
                .because(format!("the lock expects a signature of {expected}"))
                .hint(format!("if that is meant: skillhost remove {name}, and add it anew"))),
            (None, None) => Err(failed(format!("{name} is not signed"))),
            (Some(found), _) => Ok(Some(Doubt::Signer(found.clone()))),
        }
    }

    fn version(&self, version: &Version, digest: Digest) -> Result<Option<Doubt>, Failure> {
        let Locked { name, version: before, digest: locked, .. } = self.before;
        match &self.arguments.to {
            Some(wanted) if wanted == version => Ok(None),
            Some(wanted) => Err(Failure::new(Exit::Integrity, format!("{name} is {version} there, and not {wanted}"))),
            None if version.is_before(before) => Ok(Some(Doubt::Lower(version.clone()))),
            None if version == before && digest != *locked => Ok(Some(Doubt::Content(version.clone(), digest))),
            None => Ok(None),
        }
    }

    /// Whether a person can say that it is taken all the same.
    pub(super) fn can_ask(&self) -> bool {
        !self.global.no_prompt && !self.arguments.locked && ambient::has_terminal()
    }

    /// Asks whether it is taken all the same.
    pub(super) fn ask(&self, doubt: &Doubt) -> Result<(), Failure> {
        let (lines, question) = doubt.question(self.before);
        match answer(self.shop.printer, &lines, question)?.as_deref() {
            Some("y" | "yes") => Ok(()),
            Some(_) => self.refuse(doubt.told(self.before)),
            None => self.refuse(doubt.held(self.before)),
        }
    }
}

impl Doubt {
    /// What is wrong, and that nothing came of it.
    fn told(&self, before: &Locked) -> Failure {
        let name = &before.name;
        let denied = |message: String| Failure::new(Exit::Denied, message);
        match self {
            Self::Signer(now) => denied(format!("{name} is signed by another than before"))
                .because(format!("before: {}; now: {now}", signer_of(before)))
                .because("held back: nothing was changed"),
            Self::Content(version, _) => {
                denied(format!("{name} {version} is another component than the one that is locked"))
                    .because("held back: a version that was published doesn't change")
            }
            Self::Lower(version) => {
                denied(format!("{name} {version} is older than {}, which is locked", before.version))
                    .because("held back: an older version may have flaws that were mended")
            }
        }
    }

    /// The same where nobody was asked, with the flag that names it.
    pub(super) fn held(&self, before: &Locked) -> Failure {
        let flag = match self {
            Self::Signer(now) => format!("--signer {}", asks::shell(&now.to_string())),
            Self::Content(version, _) | Self::Lower(version) => format!("--to {version}"),
        };
        self.told(before).hint(format!("if that is meant: skillhost update {} {flag}", before.name))
    }

    /// What a person has to know, and the question.
    fn question(&self, before: &Locked) -> (Vec<String>, &'static str) {
        let name = &before.name;
        match self {
            Self::Signer(now) => {
                let mut lines = vec![
                    format!("{name} is signed by another than before:"),
                    format!("  before  {}", signer_of(before)),
                    format!("  now     {now}"),
                    if before.signer.is_some() {
                        "Whoever vouched for it until now does not vouch for this one.".to_owned()
                    } else {
                        "Nobody vouched for it until now, so nobody says that it is the same author's.".to_owned()
                    },
                    "Where somebody took over the place that it comes from, it looks just like this.".to_owned(),
                ];
                let granted = asks::lines(&before.grant);
                if !granted.is_empty() {
                    lines.push("It gets what the one before was granted, as far as it asks for it:".to_owned());
                    lines.extend(granted);
                    lines.extend(asks::together(&before.grant));
                }
                (lines, "Trust this signer with it from now on? [y/N]: ")
            }
            Self::Content(version, now) => (
                vec![
                    format!("{name} {version} is another component than the one that is locked:"),
                    format!("  before  {}", before.digest),
                    format!("  now     {now}"),
                    "A version that was published doesn't change: somebody may have put another in its place."
                        .to_owned(),
                ],
                "Take what is there now? [y/N]: ",
            ),
            Self::Lower(version) => (
                vec![
                    format!("{name} {version} is older than {}, which is locked.", before.version),
                    "An older version may have flaws that were mended, which is why somebody may offer it.".to_owned(),
                ],
                "Go back to it? [y/N]: ",
            ),
        }
    }
}

fn signer_of(locked: &Locked) -> String {
    locked.signer.as_ref().map_or("nobody".to_owned(), ToString::to_string)
}
