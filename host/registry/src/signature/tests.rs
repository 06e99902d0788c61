#![allow(clippy::unwrap_used, reason = "tests")]
mod bundles;

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
fn r_21_whatever_else_is_attached_the_right_one_is_found_and_given() {
    let good = attached(b"component", 1);
    let junk = |index: usize| match index % 4 {
        0 => Attached::Signature(format!("junk {index}").into_bytes()),
        1 => Attached::Bundle(format!("{{\"junk\": {index}}}").into_bytes()),
        2 => attached(b"another", index as u8),
        // Anybody can make a key, and sign with it: it holds, and is nobody's whom anybody expects.
        _ => attached(b"component", index as u8),
    };
    for at in [0, 1, 17, MAX_ATTACHED - 1] {
        let mut all: Vec<Attached> = (2..MAX_ATTACHED + 1).map(junk).collect();
        all.insert(at, good.clone());
        let verified = judged(b"component", &all).unwrap();
        assert_eq!(verified.require(&key(1).signer()), Ok(()), "{at}");
        assert_eq!(verified.of(&key(1).signer()).unwrap().attached(), &good);
        assert_eq!(verified.signers().len() + verified.refused().len(), MAX_ATTACHED);
    }
    // Nothing that holds is not the same as nothing.
    let error =
        judged(b"component", &[Attached::Unusable("it isn't there\u{1b}[2J".to_owned())]).unwrap_err().to_string();
    assert!(error.contains("it can't be had: it isn't there") && !error.contains('\u{1b}'), "{error}");
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

#[test]
fn r_10_a_key_that_anybody_could_sign_with_is_none() {
    // The neutral point and another of small order, whose signatures can be made without a secret; y = 1 spelled as p + 1.
    let mut unusual = [0xff; 32];
    (unusual[0], unusual[31]) = (0xee, 0x7f);
    let mut neutral = [0; 32];
    neutral[0] = 1;
    for public in [neutral, [0; 32], unusual] {
        let mut file = serde_json::to_value(sign(b"component", &key(1))).unwrap();
        file["signer"] = format!("ed25519:{}", hex::encode(public)).into();
        file["signature"] = format!("01{}", "00".repeat(63)).into();
        let error = judged(b"component", &[Attached::Signature(file.to_string().into_bytes())]).unwrap_err();
        assert!(error.to_string().contains("no key that can be relied on"), "{error}");
    }
}

#[test]
fn a_signature_file_holds_what_it_should_and_nothing_else() {
    let good = serde_json::to_value(sign(b"component", &key(1))).unwrap();
    let changed = |key: &str, value: serde_json::Value| {
        let mut file = good.clone();
        file[key] = value;
        file.to_string().into_bytes()
    };
    let upper = good["signature"].as_str().unwrap().to_uppercase();
    for bytes in [
        changed("schema", "skillhost.signature/2".into()),
        changed("schema", "skillhost.statement/1".into()),
        changed("comment", "x".into()),
        changed("digest", "sha256:00".into()),
        changed("size", "9".into()),
        changed("size", (-1).into()),
        changed("signer", "sigstore:a@b.example issuer:https://i.example".into()),
        changed("signer", "\u{1b}[2J".into()),
        changed("signature", "00".into()),
        changed("signature", upper.into()),
        changed("signature", format!("{}00", good["signature"].as_str().unwrap()).into()),
        b"{}".to_vec(),
        b"\xff\xfe".to_vec(),
        Vec::new(),
        vec![b' '; 300 << 10],
    ] {
        let error = judged(b"component", &[Attached::Signature(bytes)]).unwrap_err().to_string();
        assert!(error.contains("can't be read") && !error.contains('\u{1b}'), "{error}");
    }
    let many = vec![attached(b"component", 1); MAX_ATTACHED + 1];
    assert_eq!(judged(b"component", &many), Err(SignatureError::TooMany(MAX_ATTACHED + 1)));
}

#[test]
fn a_key_is_read_as_it_was_written_and_shows_itself_nowhere() {
    let pem = key(1).to_pem().unwrap();
    let read = SigningKey::from_pem(&pem).unwrap();
    assert_eq!(read.signer(), key(1).signer());
    let shown = format!("{read:?}");
    assert!(shown.contains("ed25519:") && !shown.contains(&hex::encode([1; 32])), "{shown}");
    let encrypted = pem.replace("PRIVATE", "ENCRYPTED PRIVATE");
    assert_eq!(SigningKey::from_pem(&encrypted).unwrap_err(), KeyError::Encrypted);
    for bad in ["", "x", &pem[..60], &pem.replace("PRIVATE", "PUBLIC")] {
        assert_eq!(SigningKey::from_pem(bad).unwrap_err(), KeyError::Unreadable, "{bad}");
    }
}

proptest::proptest! {
    #[test]
    fn r_10_no_change_of_a_signature_file_makes_another_signer(at in proptest::prelude::any::<proptest::sample::Index>(), byte in 0x20u8..0x7f) {
        let mut bytes = sign(b"component", &key(1)).to_text().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(verified) = judged(b"component", &[Attached::Signature(bytes)]) {
            proptest::prop_assert_eq!(verified.signers(), [key(1).signer()]);
        }
    }
}
