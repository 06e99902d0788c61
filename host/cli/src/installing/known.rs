//! What this machine knows of a project's lock: what each skill was granted when somebody here last looked, and which
//! secrets they let it use.
//!
//! A lock is a file of a repository, and whoever writes the repository writes it. What it grants of the worktree is
//! reviewed with it; a secret is the user's own. So a lock's word is not enough for one: somebody on this machine has to
//! have said so, for this lock, this skill and this secret, or the user's `config.toml` names who may have it.
//!
//! What is known lies in the state folder under a key of the host's: a folder that came from elsewhere says nothing.

use crate::ambient;
use crate::failure::{Exit, Failure};
use crate::installing::fetch::is_same_place;
use crate::places::Places;
use serde::{Deserialize, Serialize};
use skillhost_audit::Keyring;
use skillhost_core::digest::Digest;
use skillhost_core::lock::{Lock, Locked};
use skillhost_core::name::{SecretName, SkillName};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// What the key is for, and nothing else.
const CONTEXT: &str = "skillhost 2026 what was granted here";
/// Largest record, in bytes: a lock, and as much again for the secrets.
const MAX_BYTES: u64 = 2 * skillhost_core::document::MAX_DOCUMENT_BYTES as u64;

/// What is known of one lock.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Known {
    /// Its entries, as they were last told.
    skills: Vec<Locked>,
    /// The secrets that each skill was let use.
    secrets: BTreeMap<SkillName, BTreeSet<SecretName>>,
}

/// What a lock grants that was not granted here before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// The skill is new.
    New,
    /// It is another component, which nobody vouches for who vouched for the one before.
    Another,
    /// It may do more.
    More,
}

impl Known {
    /// What is known of the lock with this path: nothing, where nothing was written here that still holds. Writes nothing.
    pub(crate) fn read(places: &Places, lock: &Path) -> Self {
        let bytes = ambient::read_unlinked(&file(places, lock), MAX_BYTES).ok().flatten();
        let known = bytes.and_then(|bytes| {
            let at = bytes.iter().position(|byte| *byte == b'\n')?;
            let (said, body) = (str::from_utf8(&bytes[..at]).ok()?, &bytes[at + 1..]);
            let said = blake3::Hash::from_hex(said).ok()?;
            // Compared by the hash, in a time that tells nothing.
            let keyring = Keyring::find(&places.state).ok()??;
            (tag(&keyring, lock, body) == said).then(|| serde_json::from_slice(body).ok())?
        });
        known.unwrap_or_default()
    }

    /// Changes what is known; nobody else does meanwhile.
    pub(crate) fn edit(places: &Places, lock: &Path, change: impl FnOnce(&mut Self)) -> io::Result<()> {
        ambient::make_private_folder(&folder(places))?;
        let _alone = ambient::lock_folder(&folder(places))?;
        let before = Self::read(places, lock);
        let mut known = before.clone();
        change(&mut known);
        if known == before {
            return Ok(());
        }
        let body = serde_json::to_vec(&known).map_err(io::Error::other)?;
        let keyring = Keyring::open(&places.state).map_err(io::Error::other)?;
        let mut bytes = format!("{}\n", tag(&keyring, lock, &body).to_hex()).into_bytes();
        bytes.extend(body);
        ambient::replace(&file(places, lock), &bytes)
    }

    /// Forgets a lock.
    pub(crate) fn forget(places: &Places, lock: &Path) -> io::Result<()> {
        ambient::remove(&file(places, lock))
    }

    /// Whether somebody here let this skill use this secret: the same bytes, or what the same signer made of them since.
    pub(crate) fn lets(&self, locked: &Locked, secret: &SecretName) -> bool {
        self.secrets.get(&locked.name).is_some_and(|secrets| secrets.contains(secret))
            && self.find(&locked.name).is_some_and(|known| is_same(known, locked))
    }

    /// What `lock` grants that was not granted here before, skill by skill.
    pub(crate) fn news<'a>(&self, lock: &'a Lock) -> Vec<News<'a>> {
        let one = |locked: &'a Locked| {
            let of = |why, granted| Some(News { locked, why, granted });
            match self.find(&locked.name) {
                None => of(Why::New, locked.grant.permissions()),
                Some(known) if !is_same(known, locked) => of(Why::Another, locked.grant.permissions()),
                Some(known) => {
                    let mut more = locked.grant.permissions();
                    more.retain(|permission| !known.grant.covers(permission));
                    if more.is_empty() { None } else { of(Why::More, more) }
                }
            }
        };
        lock.skills.iter().filter_map(one).collect()
    }

    /// Knows an entry as it is now, and that it may use these secrets and no others.
    pub(crate) fn put(&mut self, locked: &Locked, secrets: BTreeSet<SecretName>) {
        self.remove(&locked.name);
        self.skills.push(locked.clone());
        if !secrets.is_empty() {
            self.secrets.insert(locked.name.clone(), secrets);
        }
    }

    /// Knows all of a lock as it is now, and nothing else. What a skill was let use it may use further, where it is the same
    /// and its grant still has it.
    pub(crate) fn see(&mut self, lock: &Lock) {
        let before = std::mem::take(self);
        for locked in &lock.skills {
            let secrets = locked.grant.secrets.iter().filter(|secret| before.lets(locked, secret));
            self.put(locked, secrets.cloned().collect());
        }
    }

    /// Lets a skill that is known use a secret.
    pub(crate) fn give(&mut self, locked: &Locked, secret: &SecretName) {
        let mut secrets: BTreeSet<SecretName> =
            locked.grant.secrets.iter().filter(|one| self.lets(locked, one)).cloned().collect();
        secrets.insert(secret.clone());
        self.put(locked, secrets);
    }

    /// Knows a skill no longer.
    pub(crate) fn remove(&mut self, name: &SkillName) {
        self.skills.retain(|known| known.name != *name);
        self.secrets.remove(name);
    }

    fn find(&self, name: &SkillName) -> Option<&Locked> {
        self.skills.iter().find(|known| known.name == *name)
    }
}

/// What is new of one skill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News<'a> {
    pub(crate) locked: &'a Locked,
    pub(crate) why: Why,
    /// What it may do that it was not granted here before.
    pub(crate) granted: Vec<skillhost_core::permission::Permission>,
}

/// Whether an entry is about the skill that was known: from the same place, of the same signer and no older, or the same bytes
/// where nobody signed them. A lock that names another signer for the same bytes names somebody else: anybody may sign them.
fn is_same(known: &Locked, locked: &Locked) -> bool {
    let is_its_own = match (&known.signer, &locked.signer) {
        (Some(before), Some(now)) => before == now && !locked.version.is_before(&known.version),
        (None, None) => known.digest == locked.digest,
        _ => false,
    };
    is_its_own && is_same_place(&known.source, &locked.source)
}

/// Where it is kept.
pub(crate) fn folder(places: &Places) -> PathBuf {
    places.state.join("granted")
}

fn file(places: &Places, lock: &Path) -> PathBuf {
    folder(places).join(Digest::of(lock.as_os_str().as_bytes()).hex())
}

fn tag(keyring: &Keyring, lock: &Path, body: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_keyed(&keyring.derived(CONTEXT));
    for part in [lock.as_os_str().as_bytes(), body] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

/// What can't be written down is not known the next time.
pub(crate) fn unwritable(error: &io::Error) -> Failure {
    Failure::new(Exit::Configuration, "what was granted here can't be written down").because_of_all(error)
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
