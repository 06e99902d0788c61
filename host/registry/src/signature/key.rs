//! Ed25519 keys: made, kept as PKCS#8, and verified strictly.

use super::Reason;
use ed25519::KeypairBytes;
use ed25519::pkcs8::spki::der::pem::LineEnding;
use ed25519::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use skillhost_core::signer::Signer;
use zeroize::Zeroizing;

const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// A private key. It is wiped from memory when it is dropped, and shows itself nowhere.
pub struct SigningKey(ed25519_dalek::SigningKey);

/// Why a text is no private key. It holds nothing of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No PKCS#8 PEM of an Ed25519 key.
    #[error("it is no Ed25519 key in PKCS#8 PEM (`-----BEGIN PRIVATE KEY-----`)")]
    Unreadable,
    /// It is there, but behind a passphrase.
    #[error("it is encrypted with a passphrase")]
    Encrypted,
}

impl SigningKey {
    /// The key of 32 random bytes.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// Reads PKCS#8 PEM, as [`SigningKey::to_pem`] and `openssl genpkey -algorithm ed25519` write it.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let pem = pem.trim();
        if pem.starts_with(ENCRYPTED) {
            return Err(KeyError::Encrypted);
        }
        ed25519_dalek::SigningKey::from_pkcs8_pem(pem).map(Self).map_err(|_| KeyError::Unreadable)
    }

    /// The key as PKCS#8 PEM, without a passphrase.
    ///
    /// # Errors
    /// None that is known: the bytes of a key have an encoding.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        // Without the public key, which is PKCS#8 of another version that OpenSSL doesn't read.
        let pair = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Unreadable)
    }

    /// Whose signatures it makes.
    pub fn signer(&self) -> Signer {
        Signer::Key(self.0.verifying_key().to_bytes())
    }

    pub(super) fn sign(&self, statement: &[u8]) -> [u8; 64] {
        self.0.sign(statement).to_bytes()
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.signer())
    }
}

/// Whether `signature` is the key's, over `statement`. Strictly: there is one key that made it, and one spelling of it.
pub(super) fn verify(public: &[u8; 32], statement: &[u8], signature: &[u8; 64]) -> Result<(), Reason> {
    let signer = || Signer::Key(*public);
    let key = VerifyingKey::from_bytes(public).map_err(|_| Reason::WeakKey(signer()))?;
    if key.is_weak() || key.to_edwards().compress().as_bytes() != public {
        return Err(Reason::WeakKey(signer()));
    }
    key.verify_strict(statement, &Signature::from_bytes(signature)).map_err(|_| Reason::NotOfKey(signer()))
}
