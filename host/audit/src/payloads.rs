use std::path::{Path, PathBuf};

use skillhost_core::{digest::Digest, name::RunId};

use crate::{AuditError, SubjectKey, ambient};

/// The most that one body may be: well over any prompt or output that the host keeps.
pub const MAX_BODY_BYTES: u64 = 64 << 20;

/// What sealing adds, rounded up.
const SEALED_OVERHEAD_BYTES: u64 = 128;

/// What a body is. Authenticated with it: a reply can't be shown as a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyKind {
    /// What a model was sent.
    Prompt,
    /// What it said.
    Reply,
    /// Arguments of a call or a command.
    Arguments,
    /// What a command or a skill wrote.
    Output,
    /// Paths that were used.
    Paths,
    /// Host, port and address of a connection.
    Destination,
    /// What a person was asked.
    Question,
    /// What they said.
    Answer,
}

impl BodyKind {
    fn word(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Reply => "reply",
            Self::Arguments => "arguments",
            Self::Output => "output",
            Self::Paths => "paths",
            Self::Destination => "destination",
            Self::Question => "question",
            Self::Answer => "answer",
        }
    }
}

/// The sealed bodies of one run, each in a file named by the digest of its ciphertext.
pub struct Payloads {
    dir: PathBuf,
    run: RunId,
    key: SubjectKey,
}

impl Payloads {
    /// Opens the folder `dir`, and makes it where it is missing.
    pub fn open(dir: &Path, run: RunId, key: SubjectKey) -> Result<Self, AuditError> {
        ambient::create_private_dir(dir)?;
        Ok(Self { dir: dir.into(), run, key })
    }

    /// Seals and stores a body. The digest goes into an entry. Not flushed: after a crash of the
    /// machine a body may be missing or cut, which [`Payloads::get`] notices.
    pub fn put(&self, kind: BodyKind, body: &[u8]) -> Result<Digest, AuditError> {
        let sealed = self.key.seal(&self.run, kind.word(), body)?;
        let digest = Digest::of(&sealed);
        ambient::replace_private(&self.path(&digest), &sealed)?;
        Ok(digest)
    }

    /// Reads a body back.
    pub fn get(&self, kind: BodyKind, digest: &Digest) -> Result<Vec<u8>, AuditError> {
        let sealed = ambient::read_private(&self.path(digest), MAX_BODY_BYTES + SEALED_OVERHEAD_BYTES)?
            .ok_or(AuditError::PayloadMissing(*digest))?;
        if Digest::of(&sealed) != *digest {
            return Err(AuditError::BodyAltered);
        }
        self.key.unseal(&self.run, kind.word(), &sealed)
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.dir.join(digest.hex())
    }
}

#[cfg(test)]
#[path = "payloads_tests.rs"]
mod tests;
