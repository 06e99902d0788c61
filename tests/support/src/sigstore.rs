//! A Sigstore instance of the tests' own: an authority, its certificates' log, and a log of signatures, with one entry.
//! What each of them signs is made here from the formats' documents, so that any part of it can be wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SanType, SerialNumber, SigningKey as _, date_time_ymd,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Noon of the day on which everything is signed.
pub const SIGNED_AT: i64 = 1_735_732_800;
const ORIGIN: &str = "log.example.com";
const ISSUER_OID: &[u64] = &[1, 3, 6, 1, 4, 1, 57264, 1, 8];
const SCT_OID: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];

/// An instance, with keys of its own.
pub struct Instance {
    ca: KeyPair,
    certificate_log: KeyPair,
    log: KeyPair,
}

/// What a signature is made like; each test changes what it is about.
pub struct Signing<'a> {
    /// Whom the certificate names: a mail address or a URL.
    pub identity: &'a str,
    /// Who says so.
    pub issuer: &'a str,
    /// The first and the last day of January 2025 on which the certificate is valid.
    pub valid: (u8, u8),
    /// When the log took the entry in, in seconds.
    pub integrated_at: i64,
    /// Whether the certificates' log knows the certificate.
    pub has_sct: bool,
    /// What the certificate is for.
    pub usage: ExtendedKeyUsagePurpose,
}

impl Default for Signing<'_> {
    fn default() -> Self {
        Self {
            identity: "release@acme.example",
            issuer: "https://accounts.example.com",
            valid: (1, 2),
            integrated_at: SIGNED_AT,
            has_sct: true,
            usage: ExtendedKeyUsagePurpose::CodeSigning,
        }
    }
}

fn b64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn sign(key: &KeyPair, message: &[u8]) -> Vec<u8> {
    key.sign(message).unwrap()
}

/// A DER element with a short or a two-byte length.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let mut element = vec![tag];
    match content.len() {
        0..=127 => element.push(length[1]),
        128..=255 => element.extend([0x81, length[1]]),
        _ => element.extend([0x82, length[0], length[1]]),
    }
    element.extend(content);
    element
}

/// The first element of a certificate: what is signed.
fn to_be_signed(certificate: &[u8]) -> &[u8] {
    let inner = &certificate[4..];
    let length = usize::from(u16::from_be_bytes([inner[2], inner[3]]));
    assert_eq!((certificate[1], inner[1]), (0x82, 0x82));
    &inner[..4 + length]
}

impl Default for Instance {
    fn default() -> Self {
        let key = || KeyPair::generate().unwrap();
        Self { ca: key(), certificate_log: key(), log: key() }
    }
}

impl Instance {
    fn authority(&self) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "an authority of a test");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        (params.not_before, params.not_after) = (date_time_ymd(2024, 1, 1), date_time_ymd(2030, 1, 1));
        params
    }

    /// What a verifier pins.
    pub fn trusted_root(&self) -> String {
        let since = json!({"start": "2024-01-01T00:00:00Z"});
        let log = |key: &KeyPair| {
            let spki = key.subject_public_key_info();
            json!({
                "baseUrl": "https://log.example.com", "hashAlgorithm": "SHA2_256",
                "publicKey": {"rawBytes": b64(&spki), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": since},
                "logId": {"keyId": b64(&sha256(&spki))},
            })
        };
        let root = self.authority().self_signed(&self.ca).unwrap();
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [log(&self.log)], "ctlogs": [log(&self.certificate_log)], "timestampAuthorities": [],
            "certificateAuthorities": [{
                "subject": {"organization": "a test", "commonName": "an authority of a test"},
                "uri": "https://ca.example.com", "validFor": since,
                "certChain": {"certificates": [{"rawBytes": b64(root.der())}]},
            }],
        })
        .to_string()
    }

    fn certificate(&self, key: &KeyPair, signing: &Signing<'_>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.serial_number = Some(SerialNumber::from(7u64));
        params.subject_alt_names = vec![match signing.identity.contains("://") {
            true => SanType::URI(signing.identity.try_into().unwrap()),
            false => SanType::Rfc822Name(signing.identity.try_into().unwrap()),
        }];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![signing.usage.clone()];
        (params.not_before, params.not_after) =
            (date_time_ymd(2025, 1, signing.valid.0), date_time_ymd(2025, 1, signing.valid.1));
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(ISSUER_OID, der(0x0c, signing.issuer.as_bytes()))];
        let issuer = Issuer::new(self.authority(), &self.ca);
        let without = params.signed_by(key, &issuer).unwrap();
        if !signing.has_sct {
            return without.der().to_vec();
        }
        let list = self.timestamp(to_be_signed(without.der()));
        params.custom_extensions.push(CustomExtension::from_oid_content(SCT_OID, der(0x04, &list)));
        params.signed_by(key, &issuer).unwrap().der().to_vec()
    }

    /// RFC 6962: the list with one timestamp of the certificates' log.
    fn timestamp(&self, to_be_signed: &[u8]) -> Vec<u8> {
        let at = (SIGNED_AT as u64 * 1000).to_be_bytes();
        let mut message = vec![0, 0];
        message.extend(at);
        message.extend([0, 1]);
        message.extend(sha256(&self.ca.subject_public_key_info()));
        message.extend(&u32::try_from(to_be_signed.len()).unwrap().to_be_bytes()[1..]);
        message.extend(to_be_signed);
        message.extend([0, 0]);
        let signature = sign(&self.certificate_log, &message);
        let mut timestamp = vec![0];
        timestamp.extend(sha256(&self.certificate_log.subject_public_key_info()));
        timestamp.extend(at);
        timestamp.extend([0, 0, 4, 3]);
        timestamp.extend(u16::try_from(signature.len()).unwrap().to_be_bytes());
        timestamp.extend(signature);
        let length = u16::try_from(timestamp.len()).unwrap();
        [&(length + 2).to_be_bytes()[..], &length.to_be_bytes(), &timestamp].concat()
    }

    /// The log's entry, with its promise, and its proof in a tree of one.
    fn entry(&self, kind: &str, body: &Value, integrated_at: i64) -> Value {
        let body = body.to_string();
        let id = sha256(&self.log.subject_public_key_info());
        let promised = format!(
            r#"{{"body":"{}","integratedTime":{integrated_at},"logID":"{}","logIndex":0}}"#,
            b64(body.as_bytes()),
            hex::encode(id)
        );
        let root = b64(&sha256(&[&[0], body.as_bytes()].concat()));
        let note = format!("{ORIGIN}\n1\n{root}\n");
        let signature = [&id[..4], &sign(&self.log, note.as_bytes())].concat();
        json!({
            "logIndex": "0", "logId": {"keyId": b64(&id)}, "kindVersion": {"kind": kind, "version": "0.0.1"},
            "integratedTime": integrated_at.to_string(),
            "inclusionPromise": {"signedEntryTimestamp": b64(&sign(&self.log, promised.as_bytes()))},
            "inclusionProof": {
                "logIndex": "0", "rootHash": root, "treeSize": "1", "hashes": [],
                "checkpoint": {"envelope": format!("{note}\n\u{2014} {ORIGIN} {}\n", b64(&signature))},
            },
            "canonicalizedBody": b64(body.as_bytes()),
        })
    }

    /// As `cosign sign-blob --bundle` writes it.
    pub fn signed_blob(&self, component: &[u8], signing: &Signing<'_>) -> Value {
        let key = KeyPair::generate().unwrap();
        let certificate = self.certificate(&key, signing);
        let (signature, digest) = (sign(&key, component), sha256(component));
        let entry = json!({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {
            "data": {"hash": {"algorithm": "sha256", "value": hex::encode(digest)}},
            "signature": {"content": b64(&signature), "publicKey": {"content": b64(pem(&certificate).as_bytes())}},
        }});
        bundle(
            &certificate,
            self.entry("hashedrekord", &entry, signing.integrated_at),
            "messageSignature",
            json!({"messageDigest": {"algorithm": "SHA2_256", "digest": b64(&digest)}, "signature": b64(&signature)}),
        )
    }

    /// As `cosign attest-blob` writes it.
    pub fn attested(&self, component: &[u8], predicate: &str, signing: &Signing<'_>) -> Value {
        let key = KeyPair::generate().unwrap();
        let certificate = self.certificate(&key, signing);
        let kind = "application/vnd.in-toto+json";
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1", "predicateType": predicate, "predicate": {},
            "subject": [{"name": "x.wasm", "digest": {"sha256": hex::encode(sha256(component))}}],
        })
        .to_string();
        let message = format!("DSSEv1 {} {kind} {} {statement}", kind.len(), statement.len());
        let signature = b64(&sign(&key, message.as_bytes()));
        let hash = |bytes: &[u8]| json!({"algorithm": "sha256", "value": hex::encode(sha256(bytes))});
        let entry = json!({"apiVersion": "0.0.1", "kind": "dsse", "spec": {
            "envelopeHash": hash(b""), "payloadHash": hash(statement.as_bytes()),
            "signatures": [{"signature": signature, "verifier": b64(pem(&certificate).as_bytes())}],
        }});
        bundle(
            &certificate,
            self.entry("dsse", &entry, signing.integrated_at),
            "dsseEnvelope",
            json!({"payload": b64(statement.as_bytes()), "payloadType": kind, "signatures": [{"sig": signature}]}),
        )
    }
}

fn bundle(certificate: &[u8], entry: Value, kind: &str, content: Value) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "certificate": {"rawBytes": b64(certificate)}, "tlogEntries": [entry],
            "timestampVerificationData": {"rfc3161Timestamps": []},
        },
        kind: content,
    })
}

fn pem(certificate: &[u8]) -> String {
    let text = b64(certificate);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
