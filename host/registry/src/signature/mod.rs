//! Who signed a component: what is attached to it is judged over exactly its bytes.
//!
//! A signature says who it is of only once it held. The key inside a signature file, or the certificate inside a bundle,
//! is a claim; that it is a key which somebody expects is for the lock and the policy to say.

mod file;
mod key;
mod provider;
mod sigstore;

use crate::fetched::{Attached, MAX_ATTACHED, MAX_ATTACHED_BYTES};
pub use file::{SignatureFile, sign};
pub use key::{KeyError, SigningKey};
pub use sigstore::{Trust, TrustError};
use skillhost_core::digest::Digest;
use skillhost_core::signer::Signer;
use skillhost_core::text::escape_terminal;
use std::fmt;

/// Who signed a component. Only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    signers: Vec<Signer>,
    /// What was attached of each of them, in the same order.
    held: Vec<Attached>,
    refused: Vec<Refused>,
}

/// A signature that held over a component, and whose it is: what is worth keeping of all that was attached. Only
/// [`Verified::of`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    signer: Signer,
    attached: Attached,
}

impl Signed {
    /// Whose it is.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// What was attached.
    pub fn attached(&self) -> &Attached {
        &self.attached
    }
}

/// Something attached that is no signature of this component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place among what was attached, from 0.
    pub index: usize,
    /// What it is.
    pub kind: AttachedKind,
    /// Why it doesn't hold.
    pub reason: Reason,
}

/// What is attached, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachedKind {
    /// Made by `skillhost sign`.
    Signature,
    /// Made by cosign and others.
    Bundle,
}

/// The root of the public good instance, as this program has it.
pub fn public_good_root() -> &'static str {
    sigstore::PUBLIC_GOOD
}

/// Why something that is attached doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// It isn't what it should be.
    #[error("it can't be read: {0}")]
    Malformed(String),
    /// Whoever listed it doesn't have it, or has something else.
    #[error("it can't be had: {0}")]
    Unusable(String),
    /// It is over other bytes.
    #[error("it is over another component: {0}")]
    OtherSubject(String),
    /// The signature isn't the key's.
    #[error("the signature is not of {0}")]
    NotOfKey(Signer),
    /// Anybody could sign with this key, or it has another spelling.
    #[error("{0} is no key that can be relied on")]
    WeakKey(Signer),
    /// The certificate, the log or the signature doesn't hold.
    #[error("it doesn't verify: {0}")]
    Unproven(String),
    /// It says something about the component, and doesn't vouch for it.
    #[error("it is a statement of type {0}, which is no signature")]
    Statement(String),
    /// No certificate says who signed.
    #[error("it names no identity with its issuer; keys sign with `skillhost sign`")]
    NoIdentity,
}

/// Why a component's signatures are not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// It came with signatures, and none of them is over these bytes: it is not the component that was signed.
    #[error("none of its signatures holds: {}", listed(.0))]
    NoneHolds(Vec<Refused>),
    /// More is attached than is looked at.
    #[error("{0} signatures are attached, {MAX_ATTACHED} at most are looked at")]
    TooMany(usize),
    /// Who should have signed it, didn't.
    #[error("it is not signed by {expected}, but by {}", named(.found))]
    Missing {
        /// Whose signature is missing.
        expected: Signer,
        /// Who signed it.
        found: Vec<Signer>,
    },
}

/// Says whose signatures over exactly `component` hold; nobody's, where nothing is attached.
///
/// # Errors
/// Where something is attached and nothing of it holds. Where something holds, the rest is told in
/// [`Verified::refused`], since whoever may add to a registry could otherwise keep a skill from being installed.
pub fn verify(component: &[u8], attached: &[Attached], trust: &Trust) -> Result<Verified, SignatureError> {
    if attached.len() > MAX_ATTACHED {
        return Err(SignatureError::TooMany(attached.len()));
    }
    let mut verified = Verified { signers: Vec::new(), held: Vec::new(), refused: Vec::new() };
    if attached.is_empty() {
        return Ok(verified);
    }
    let digest = Digest::of(component);
    for (index, one) in attached.iter().enumerate() {
        let (kind, judged) = match one {
            Attached::Signature(bytes) => (AttachedKind::Signature, file::verify(component, &digest, bytes)),
            Attached::Bundle(bytes) => (AttachedKind::Bundle, sigstore::verify(component, bytes, trust)),
            Attached::Unusable(why) => (AttachedKind::Signature, Err(Reason::Unusable(shown(why)))),
        };
        match judged {
            Ok(signer) if verified.signers.contains(&signer) => {}
            Ok(signer) => {
                verified.signers.push(signer);
                verified.held.push(one.clone());
            }
            Err(reason) => verified.refused.push(Refused { index, kind, reason }),
        }
    }
    if verified.signers.is_empty() { Err(SignatureError::NoneHolds(verified.refused)) } else { Ok(verified) }
}

impl Verified {
    /// Whose signatures hold, each once, in the order of what was attached. None: it is unsigned.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// The signature of one of the signers.
    pub fn of(&self, signer: &Signer) -> Option<Signed> {
        let held = self.signers.iter().zip(&self.held).find(|(one, _)| *one == signer);
        held.map(|(signer, attached)| Signed { signer: signer.clone(), attached: attached.clone() })
    }

    /// What else was attached, and why it doesn't count.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Demands a signer: the one that a lock pinned.
    ///
    /// # Errors
    /// Where it isn't among the signers, whoever else is.
    pub fn require(&self, expected: &Signer) -> Result<(), SignatureError> {
        if self.signers.contains(expected) {
            return Ok(());
        }
        Err(SignatureError::Missing { expected: expected.clone(), found: self.signers.clone() })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            AttachedKind::Signature => "signature",
            AttachedKind::Bundle => "Sigstore bundle",
        };
        write!(f, "{kind} {}: {}", self.index + 1, self.reason)
    }
}

fn listed(refused: &[Refused]) -> String {
    refused.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn named(signers: &[Signer]) -> String {
    if signers.is_empty() {
        return "nobody".to_owned();
    }
    signers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether something attached is small enough to be looked at.
fn bounded(bytes: &[u8]) -> Result<&[u8], Reason> {
    if bytes.len() as u64 > MAX_ATTACHED_BYTES {
        return Err(Reason::Malformed(format!("it is larger than {MAX_ATTACHED_BYTES} bytes")));
    }
    Ok(bytes)
}

/// What others wrote, as much of it as explains.
fn shown(what: &(impl fmt::Display + ?Sized)) -> String {
    escape_terminal(&what.to_string(), 300).as_str().to_owned()
}

#[cfg(test)]
mod tests;
