//! Sigstore bundles, as cosign and others write them: verified offline, against a trust root that is pinned.
//!
//! What holds is told in the order that it is checked in: the log's time or a signed timestamp, the certificate's chain
//! to the authority at that time, the certificate's own log, the entry's inclusion, the signature, and that the entry is
//! about this signature. The identity is read from the certificate whose chain held, and from nowhere else.

use super::{Reason, bounded, provider, shown};
use serde::Deserialize;
use serde::de::IgnoredAny;
use sigstore_verify::trust_root::TrustedRoot;
use sigstore_verify::types::{Bundle, SignatureContent};
use sigstore_verify::{Error, VerificationPolicy, VerificationResult, Verifier};
use skillhost_core::signer::Signer;
use std::fmt;
use std::sync::OnceLock;

/// The keys and authorities of the public good instance, as its clients carried them in November 2026.
pub(super) const PUBLIC_GOOD: &str = include_str!("public_good.json");
/// Most log entries and most timestamps of one bundle. There is one of each.
const MAX_ENTRIES: usize = 4;

/// What bundles are judged by. Keys need none of it: a key is its own name.
#[derive(Default)]
pub struct Trust {
    /// Made when the first bundle is judged, or of the root that was given.
    verifier: OnceLock<Verifier>,
}

/// Why a text is no trust root.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no trust root of a Sigstore instance (trusted_root.json): {0}")]
pub struct TrustError(String);

impl Trust {
    /// The public good instance of Sigstore.
    pub fn public_good() -> Self {
        Self::default()
    }

    /// The instance of a `trusted_root.json`, instead of the public good one.
    ///
    /// # Errors
    /// Where it isn't one, or names keys that can't be used.
    pub fn of_root(json: &str) -> Result<Self, TrustError> {
        Ok(Self { verifier: OnceLock::from(verifier(json)?) })
    }

    fn verifier(&self) -> Result<&Verifier, TrustError> {
        if let Some(verifier) = self.verifier.get() {
            return Ok(verifier);
        }
        let made = verifier(PUBLIC_GOOD)?;
        Ok(self.verifier.get_or_init(|| made))
    }
}

fn verifier(json: &str) -> Result<Verifier, TrustError> {
    provider::install();
    let root = TrustedRoot::from_json(json).map_err(|e| TrustError(shown(&e)))?;
    Verifier::new(&root).map_err(|e| TrustError(shown(&e)))
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

/// What a bundle may consist of: one of each pair, nothing twice, nothing that isn't looked at.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Shape {
    /// Which version it is of; `sigstore-verify` takes one without for an old one.
    #[serde(rename = "mediaType")]
    _media_type: String,
    verification_material: Material,
    message_signature: Option<IgnoredAny>,
    dsse_envelope: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Material {
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    public_key: Option<IgnoredAny>,
    tlog_entries: Option<Vec<IgnoredAny>>,
    timestamp_verification_data: Option<Timestamps>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Timestamps {
    rfc3161_timestamps: Option<Vec<IgnoredAny>>,
}

/// What an in-toto statement says of its subjects.
#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "predicateType")]
    predicate_type: String,
}

/// Statements by which somebody vouches for having made or released the subject. Others, as the report of a scanner, are
/// about a component and no signature of it.
const VOUCHING: &[&str] = &[
    "https://sigstore.dev/cosign/sign/v1",
    "https://slsa.dev/provenance/v1",
    "https://slsa.dev/provenance/v0.2",
    "https://in-toto.io/attestation/release/v0.1",
    "https://docs.pypi.org/attestations/publish/v1",
];

/// Whose signature the bundle holds over `component`.
pub(super) fn verify(component: &[u8], bytes: &[u8], trust: &Trust) -> Result<Signer, Reason> {
    let text = str::from_utf8(bounded(bytes)?).map_err(|e| malformed(&e))?;
    look_over(&serde_json::from_str(text).map_err(|e| malformed(&e))?)?;
    let verifier = trust.verifier().map_err(|e| malformed(&e))?;
    let bundle = Bundle::from_json(text).map_err(|e| malformed(&e))?;
    if let SignatureContent::DsseEnvelope(envelope) = &bundle.content {
        let statement: Statement = serde_json::from_slice(envelope.payload.as_bytes()).map_err(|e| malformed(&e))?;
        if !VOUCHING.contains(&statement.predicate_type.as_str()) {
            return Err(Reason::Statement(shown(&statement.predicate_type)));
        }
    }
    // Any identity: whose signature is accepted is decided by who asked, once it is known whose it is.
    let policy = VerificationPolicy::any_identity();
    let result = verifier.verify(component, &bundle, &policy).map_err(|error| match &error {
        Error::ArtifactMismatch(_) => Reason::OtherSubject(shown(&error)),
        _ => Reason::Unproven(shown(&error)),
    })?;
    signer(&result)
}

fn look_over(shape: &Shape) -> Result<(), Reason> {
    let material = &shape.verification_material;
    let contents = [shape.message_signature.is_some(), shape.dsse_envelope.is_some()];
    let keys =
        [material.certificate.is_some(), material.x509_certificate_chain.is_some(), material.public_key.is_some()];
    let is_one = |given: &[bool]| given.iter().filter(|is_there| **is_there).count() == 1;
    if !is_one(&contents) || !is_one(&keys) {
        return Err(malformed(&"it holds no signature, or more than one"));
    }
    if material.public_key.is_some() {
        return Err(Reason::NoIdentity);
    }
    let timestamps = material.timestamp_verification_data.as_ref().and_then(|data| data.rfc3161_timestamps.as_ref());
    if [material.tlog_entries.as_ref(), timestamps].into_iter().flatten().any(|list| list.len() > MAX_ENTRIES) {
        return Err(malformed(&format!("it holds more than {MAX_ENTRIES} log entries or timestamps")));
    }
    Ok(())
}

fn signer(result: &VerificationResult) -> Result<Signer, Reason> {
    if !(result.certificate_verified() && result.sct_verified() && result.tlog_verified()) {
        return Err(Reason::Unproven("its certificate or its log entry was not checked".to_owned()));
    }
    let (identity, issuer) = result.identity().zip(result.issuer()).ok_or(Reason::NoIdentity)?;
    Signer::identity(identity.as_str(), issuer).ok_or(Reason::NoIdentity)
}

fn malformed(why: &(impl fmt::Display + ?Sized)) -> Reason {
    Reason::Malformed(shown(why))
}
