//! Secrets that a lock grants, and nobody on this machine gave yet: named on the command line, or answered on a terminal.

use crate::ambient;
use crate::calling::models::read_user;
use crate::calling::web;
use crate::failure::{Exit, Failure};
use crate::installing::consent::answer;
use crate::installing::known::{self, Known};
use crate::installing::workshop::Workshop;
use serde::Serialize;
use skillhost_core::lock::{FILE, Lock, Locked};
use skillhost_core::name::{SecretName, SkillName};
use std::collections::BTreeSet;

/// A secret that is named for a skill.
pub(super) type Named = (SkillName, SecretName);

/// One that nobody gave, for programs.
#[derive(Serialize)]
pub(super) struct Waiting {
    skill: SkillName,
    secret: SecretName,
}

/// Reads `--secret SKILL=NAME`. The lock has to grant it: what is named is given, and nothing else comes of it.
pub(super) fn read(flags: &[String], lock: &Lock) -> Result<Vec<Named>, Failure> {
    let one = |flag: &String| {
        let wrong = |why: String| Failure::new(Exit::Usage, format!("--secret {flag}: {why}"));
        let (skill, secret) = flag.split_once('=').ok_or_else(|| wrong("it is SKILL=NAME".to_owned()))?;
        let secret: SecretName = secret.parse().map_err(|e: skillhost_core::name::NameError| wrong(e.to_string()))?;
        match lock.find(skill) {
            None => Err(wrong(format!("there is no skill `{skill}` in {FILE}"))),
            Some(locked) if !locked.grant.secrets.contains(&secret) => {
                Err(wrong(format!("{FILE} doesn't grant it to {skill}"))
                    .hint(format!("skillhost update {skill} --grant secrets={secret}, where its manifest asks for it")))
            }
            Some(locked) => Ok((locked.name.clone(), secret)),
        }
    };
    flags.iter().map(one).collect()
}

/// What giving works with.
pub(super) struct Given<'a> {
    pub(super) shop: &'a Workshop,
    pub(super) lock: &'a Lock,
    pub(super) known: &'a Known,
    pub(super) no_prompt: bool,
}

impl Given<'_> {
    /// Gives what was named, asks for the rest where somebody can answer, and tells what nobody gave.
    pub(super) fn settle(&self, named: &[Named]) -> Result<Vec<Waiting>, Failure> {
        let printer = self.shop.printer;
        let mut waiting = Vec::new();
        for (locked, secret) in self.open(named)? {
            let is_named = named.iter().any(|(skill, name)| *skill == locked.name && *name == secret);
            if is_named || self.is_answered(locked, &secret)? {
                self.give(locked, &secret)?;
                printer.note(format!("{} may use the secret {secret} in this project", locked.name));
                continue;
            }
            let name = &locked.name;
            printer.note(format!("{FILE} grants {name} the secret {secret}, and nobody on this machine did:"));
            printer.note(format!("  skillhost sync --secret {name}={secret} lets {name} use it"));
            waiting.push(Waiting { skill: name.clone(), secret });
        }
        Ok(waiting)
    }

    /// What the lock grants and nobody here gave. Of a secret that the user doesn't have, nothing is said before they do.
    fn open(&self, named: &[Named]) -> Result<Vec<(&Locked, SecretName)>, Failure> {
        let granted = || self.lock.skills.iter().flat_map(|it| it.grant.secrets.iter().map(move |name| (it, name)));
        if granted().next().is_none() {
            return Ok(Vec::new());
        }
        let sources = read_user()?.secrets;
        let is_open = |(locked, secret): &(&Locked, &SecretName)| {
            let is_named = named.iter().any(|(skill, name)| *skill == locked.name && name == *secret);
            let is_free = || sources.get(*secret).is_some_and(|source| !web::names(source, locked));
            !self.known.lets(locked, secret) && (is_named || is_free())
        };
        Ok(granted().filter(is_open).map(|(locked, secret)| (locked, secret.clone())).collect())
    }

    fn is_answered(&self, locked: &Locked, secret: &SecretName) -> Result<bool, Failure> {
        if self.no_prompt || !ambient::has_terminal() {
            return Ok(false);
        }
        let urls: Vec<String> = locked.grant.http.patterns().iter().map(ToString::to_string).collect();
        let lines = [
            format!("{FILE} grants {} {} the secret {secret}, to act as you with:", locked.name, locked.version),
            format!(
                "  {}, where your config.toml lets it go",
                if urls.is_empty() { "nothing".to_owned() } else { urls.join(", ") }
            ),
        ];
        let question = format!("Let {} use {secret} in this project? [y/N]: ", locked.name);
        let typed = answer(self.shop.printer, &lines, &question)?;
        Ok(matches!(typed.as_deref(), Some("y" | "yes")))
    }

    fn give(&self, locked: &Locked, secret: &SecretName) -> Result<(), Failure> {
        self.shop.record_secrets(&BTreeSet::from([secret.clone()]))?;
        let path = self.shop.lock.path();
        Known::edit(&self.shop.places, &path, |known| known.give(locked, secret)).map_err(|e| known::unwritable(&e))
    }
}
