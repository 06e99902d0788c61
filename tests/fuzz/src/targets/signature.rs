//! What is attached to a component: signature files and Sigstore bundles.

use super::{BETWEEN, Target, join, source};
use skillhost_registry::Attached;
use skillhost_registry::signature::{SigningKey, Trust, sign, verify};
use std::sync::LazyLock;

const FOLDER: &str = "tests/fixtures/sigstore";
const MINE: &[u8] = b"a component";

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::from_seed(&[1; 32].into()));
static BLOB: LazyLock<Vec<u8>> = LazyLock::new(|| source(&format!("{FOLDER}/blob.txt")));
static TRUST: LazyLock<Trust> = LazyLock::new(Trust::public_good);

pub(super) const TARGET: Target = Target {
    name: "signature",
    check,
    seeds,
    words: &[
        "\"mediaType\":",
        "application/vnd.dev.sigstore.bundle.v0.3+json",
        "\"verificationMaterial\":",
        "\"publicKey\":{\"hint\":\"\"}",
        "\"tlogEntries\":[]",
        "\"messageSignature\":",
        "\"dsseEnvelope\":",
        "\"schema\":\"skillhost.signature/1\"",
        "\"signer\":\"ed25519:",
    ],
    mutations: 3_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let mine = sign(MINE, &KEY).to_text();
    vec![join([mine.as_bytes(), b""]), join([b"", &source(&format!("{FOLDER}/blob.txt.sigstore.json"))])]
}

fn check(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == BETWEEN).map(<[u8]>::to_vec);
    let signature = Attached::Signature(parts.next().unwrap_or_default());
    let bundle = Attached::Bundle(parts.next().unwrap_or_default());
    // A mutation that still holds is of who made it: nobody else's signature comes from bytes.
    if let Ok(verified) = verify(MINE, &[signature], &TRUST) {
        assert_eq!(verified.signers(), [KEY.signer()]);
    }
    if let Ok(verified) = verify(&BLOB, std::slice::from_ref(&bundle), &TRUST) {
        let signer = "sigstore:w.vollprecht@gmail.com issuer:https://github.com/login/oauth";
        assert_eq!(verified.signers().iter().map(ToString::to_string).collect::<Vec<_>>(), [signer]);
    }
    assert!(verify(MINE, &[bundle], &TRUST).is_err(), "a bundle over something else");
}
