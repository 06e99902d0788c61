//! Where servers send on to, as policies judge it.

use crate::{WAITS, refused};
use skillhost_core::policy::SourcePattern;
use skillhost_core::reach::Openings;
use skillhost_core::reference::Reference;
use skillhost_registry::Fetched;
use skillhost_registry::source::{Class, FetchError, NamedBy, Rules, Sources, fetch};
use skillhost_test_support::registry::Registry;
use skillhost_test_support::web::{Reply, Server};

const COMPONENT: &[u8] = b"component";

/// With a policy that names these places, and opens this machine.
fn allowing(patterns: &[&str]) -> Sources {
    let patterns: Vec<SourcePattern> = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    let open = Openings::from_iter([vec!["127.0.0.1".parse().unwrap()]]);
    let allow = move |reference: &Reference| match patterns.iter().any(|pattern| pattern.matches(reference)) {
        true => Ok(()),
        false => Err(format!("no pattern names {reference}").into()),
    };
    Sources::new("/nowhere", Rules::new(open, allow)).with_variables(|_| None).with_waits(WAITS)
}

async fn got(reference: &str, from: &Sources) -> Result<Fetched, FetchError> {
    fetch(&reference.parse().unwrap(), NamedBy::Lock, from).await
}

#[tokio::test]
async fn r_18_a_file_of_the_web_comes_from_where_policies_allow_after_a_redirect_too() {
    let elsewhere = Server::start(|_| Reply::ok("application/wasm", COMPONENT));
    let other = format!("http://{}/x.wasm", elsewhere.place());
    for (to, is_allowed) in [
        ("/skills/v2/x.wasm", true),
        ("/skills/v2/x.wasm?who=a%2Fb&sig=%2E%2E", true),
        ("/other/x.wasm", false),
        ("/skills/../other/x.wasm", false),
        ("/skills/%2e%2e/other/x.wasm", false),
        ("/skills/..%2fother/x.wasm", false),
        (other.as_str(), false),
    ] {
        for (redirected, is_signature) in [("/skills/x.wasm", false), ("/skills/x.wasm.sig", true)] {
            let place = to.to_owned();
            let server = Server::start(move |request| match request.target.as_str() {
                target if target == redirected => Reply::redirect(&place),
                "/skills/x.wasm.sigstore.json" => Reply::status(404),
                "/skills/x.wasm.sig" => Reply::status(404),
                _ => Reply::ok("application/wasm", COMPONENT),
            });
            let from = allowing(&[&format!("http://{}/skills/*", server.place())]);
            let reference = format!("http://{}/skills/x.wasm", server.place());
            if is_allowed {
                let fetched = got(&reference, &from).await.unwrap();
                assert_eq!((fetched.component.as_slice(), fetched.attached.len()), (COMPONENT, is_signature.into()));
                continue;
            }
            let (class, told) = refused(&reference, &from).await;
            assert!(class == Class::Denied && told.contains("redirects to http://127.0.0.1:"), "{to}: {told}");
            assert!(told.contains("no pattern names http://127.0.0.1:"), "{to}: {told}");
            assert!(!server.seen().iter().any(|request| request.target.contains("other")), "{to}");
        }
    }
    assert!(elsewhere.seen().is_empty(), "{:?}", elsewhere.seen());
}

#[tokio::test]
async fn r_18_what_a_server_sends_on_with_is_not_told() {
    let server = Server::start(|_| Reply::redirect("/other/x.wasm?token=hunter2#hunter2"));
    let from = allowing(&[&format!("http://{}/skills/*", server.place())]);
    let (_, told) = refused(&format!("http://{}/skills/x.wasm", server.place()), &from).await;
    assert!(told.contains("/other/x.wasm") && !told.contains("hunter2"), "{told}");
}

#[tokio::test]
async fn r_18_a_manifest_comes_from_where_policies_allow_and_what_a_digest_names_from_anywhere() {
    let origin = Registry::start();
    let digest = origin.publish(COMPONENT, "1");
    let begin = format!("http://{}", origin.server.place());
    // What is asked of the registry, and whether policies have to allow where that leads.
    let by_tag = "/v2/acme/tool/manifests/1".to_owned();
    let by_digest = format!("/v2/acme/tool/manifests/{digest}");
    let signatures = format!("/v2/acme/tool/referrers/{digest}");
    for (asked, tag, is_judged) in [
        (by_tag.as_str(), "1", true),
        (&by_digest, &digest.to_string(), false),
        (&signatures, "1", true),
        ("/blobs/", "1", false),
    ] {
        let (part, to) = (asked.to_owned(), begin.clone());
        let registry = Registry::with_rule(move |request| {
            request.target.contains(&part).then(|| Reply::redirect(&format!("{to}{}", request.target)))
        });
        registry.publish(COMPONENT, "1");
        let separator = if tag.contains(':') { '@' } else { ':' };
        let reference = format!("oci://{}/acme/tool{separator}{tag}", registry.server.place());
        let own = format!("oci://{}/*", registry.server.place());
        let before = origin.server.seen().len();
        if is_judged {
            let (class, told) = refused(&reference, &allowing(&[&own])).await;
            assert!(class == Class::Denied && told.contains("redirects to http://127.0.0.1:"), "{asked}: {told}");
            let there = format!("no pattern names oci://{}/acme/tool", origin.server.place());
            assert!(told.contains(&there), "{asked}: {told}");
            assert_eq!(origin.server.seen().len(), before, "{asked}");
        } else {
            assert_eq!(got(&reference, &allowing(&[&own])).await.unwrap().component, COMPONENT, "{asked}");
            assert!(origin.server.seen().len() > before, "{asked}");
        }
        // Where a policy allows both, both are used.
        let both = allowing(&[&own, &format!("oci://{}/acme/*", origin.server.place())]);
        assert_eq!(got(&reference, &both).await.unwrap().component, COMPONENT, "{asked}");
    }
}

#[tokio::test]
async fn r_18_another_repository_of_the_same_registry_is_another_place() {
    for (to, is_allowed) in [
        ("/v2/acme/tool/manifests/2", true),
        ("/v2/evil/tool/manifests/2", false),
        ("/v2/acme/../evil/tool/manifests/2", false),
        ("/files/manifest", false),
    ] {
        let registry = Registry::with_rule(move |request| {
            (request.target == "/v2/acme/tool/manifests/1").then(|| Reply::redirect(to))
        });
        registry.publish(COMPONENT, "2");
        let from = allowing(&[&format!("oci://{}/acme/*", registry.server.place())]);
        if is_allowed {
            assert_eq!(got(&registry.reference("1"), &from).await.unwrap().component, COMPONENT);
        } else {
            let (class, told) = refused(&registry.reference("1"), &from).await;
            assert!(class == Class::Denied && told.contains("no pattern names"), "{to}: {told}");
            assert!(!registry.server.seen().iter().any(|request| request.target.contains("evil")), "{to}");
        }
    }
}
