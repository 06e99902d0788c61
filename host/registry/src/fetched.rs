//! What a source gave: the bytes of a component and what was attached to them. None of it is believed yet.

use skillhost_core::digest::Digest;

/// Largest component, in bytes.
pub const MAX_COMPONENT_BYTES: u64 = 64 << 20;
/// Most things that are attached to one component and looked at. More than any publisher attaches: who may write to a
/// registry may attach what is no signature, or one of nobody whom anybody knows, and those must not hide the right one.
pub const MAX_ATTACHED: usize = 64;
/// Largest of them, in bytes.
pub const MAX_ATTACHED_BYTES: u64 = 256 << 10;

/// What a source gave for a reference.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The component, at most [`MAX_COMPONENT_BYTES`].
    pub component: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
    /// What the reference stood for when it was fetched, where that can move: the manifest's digest of a registry, or
    /// the commit of a repository.
    pub resolved: Option<String>,
    /// Signatures that came with it, unverified: beside the file, or referring to the manifest in a registry.
    pub attached: Vec<Attached>,
}

/// A signature over a component, as it was found. Which key or identity it is of is known when it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attached {
    /// `FILE.sig`, or an artifact of type `application/vnd.skillhost.signature.v1+json`: made by `skillhost sign`.
    Signature(Vec<u8>),
    /// `FILE.sigstore.json`, or an artifact of type `application/vnd.dev.sigstore.bundle.v0.3+json`: made by cosign.
    Bundle(Vec<u8>),
    /// Said to be there and not to be had, with the reason: it proves nothing, and a component with it isn't unsigned.
    Unusable(String),
}

impl Fetched {
    /// A component without anything attached.
    pub fn new(component: Vec<u8>, resolved: Option<String>) -> Self {
        let digest = Digest::of(&component);
        Self { component, digest, resolved, attached: Vec::new() }
    }

    /// Whether it begins as components do. Nothing else of it is looked at.
    pub fn is_component(&self) -> bool {
        wasmparser::Parser::is_component(&self.component)
    }
}
