use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use zeroize::Zeroizing;

use crate::{
    AuditError, Subject, SubjectKey, ambient,
    seal::{aad, decrypt, encrypt},
};

const KEY_BYTES: usize = 32;

/// Room for a nonce, a key and a tag, and for nothing much larger.
const MAX_KEY_FILE_BYTES: u64 = 256;

/// The keys of a state directory, in `STATE/keys`: the machine's key, and one small file for each
/// subject, wrapped with it. To erase a subject is to destroy that file: the machine's key alone,
/// from a backup or otherwise, opens nothing.
#[derive(Clone)]
pub struct Keyring {
    subjects: PathBuf,
    machine: Arc<Zeroizing<[u8; KEY_BYTES]>>,
}

impl Keyring {
    /// Opens the keyring of a state directory, and makes what is missing. Processes that do so at
    /// once agree on one key. Files that others could read or replace are refused.
    pub fn open(state_dir: &Path) -> Result<Self, AuditError> {
        let keys = state_dir.join("keys");
        let subjects = keys.join("subjects");
        for dir in [&keys, &subjects] {
            ambient::create_private_dir(dir)?;
        }
        let path = machine_key(&keys);
        if read_key_file(&path)?.is_none() {
            let fresh = Zeroizing::new(ambient::random::<KEY_BYTES>()?);
            ambient::create_private(&path, &*fresh, true)?;
        }
        Self::find(state_dir)?.ok_or(AuditError::KeyDamaged(path))
    }

    /// The keyring that is there, under the same rules; `None` where there is none. Makes nothing.
    pub fn find(state_dir: &Path) -> Result<Option<Self>, AuditError> {
        let keys = state_dir.join("keys");
        let path = machine_key(&keys);
        if !ambient::is_private_dir(&keys)? {
            return Ok(None);
        }
        let Some(bytes) = read_key_file(&path)? else { return Ok(None) };
        let machine = <[u8; KEY_BYTES]>::try_from(&bytes[..]).map_err(|_| AuditError::KeyDamaged(path))?;
        Ok(Some(Self { subjects: keys.join("subjects"), machine: Arc::new(Zeroizing::new(machine)) }))
    }

    /// Removes what was left of keys by processes that were ended while they made one.
    pub fn tidy(&self) -> Result<(), AuditError> {
        let keys = self.subjects.parent().unwrap_or(&self.subjects);
        [keys, &self.subjects].into_iter().try_for_each(ambient::remove_drafts)
    }

    /// The key of a subject, made where there is none.
    pub fn subject(&self, subject: Subject) -> Result<SubjectKey, AuditError> {
        self.make(subject, true)
    }

    /// As [`Keyring::subject`], without waiting for the disk: a log that is opened with it brings it there before its own
    /// first flush, and until then nothing has happened that is worth more than the key.
    pub fn subject_unflushed(&self, subject: Subject) -> Result<SubjectKey, AuditError> {
        let path = self.path(&subject);
        let mut key = self.make(subject, false)?;
        key.unflushed = Some(path);
        Ok(key)
    }

    fn make(&self, subject: Subject, flush: bool) -> Result<SubjectKey, AuditError> {
        if let Some(key) = self.existing(subject.clone())? {
            return Ok(key);
        }
        let path = self.path(&subject);
        let fresh = Zeroizing::new(ambient::random::<KEY_BYTES>()?);
        let wrapped = encrypt(&self.wrapping_key(), &wrapping_aad(&subject), &*fresh)?;
        ambient::create_private(&path, &wrapped, flush)?;
        // Whoever came first: what is on disk is the key.
        self.existing(subject)?.ok_or(AuditError::KeyDamaged(path))
    }

    /// The key of a subject; `None` where it never had one, or was erased.
    pub fn existing(&self, subject: Subject) -> Result<Option<SubjectKey>, AuditError> {
        let path = self.path(&subject);
        let Some(wrapped) = read_key_file(&path)? else { return Ok(None) };
        let key = decrypt(&self.wrapping_key(), &wrapping_aad(&subject), &wrapped).map(Zeroizing::new).ok();
        let key = key.and_then(|key| <[u8; KEY_BYTES]>::try_from(&key[..]).ok()).ok_or(AuditError::KeyDamaged(path))?;
        Ok(Some(SubjectKey::new(subject, Zeroizing::new(key))))
    }

    /// Destroys the key of a subject, and with it every body that was sealed for it; `false` where
    /// there was none. The blocks of the disk may outlive the file, wrapped as they are.
    pub fn erase(&self, subject: &Subject) -> Result<bool, AuditError> {
        ambient::destroy(&self.path(subject))
    }

    /// A key for another use of the host's, which `context` names: nobody else can make it.
    pub fn derived(&self, context: &str) -> [u8; KEY_BYTES] {
        blake3::derive_key(context, &**self.machine)
    }

    /// A keyed hash, so that the folder doesn't tell who the subjects are.
    fn path(&self, subject: &Subject) -> PathBuf {
        let naming = Zeroizing::new(blake3::derive_key("skillhost 2026 subject file name", &**self.machine));
        self.subjects.join(format!("{}.key", blake3::keyed_hash(&naming, &subject.tag()).to_hex()))
    }

    fn wrapping_key(&self) -> Zeroizing<[u8; KEY_BYTES]> {
        Zeroizing::new(blake3::derive_key("skillhost 2026 subject key wrapping", &**self.machine))
    }
}

fn machine_key(keys: &Path) -> PathBuf {
    keys.join("machine.key")
}

fn wrapping_aad(subject: &Subject) -> Vec<u8> {
    aad("skillhost subject key", &[&subject.tag()])
}

fn read_key_file(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, AuditError> {
    Ok(ambient::read_private(path, MAX_KEY_FILE_BYTES)?.map(Zeroizing::new))
}

#[cfg(test)]
#[path = "keyring_tests.rs"]
mod tests;
