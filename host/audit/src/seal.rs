//! Sealing bodies: XChaCha20-Poly1305 under a subject's key.
//!
//! Layout of a sealed body: version (1 byte), id of the key (16), nonce (24), ciphertext and tag.
//! Not stored but authenticated: the subject, the run, and the place, a word that says what the
//! body is (`prompt`, `finding F3`). So a body can't be passed off as another one's.

use std::{fmt, path::PathBuf};

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use skillhost_core::name::RunId;
use zeroize::Zeroizing;

use crate::{AuditError, Subject, ambient, payloads::MAX_BODY_BYTES};

const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
const KEY_ID_BYTES: usize = 16;

/// Names a key without telling it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; KEY_ID_BYTES]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key of one subject, from [`Keyring`](crate::Keyring). Wiped from memory when dropped.
pub struct SubjectKey {
    subject: Subject,
    key: Zeroizing<[u8; 32]>,
    /// Where it is stored, if it may not have reached the disk yet.
    pub(crate) unflushed: Option<PathBuf>,
}

impl SubjectKey {
    pub(crate) fn new(subject: Subject, key: Zeroizing<[u8; 32]>) -> Self {
        Self { subject, key, unflushed: None }
    }

    /// A key that is nowhere stored, for tests and benchmarks.
    #[cfg(any(test, feature = "testing"))]
    pub fn ephemeral(subject: Subject) -> Result<Self, AuditError> {
        Ok(Self::new(subject, Zeroizing::new(ambient::random()?)))
    }

    /// Whose key it is.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        let derived = self.derive("skillhost 2026 audit key id");
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&derived[..KEY_ID_BYTES]);
        KeyId(id)
    }

    /// Seals `body`, which belongs to `run` and stands at `place`.
    pub fn seal(&self, run: &RunId, place: &str, body: &[u8]) -> Result<Vec<u8>, AuditError> {
        if body.len() as u64 > MAX_BODY_BYTES {
            return Err(AuditError::BodyTooLarge { bytes: body.len() as u64 });
        }
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&self.id().0);
        sealed.extend_from_slice(&encrypt(&self.key, &self.aad(run, place), body)?);
        Ok(sealed)
    }

    /// Opens what [`SubjectKey::seal`] made with the same key, run and place.
    pub fn unseal(&self, run: &RunId, place: &str, sealed: &[u8]) -> Result<Vec<u8>, AuditError> {
        let rest = sealed.strip_prefix(&[VERSION]).ok_or(AuditError::BodyAltered)?;
        let (id, rest) = rest.split_at_checked(KEY_ID_BYTES).ok_or(AuditError::BodyAltered)?;
        if id != self.id().0 {
            return Err(AuditError::BodyErased);
        }
        decrypt(&self.key, &self.aad(run, place), rest)
    }

    pub(crate) fn derive(&self, context: &str) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(blake3::derive_key(context, &*self.key))
    }

    fn aad(&self, run: &RunId, place: &str) -> Vec<u8> {
        let subject = self.subject.tag();
        aad("skillhost body", &[&subject, run.as_str().as_bytes(), place.as_bytes()])
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({})", self.id())
    }
}

/// Length before each part, so that no two lists of parts have one encoding.
pub(crate) fn aad(purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
    bytes
}

/// Nonce, then ciphertext and tag. With 192 bits, nonces can be drawn at random under one key for ever.
pub(crate) fn encrypt(key: &[u8; 32], aad: &[u8], msg: &[u8]) -> Result<Vec<u8>, AuditError> {
    let nonce = ambient::random::<NONCE_BYTES>()?;
    let ciphertext = XChaCha20Poly1305::new(&(*key).into())
        .encrypt(&XNonce::from(nonce), Payload { msg, aad })
        .map_err(|_| AuditError::BodyTooLarge { bytes: msg.len() as u64 })?;
    Ok([&nonce[..], &ciphertext].concat())
}

/// Undoes [`encrypt`].
pub(crate) fn decrypt(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, AuditError> {
    let (nonce, msg) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(AuditError::BodyAltered)?;
    XChaCha20Poly1305::new(&(*key).into())
        .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
        .map_err(|_| AuditError::BodyAltered)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn run(id: &str) -> RunId {
        id.parse().unwrap()
    }

    fn key(id: &str) -> SubjectKey {
        SubjectKey::ephemeral(Subject::Run(run(id))).unwrap()
    }

    #[test]
    fn opens_what_it_sealed() {
        let key = key("7f3k");
        let sealed = key.seal(&run("7f3k"), "prompt", b"hello").unwrap();
        assert_eq!(key.unseal(&run("7f3k"), "prompt", &sealed).unwrap(), b"hello");
        assert!(!sealed.windows(5).any(|w| w == b"hello"));
        assert_ne!(sealed, key.seal(&run("7f3k"), "prompt", b"hello").unwrap());
    }

    #[test]
    fn another_run_place_subject_or_key_does_not_open_it() {
        let key = key("7f3k");
        let sealed = key.seal(&run("7f3k"), "prompt", b"hello").unwrap();
        assert!(matches!(key.unseal(&run("7f3j"), "prompt", &sealed), Err(AuditError::BodyAltered)));
        assert!(matches!(key.unseal(&run("7f3k"), "reply", &sealed), Err(AuditError::BodyAltered)));
        let twin = SubjectKey::new(Subject::Person("7f3k".into()), key.key.clone());
        assert!(matches!(twin.unseal(&run("7f3k"), "prompt", &sealed), Err(AuditError::BodyAltered)));
        assert!(matches!(self::key("7f3k").unseal(&run("7f3k"), "prompt", &sealed), Err(AuditError::BodyErased)));
    }

    #[test]
    fn every_altered_byte_and_every_cut_is_noticed() {
        let key = key("7f3k");
        let sealed = key.seal(&run("7f3k"), "prompt", b"hello").unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.unseal(&run("7f3k"), "prompt", &altered).is_err(), "byte {at}");
            assert!(key.unseal(&run("7f3k"), "prompt", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn a_key_is_not_printed() {
        let key = key("7f3k");
        let shown = format!("{key:?}");
        assert!(!shown.contains(&hex::encode(*key.key)) && shown.contains(&key.id().to_string()));
    }
}
