//! `push`, to a real registry, and what other tools make of it.

use crate::support::{Ran, World, ran, root};
use serde_json::Value;
use skillhost_core::digest::Digest;
use skillhost_test_support::distribution::{Distribution, Guard, PASSWORD, USER};
use std::fs;
use std::path::{Path, PathBuf};

/// A skill that ships with the host, as a file of the home.
fn skill(world: &World) -> PathBuf {
    let from = root().join("target/skills/review.wasm");
    let file = world.home().join("review.wasm");
    fs::copy(&from, &file).unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask setup` builds it", from.display()));
    file
}

fn push(world: &World, registry: &Distribution, file: &Path, variables: &[(&str, &str)], more: &[&str]) -> Ran {
    let reference = format!("oci://{}/acme/review:1", registry.place());
    let mut command = world.command(&[&["push", file.to_str().unwrap(), &reference], more].concat());
    ran(command.envs(variables.iter().copied()).output().unwrap())
}

#[test]
fn what_is_pushed_another_client_pulls() {
    let (world, registry) = (World::bare(), Distribution::start(Guard::None));
    let file = skill(&world);
    let pushed = push(&world, &registry, &file, &[], &["--format", "json"]);
    assert_eq!(pushed.code, Some(0), "{pushed:#?}");
    let told: Value = pushed.json();
    let bytes = fs::read(&file).unwrap();
    assert_eq!(
        (&told["schema"], &told["digest"]),
        (&"skillhost.push/1".into(), &Digest::of(&bytes).to_string().into())
    );
    assert_eq!((&told["signatures"], &told["was_there"]), (&0.into(), &false.into()));
    let pulled = world.home().join("pulled.wasm");
    registry.wkg("pull", "review:1", &["--output", pulled.to_str().unwrap()]);
    assert_eq!(fs::read(&pulled).unwrap(), bytes);

    // Again, for people: the same manifest, and the reference that pins it.
    let again = push(&world, &registry, &file, &[], &[]);
    assert_eq!((again.code, again.stdout.trim()), (Some(0), told["pinned"].as_str().unwrap()), "{again:#?}");
    assert!(again.stderr.contains("it was there already, unsigned"), "{again:#?}");
}

#[test]
fn a_tag_of_somebody_else_is_kept_unless_that_is_asked_for() {
    let (world, registry) = (World::bare(), Distribution::start(Guard::None));
    let file = skill(&world);
    registry.wkg("push", "review:1", &[file.to_str().unwrap()]);
    let refused = push(&world, &registry, &file, &[], &[]);
    assert_eq!(refused.code, Some(4), "{refused:#?}");
    assert!(refused.stderr.contains("the tag names sha256:") && refused.stderr.contains("--force"), "{refused:#?}");
    let forced = push(&world, &registry, &file, &[], &["--force"]);
    assert_eq!(forced.code, Some(0), "{forced:#?}");
}

#[test]
fn a_registry_with_tls_and_a_password_is_pushed_to() {
    let (world, registry) = (World::bare(), Distribution::start(Guard::TlsAndPassword));
    let file = skill(&world);
    fs::write(world.home().join("review.wasm.sig"), "a signature").unwrap();
    let (place, authority) = (registry.place(), registry.authority());
    let trusted = ("SSL_CERT_FILE", authority.to_str().unwrap());
    let known = [
        trusted,
        ("SKILLHOST_REGISTRY", &place),
        ("SKILLHOST_REGISTRY_USER", USER),
        ("SKILLHOST_REGISTRY_PASSWORD", PASSWORD),
    ];
    let anonymous = push(&world, &registry, &file, &[trusted], &[]);
    assert_eq!(anonymous.code, Some(4), "{anonymous:#?}");
    assert!(anonymous.stderr.contains("401") && anonymous.stderr.contains("docker login"), "{anonymous:#?}");
    let pushed = push(&world, &registry, &file, &known, &[]);
    assert_eq!(pushed.code, Some(0), "{pushed:#?}");
    assert!(pushed.stderr.contains("with 1 signature"), "{pushed:#?}");
    // The same by what `docker login` writes; an authority that nobody named is not trusted.
    let encoded = "dGVzdGVyOmNvcnJlY3QgaG9yc2U=";
    fs::create_dir(world.home().join(".docker")).unwrap();
    let config = format!(r#"{{"auths":{{"{place}":{{"auth":"{encoded}"}}}}}}"#);
    fs::write(world.home().join(".docker/config.json"), config).unwrap();
    let pushed = push(&world, &registry, &file, &[trusted], &[]);
    assert_eq!(pushed.code, Some(0), "{pushed:#?}");
    let untrusted = push(&world, &registry, &file, &[], &["-vvv"]);
    assert_eq!(untrusted.code, Some(3), "{untrusted:#?}");
    assert!(untrusted.stderr.contains("nobody whom this machine trusts"), "{untrusted:#?}");
    for ran in [&anonymous, &pushed, &untrusted] {
        assert!(!ran.stderr.contains(PASSWORD) && !ran.stderr.contains(encoded), "{ran:#?}");
    }
}

#[test]
fn an_expired_certificate_is_told_as_one() {
    let (world, registry) = (World::bare(), Distribution::start(Guard::Expired));
    let authority = registry.authority();
    let pushed = push(&world, &registry, &skill(&world), &[("SSL_CERT_FILE", authority.to_str().unwrap())], &[]);
    assert_eq!(pushed.code, Some(3), "{pushed:#?}");
    assert!(pushed.stderr.contains(&format!("the certificate of {} has expired", registry.place())), "{pushed:#?}");
}

#[test]
fn what_can_not_be_pushed_is_told_before_anything_is_sent() {
    let world = World::bare();
    let file = skill(&world);
    let file = file.to_str().unwrap();
    fs::write(world.home().join("text.wasm"), "text").unwrap();
    let text = world.home().join("text.wasm");
    let place = "oci://127.0.0.1:1/acme/review:1";
    for (arguments, code, word) in [
        (vec!["push", "./absent.wasm", place], 2, "can't be read"),
        (vec!["push", text.to_str().unwrap(), place], 3, "it is no skill"),
        (vec!["push", file, "./there"], 2, "no place in a registry"),
        (vec!["push", file, "oci://127.0.0.1:1/acme/review"], 2, "neither a tag nor a digest"),
        (vec!["push", file, place, "--annotation", "x"], 2, "no annotation"),
        (vec!["push", file, place, "--annotation", "org.opencontainers.image.title=x"], 2, "the manifest's"),
        (vec!["push", file, "oci://10.0.0.1/acme/review:1"], 4, "[network] private"),
        (vec!["push", file, place], 3, "no connection to 127.0.0.1:1"),
    ] {
        let refused = world.run(&arguments);
        assert_eq!(refused.code, Some(code), "{arguments:?} {refused:#?}");
        assert!(refused.stderr.contains(word), "{arguments:?} {refused:#?}");
    }
}
