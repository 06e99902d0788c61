//! Skills over TLS, from a server of the web: what is fetched from it, and whose certificate is none.

use super::{NAME, component, has_lock, key, lock_of, manifest_of};
use crate::support::{Ran, World, ran};
use serde_json::json;
use skillhost_registry::signature::sign;
use skillhost_test_support::authority::{Authority, Own, for_loopback, for_names, of_an_authority, of_years};
use skillhost_test_support::sections::Section;
use skillhost_test_support::web::{Reply, Server};
use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

/// Runs the program with these variables as well.
pub(super) fn with(world: &World, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    ran(world.command(arguments).envs(variables.iter().copied()).output().unwrap())
}

/// As on another machine: the store is empty, and nothing is remembered.
pub(super) fn forget(world: &World) {
    fs::remove_dir_all(world.home().join(".cache/skillhost")).unwrap();
    fs::remove_dir_all(world.state()).unwrap();
}

/// How many files are in the store, its guard aside.
pub(super) fn kept_files(world: &World) -> usize {
    let files = fs::read_dir(world.home().join(".cache/skillhost/components/sha256")).into_iter().flatten();
    files.filter(|file| !file.as_ref().unwrap().file_name().as_encoded_bytes().starts_with(b".")).count()
}

pub(super) fn nothing_was_installed(world: &World) {
    assert!(!has_lock(world) && kept_files(world) == 0);
}

/// The certificate to be trusted, as a file.
fn trusted(world: &World, pem: &str) -> String {
    let file = world.home().join("authority.pem");
    fs::write(&file, pem).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_skill_of_the_web_is_added_updated_and_brought_back_over_tls() {
    let files: Arc<Mutex<BTreeMap<String, Vec<u8>>>> = Arc::default();
    let authority = Authority::default();
    let served = Arc::clone(&files);
    let server =
        Server::start_tls(&authority.sign(), move |request| match served.lock().unwrap().get(&request.target) {
            Some(bytes) => Reply::ok("application/wasm", bytes.clone()),
            None => Reply::status(404),
        });
    let publish = |version: &str, asks: &str, more_bytes: usize| {
        let mut bytes = component(&manifest_of(NAME, version, asks));
        Section::custom("more", &vec![0; more_bytes]).write(&mut bytes);
        let signature = sign(&bytes, &key(1)).to_text().into_bytes();
        let size = bytes.len().div_ceil(1024);
        files.lock().unwrap().extend([("/l.wasm".to_owned(), bytes), ("/l.wasm.sig".to_owned(), signature)]);
        size
    };
    let world = World::with(&[("src/a.rs", "x\n")]);
    let file = trusted(&world, &authority.certificate.pem());
    let run = |arguments: &[&str]| with(&world, &[("SSL_CERT_FILE", &file)], arguments);
    let reference = format!("{}/l.wasm", server.url());

    let old = publish("1.2.0", "read = [\"**\"]", 0);
    run(&["add", &reference, "--grant-requested"]).failed(0, &["signed by ed25519:", &format!("{old} KB")]);
    assert!(lock_of(&world).contains(&format!("source = \"{reference}\"\n")), "{}", lock_of(&world));
    world.commit(&[]);
    assert_eq!(world.run(&["call", NAME, "check"]).json(), json!({"missing": ["src/a.rs"]}));
    forget(&world);
    // Who doesn't know the authority gets nothing from its servers.
    world.run(&["sync"]).failed(3, &["is signed by nobody whom this machine trusts", "SSL_CERT_FILE"]);
    assert_eq!(kept_files(&world), 0);
    run(&["sync", "--locked"]).failed(0, &["fetched licence-check 1.2.0"]);

    // The next one is larger, and asks for more.
    let before = lock_of(&world);
    let new = publish("1.3.0", "read = [\"**\"]\nask = true", 100_000);
    let grown = format!(" · {old} → {new} KB");
    run(&["update"]).failed(4, &["1.2.0 → 1.3.0 · signer unchanged", &grown, "+ ask you", "held back"]);
    assert_eq!(lock_of(&world), before);
    run(&["update", NAME, "--grant", "ask"]).failed(0, &[&grown]);
    // The one after it is smaller again, and where the store lost the old one only the new size is known.
    forget(&world);
    let size = publish("1.4.0", "read = [\"**\"]\nask = true", 0);
    let updated = run(&["update"]);
    updated.failed(0, &["1.3.0 → 1.4.0", &format!(" · {size} KB")]);
    assert!(!updated.stderr.contains(&format!("→ {size} KB")), "{updated:#?}");

    let before = lock_of(&world);
    files.lock().unwrap().remove("/l.wasm.sig");
    publish_unsigned(&files, "1.5.0");
    run(&["update"]).failed(6, &["is not signed any more"]);
    assert_eq!(lock_of(&world), before);
}

fn publish_unsigned(files: &Mutex<BTreeMap<String, Vec<u8>>>, version: &str) {
    let bytes = component(&manifest_of(NAME, version, "read = [\"**\"]"));
    files.lock().unwrap().insert("/l.wasm".to_owned(), bytes);
}

#[test]
fn r_22_a_certificate_that_is_not_the_servers_is_told_and_nothing_is_installed() {
    let authority = Authority::default();
    let itself = Own::by_itself(&for_loopback());
    let as_tools_make_it = Own::by_itself(&of_an_authority(for_loopback()));
    for (own, is_trusted, reason) in [
        (authority.sign_as(of_years(2020, 2021)), false, "has expired"),
        (authority.sign_as(of_years(2100, 2101)), false, "is not valid yet"),
        (authority.sign_as(for_names(&["other.example"])), false, "is for another name"),
        (authority.sign_as(for_names(&["127.0.0.2"])), false, "is for another name"),
        (Authority::default().sign(), false, "is signed by nobody whom this machine trusts"),
        (itself, false, "is signed by nobody whom this machine trusts"),
        (as_tools_make_it, false, "is an authority's own"),
        (Own::by_itself(&of_an_authority(for_loopback())), true, "is an authority's own"),
    ] {
        let world = World::with(&[]);
        let pem = if is_trusted { own.certificate.pem() } else { authority.certificate.pem() };
        let file = trusted(&world, &pem);
        let server = Server::start_tls(&own, |_| Reply::status(500));
        let place = server.place();
        for reference in [
            format!("https://{place}/l.wasm"),
            format!("oci://{place}/acme/tool:1"),
            format!("git+https://{place}/skills.git#main:l.wasm"),
        ] {
            let ran = with(&world, &[("SSL_CERT_FILE", &file)], &["add", &reference, "--grant-requested"]);
            ran.failed(3, &["certificate", reason, "SSL_CERT_FILE=/path/to/ca.pem"]);
            assert!(ran.stderr.starts_with("error: "), "nothing else is said: {ran:#?}");
            nothing_was_installed(&world);
        }
        assert!(server.seen().is_empty(), "nothing is said to such a server: {:?}", server.seen());
    }
}

#[test]
fn authorities_that_are_not_there_are_told() {
    let world = World::with(&[]);
    let server = Server::start_tls(&Authority::default().sign(), |_| Reply::status(500));
    let empty = trusted(&world, "no certificate");
    let absent = world.home().join("absent.pem");
    for file in [&empty, absent.to_str().unwrap()] {
        for reference in [format!("{}/l.wasm", server.url()), format!("git+{}/skills.git#main:l.wasm", server.url())] {
            let ran = with(&world, &[("SSL_CERT_FILE", file)], &["add", &reference]);
            ran.failed(3, &["TLS can't be set up", "SSL_CERT_FILE"]);
        }
    }
    nothing_was_installed(&world);
    // Nobody speaks TLS there, or listens at all.
    let plain = Server::start(|_| Reply::status(500)).place();
    let known = trusted(&world, &Authority::default().certificate.pem());
    for place in [plain, "127.0.0.1:1".to_owned()] {
        for reference in [format!("https://{place}/l.wasm"), format!("git+https://{place}/skills.git#main:l.wasm")] {
            let ran = with(&world, &[("SSL_CERT_FILE", &known)], &["add", &reference]);
            ran.failed(3, &[&place, "hint: is the name right, and the network there?"]);
        }
    }
    nothing_was_installed(&world);
}

#[test]
fn x_03_a_private_address_is_denied_wherever_it_is_named() {
    let world = World::with(&[]);
    for place in ["10.0.0.1", "169.254.169.254", "[fd00::1]", "localhost"] {
        for reference in [
            format!("https://{place}/l.wasm"),
            format!("oci://{place}/acme/tool:1"),
            format!("git+https://{place}/skills.git#main:l.wasm"),
        ] {
            // A repository of `localhost` is one of this machine, whatever a name server says of it.
            if place == "localhost" && reference.starts_with("git") {
                continue;
            }
            world.run(&["add", &reference]).failed(4, &["which only a policy can open", "hint: "]);
        }
    }
    nothing_was_installed(&world);
}
