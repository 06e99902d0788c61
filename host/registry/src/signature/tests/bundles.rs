//! Bundles of a real instance, and of one that the tests made, with whatever is wrong in each.

use super::*;
use proptest::prelude::*;
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Value, json};
use skillhost_test_support::sigstore::{Instance, SIGNED_AT, Signing};

const COMPONENT: &[u8] = b"\0asm a component";

fn by(trust: &Trust, component: &[u8], bundle: &Value) -> Result<Signer, Reason> {
    match verify(component, &[Attached::Bundle(bundle.to_string().into_bytes())], trust) {
        Ok(verified) => Ok(verified.signers()[0].clone()),
        Err(SignatureError::NoneHolds(mut refused)) => Err(refused.remove(0).reason),
        Err(other) => unreachable!("{other}"),
    }
}

fn trust(instance: &Instance) -> Trust {
    Trust::of_root(&instance.trusted_root()).unwrap()
}

fn release() -> Signer {
    Signer::identity("release@acme.example", "https://accounts.example.com").unwrap()
}

/// Signed by others, with instances that are in use; see the fixtures' README.
mod real {
    use super::*;

    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../../../../../tests/fixtures/sigstore/", $name))
        };
    }

    struct Real {
        component: &'static [u8],
        bundle: Value,
        trust: Trust,
        signer: &'static str,
    }

    fn all() -> [Real; 3] {
        let bundle = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        let staging = str::from_utf8(fixture!("staging_root.json")).unwrap();
        [
            Real {
                component: fixture!("blob.txt"),
                bundle: bundle(fixture!("blob.txt.sigstore.json")),
                trust: Trust::public_good(),
                signer: "sigstore:w.vollprecht@gmail.com issuer:https://github.com/login/oauth",
            },
            Real {
                component: fixture!("package.tgz"),
                bundle: bundle(fixture!("package.tgz.sigstore.json")),
                trust: Trust::public_good(),
                signer: "sigstore:https://github.com/sigstore/sigstore-js/.github/workflows/release.yml@refs/heads/main issuer:https://token.actions.githubusercontent.com",
            },
            Real {
                component: fixture!("staging.txt"),
                bundle: bundle(fixture!("staging.txt.sigstore.json")),
                trust: Trust::of_root(staging).unwrap(),
                signer: "",
            },
        ]
    }

    #[test]
    fn a_bundle_of_an_instance_names_its_identity() {
        for Real { component, bundle, trust, signer } in all() {
            let found = by(&trust, component, &bundle).unwrap().to_string();
            assert!(found == signer || signer.is_empty() && found.contains(" issuer:https://"), "{found}");
        }
    }

    #[test]
    fn r_10_it_is_over_nothing_else_and_nothing_else_vouches_for_it() {
        let stranger = trust(&Instance::default());
        for Real { component, bundle, trust, .. } in all() {
            let other = by(&trust, COMPONENT, &bundle).unwrap_err();
            assert!(matches!(other, Reason::OtherSubject(_)), "{other}");
            let elsewhere = by(&stranger, component, &bundle).unwrap_err();
            assert!(matches!(elsewhere, Reason::Unproven(_)), "{elsewhere}");
        }
    }
}

#[test]
fn both_forms_of_a_bundle_hold() {
    let instance = Instance::default();
    let trust = trust(&instance);
    let blob = instance.signed_blob(COMPONENT, &Signing::default());
    assert_eq!(by(&trust, COMPONENT, &blob), Ok(release()));
    for predicate in ["https://sigstore.dev/cosign/sign/v1", "https://slsa.dev/provenance/v1"] {
        let attested = instance.attested(COMPONENT, predicate, &Signing::default());
        assert_eq!(by(&trust, COMPONENT, &attested), Ok(release()));
    }
    let workflow = "https://github.com/acme/x/.github/workflows/r.yml@refs/tags/v1";
    let signing = Signing { identity: workflow, ..Signing::default() };
    let signer = by(&trust, COMPONENT, &instance.signed_blob(COMPONENT, &signing)).unwrap();
    assert_eq!(signer, Signer::identity(workflow, "https://accounts.example.com").unwrap());
}

#[test]
fn r_10_a_bundle_over_another_subject_is_none() {
    let instance = Instance::default();
    let trust = trust(&instance);
    for bundle in [
        instance.signed_blob(b"another", &Signing::default()),
        instance.attested(b"another", "https://slsa.dev/provenance/v1", &Signing::default()),
    ] {
        let reason = by(&trust, COMPONENT, &bundle).unwrap_err();
        assert!(matches!(reason, Reason::OtherSubject(_)), "{reason}");
    }
    // A digest in the bundle says nothing.
    let mut lying = instance.signed_blob(b"another", &Signing::default());
    lying["messageSignature"]["messageDigest"] =
        instance.signed_blob(COMPONENT, &Signing::default())["messageSignature"]["messageDigest"].clone();
    assert!(by(&trust, COMPONENT, &lying).is_err());
}

#[test]
fn r_10_a_statement_that_only_speaks_of_a_component_is_no_signature() {
    let instance = Instance::default();
    for predicate in ["https://in-toto.io/attestation/vulns/v0.1", "https://slsa.dev/verification_summary/v1", ""] {
        let bundle = instance.attested(COMPONENT, predicate, &Signing::default());
        let reason = by(&trust(&instance), COMPONENT, &bundle).unwrap_err();
        assert!(matches!(reason, Reason::Statement(_)), "{reason}");
    }
}

#[test]
fn r_10_what_the_authority_or_a_log_did_not_sign_proves_nothing() {
    let instance = Instance::default();
    let trust = trust(&instance);
    let unproven = |bundle: &Value, what: &str| {
        let reason = by(&trust, COMPONENT, bundle).unwrap_err();
        assert!(matches!(reason, Reason::Unproven(_) | Reason::Malformed(_)), "{what}: {reason}");
    };
    let with = |signing: Signing<'_>| instance.signed_blob(COMPONENT, &signing);
    unproven(&Instance::default().signed_blob(COMPONENT, &Signing::default()), "another instance's authority and logs");
    unproven(&with(Signing { valid: (3, 4), ..Signing::default() }), "not yet valid when it was signed");
    unproven(
        &with(Signing { integrated_at: SIGNED_AT + 2 * 86_400, ..Signing::default() }),
        "expired when it was signed",
    );
    unproven(&with(Signing { has_sct: false, ..Signing::default() }), "a certificate that no log knows");
    let usage = ExtendedKeyUsagePurpose::ServerAuth;
    unproven(&with(Signing { usage, ..Signing::default() }), "a certificate for something else");

    let good = with(Signing::default());
    let other = with(Signing::default());
    let changed = |change: &dyn Fn(&mut Value, &mut Value)| {
        let (mut bundle, mut other) = (good.clone(), other.clone());
        change(&mut bundle, &mut other["verificationMaterial"]);
        bundle
    };
    let entry =
        |bundle: &mut Value, change: &dyn Fn(&mut Value)| change(&mut bundle["verificationMaterial"]["tlogEntries"][0]);
    for (what, bundle) in [
        (
            "another key's certificate",
            changed(&|b, o| b["verificationMaterial"]["certificate"] = o["certificate"].take()),
        ),
        (
            "another signature's entry",
            changed(&|b, o| b["verificationMaterial"]["tlogEntries"] = o["tlogEntries"].take()),
        ),
        ("no entry", changed(&|b, _| b["verificationMaterial"]["tlogEntries"] = json!([]))),
        ("no time that somebody signed", changed(&|b, _| entry(b, &|e| drop(e["inclusionPromise"].take())))),
        ("no proof", changed(&|b, _| entry(b, &|e| drop(e["inclusionProof"].take())))),
        ("another time", changed(&|b, _| entry(b, &|e| e["integratedTime"] = json!((SIGNED_AT + 1).to_string())))),
        ("another index", changed(&|b, _| entry(b, &|e| e["logIndex"] = json!("1")))),
        ("another root", changed(&|b, _| entry(b, &|e| e["inclusionProof"]["rootHash"] = json!("A".repeat(43) + "=")))),
        (
            "a longer proof",
            changed(&|b, _| entry(b, &|e| e["inclusionProof"]["hashes"] = json!(["A".repeat(43) + "="]))),
        ),
        (
            "a checkpoint of another log",
            changed(&|b, _| {
                let bundle = Instance::default().signed_blob(COMPONENT, &Signing::default());
                let checkpoint = &bundle["verificationMaterial"]["tlogEntries"][0]["inclusionProof"]["checkpoint"];
                entry(b, &|e| e["inclusionProof"]["checkpoint"] = checkpoint.clone());
            }),
        ),
    ] {
        unproven(&bundle, what);
    }
    assert_eq!(by(&trust, COMPONENT, &good), Ok(release()));
}

#[test]
fn r_10_the_key_inside_a_bundle_proves_nothing() {
    let instance = Instance::default();
    let mut bundle = instance.signed_blob(COMPONENT, &Signing::default());
    let material = bundle["verificationMaterial"].as_object_mut().unwrap();
    material.remove("certificate");
    material.insert("publicKey".to_owned(), json!({"hint": "release@acme.example"}));
    assert_eq!(by(&trust(&instance), COMPONENT, &bundle), Err(Reason::NoIdentity));
}

#[test]
fn r_11_an_identity_of_another_issuer_is_another_signer() {
    let instance = Instance::default();
    let signing = Signing { issuer: "https://accounts.evil.example", ..Signing::default() };
    let bundle = Attached::Bundle(instance.signed_blob(COMPONENT, &signing).to_string().into_bytes());
    let verified = verify(COMPONENT, &[bundle], &trust(&instance)).unwrap();
    assert!(matches!(verified.require(&release()), Err(SignatureError::Missing { .. })));
}

#[test]
fn a_bundle_holds_one_of_each_and_nothing_that_is_not_looked_at() {
    let instance = Instance::default();
    let trust = trust(&instance);
    let good = instance.signed_blob(COMPONENT, &Signing::default());
    let attested = instance.attested(COMPONENT, "https://slsa.dev/provenance/v1", &Signing::default());
    let set = |path: &str, value: Value| {
        let mut bundle = good.clone();
        let (above, key) = path.rsplit_once('/').unwrap();
        bundle.pointer_mut(above).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
        bundle
    };
    let entries = vec![good["verificationMaterial"]["tlogEntries"][0].clone(); 5];
    for (what, bundle) in [
        ("another type", set("/mediaType", json!("application/vnd.dev.sigstore.bundle.v9+json"))),
        ("a type of something else", set("/mediaType", json!("application/json"))),
        ("no type", set("/mediaType", Value::Null)),
        ("an unknown key", set("/signature", json!("x"))),
        ("an unknown key within", set("/verificationMaterial/rekorBundle", json!({}))),
        ("two signatures", set("/dsseEnvelope", attested["dsseEnvelope"].clone())),
        ("a key and a certificate", set("/verificationMaterial/publicKey", json!({"hint": "x"}))),
        ("many entries", set("/verificationMaterial/tlogEntries", Value::Array(entries))),
        ("no object", json!([])),
    ] {
        let reason = by(&trust, COMPONENT, &bundle).unwrap_err();
        assert!(matches!(reason, Reason::Malformed(_)), "{what}: {reason}");
    }
    let twice = good.to_string().replacen('{', "{\"mediaType\":\"application/json\",", 1);
    for bytes in
        [twice.into_bytes(), b"\xff".to_vec(), Vec::new(), vec![b' '; 300 << 10], "[".repeat(200_000).into_bytes()]
    {
        let error = verify(COMPONENT, &[Attached::Bundle(bytes)], &trust).unwrap_err();
        assert!(error.to_string().contains("can't be read"), "{error}");
    }
}

#[test]
fn a_trust_root_that_is_none_is_refused() {
    for bad in ["", "{}", "[]", "{\"mediaType\":\"x\"}"] {
        assert!(
            Trust::of_root(bad).is_err() || by(&Trust::of_root(bad).unwrap(), COMPONENT, &json!({})).is_err(),
            "{bad}"
        );
    }
    let broken = Instance::default().trusted_root().replace("MII", "AAA");
    assert!(Trust::of_root(&broken).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A bundle with a few bytes changed is none, or still of who made it; and nothing panics.
    #[test]
    fn r_10_no_change_makes_another_signer(at in any::<prop::sample::Index>(), byte in 0x20u8..0x7f, cut in any::<bool>()) {
        thread_local! {
            static MADE: (Trust, Vec<u8>) = {
                let instance = Instance::default();
                (trust(&instance), instance.signed_blob(COMPONENT, &Signing::default()).to_string().into_bytes())
            };
        }
        MADE.with(|(trust, good)| {
            let mut bytes = good.clone();
            let at = at.index(bytes.len());
            if cut { bytes.truncate(at); } else { bytes[at] = byte; }
            if let Ok(verified) = verify(COMPONENT, &[Attached::Bundle(bytes)], trust) {
                assert_eq!(verified.signers(), [release()]);
            }
        });
    }
}
