//! Compiled components on disk.
//!
//! Loading compiled code is as trusting as running a program, so an entry counts only with a tag under a key that
//! never leaves the state folder: the attacker here is a cache that was restored from elsewhere. The code is loaded
//! from the very bytes that were checked. An entry that isn't whole is made anew.

use crate::ambient;
use crate::compile::MAX_COMPILED_BYTES;
use crate::error::LoadError;
use skillhost_core::digest::Digest;
use std::io;
use std::path::{Path, PathBuf};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Most that a file is read of which should be a key.
const MAX_KEY_BYTES: u64 = 1024;
/// Bytes of the tag in front of the compiled code.
const TAG_BYTES: usize = blake3::OUT_LEN;

/// Compiled components, by digest of the component and everything that decides what compiling it gives.
pub(crate) struct Cache {
    folder: PathBuf,
    key: [u8; blake3::KEY_LEN],
}

impl Cache {
    /// Opens the cache in `folder`; its key is made in `key_folder` where there is none.
    pub(crate) fn open(folder: &Path, key_folder: &Path) -> Result<Self, LoadError> {
        let failed = |what: &Path, e: io::Error| LoadError::Cache(what.to_owned(), e);
        ambient::make_private_folder(folder).map_err(|e| failed(folder, e))?;
        ambient::make_private_folder(key_folder).map_err(|e| failed(key_folder, e))?;
        let file = key_folder.join("compile-cache.key");
        let key = read_or_make_key(&file).map_err(|e| failed(&file, e))?;
        Ok(Self { folder: folder.to_owned(), key })
    }

    /// The compiled component, where an intact entry is there.
    pub(crate) fn load(&self, engine: &Engine, digest: &Digest) -> Option<Component> {
        let name = self.name(engine, digest);
        let entry = match ambient::read_private(&self.folder.join(&name), MAX_COMPILED_BYTES + TAG_BYTES as u64) {
            Ok(entry) => entry,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return None,
            Err(e) => {
                tracing::warn!(%digest, error = %e, "an entry of the compile cache was not used");
                return None;
            }
        };
        let Some(code) = self.checked(&name, &entry) else {
            tracing::warn!(%digest, "an entry of the compile cache was altered; it is made anew");
            return None;
        };
        deserialize(engine, code).ok()
    }

    /// Keeps a compiled component. Where that fails (a full disk), the next start compiles again.
    pub(crate) fn store(&self, engine: &Engine, digest: &Digest, code: &[u8]) {
        let name = self.name(engine, digest);
        let entry = [self.tag(&name, code).as_bytes(), code].concat();
        if let Err(e) = ambient::write_private(&self.folder.join(&name), &entry, true) {
            tracing::warn!(%digest, error = %e, "the compile cache could not be written");
        }
    }

    /// The code of an entry, where its tag says that this program kept it under this name.
    fn checked<'a>(&self, name: &str, entry: &'a [u8]) -> Option<&'a [u8]> {
        let (tag, code) = entry.split_first_chunk::<TAG_BYTES>()?;
        (self.tag(name, code) == *tag).then_some(code)
    }

    /// Whether an entry counts as it was kept, and whether it still does with one bit of it changed.
    pub(crate) fn counts(&self, engine: &Engine, digest: &Digest) -> Option<(bool, bool)> {
        let name = self.name(engine, digest);
        let mut entry = ambient::read_private(&self.folder.join(&name), MAX_COMPILED_BYTES).ok()?;
        let kept = self.checked(&name, &entry).is_some();
        *entry.last_mut()? ^= 1;
        Some((kept, self.checked(&name, &entry).is_some()))
    }

    /// File name of an entry: everything that decides what is in it.
    fn name(&self, engine: &Engine, digest: &Digest) -> String {
        struct Blake3(blake3::Hasher);
        impl std::hash::Hasher for Blake3 {
            fn write(&mut self, bytes: &[u8]) {
                self.0.update(bytes);
            }
            fn finish(&self) -> u64 {
                0
            }
        }
        let mut hasher = Blake3(blake3::Hasher::new_derive_key("skillhost 2026 compile cache entry"));
        std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hasher);
        hasher.0.update(digest.as_bytes());
        hasher.0.finalize().to_hex().to_string()
    }

    fn tag(&self, name: &str, code: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(name.as_bytes());
        hasher.update(code);
        hasher.finalize()
    }
}

fn read_or_make_key(file: &Path) -> io::Result<[u8; blake3::KEY_LEN]> {
    for _ in 0..2 {
        match ambient::read_private(file, MAX_KEY_BYTES) {
            Ok(bytes) => return bytes.try_into().map_err(|_| io::Error::other("it is not a key; remove it")),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
        match ambient::write_private(file, &ambient::random_bytes::<{ blake3::KEY_LEN }>()?, false) {
            // Another process was first; its key is as good.
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
    }
    Err(io::Error::other("it can't be made"))
}

/// Makes a component of code that this program compiled.
#[allow(unsafe_code, reason = "Wasmtime can't check compiled code; its origin is checked here instead")]
pub(crate) fn deserialize(engine: &Engine, code: &[u8]) -> Result<Component, LoadError> {
    // SAFETY: the bytes come from `Engine::precompile_component` of this program: either from a process that was just
    // started for it, or from an entry whose tag was made with a key that only this user's host holds. They are in
    // memory, so nobody can change them between the check and the use.
    unsafe { Component::deserialize(engine, code) }.map_err(|e| LoadError::Invalid(format!("{e:#}")))
}
