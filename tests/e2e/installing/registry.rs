//! Skills from a registry: a real one, and one that counts what is asked of it.

use super::{NAME, component, kept, key, lock_of, manifest_of};
use crate::support::World;
use serde_json::json;
use skillhost_core::digest::Digest;
use skillhost_core::reference::{OciReference, Reference};
use skillhost_registry::Attached;
use skillhost_registry::signature::sign;
use skillhost_registry::source::{Publication, Rules, Sources, push};
use skillhost_test_support::distribution::{Distribution, Guard};
use skillhost_test_support::registry::Registry;
use std::collections::BTreeMap;
use std::fs;

fn oci(text: &str) -> OciReference {
    match text.parse().unwrap() {
        Reference::Oci(reference) => reference,
        other => panic!("{other} is of no registry"),
    }
}

/// Publishes a version, signed by the first of the two publishers.
fn push_signed(reference: &str, component: &[u8], may_replace: bool) {
    let attached = [Attached::Signature(sign(component, &key(1)).to_text().into_bytes())];
    let publication = Publication { component, attached: &attached, annotations: BTreeMap::new(), may_replace };
    let sources = Sources::new(".", Rules::default()).with_variables(|_| None);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(push(publication, &oci(reference), &sources)).unwrap();
}

#[test]
fn a_skill_is_published_added_updated_and_brought_back_from_a_real_registry() {
    let registry = Distribution::start(Guard::None);
    let tag = |tag: &str| format!("oci://{}/acme/licence-check:{tag}", registry.place());
    let asks = "read = [\"**\"]\nwrite = [\"src/**\"]";
    push_signed(&tag("1.2.0"), &component(&manifest_of(NAME, "1.2.0", asks)), false);
    push_signed(&tag("1.3.0"), &component(&manifest_of(NAME, "1.3.0", &format!("{asks}\nask = true"))), false);
    let world = World::with(&[("src/a.rs", "x\n")]);
    let signer = key(1).signer().to_string();
    let inspected = world.run(&["inspect", &tag("1.2.0"), "--format", "json"]).json();
    assert_eq!((&inspected["name"], &inspected["signature"]), (&json!(NAME), &json!(signer)));
    world
        .run(&["add", &tag("1.2.0"), "--grant", "read=**"])
        .failed(0, &["signed by ed25519:", "Not granted: change files  src/**"]);
    assert!(lock_of(&world).contains(&format!("source = \"{}\"\n", tag("1.2.0"))) && lock_of(&world).contains(&signer));
    world.commit(&[]);
    assert_eq!(world.run(&["call", NAME, "check"]).json(), json!({"missing": ["src/a.rs"]}));

    // Another tag of the same repository is another version of the same skill.
    world
        .run(&["add", &tag("1.3.0"), "--grant-requested"])
        .failed(6, &["hint: skillhost update licence-check --source oci://"]);
    let next = tag("1.3.0");
    world.run(&["update", NAME, "--source", &next]).failed(4, &["+ ask you", "held back", "--source oci://"]);
    world.run(&["update", NAME, "--source", &next, "--grant", "ask"]).failed(0, &["1.2.0 → 1.3.0 · signer unchanged"]);
    world.commit(&[]);

    // On another machine.
    fs::remove_dir_all(world.home().join(".cache")).unwrap();
    fs::remove_dir_all(world.state()).unwrap();
    world.run(&["call", NAME, "check"]).failed(6, &["is not in the store", "hint: skillhost sync"]);
    world.run(&["sync", "--locked"]).failed(0, &["fetched licence-check 1.3.0"]);
    world.run(&["update", NAME, "--source", &next]).failed(0, &["is the newest of"]);
    assert_eq!(world.run(&["call", NAME, "check"]).code, Some(0));

    // The tag moves: nobody follows it by themselves.
    let digest = skillhost_core::lock::Lock::parse("lock", &lock_of(&world)).unwrap().skills[0].digest;
    push_signed(&next, &component(&manifest_of(NAME, "1.3.1", asks)), true);
    fs::remove_file(kept(&world, &digest)).unwrap();
    world.run(&["sync"]).failed(6, &["gives another component than skillhost.lock pins", "hint: skillhost update"]);
    // What 1.3.0 was refused is not known here any more, so it is asked again.
    world.run(&["update"]).failed(4, &["1.3.0 → 1.3.1", "- ask you", "+ change files  src/**"]);
    world.run(&["update", NAME, "--keep-grants"]).failed(0, &["Not granted: change files  src/**"]);
    world.run(&["sync", "--check"]).failed(0, &[]);
}

#[test]
fn a_second_install_of_the_same_lock_makes_no_connection() {
    let registry = Registry::start();
    registry.publish(&component(&manifest_of(NAME, "1.2.0", "read = [\"**\"]")), "1.2.0");
    let world = World::with(&[("src/a.rs", "x\n")]);
    world.run(&["add", &registry.reference("1.2.0"), "--grant-requested"]).failed(0, &["unsigned"]);
    world.commit(&[]);
    let asked = registry.server.seen().len();
    assert!(asked > 0);
    for arguments in [
        &["sync"][..],
        &["sync", "--locked", "--offline"],
        &["sync", "--check"],
        &["list"],
        &["call", NAME, "check"],
        &["call", NAME, "check", "--lock", "skillhost.lock"],
        &["gc"],
    ] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:#?}");
    }
    assert_eq!(registry.server.seen().len(), asked);
    world.run(&["update", "--offline"]).failed(4, &["--offline"]);
    assert_eq!(registry.server.seen().len(), asked);
}

#[test]
fn what_another_client_publishes_is_added_and_what_is_pushed_it_pulls() {
    let registry = Distribution::start(Guard::None);
    let world = World::with(&[("src/a.rs", "x\n")]);
    let (ours, theirs) = (world.home().join("ours.wasm"), world.home().join("theirs.wasm"));
    let tag = |tag: &str| format!("oci://{}/acme/licence-check:{tag}", registry.place());
    let old = component(&manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    fs::write(&ours, &old).unwrap();
    registry.wkg("push", "licence-check:1.2.0", &[ours.to_str().unwrap()]);
    world.run(&["add", &tag("1.2.0"), "--grant-requested"]).failed(0, &["licence-check 1.2.0", "unsigned"]);
    assert!(lock_of(&world).contains(&format!("digest = \"{}\"\n", Digest::of(&old))));
    world.commit(&[]);
    fs::remove_file(kept(&world, &Digest::of(&old))).unwrap();
    world.run(&["sync", "--locked"]).failed(0, &["1 fetched"]);
    assert_eq!(world.run(&["call", NAME, "check"]).json(), json!({"missing": ["src/a.rs"]}));

    let new = component(&manifest_of(NAME, "1.3.0", "read = [\"**\"]"));
    fs::write(&ours, &new).unwrap();
    world.run(&["push", ours.to_str().unwrap(), &tag("1.3.0")]).failed(0, &[]);
    registry.wkg("pull", "licence-check:1.3.0", &["--output", theirs.to_str().unwrap()]);
    assert_eq!(fs::read(&theirs).unwrap(), new);
    // And on to another tag: what was pulled is what was signed and pinned.
    registry.wkg("push", "licence-check:1.3.1", &[theirs.to_str().unwrap()]);
    world.run(&["update", NAME, "--source", &tag("1.3.1")]).failed(0, &["1.2.0 → 1.3.0"]);
    assert!(lock_of(&world).contains(&format!("digest = \"{}\"\n", Digest::of(&new))));
}
