//! Signatures in a registry: listed by it, or by a tag.

use crate::{fetched, refused, sources};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
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
async fn r_10_a_signature_that_refers_to_something_else_is_refused() {
    let registry = Registry::start();
    let digest = registry.publish(COMPONENT, "1");
    let entry = signature(&registry, SIGNATURE, b"ours", &Digest::of(b"another"));
    registry.answer(&format!("referrers/{digest}"), Reply::ok(INDEX, list(&[entry]).to_string()));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Integrity && told.contains("refers to something else"), "{told}");
}

#[tokio::test]
async fn r_05_r_07_signatures_are_bounded_in_number_and_in_size() {
    let registry = Registry::start();
    let digest = registry.publish(COMPONENT, "1");
    let entry = signature(&registry, SIGNATURE, b"ours", &digest);
    let many = vec![entry; MAX_ATTACHED + 1];
    registry.answer(&format!("referrers/{digest}"), Reply::ok(INDEX, list(&many).to_string()));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Limit && told.contains("more than 16 signatures"), "{told}");
    let large = vec![b'x'; MAX_ATTACHED_BYTES as usize + 1];
    let entry = signature(&registry, SIGNATURE, &large, &digest);
    registry.answer(&format!("referrers/{digest}"), Reply::ok(INDEX, list(&[entry]).to_string()));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Limit && told.contains("a signature is larger"), "{told}");
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
