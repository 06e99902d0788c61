//! Who signed a skill: a key, or an identity that an issuer vouches for.

mod pattern;

pub use pattern::{SignerPattern, SignerPatternError};

use crate::digest::Digest;
use crate::text::{escape_terminal, is_deceptive};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Longest identity and longest issuer, in bytes.
const MAX_PART_BYTES: usize = 512;
const KEY: &str = "ed25519:";
const IDENTITY: &str = "sigstore:";
const ISSUER: &str = " issuer:";

/// Who signed a skill, as a lock and a policy name it. A name alone proves nothing: a signature does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Signer {
    /// `ed25519:HEX`: a public key, 32 bytes.
    Key([u8; 32]),
    /// `sigstore:IDENTITY issuer:URL`: whom a certificate names, and who says so.
    Identity {
        /// A mail address, or the URL of a workflow.
        identity: String,
        /// The issuer of the identity's token.
        issuer: String,
    },
}

/// The text names no signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no signer: write ed25519: and 64 hexadecimal digits, or `sigstore:IDENTITY issuer:https://…`")]
pub struct SignerError(String);

impl FromStr for Signer {
    type Err = SignerError;

    fn from_str(text: &str) -> Result<Self, SignerError> {
        read(text).ok_or_else(|| SignerError(escape_terminal(text, 120).as_str().to_owned()))
    }
}

fn read(text: &str) -> Option<Signer> {
    if let Some(digits) = text.strip_prefix(KEY) {
        let mut key = [0; 32];
        let is_one_spelling = !digits.bytes().any(|b| b.is_ascii_uppercase());
        return (is_one_spelling && hex::decode_to_slice(digits, &mut key).is_ok()).then_some(Signer::Key(key));
    }
    let (identity, issuer) = text.strip_prefix(IDENTITY)?.split_once(ISSUER)?;
    Signer::identity(identity, issuer)
}

impl Signer {
    /// An identity and its issuer, where both are texts that show all that they hold.
    pub fn identity(identity: &str, issuer: &str) -> Option<Self> {
        let shows = |part: &str| {
            !part.is_empty()
                && part.len() <= MAX_PART_BYTES
                && !part.chars().any(|c| c.is_whitespace() || is_deceptive(c))
        };
        (shows(identity) && shows(issuer))
            .then(|| Self::Identity { identity: identity.to_owned(), issuer: issuer.to_owned() })
    }
}

impl Signer {
    /// Digits that stand for it in the name of a file. Two that share them would share the file, and so gain nothing: what
    /// is in it says whose it is.
    pub fn digits(&self) -> String {
        Digest::of(self.to_string().as_bytes()).hex()[..32].to_owned()
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "{KEY}{}", hex::encode(key)),
            Self::Identity { identity, issuer } => write!(f, "{IDENTITY}{identity}{ISSUER}{issuer}"),
        }
    }
}

impl TryFrom<String> for Signer {
    type Error = SignerError;

    fn try_from(text: String) -> Result<Self, SignerError> {
        text.parse()
    }
}

impl From<Signer> for String {
    fn from(signer: Signer) -> Self {
        signer.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let key = format!("ed25519:{}", "0a".repeat(32));
        for text in [&key, "sigstore:release@acme.example issuer:https://accounts.example.com"] {
            assert_eq!(text.parse::<Signer>().unwrap().to_string(), *text);
        }
        for bad in [
            "",
            "ed25519:",
            &key.to_uppercase(),
            &key.replace("0a", "0A"),
            &key[..70],
            "sigstore:a",
            "sigstore: issuer:https://b",
            "sigstore:a issuer:",
            "sigstore:a b issuer:c",
            "sigstore:a\u{202e} issuer:c",
        ] {
            assert!(bad.parse::<Signer>().is_err(), "{bad:?}");
        }
    }
}
