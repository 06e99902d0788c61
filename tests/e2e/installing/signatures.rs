//! Signatures beside others that are none, or of nobody whom anybody knows.

use super::{NAME, component, key, lock_of, manifest_of, publish, put, sign_file};
use crate::support::World;
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use skillhost_registry::MAX_ATTACHED;
use skillhost_registry::signature::sign;
use skillhost_test_support::registry::{INDEX, MANIFEST, Registry, SIGNATURE};
use skillhost_test_support::web::Reply;
use std::fs;

/// Lists something as a signature of what has this digest.
fn referrer(registry: &Registry, content: &[u8], subject: &Digest) -> Value {
    let (layer, config) =
        (registry.blob(SIGNATURE, content), registry.blob("application/vnd.oci.empty.v1+json", b"{}"));
    let subject = json!({ "mediaType": MANIFEST, "digest": subject.to_string(), "size": 1 });
    let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": SIGNATURE, "config": config,
                           "layers": [layer], "subject": subject });
    let digest = registry.document(MANIFEST, &manifest, None);
    json!({ "mediaType": MANIFEST, "digest": digest.to_string(), "size": 1, "artifactType": SIGNATURE })
}

/// The signatures that are kept with a component.
fn kept_signatures(world: &World, digest: &Digest) -> Vec<Vec<u8>> {
    let place = super::kept(world, digest);
    let files = fs::read_dir(place.parent().unwrap()).unwrap().flatten().map(|entry| entry.path());
    let beside =
        files.filter(|file| file.file_stem() != place.file_name() && file.to_str().unwrap().contains(&digest.hex()));
    beside.filter(|file| *file != place).map(|file| fs::read(file).unwrap()).collect()
}

/// As on another machine that brought the store along: nothing is remembered.
fn forget(world: &World) {
    fs::remove_dir_all(world.home().join(".cache/skillhost/verified")).unwrap();
    fs::remove_dir_all(world.state()).unwrap();
    fs::create_dir(world.state()).unwrap();
}

#[test]
fn r_21_signatures_that_are_none_hide_no_good_one_in_a_registry() {
    let wasm = component(&manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    let good = sign(&wasm, &key(1)).to_text().into_bytes();
    let other = sign(b"another component", &key(2)).to_text().into_bytes();
    for at in [0, 16, MAX_ATTACHED - 1] {
        let registry = Registry::start();
        let subject = registry.publish(&wasm, "1.2.0");
        let junk = |index: usize| match index % 3 {
            0 => referrer(&registry, format!("junk {index}").as_bytes(), &subject),
            1 => referrer(&registry, &good, &Digest::of(format!("{index}").as_bytes())),
            _ => referrer(&registry, &other, &subject),
        };
        let mut entries: Vec<Value> = (1..MAX_ATTACHED).map(junk).collect();
        entries.insert(at, referrer(&registry, &good, &subject));
        let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
        registry.answer(&format!("referrers/{subject}"), Reply::ok(INDEX, list.to_string()));
        let world = World::with(&[("src/a.rs", "x\n")]);
        let signer = key(1).signer().to_string();
        world
            .run(&["add", &registry.reference("1.2.0"), "--grant-requested"])
            .failed(0, &[&format!("signed by {signer}")]);
        assert!(lock_of(&world).contains(&signer));
        assert_eq!(
            kept_signatures(&world, &Digest::of(&wasm)),
            std::slice::from_ref(&good),
            "what held is kept, and nothing else"
        );
        world.commit(&[]);
        forget(&world);
        assert_eq!(world.run(&["call", NAME, "check"]).code, Some(0));
        world.run(&["sync", "--check"]).failed(0, &[]);
    }
}

#[test]
fn r_21_signatures_that_are_none_are_not_an_unsigned_skill() {
    let wasm = component(&manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    let registry = Registry::start();
    let subject = registry.publish(&wasm, "1.2.0");
    let entries: Vec<Value> = (0..20).map(|index| referrer(&registry, b"x", &Digest::of(&[index][..]))).collect();
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries });
    registry.answer(&format!("referrers/{subject}"), Reply::ok(INDEX, list.to_string()));
    let world = World::with(&[]);
    let ran = world.run(&["add", &registry.reference("1.2.0"), "--grant-requested"]);
    ran.failed(6, &["is not what was signed", "refers to something else", "and 12 more, of which none holds"]);
    assert!(!super::has_lock(&world));
}

#[test]
fn r_21_what_lies_beside_a_file_takes_nobodys_place_in_the_store() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    let digest = super::digest_of(&world, "l.wasm");
    sign_file(&world, "l.wasm", 1);
    for index in 0..20 {
        put(&world, "l.wasm.sigstore.json", format!("{{\"junk\": {index}}}").as_bytes());
        world.run(&["add", &reference, "--grant-requested"]);
        fs::remove_file(super::kept(&world, &digest)).unwrap();
        world.run(&["sync"]).failed(0, &["1 fetched"]);
    }
    assert_eq!(kept_signatures(&world, &digest).len(), 1);
    // Another signer of the same bytes has a place of its own, and the first one's stays.
    sign_file(&world, "l.wasm", 2);
    let lock = lock_of(&world);
    let signer = key(2).signer().to_string();
    world.run(&["update", NAME, "--signer", &signer, "--keep-grants"]).failed(0, &["another signer"]);
    world.commit(&[]);
    assert_eq!(kept_signatures(&world, &digest).len(), 2);
    let call = || world.run(&["call", NAME, "check"]);
    forget(&world);
    fs::remove_file(world.repo().join("l.wasm.sig")).unwrap();
    assert_eq!(call().code, Some(0), "{:#?}", call());
    world.commit(&[("skillhost.lock", &lock)]);
    assert_eq!(call().code, Some(0), "{:#?}", call());
    // Both are remembered, each by itself: without the signatures both still load.
    let folder = super::kept(&world, &digest);
    for file in fs::read_dir(folder.parent().unwrap()).unwrap().flatten().filter(|file| file.path() != folder) {
        fs::remove_file(file.path()).unwrap();
    }
    assert_eq!(call().code, Some(0), "{:#?}", call());
    world.run(&["sync", "--check"]).failed(0, &[]);
    world.git(&["checkout", "--quiet", "HEAD~1"]);
    assert_eq!(call().code, Some(0), "{:#?}", call());
}
