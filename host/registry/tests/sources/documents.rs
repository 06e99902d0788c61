//! A registry that lies in one of its documents or blobs.

use crate::{fetched, refused, sources};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use skillhost_registry::MAX_COMPONENT_BYTES;
use skillhost_registry::source::Class;
use skillhost_test_support::registry::{CONFIG, INDEX, MANIFEST, Registry, WASM};
use skillhost_test_support::web::{MUCH, Reply};

const COMPONENT: &[u8] = b"\0asm the component";

/// What is said of an artifact that is honest but for one thing.
async fn lied(lie: impl FnOnce(&Registry, Value) -> Value) -> (Class, String) {
    let registry = Registry::start();
    let manifest = lie(&registry, registry.manifest_of(COMPONENT));
    registry.document(MANIFEST, &manifest, Some("1"));
    refused(&registry.reference("1"), &sources(&[])).await
}

#[tokio::test]
async fn an_honest_artifact_is_fetched_by_tag_and_by_digest() {
    let registry = Registry::start();
    let digest = registry.publish(COMPONENT, "1");
    let by_tag = fetched(&registry.reference("1")).await.unwrap();
    assert_eq!((by_tag.component.as_slice(), by_tag.digest), (COMPONENT, Digest::of(COMPONENT)));
    assert_eq!(by_tag.resolved, Some(digest.to_string()));
    let pinned = format!("{}@{digest}", registry.reference("2"));
    let by_digest = fetched(&pinned).await.unwrap();
    assert_eq!((by_digest.component, by_digest.resolved), (by_tag.component, by_tag.resolved));
    assert_eq!(refused(&registry.reference("2"), &sources(&[])).await.0, Class::Unavailable);
}

#[tokio::test]
async fn what_other_tools_write_is_fetched_where_it_can_mean_one_thing() {
    for (config, layer) in [
        ("application/vnd.oci.empty.v1+json", WASM),
        ("application/vnd.unknown.config.v1+json", WASM),
        ("application/vnd.wasm.config.v1+json", "application/vnd.wasm.content.layer.v1+wasm"),
    ] {
        let registry = Registry::start();
        let (config, layer) = (registry.blob(config, b"{}"), registry.blob(layer, COMPONENT));
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": [layer], "annotations": null });
        registry.document(MANIFEST, &manifest, Some("1"));
        assert_eq!(fetched(&registry.reference("1")).await.unwrap().component, COMPONENT, "{config}");
    }
}

#[tokio::test]
async fn an_index_that_names_one_component_leads_to_it() {
    let registry = Registry::start();
    let manifest = registry.manifest_of(COMPONENT);
    let digest = registry.document(MANIFEST, &manifest, None);
    let entry = |architecture: &str| {
        json!({ "mediaType": MANIFEST, "digest": digest.to_string(), "size": 1,
                "platform": { "architecture": architecture, "os": "wasip2" } })
    };
    let index = |entries: &[Value]| json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    let top = registry.document(INDEX, &index(&[entry("amd64"), entry("wasm")]), Some("1"));
    let fetched = fetched(&registry.reference("1")).await.unwrap();
    assert_eq!((fetched.component.as_slice(), fetched.resolved), (COMPONENT, Some(top.to_string())));
    for (entries, word) in [
        (vec![], "names nothing"),
        (vec![entry("amd64")], "names nothing"),
        (vec![entry("wasm"), entry("wasm")], "names several"),
    ] {
        registry.document(INDEX, &index(&entries), Some("2"));
        let (class, told) = refused(&registry.reference("2"), &sources(&[])).await;
        assert!(class == Class::Integrity && told.contains(word), "{told}");
    }
    // To itself, for ever.
    let own = json!({ "schemaVersion": 2, "manifests": [
        { "mediaType": MANIFEST, "digest": top.to_string(), "size": 1, "platform": { "architecture": "wasm" } }] });
    registry.document(INDEX, &own, Some("3"));
    assert_eq!(refused(&registry.reference("3"), &sources(&[])).await.0, Class::Integrity);
}

#[tokio::test]
async fn r_01_other_bytes_than_the_digest_names_are_refused() {
    // The component, the configuration, and the manifest that was asked for by its digest.
    let (class, told) = lied(|registry, manifest| {
        let digest = manifest["layers"][0]["digest"].as_str().unwrap();
        registry.answer(&format!("blobs/{digest}"), Reply::ok(WASM, b"\0asm the compOnent"));
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("the component is sha256:"), "{told}");
    let (class, told) = lied(|registry, manifest| {
        let size = manifest["config"]["size"].as_u64().unwrap() as usize;
        let digest = manifest["config"]["digest"].as_str().unwrap();
        registry.answer(&format!("blobs/{digest}"), Reply::ok(CONFIG, vec![b' '; size]));
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("the configuration is sha256:"), "{told}");
    let registry = Registry::start();
    registry.publish(COMPONENT, "1");
    let named = Digest::of(b"another");
    let manifest = registry.manifest_of(COMPONENT);
    registry.answer(&format!("manifests/{named}"), Reply::ok(MANIFEST, manifest.to_string()));
    let reference = format!("oci://{}/acme/tool@{named}", registry.server.place());
    let (class, told) = refused(&reference, &sources(&[])).await;
    assert!(class == Class::Integrity && told.contains(&format!("and not {named}")), "{told}");
}

#[tokio::test]
async fn r_01_a_registry_that_names_another_digest_than_it_sends_is_refused() {
    let registry = Registry::start();
    let manifest = registry.manifest_of(COMPONENT).to_string();
    let said = Digest::of(b"another").to_string();
    registry.answer("manifests/1", Reply::ok(MANIFEST, manifest).with("docker-content-digest", &said));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Integrity && told.contains(&said), "{told}");
}

#[tokio::test]
async fn r_02_r_03_a_moved_tag_and_a_stale_one_are_told_by_their_digest() {
    let registry = Registry::start();
    let old = registry.publish(COMPONENT, "1");
    assert_eq!(fetched(&registry.reference("1")).await.unwrap().resolved, Some(old.to_string()));
    let new = registry.publish(b"\0asm another", "1");
    assert_eq!(fetched(&registry.reference("1")).await.unwrap().resolved, Some(new.to_string()));
    // What was pinned stays what it was, whatever the tag names.
    let pinned = format!("{}@{old}", registry.reference("1"));
    assert_eq!(fetched(&pinned).await.unwrap().component, COMPONENT);
    // A tag that goes back is another digest, too.
    registry.publish(COMPONENT, "1");
    assert_eq!(fetched(&registry.reference("1")).await.unwrap().resolved, Some(old.to_string()));
}

#[tokio::test]
async fn r_04_the_configuration_of_one_and_the_layer_of_another_are_refused() {
    let (class, told) = lied(|registry, mut manifest| {
        manifest["layers"][0] = registry.blob(WASM, b"\0asm another");
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("of another layer"), "{told}");
    let (class, told) = lied(|registry, mut manifest| {
        manifest["config"] = registry.blob(CONFIG, br#"{"architecture":"amd64","os":"linux"}"#);
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("`amd64`"), "{told}");
    // A signature's manifest is none of a component.
    let (class, told) = lied(|_, mut manifest| {
        manifest["subject"] = manifest["config"].clone();
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("belongs to an artifact"), "{told}");
}

#[tokio::test]
async fn r_05_a_document_without_end_is_not_read_to_its_end() {
    let registry = Registry::start();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {MANIFEST}\r\n\r\n");
    registry.answer("manifests/1", Reply::Endless(head.clone().into_bytes(), MUCH));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Limit && told.contains("the manifest is larger"), "{told}");
    // Neither is a component, whose size is known before.
    let (class, told) = lied(|registry, manifest| {
        let digest = manifest["layers"][0]["digest"].as_str().unwrap();
        registry.answer(&format!("blobs/{digest}"), Reply::Endless(head.into_bytes(), MUCH));
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("was said to have"), "{told}");
    // A compressed one would have any size.
    let (class, told) = lied(|registry, manifest| {
        let digest = manifest["layers"][0]["digest"].as_str().unwrap();
        registry.answer(&format!("blobs/{digest}"), Reply::ok(WASM, COMPONENT).with("content-encoding", "gzip"));
        manifest
    })
    .await;
    assert!(class == Class::Unavailable && told.contains("compressed"), "{told}");
}

#[tokio::test]
async fn r_06_what_can_be_read_in_two_ways_is_refused() {
    let both = |manifest: &Value| {
        let mut both = manifest.clone();
        both["manifests"] = json!([]);
        both
    };
    let registry = Registry::start();
    let manifest = registry.manifest_of(COMPONENT);
    let mut typeless = manifest.clone();
    typeless.as_object_mut().unwrap().remove("mediaType");
    let twice = manifest.to_string().replacen("\"layers\"", "\"layers\":[],\"layers\"", 1);
    for (content_type, document, word) in [
        (MANIFEST, both(&manifest).to_string(), "both layers and manifests"),
        (INDEX, both(&typeless).to_string(), "both layers and manifests"),
        (INDEX, manifest.to_string(), "something else than"),
        (INDEX, typeless.to_string(), "is no index"),
        (MANIFEST, json!({ "schemaVersion": 2, "manifests": [] }).to_string(), "is no manifest"),
        (MANIFEST, twice, "duplicate field"),
        (MANIFEST, manifest.to_string().replacen(":2", ":1", 1), "another version"),
        ("application/json", manifest.to_string(), "which is no manifest"),
        (MANIFEST, "<html>".to_owned(), "can't be read"),
        (MANIFEST, "[".repeat(100_000), "can't be read"),
    ] {
        registry.answer("manifests/1", Reply::ok(content_type, document.clone()));
        let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
        assert!(class == Class::Integrity && told.contains(word), "{document:.200}: {told}");
    }
    // A page for people is none of these.
    registry.answer("manifests/1", Reply::ok("text/html; charset=utf-8", "<html>"));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Unavailable && told.ends_with("sent a web page"), "{told}");
    registry.answer("manifests/1", Reply::Whole(200, Vec::new(), manifest.to_string().into_bytes()));
    let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
    assert!(class == Class::Integrity && told.contains("without a media type"), "{told}");
}

#[tokio::test]
async fn r_07_sizes_that_are_not_true_are_refused() {
    for (said, class, word) in [
        (0_u64, Class::Integrity, "was said to have 0 bytes"),
        (COMPONENT.len() as u64 - 1, Class::Integrity, "was said to have"),
        (COMPONENT.len() as u64 + 1, Class::Integrity, "was said to have"),
        (MAX_COMPONENT_BYTES + 1, Class::Limit, "larger than"),
        (u64::MAX, Class::Limit, "larger than"),
    ] {
        let (found, told) = lied(|_, mut manifest| {
            manifest["layers"][0]["size"] = json!(said);
            manifest
        })
        .await;
        assert!(found == class && told.contains(word), "{said}: {told}");
    }
    let (class, told) = lied(|_, mut manifest| {
        manifest["layers"][0]["size"] = json!(-1);
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("can't be read"), "{told}");
    // A server that says the right size and sends less, or says nothing and sends less or more.
    for (reply, class, word) in [
        (format!("content-length: {}\r\n\r\n\0asm", COMPONENT.len()), Class::Unavailable, "broke off"),
        ("\r\n\0asm".to_owned(), Class::Integrity, "was said to have 18 bytes and has 4"),
        ("\r\n\0asm the component, and more".to_owned(), Class::Integrity, "was said to have 18 bytes and has 19"),
        ("content-length: 99\r\n\r\n\0asm the component".to_owned(), Class::Integrity, "and has 99"),
    ] {
        let (found, told) = lied(|registry, manifest| {
            let digest = manifest["layers"][0]["digest"].as_str().unwrap();
            registry.answer(&format!("blobs/{digest}"), Reply::Raw(format!("HTTP/1.1 200 OK\r\n{reply}").into_bytes()));
            manifest
        })
        .await;
        assert!(found == class && told.contains(word), "{reply}: {told}");
    }
}

#[tokio::test]
async fn r_08_more_than_one_layer_and_layers_of_unknown_types_are_refused() {
    let (class, told) = lied(|registry, mut manifest| {
        let more = registry.blob(WASM, b"\0asm another");
        manifest["layers"].as_array_mut().unwrap().push(more);
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("2 layers"), "{told}");
    let (class, told) = lied(|_, mut manifest| {
        manifest["layers"] = json!([]);
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("0 layers"), "{told}");
    for media in ["application/vnd.oci.image.layer.v1.tar+gzip", "application/wasm\u{1b}[2J", "text/plain"] {
        let (class, told) = lied(|_, mut manifest| {
            manifest["layers"][0]["mediaType"] = json!(media);
            manifest
        })
        .await;
        assert!(
            class == Class::Integrity && told.contains("has a layer of type") && !told.contains('\u{1b}'),
            "{told}"
        );
    }
    let (class, told) = lied(|_, mut manifest| {
        manifest["config"]["mediaType"] = json!("application/vnd.cncf.helm.config.v1+json");
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("and not of a component"), "{told}");
    let (class, told) = lied(|_, mut manifest| {
        manifest["layers"][0]["digest"] = json!("sha512:00");
        manifest
    })
    .await;
    assert!(class == Class::Integrity && told.contains("SHA-256"), "{told}");
}
