//! Signatures in a registry: listed by it, or by a tag.

use crate::{fetched, refused, sources};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use skillhost_registry::signature::{Trust, verify};
use skillhost_registry::source::Class;
use skillhost_registry::{Attached, MAX_ATTACHED, MAX_ATTACHED_BYTES};
use skillhost_test_support::registry::{INDEX, MANIFEST, Registry, SIGNATURE};
use skillhost_test_support::web::{MUCH, Reply};

const COMPONENT: &[u8] = b"\0asm the component";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Keeps the manifest of a signature over something, and gives the entry that lists it.
fn signature(registry: &Registry, kind: &str, content: &[u8], subject: &Digest) -> Value {
    let layer = registry.blob(kind, content);
    let config = registry.blob("application/vnd.oci.empty.v1+json", b"{}");
    let subject = json!({ "mediaType": MANIFEST, "digest": subject.to_string(), "size": 1 });
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": kind, "config": config,
                           "layers": [layer], "subject": subject });
    let digest = registry.document(MANIFEST, &manifest, None);
    let size = manifest.to_string().len();
    json!({ "mediaType": MANIFEST, "digest": digest.to_string(), "size": size, "artifactType": kind })
}

fn list(entries: &[Value]) -> Value {
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries })
}

#[tokio::test]
async fn signatures_come_with_their_component_from_either_list() {
    for path in ["referrers/sha256:", "manifests/sha256-"] {
        let registry = Registry::start();
        let digest = registry.publish(COMPONENT, "1");
        let entries = [
            signature(&registry, SIGNATURE, b"ours", &digest),
            signature(&registry, "application/vnd.cyclonedx+json", b"no signature", &digest),
            signature(&registry, BUNDLE, b"theirs", &digest),
        ];
        registry.answer(&format!("{path}{}", digest.hex()), Reply::ok(INDEX, list(&entries).to_string()));
        let fetched = fetched(&registry.reference("1")).await.unwrap();
        assert_eq!(fetched.attached, [Attached::Signature(b"ours".to_vec()), Attached::Bundle(b"theirs".to_vec())]);
    }
}

#[tokio::test]
async fn r_21_what_is_no_signature_stands_in_the_way_of_none() {
    let registry = Registry::start();
    let digest = registry.publish(COMPONENT, "1");
    let good = signature(&registry, SIGNATURE, b"ours", &digest);
    let large = vec![b'x'; MAX_ATTACHED_BYTES as usize + 1];
    let absent = json!({ "mediaType": MANIFEST, "digest": Digest::of(b"absent").to_string(), "size": 9, "artifactType": SIGNATURE });
    let mut lying = signature(&registry, SIGNATURE, b"lying", &digest);
    lying["digest"] = "sha256:none".into();
    let junk = [
        (signature(&registry, SIGNATURE, b"of another", &Digest::of(b"another")), "refers to something else"),
        (signature(&registry, BUNDLE, &large, &digest), "a signature is larger"),
        (absent, "has no such artifact"),
        (lying, "a SHA-256 digest"),
    ];
    for at in [0, 2, 20, MAX_ATTACHED - 1] {
        let mut entries: Vec<Value> =
            junk.iter().cycle().take(MAX_ATTACHED - 1).map(|(entry, _)| entry.clone()).collect();
        entries.insert(at, good.clone());
        registry.answer(&format!("referrers/{digest}"), Reply::ok(INDEX, list(&entries).to_string()));
        let fetched = fetched(&registry.reference("1")).await.unwrap();
        assert_eq!(
            (fetched.attached.len(), &fetched.attached[at]),
            (MAX_ATTACHED, &Attached::Signature(b"ours".to_vec()))
        );
    }
    // By itself it makes a component that isn't what was signed, and none that is unsigned.
    for (entry, told) in junk {
        registry.answer(&format!("referrers/{digest}"), Reply::ok(INDEX, list(&[entry]).to_string()));
        let fetched = fetched(&registry.reference("1")).await.unwrap();
        let error = verify(COMPONENT, &fetched.attached, &Trust::default()).unwrap_err().to_string();
        assert!(error.contains("it can't be had: ") && error.contains(told), "{told}: {error}");
    }
}

#[tokio::test]
async fn r_05_r_07_signatures_are_bounded_in_number() {
    let registry = Registry::start();
    let digest = registry.publish(COMPONENT, "1");
    let entry = signature(&registry, SIGNATURE, b"ours", &digest);
    let many = vec![entry; MAX_ATTACHED + 1];
    registry.answer(&format!("referrers/{digest}"), Reply::ok(INDEX, list(&many).to_string()));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Limit && told.contains("more than 64 signatures"), "{told}");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {INDEX}\r\n\r\n");
    registry.answer(&format!("referrers/{digest}"), Reply::Endless(head.into_bytes(), MUCH));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Limit && told.contains("the list of signatures is larger"), "{told}");
}

#[tokio::test]
async fn r_16_a_list_of_several_pages_is_read_to_its_end_and_one_without_end_is_not() {
    let registry = Registry::start();
    let digest = registry.publish(COMPONENT, "1");
    let first = signature(&registry, BUNDLE, b"theirs", &digest);
    let second = signature(&registry, SIGNATURE, b"ours", &digest);
    let page = |entry: Value| Reply::ok(INDEX, list(&[entry]).to_string());
    let next = |path: &str| format!("</v2/acme/tool/{path}?n=1>; rel=\"next\"");
    let path = format!("referrers/{digest}");
    registry.answer(&path, page(first.clone()).with("link", &next("more")));
    registry.answer("more", page(second));
    let fetched = fetched(&registry.reference("1")).await.unwrap();
    assert_eq!(fetched.attached, [Attached::Bundle(b"theirs".to_vec()), Attached::Signature(b"ours".to_vec())]);
    registry.answer(&path, page(first).with("link", &next(&path)));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Limit && told.contains("more than 8 pages"), "{told}");
}

#[tokio::test]
async fn a_registry_without_lists_is_known_from_one_that_fails() {
    let registry = Registry::start();
    let digest = registry.publish(COMPONENT, "1");
    let entry = signature(&registry, SIGNATURE, b"ours", &digest);
    registry.answer(&format!("manifests/sha256-{}", digest.hex()), Reply::ok(INDEX, list(&[entry]).to_string()));
    for without in [Reply::status(404), Reply::status(405), Reply::ok("text/html", "<p>What is that?")] {
        registry.answer(&format!("referrers/{digest}"), without);
        let fetched = fetched(&registry.reference("1")).await.unwrap();
        assert_eq!(fetched.attached, [Attached::Signature(b"ours".to_vec())]);
    }
    for (failing, class) in
        [(500, Class::Unavailable), (503, Class::Unavailable), (429, Class::Unavailable), (401, Class::Denied)]
    {
        registry.answer(&format!("referrers/{digest}"), Reply::status(failing));
        let (found, told) = refused(&registry.reference("1"), &sources(&[])).await;
        assert!(found == class && told.contains(&failing.to_string()), "{told}");
    }
}
