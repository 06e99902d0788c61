//! `FILE.sig`: a signature with an Ed25519 key, made by `skillhost sign`.

use super::key::{self, SigningKey};
use super::{Reason, bounded};
use serde::{Deserialize, Serialize};
use skillhost_core::digest::Digest;
use skillhost_core::signer::Signer;
use skillhost_core::text::escape_terminal;

/// The format, and what every signed statement begins with: a signature for anything else never counts here.
const SCHEMA: &str = "skillhost.signature/1";

/// What stands in `FILE.sig`, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignatureFile {
    schema: String,
    /// Of the component that was signed.
    pub digest: Digest,
    /// Its size, in bytes.
    pub size: u64,
    /// Whose signature it claims to be.
    pub signer: Signer,
    /// 64 bytes, as lower-case hexadecimal digits.
    signature: String,
}

/// Signs a component.
pub fn sign(component: &[u8], key: &SigningKey) -> SignatureFile {
    let (digest, size) = (Digest::of(component), component.len() as u64);
    let signature = hex::encode(key.sign(statement(&digest, size).as_bytes()));
    SignatureFile { schema: SCHEMA.to_owned(), digest, size, signer: key.signer(), signature }
}

/// What is signed: lines of text, of which none can hold what belongs to another.
fn statement(digest: &Digest, size: u64) -> String {
    format!("{SCHEMA}\n{digest}\n{size}\n")
}

impl SignatureFile {
    /// The file's text.
    pub fn to_text(&self) -> String {
        // Texts and a number: nothing that JSON can't hold.
        serde_json::to_string_pretty(self).map(|text| text + "\n").unwrap_or_default()
    }

    fn read(bytes: &[u8]) -> Result<Self, Reason> {
        let malformed = |why: &str| Reason::Malformed(escape_terminal(why, 200).as_str().to_owned());
        let file: Self = serde_json::from_slice(bounded(bytes)?).map_err(|e| malformed(&e.to_string()))?;
        if file.schema != SCHEMA {
            return Err(malformed(&format!("its schema is {:?}, and not {SCHEMA}", file.schema)));
        }
        Ok(file)
    }
}

/// Whose signature `bytes` hold over `component`.
pub(super) fn verify(component: &[u8], digest: &Digest, bytes: &[u8]) -> Result<Signer, Reason> {
    let file = SignatureFile::read(bytes)?;
    let size = component.len() as u64;
    if (&file.digest, file.size) != (digest, size) {
        return Err(Reason::OtherSubject(format!("{} of {} bytes", file.digest, file.size)));
    }
    let Signer::Key(public) = &file.signer else {
        return Err(Reason::Malformed("its signer is no key".to_owned()));
    };
    let mut signature = [0; 64];
    let is_one_spelling = !file.signature.bytes().any(|b| b.is_ascii_uppercase());
    let read = hex::decode_to_slice(&file.signature, &mut signature).ok().filter(|()| is_one_spelling);
    read.ok_or_else(|| Reason::Malformed("its signature is no 128 hexadecimal digits in lower case".to_owned()))?;
    // Over what was found here, not over what the file says.
    key::verify(public, statement(digest, size).as_bytes(), &signature)?;
    Ok(file.signer)
}
