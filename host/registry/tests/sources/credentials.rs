//! Who is shown credentials, and who isn't.

use crate::{refused, sources};
use skillhost_registry::source::{Class, NamedBy, Rules, Sources, fetch};
use skillhost_test_support::registry::Registry;
use skillhost_test_support::web::{Reply, Request, Server};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

const COMPONENT: &[u8] = b"\0asm the component";
/// `me:hunter2`, in base64.
const ENCODED: &str = "bWU6aHVudGVyMg==";
const BASIC: &str = "Basic bWU6aHVudGVyMg==";

/// Answers everybody who shows this; others are asked for it.
fn guarded(request: &Request, expected: &str, challenge: &str) -> Option<Reply> {
    let is_shown = request.fields.get("authorization").is_some_and(|shown| shown == expected);
    (!is_shown && request.target != "/v2/").then(|| Reply::status(401).with("www-authenticate", challenge))
}

fn with_password() -> Registry {
    let registry = Registry::with_rule(|request| guarded(request, BASIC, "Basic realm=\"x\""));
    registry.publish(COMPONENT, "1");
    registry
}

/// A Docker configuration with these lines in place of `HOST`.
fn configured(registry: &Registry, text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("config.json"), text.replace("HOST", &registry.server.place())).unwrap();
    folder
}

#[tokio::test]
async fn credentials_are_found_where_docker_podman_and_the_environment_have_them() {
    let registry = with_password();
    let reference = registry.reference("1").parse().unwrap();
    let entry = format!(r#"{{"auths":{{"HOST":{{"auth":"{ENCODED}"}}}}}}"#);
    let docker = configured(&registry, &entry);
    let podman = TempDir::new().unwrap();
    fs::create_dir(podman.path().join("containers")).unwrap();
    fs::copy(docker.path().join("config.json"), podman.path().join("containers/auth.json")).unwrap();
    let home = TempDir::new().unwrap();
    fs::create_dir(home.path().join(".docker")).unwrap();
    fs::copy(docker.path().join("config.json"), home.path().join(".docker/config.json")).unwrap();
    let path = |folder: &TempDir| folder.path().to_str().unwrap().to_owned();
    let place = registry.server.place();
    for variables in [
        vec![("DOCKER_CONFIG", path(&docker))],
        vec![("HOME", path(&home))],
        vec![("XDG_RUNTIME_DIR", path(&podman))],
        vec![
            ("SKILLHOST_REGISTRY", place.clone()),
            ("SKILLHOST_REGISTRY_USER", "me".to_owned()),
            ("SKILLHOST_REGISTRY_PASSWORD", "hunter2".to_owned()),
        ],
    ] {
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let fetched = fetch(&reference, NamedBy::User, &sources(&variables)).await.unwrap();
        assert_eq!(fetched.component, COMPONENT, "{variables:?}");
    }
    // None at all, one that is wrong, one of another registry, and a path that isn't absolute.
    let other = configured(&registry, &entry.replace("HOST", "HOST.evil.example"));
    let wrong = configured(&registry, &entry.replace(ENCODED, "bWU6d3Jvbmc="));
    for variables in [
        vec![],
        vec![("DOCKER_CONFIG", path(&wrong))],
        vec![("DOCKER_CONFIG", path(&other))],
        vec![("DOCKER_CONFIG", ".".to_owned())],
        vec![
            ("SKILLHOST_REGISTRY", "another.example".to_owned()),
            ("SKILLHOST_REGISTRY_USER", "me".to_owned()),
            ("SKILLHOST_REGISTRY_PASSWORD", "hunter2".to_owned()),
        ],
    ] {
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let (class, told) = refused(&registry.reference("1"), &sources(&variables)).await;
        assert!(class == Class::Denied && told.contains("401"), "{variables:?}: {told}");
    }
}

#[tokio::test]
async fn a_helper_is_asked_by_its_name_alone() {
    let registry = with_password();
    let folder = configured(&registry, r#"{"credHelpers":{"HOST":"test-keys"}}"#);
    let helper = folder.path().join("docker-credential-test-keys");
    let said = r#"{"ServerURL":"x","Username":"me","Secret":"hunter2"}"#;
    let place = registry.server.place();
    let script = format!("#!/bin/sh\nread asked\n[ \"$1 $asked\" = 'get {place}' ] || exit 1\necho '{said}'\n");
    write_program(&helper, &script);
    let path = folder.path().to_str().unwrap();
    let variables = [("DOCKER_CONFIG", path), ("PATH", path)];
    let fetched = fetch(&registry.reference("1").parse().unwrap(), NamedBy::User, &sources(&variables)).await.unwrap();
    assert_eq!(fetched.component, COMPONENT);
    // One that has nothing, one that says something else, and one that isn't there.
    for (script, word) in [
        ("#!/bin/sh\necho credentials not found in native keychain\nexit 1\n", "401"),
        ("#!/bin/sh\necho hunter2\nexit 1\n", "docker-credential-test-keys failed"),
        ("#!/bin/sh\necho hunter2\n", "gave no credentials that can be read"),
        ("#!/bin/sh\nexec cat /dev/zero\n", "can't be asked"),
    ] {
        write_program(&helper, script);
        let (_, told) = refused(&registry.reference("1"), &sources(&variables)).await;
        assert!(told.contains(word) && !told.contains("hunter2"), "{told}");
    }
    let elsewhere = [("DOCKER_CONFIG", path), ("PATH", ".")];
    let (class, told) = refused(&registry.reference("1"), &sources(&elsewhere)).await;
    assert!(class == Class::Unavailable && told.contains("is in no folder of PATH"), "{told}");
}

/// By another process: a program that this one holds open for writing can't be started.
fn write_program(file: &std::path::Path, script: &str) {
    let partial = file.with_extension("partial");
    let mut write = std::process::Command::new("sh");
    write.args(["-c", "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\" && mv \"$2\" \"$3\"", "sh", script]);
    assert!(write.arg(&partial).arg(file).status().unwrap().success());
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o755);
}

/// A registry that sends for tokens to its own `/token`.
fn with_tokens(token_reply: &'static str) -> Registry {
    let server: std::sync::Arc<std::sync::OnceLock<String>> = std::sync::Arc::default();
    let place = std::sync::Arc::clone(&server);
    let registry = Registry::with_rule(move |request| {
        if request.target.starts_with("/token") {
            return Some(Reply::ok("application/json", token_reply));
        }
        let challenge = format!("Bearer realm=\"http://{}/token\",service=\"tokens\"", place.get()?);
        guarded(request, "Bearer t0ken", &challenge)
    });
    server.set(registry.server.place()).unwrap();
    registry.publish(COMPONENT, "1");
    registry
}

#[tokio::test]
async fn a_token_is_had_with_a_password_with_another_token_and_by_anybody() {
    for (entry, shown, asked) in [
        (format!(r#"{{"auth":"{ENCODED}"}}"#), Some(BASIC), "GET"),
        (r#"{"identitytoken":"long-lived"}"#.to_owned(), None, "POST"),
        ("{}".to_owned(), None, "GET"),
    ] {
        let registry = with_tokens(r#"{"token":"t0ken","expires_in":60}"#);
        let folder = configured(&registry, &format!(r#"{{"auths":{{"HOST":{entry}}}}}"#));
        let variables = [("DOCKER_CONFIG", folder.path().to_str().unwrap())];
        let fetched =
            fetch(&registry.reference("1").parse().unwrap(), NamedBy::User, &sources(&variables)).await.unwrap();
        assert_eq!(fetched.component, COMPONENT);
        let seen = registry.server.seen();
        let token = seen.iter().find(|request| request.target.starts_with("/token")).unwrap();
        assert_eq!((token.method.as_str(), token.fields.get("authorization").map(String::as_str)), (asked, shown));
        let query = format!("{}{}", token.target, String::from_utf8_lossy(&token.body));
        assert!(query.contains("scope=repository%3Aacme%2Ftool%3Apull") && query.contains("service=tokens"), "{query}");
        assert_eq!(query.contains("refresh_token=long-lived"), asked == "POST", "{query}");
        // A password is for whoever gives tokens, and not for the rest.
        let rest = seen.iter().filter(|request| !request.target.starts_with("/token"));
        assert!(rest.filter_map(|request| request.fields.get("authorization")).all(|shown| shown == "Bearer t0ken"));
    }
    for reply in ["{}", "[]", "<html>", r#"{"token":"a\nb"}"#] {
        let registry = with_tokens(reply);
        let (class, told) = refused(&registry.reference("1"), &sources(&[])).await;
        assert!(class == Class::Integrity && told.contains("the token can't be"), "{reply}: {told}");
    }
}

#[tokio::test]
async fn r_15_a_registry_can_not_send_credentials_to_somebody_else() {
    let thief = Server::start(|_| Reply::ok("application/json", r#"{"token":"t0ken"}"#));
    let realms =
        [format!("http://{}/token", thief.place()), "https://evil.example/token".to_owned(), "file:///x".to_owned()];
    for realm in realms {
        let challenge = format!("Bearer realm=\"{realm}\"");
        let registry = Registry::with_rule(move |request| guarded(request, "Bearer t0ken", &challenge));
        registry.publish(COMPONENT, "1");
        let folder = configured(&registry, &format!(r#"{{"auths":{{"HOST":{{"auth":"{ENCODED}"}}}}}}"#));
        let variables = [("DOCKER_CONFIG", folder.path().to_str().unwrap())];
        let (class, told) = refused(&registry.reference("1"), &sources(&variables)).await;
        assert!(matches!(class, Class::Denied | Class::Integrity), "{realm}: {told}");
        assert!(!told.contains("hunter2") && !told.contains(ENCODED), "{told}");
    }
    assert!(thief.seen().is_empty(), "{:?}", thief.seen());
}

#[tokio::test]
async fn r_15_a_redirect_takes_no_credentials_along() {
    let store = Server::start(|_| Reply::ok("application/octet-stream", COMPONENT));
    let to = format!("http://{}/blob", store.place());
    let registry = Registry::with_rule(move |request| {
        guarded(request, BASIC, "Basic realm=\"x\"").or_else(|| {
            let digest = skillhost_core::digest::Digest::of(COMPONENT);
            request.target.ends_with(&format!("blobs/{digest}")).then(|| Reply::redirect(&to))
        })
    });
    registry.publish(COMPONENT, "1");
    let folder = configured(&registry, &format!(r#"{{"auths":{{"HOST":{{"auth":"{ENCODED}"}}}}}}"#));
    let docker = folder.path().to_str().unwrap().to_owned();
    let open = skillhost_core::reach::Openings::from_iter([vec!["127.0.0.1".parse().unwrap()]]);
    let from = Sources::new("/", Rules::new(open, |_| Ok(()))).with_waits(crate::WAITS);
    let from = from.with_variables(move |name| (name == "DOCKER_CONFIG").then(|| docker.clone().into()));
    let fetched = fetch(&registry.reference("1").parse().unwrap(), NamedBy::User, &from).await.unwrap();
    assert_eq!(fetched.component, COMPONENT);
    let seen = store.seen();
    assert!(seen.len() == 1 && !seen[0].fields.contains_key("authorization"), "{seen:?}");
    // A store that asks for credentials in the registry's stead gets none either.
    let asking = Server::start(|_| Reply::status(401).with("www-authenticate", "Basic realm=\"x\""));
    let to = format!("http://{}/blob", asking.place());
    let registry = Registry::with_rule(move |request| {
        let is_blob = request.target.contains("/blobs/");
        is_blob.then(|| Reply::redirect(&to))
    });
    registry.publish(COMPONENT, "1");
    let place = registry.server.place();
    let from = from.with_variables(move |name| match name {
        "SKILLHOST_REGISTRY" => Some(place.clone().into()),
        "SKILLHOST_REGISTRY_USER" => Some("me".into()),
        "SKILLHOST_REGISTRY_PASSWORD" => Some("hunter2".into()),
        _ => None,
    });
    let (class, told) = refused(&registry.reference("1"), &from).await;
    assert!(class == Class::Denied && told.contains("401"), "{told}");
    assert!(asking.seen().iter().all(|request| !request.fields.contains_key("authorization")));
}

#[tokio::test]
async fn r_15_an_error_repeats_nothing_that_was_sent() {
    let registry = Registry::with_rule(|request| {
        let shown = request.fields.get("authorization").cloned().unwrap_or_default();
        guarded(request, "never", "Basic realm=\"hunter2\"").map(|_| {
            let body = format!(r#"{{"errors":[{{"code":"DENIED","message":"you sent {shown}, me:hunter2"}}]}}"#);
            Reply::Whole(401, vec![("www-authenticate".to_owned(), "Basic realm=\"hunter2\"".to_owned())], body.into())
        })
    });
    registry.publish(COMPONENT, "1");
    let folder = configured(&registry, &format!(r#"{{"auths":{{"HOST":{{"auth":"{ENCODED}"}}}}}}"#));
    let (class, told) =
        refused(&registry.reference("1"), &sources(&[("DOCKER_CONFIG", folder.path().to_str().unwrap())])).await;
    assert!(class == Class::Denied && told.contains("DENIED"), "{told}");
    assert!(!told.contains("hunter2") && !told.contains(ENCODED), "{told}");
}
