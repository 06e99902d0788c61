//! A real registry, on loopback.

use crate::{WAITS, oci, skill, sources, told};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use skillhost_core::digest::Digest;
use skillhost_registry::Attached;
use skillhost_registry::source::{Class, NamedBy, Publication, Rules, Sources, fetch, push};
use skillhost_test_support::distribution::{Distribution, Guard, PASSWORD, USER};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

fn publication<'a>(component: &'a [u8], attached: &'a [Attached]) -> Publication<'a> {
    let annotations =
        BTreeMap::from([("org.opencontainers.image.source".to_owned(), "https://example.com/tool".to_owned())]);
    Publication { component, attached, annotations, may_replace: false }
}

/// What a registry without TLS has behind a path.
fn document(registry: &Distribution, path: &str) -> Value {
    let mut stream = TcpStream::connect(("127.0.0.1", registry.port)).unwrap();
    let accept = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";
    let head = format!("GET /v2/acme/tool/{path} HTTP/1.0\r\nhost: x\r\naccept: {accept}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (_, body) = text.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[tokio::test]
async fn what_is_pushed_is_fetched_with_its_signatures() {
    let registry = Distribution::start(Guard::None);
    let component = skill();
    let attached = [Attached::Signature(b"{\"ours\":1}".to_vec()), Attached::Bundle(b"{\"theirs\":1}".to_vec())];
    let reference = oci(&format!("oci://{}/acme/tool:1.2.0", registry.place()));
    let pushed = push(publication(&component, &attached), &reference, &sources(&[])).await.unwrap();
    assert_eq!((pushed.component, pushed.signatures, pushed.was_there), (Digest::of(&component), 2, false));
    let fetched = fetch(&format!("{reference}").parse().unwrap(), NamedBy::User, &sources(&[])).await.unwrap();
    assert_eq!((&fetched.component, fetched.resolved), (&component, Some(pushed.manifest.to_string())));
    assert_eq!(fetched.attached, attached);

    // Again: nothing changes, and nothing is there twice.
    let again = push(publication(&component, &attached), &reference, &sources(&[])).await.unwrap();
    assert!(again.was_there && again.manifest == pushed.manifest, "{again:?}");
    let list = document(&registry, &format!("manifests/sha256-{}", pushed.manifest.hex()));
    assert_eq!(list["manifests"].as_array().unwrap().len(), 3, "{list}");

    // What others see of it.
    let manifest = document(&registry, "manifests/1.2.0");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    let annotations = &manifest["annotations"];
    assert_eq!(annotations["org.opencontainers.image.title"], "tool");
    assert_eq!(annotations["org.opencontainers.image.version"], "1.2.0");
    assert_eq!(annotations["org.opencontainers.image.description"], "Does something.");
    assert_eq!(annotations["org.opencontainers.image.source"], "https://example.com/tool");
    let bill = list["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["artifactType"] == "application/vnd.cyclonedx+json");
    let bill = document(&registry, &format!("manifests/{}", bill.unwrap()["digest"].as_str().unwrap()));
    assert_eq!(bill["subject"]["digest"], pushed.manifest.to_string());
    let bill = document(&registry, &format!("blobs/{}", bill["layers"][0]["digest"].as_str().unwrap()));
    let about = &bill["metadata"]["component"];
    assert_eq!((about["name"].as_str(), about["version"].as_str()), (Some("tool"), Some("1.2.0")));
    assert_eq!(about["hashes"][0]["content"], Digest::of(&component).hex());

    // Another one under the same tag.
    let other = skillhost_core::manifest::embed(
        &wat::parse_str("(component (core module))").unwrap(),
        "[skill]\nname = \"tool\"\nversion = \"1.2.0\"\nkind = \"review\"\ndescription = \"Another.\"\n",
    )
    .unwrap();
    let error = push(publication(&other, &[]), &reference, &sources(&[])).await.unwrap_err();
    assert!(error.class() == Class::Denied && told(&error).contains(&pushed.manifest.to_string()), "{}", told(&error));
    let forced = Publication { may_replace: true, ..publication(&other, &[]) };
    push(forced, &reference, &sources(&[])).await.unwrap();
    let fetched = fetch(&format!("{reference}").parse().unwrap(), NamedBy::User, &sources(&[])).await.unwrap();
    assert_eq!((fetched.component, fetched.attached), (other, Vec::new()));
}

#[tokio::test]
async fn what_another_client_pushes_is_fetched() {
    let registry = Distribution::start(Guard::None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tool.wasm");
    std::fs::write(&file, skill()).unwrap();
    registry.wkg("push", "tool:1", &[file.to_str().unwrap()]);
    let fetched = crate::fetched(&format!("oci://{}/acme/tool:1", registry.place())).await.unwrap();
    assert_eq!((fetched.component, fetched.attached), (skill(), Vec::new()));
    let manifest = document(&registry, "manifests/1");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
}

fn in_environment(registry: &Distribution, password: &'static str) -> Sources {
    let place = registry.place();
    let variables = move |name: &str| match name {
        "SKILLHOST_REGISTRY" => Some(place.clone().into()),
        "SKILLHOST_REGISTRY_USER" => Some(USER.into()),
        "SKILLHOST_REGISTRY_PASSWORD" => Some(password.into()),
        _ => None,
    };
    Sources::new("/", Rules::default()).with_waits(WAITS).with_variables(variables)
}

#[tokio::test]
async fn a_password_is_asked_for_with_tls_and_without() {
    for guard in [Guard::Password, Guard::TlsAndPassword] {
        let registry = Distribution::start(guard);
        let authority = CertificateDer::from(registry.authority_der());
        let trusting = |sources: Sources| sources.trusting(authority.clone());
        let reference = oci(&format!("oci://{}/acme/tool:1", registry.place()));
        let component = skill();
        for sources in [sources(&[]), in_environment(&registry, "wrong")] {
            let error = push(publication(&component, &[]), &reference, &trusting(sources)).await.unwrap_err();
            assert!(error.class() == Class::Denied && told(&error).contains("401"), "{guard:?} {}", told(&error));
        }
        let known = trusting(in_environment(&registry, PASSWORD));
        push(publication(&component, &[]), &reference, &known).await.unwrap();
        let fetched = fetch(&format!("{reference}").parse().unwrap(), NamedBy::User, &known).await.unwrap();
        assert_eq!(fetched.component, component);
    }
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_is_told_with_its_reason() {
    for (guard, is_trusted, reason) in [
        (Guard::Expired, true, "has expired"),
        (Guard::TlsAndPassword, false, "is signed by nobody whom this machine trusts"),
    ] {
        let registry = Distribution::start(guard);
        let other = Distribution::start(guard);
        let authority = if is_trusted { registry.authority_der() } else { other.authority_der() };
        let from = sources(&[]).trusting(CertificateDer::from(authority));
        let reference = format!("oci://{}/acme/tool:1", registry.place());
        let (class, told) = crate::refused(&reference, &from).await;
        assert!(class == Class::Unavailable && told.contains(reason), "{told}");
    }
}
