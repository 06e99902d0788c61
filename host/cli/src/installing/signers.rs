//! Who signed a skill, and by which Sigstore instance that is judged.

use crate::ambient;
use crate::calling::policies::Policies;
use crate::failure::{Exit, Failure};
use skillhost_core::digest::Digest;
use skillhost_core::reference::Reference;
use skillhost_core::signer::Signer;
use skillhost_registry::signature::{self, SignatureError, Trust};
use skillhost_registry::{Attached, MAX_ATTACHED_BYTES};
use std::path::{Path, PathBuf};

/// Largest `trusted_root.json`, in bytes; that of the public good instance has seven thousand.
const MAX_ROOT_BYTES: u64 = 256 << 10;

/// Most signatures of which it is told why they don't hold.
const MAX_TOLD: usize = 8;

/// Who signed the skill of a file, by what lies beside it; looked at only where a policy judges signatures.
pub(crate) fn of_file(reference: &Reference, component: &[u8], policies: &Policies) -> Result<Vec<Signer>, Failure> {
    let path = match reference {
        Reference::File(path) if policies.judge_signatures() => path,
        _ => return Ok(Vec::new()),
    };
    let beside = |ending: &str| {
        let path = format!("{path}{ending}");
        ambient::read_unlinked(Path::new(&path), MAX_ATTACHED_BYTES).map_err(|e| {
            Failure::new(Exit::Integrity, format!("the signature {path} can't be read")).because_of_all(&e)
        })
    };
    let signature = beside(".sig")?.map(Attached::Signature);
    let bundle = beside(".sigstore.json")?.map(Attached::Bundle);
    let attached: Vec<Attached> = signature.into_iter().chain(bundle).collect();
    let trust = trust(policies)?;
    let verified = signature::verify(component, &attached, &trust).map_err(|e| failure(reference, &e))?;
    Ok(verified.signers().to_vec())
}

/// What bundles are judged by: the instance that the policies name, or the public good one.
pub(crate) fn trust(policies: &Policies) -> Result<Trust, Failure> {
    match root(policies)? {
        None => Ok(Trust::public_good()),
        Some((file, text)) => Trust::of_root(&text).map_err(|e| no_root(&file, &e)),
    }
}

/// The digest of what bundles are judged by: what was judged by another root has to be judged anew.
pub(crate) fn root_digest(policies: &Policies) -> Result<Digest, Failure> {
    let root = root(policies)?;
    Ok(Digest::of(root.as_ref().map_or(signature::public_good_root(), |(_, text)| text).as_bytes()))
}

/// The root that the policies name, with its file.
fn root(policies: &Policies) -> Result<Option<(PathBuf, String)>, Failure> {
    let Some(file) = policies.trusted_root()? else { return Ok(None) };
    let bytes = ambient::read_regular(file, MAX_ROOT_BYTES).map_err(|e| no_root(file, &e))?;
    let text = String::from_utf8(bytes).map_err(|e| no_root(file, &e))?;
    Ok(Some((file.to_owned(), text)))
}

fn no_root(file: &Path, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::new(Exit::Configuration, format!("the trust root {} can't be used", file.display())).because_of_all(error)
}

/// The exit code for signatures that don't hold.
pub(crate) fn failure(reference: &Reference, error: &SignatureError) -> Failure {
    let failure = Failure::new(Exit::Integrity, format!("{reference} is not what was signed"));
    match error {
        SignatureError::NoneHolds(refused) => {
            let failure = refused.iter().take(MAX_TOLD).fold(failure, |failure, refused| failure.because(refused));
            let failure = match refused.len().saturating_sub(MAX_TOLD) {
                0 => failure,
                more => failure.because(format!("and {more} more, of which none holds")),
            };
            failure.hint("fetch it again, with its signature; whoever changed it has to sign it anew")
        }
        other => failure.because(other),
    }
}
