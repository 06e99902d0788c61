//! Publishing to registries that do something odd.

use crate::{oci, skill, sources, told};
use skillhost_core::digest::Digest;
use skillhost_registry::source::{Class, Publication, PushError, Pushed, push};
use skillhost_test_support::registry::Registry;
use skillhost_test_support::web::{Reply, Server};
use std::collections::BTreeMap;

fn publication(component: &[u8]) -> Publication<'_> {
    Publication { component, attached: &[], annotations: BTreeMap::new(), may_replace: false }
}

async fn pushed(registry: &Registry, component: &[u8]) -> Result<Pushed, PushError> {
    push(publication(component), &oci(&registry.reference("1")), &sources(&[])).await
}

/// A registry that takes everything, and says where uploads go.
fn taking(uploads: impl Fn() -> String + Send + Sync + 'static) -> Registry {
    Registry::with_rule(move |request| match request.method.as_str() {
        "HEAD" => Some(Reply::status(404)),
        "POST" => Some(Reply::status(202).with("location", &uploads())),
        "PUT" => Some(Reply::status(201).with("oci-subject", "sha256:x")),
        _ => None,
    })
}

#[tokio::test]
async fn the_tag_is_written_last_and_the_same_component_gives_the_same_manifest() {
    let component = skill();
    let mut digests = Vec::new();
    for _ in 0..2 {
        let registry = taking(|| "/v2/acme/tool/blobs/uploads/1?_state=x".to_owned());
        digests.push(pushed(&registry, &component).await.unwrap().manifest);
        let puts: Vec<_> = registry.server.seen().into_iter().filter(|request| request.method == "PUT").collect();
        let last = puts.last().unwrap();
        assert!(last.target == "/v2/acme/tool/manifests/1" && Digest::of(&last.body) == digests[0], "{last:?}");
        assert_eq!(puts.iter().filter(|put| put.target.ends_with("/manifests/1")).count(), 1);
        let upload = puts.iter().find(|put| put.body == component).unwrap();
        let expected = format!("/v2/acme/tool/blobs/uploads/1?_state=x&digest={}", Digest::of(&component));
        assert_eq!(upload.target, expected);
    }
    assert_eq!(digests[0], digests[1]);
}

#[tokio::test]
async fn r_02_a_tag_that_names_something_else_is_not_moved_unless_that_is_asked_for() {
    let registry = taking(|| "/v2/acme/tool/blobs/uploads/1".to_owned());
    let old = registry.publish(b"\0asm another", "1");
    let component = skill();
    let error = pushed(&registry, &component).await.unwrap_err();
    assert!(error.class() == Class::Denied && told(&error).contains(&old.to_string()), "{}", told(&error));
    assert!(registry.server.seen().iter().all(|request| !matches!(request.method.as_str(), "PUT" | "POST")));
    let forced = Publication { may_replace: true, ..publication(&component) };
    push(forced, &oci(&registry.reference("1")), &sources(&[])).await.unwrap();
}

#[tokio::test]
async fn r_14_r_15_an_upload_goes_to_the_registry_and_nowhere_else() {
    let other = Server::start(|_| Reply::status(201));
    let to = format!("http://{}/v2/acme/tool/blobs/uploads/1", other.place());
    for to in [to, "https://evil.example/x".to_owned(), "file:///x".to_owned()] {
        let registry = taking(move || to.clone());
        let error = pushed(&registry, &skill()).await.unwrap_err();
        assert!(error.class() == Class::Denied, "{}", told(&error));
    }
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn what_is_no_skill_and_what_has_no_tag_is_not_published() {
    let registry = Registry::start();
    let error = pushed(&registry, b"\0asm").await.unwrap_err();
    assert!(error.class() == Class::Unavailable && told(&error).contains("it is no skill"), "{}", told(&error));
    let pinned = format!("{}@{}", registry.reference("1"), Digest::of(b"x"));
    let error = push(publication(&skill()), &oci(&pinned), &sources(&[])).await.unwrap_err();
    assert!(told(&error).contains("no tag"), "{}", told(&error));
    assert!(registry.server.seen().is_empty());
}

#[tokio::test]
async fn a_registry_that_can_not_write_is_told() {
    let registry = Registry::with_rule(|request| {
        let body = br#"{"errors":[{"code":"UNSUPPORTED","message":"read only"}]}"#.to_vec();
        matches!(request.method.as_str(), "POST" | "PUT").then(|| Reply::Whole(405, Vec::new(), body))
    });
    let error = pushed(&registry, &skill()).await.unwrap_err();
    assert!(told(&error).contains("405") && told(&error).contains("UNSUPPORTED"), "{}", told(&error));
}
