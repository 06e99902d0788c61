//! A skill as a user names it for what is theirs to give: by its bytes, or by who signed it. A name alone would be anybody's.

use crate::digest::Digest;
use crate::lock::Locked;
use crate::signer::Signer;
use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// Which skills are meant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Pin {
    /// `sha256:HEX`: this component.
    Component(Digest),
    /// What this one signed.
    Signer(Signer),
}

/// The text names neither a component nor a signer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}, or sha256: and a component's digest")]
pub struct PinError(String);

impl Pin {
    /// What a lock's entry is known by: its signer, whose next version is as much theirs; its bytes where it is unsigned.
    pub fn of(locked: &Locked) -> Self {
        locked.signer.clone().map_or(Self::Component(locked.digest), Self::Signer)
    }

    /// Whether an entry is meant. That the component has this digest and this signature is checked where it is loaded.
    pub fn is_of(&self, locked: &Locked) -> bool {
        match self {
            Self::Component(digest) => *digest == locked.digest,
            Self::Signer(signer) => locked.signer.as_ref() == Some(signer),
        }
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        if let Ok(digest) = text.parse() {
            return Ok(Self::Component(digest));
        }
        text.parse().map(Self::Signer).map_err(|e: crate::signer::SignerError| PinError(e.to_string()))
    }
}

impl TryFrom<String> for Pin {
    type Error = PinError;

    fn try_from(text: String) -> Result<Self, PinError> {
        text.parse()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component(digest) => digest.fmt(f),
            Self::Signer(signer) => signer.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::capability::Capabilities;

    #[test]
    fn r_19_a_skill_is_named_by_its_bytes_or_by_who_signed_it() {
        let signer: Signer = format!("ed25519:{}", "0a".repeat(32)).parse().unwrap();
        let unsigned = Locked {
            name: "x".parse().unwrap(),
            version: "1.0.0".to_owned().try_into().unwrap(),
            source: "file:x.wasm".parse().unwrap(),
            digest: Digest::of(b"x"),
            signer: None,
            grant: Capabilities::default(),
        };
        let signed = Locked { signer: Some(signer.clone()), ..unsigned.clone() };
        let next = Locked { digest: Digest::of(b"y"), ..signed.clone() };
        assert_eq!(Pin::of(&unsigned).to_string(), unsigned.digest.to_string());
        assert_eq!(Pin::of(&next).to_string(), signer.to_string());
        for (pin, meant, others) in [
            (unsigned.digest.to_string(), vec![&unsigned, &signed], vec![&next]),
            (signer.to_string(), vec![&signed, &next], vec![&unsigned]),
        ] {
            let pin: Pin = pin.parse().unwrap();
            assert!(meant.iter().all(|one| pin.is_of(one)) && others.iter().all(|one| !pin.is_of(one)), "{pin}");
        }
        for bad in ["x", "*", "", "sha256:00", "ed25519:00", "licence-check"] {
            assert!(bad.parse::<Pin>().unwrap_err().to_string().contains("names no signer"), "{bad}");
        }
    }
}
