use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{Class, SubjectKey};

/// Stands for a path, a host or an argument vector in the log: equal things have equal commitments
/// within a run, and nobody without the run's key can tell which thing, not even by trying.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Commitment([u8; 32]);

/// The key for commitments of one run.
pub(crate) struct CommitmentKey(zeroize::Zeroizing<[u8; 32]>);

impl CommitmentKey {
    pub(crate) fn of(key: &SubjectKey) -> Self {
        Self(key.derive("skillhost 2026 audit commitment"))
    }

    /// The class is hashed in, so that a file and a host of one spelling differ.
    pub(crate) fn commit(&self, class: Class, bytes: &[u8]) -> Commitment {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        hasher.update(class.word().as_bytes()).update(&[0]).update(bytes);
        Commitment(hasher.finalize().into())
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl Serialize for Commitment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = [0; 64];
        hex::encode_to_slice(self.0, &mut text).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(std::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Commitment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(&text, &mut bytes).map_err(D::Error::custom)?;
        Ok(Self(bytes))
    }
}
