#![allow(clippy::unwrap_used, reason = "tests")]
use super::*;
use zeroize::Zeroizing;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new([seed; 32]))
}

fn attached(component: &[u8], seed: u8) -> Attached {
    Attached::Signature(sign(component, &key(seed)).to_text().into_bytes())
}

fn judged(component: &[u8], attached: &[Attached]) -> Result<Verified, SignatureError> {
    verify(component, attached, &Trust::default())
}

#[test]
fn a_signature_names_its_key_and_nothing_attached_names_nobody() {
    let verified = judged(b"component", &[attached(b"component", 1), attached(b"component", 1)]).unwrap();
    assert_eq!(verified.signers(), [key(1).signer()]);
    assert!(judged(b"component", &[]).unwrap().signers().is_empty());
}

#[test]
fn r_10_a_signature_over_another_subject_is_none() {
    let error = judged(b"component", &[attached(b"another", 1)]).unwrap_err();
    assert!(error.to_string().contains("another component"), "{error}");
    let verified = judged(b"component", &[attached(b"another", 2), attached(b"component", 1)]).unwrap();
    assert_eq!((verified.signers(), verified.refused().len()), (&[key(1).signer()][..], 1));
    // What the file says of its subject is not what was signed.
    let other = String::from_utf8(sign(b"another", &key(1)).to_text().into_bytes()).unwrap();
    let lying = other
        .replace(&Digest::of(b"another").to_string(), &Digest::of(b"component").to_string())
        .replace("\"size\": 7", "\"size\": 9");
    let error = judged(b"component", &[Attached::Signature(lying.into_bytes())]).unwrap_err();
    assert!(error.to_string().contains("is not of ed25519:"), "{error}");
}

#[test]
fn r_11_a_signer_that_is_expected_and_missing_is_an_error() {
    let verified = judged(b"component", &[attached(b"component", 1)]).unwrap();
    assert_eq!(verified.require(&key(1).signer()), Ok(()));
    let error = verified.require(&key(2).signer()).unwrap_err();
    assert!(matches!(error, SignatureError::Missing { .. }), "{error}");
    let unsigned = judged(b"component", &[]).unwrap();
    assert!(unsigned.require(&key(1).signer()).unwrap_err().to_string().ends_with("but by nobody"));
}
