//! Skills that are signed by identities: an instance of Sigstore, which a policy names, and what its certificates say.

use super::network::{forget, kept_files, nothing_was_installed};
use super::{NAME, add_headers, component, lock_of, manifest_of, put};
use crate::support::{Ran, World};
use skillhost_test_support::distribution::{Distribution, Guard};
use skillhost_test_support::sigstore::{Instance, Signing};
use std::fs;
use std::path::PathBuf;

const RELEASE: &str = "sigstore:release@acme.example issuer:https://accounts.example.com";

/// A project whose machine knows one instance.
struct Place {
    world: World,
    instance: Instance,
}

impl Place {
    fn new(sources: &str) -> Self {
        let place = Self { world: World::with(&[("src/a.rs", "x\n")]), instance: Instance::default() };
        place.trusts(&place.instance, sources);
        place
    }

    fn policy(&self) -> PathBuf {
        self.world.home().join("policy.toml")
    }

    fn trusts(&self, instance: &Instance, sources: &str) {
        let root = self.world.home().join("trusted_root.json");
        fs::write(&root, instance.trusted_root()).unwrap();
        let text = format!("[sources]\n{sources}\n[sigstore]\ntrusted_root = {root:?}\n");
        fs::write(self.policy(), text).unwrap();
    }

    /// Under the policy.
    fn run(&self, arguments: &[&str]) -> Ran {
        self.world.run(&[&["--policy", self.policy().to_str().unwrap()], arguments].concat())
    }

    /// A version in the project's folder, with a bundle beside it.
    fn publish(&self, version: &str, signing: &Signing<'_>) {
        self.publish_by(&self.instance, version, signing);
    }

    fn publish_by(&self, instance: &Instance, version: &str, signing: &Signing<'_>) {
        let bytes = component(&manifest_of(NAME, version, "read = [\"**\"]\nwrite = [\"src/**\"]"));
        put(&self.world, "l.wasm", &bytes);
        put(&self.world, "l.wasm.sigstore.json", instance.signed_blob(&bytes, signing).to_string().as_bytes());
    }
}

#[test]
fn a_skill_that_an_identity_signed_is_added_brought_back_and_updated() {
    let place = Place::new(&format!("signed = \"required\"\nsigners = [{RELEASE:?}]"));
    let registry = Distribution::start(Guard::None);
    let tag = |tag: &str| format!("oci://{}/acme/licence-check:{tag}", registry.place());
    for version in ["1.2.0", "1.3.0"] {
        place.publish(version, &Signing::default());
        let pushed = place.world.run(&["push", "./l.wasm", &tag(version)]);
        assert!(pushed.code == Some(0) && pushed.stderr.contains("with 1 signature"), "{pushed:#?}");
    }
    // The public good instance vouches for nobody of another one.
    let add = ["add", &tag("1.2.0"), "--grant-requested"];
    place.world.run(&add).failed(6, &["is not what was signed", "Sigstore bundle 1: it doesn't verify"]);
    nothing_was_installed(&place.world);

    place.run(&add).failed(0, &[&format!("signed by {RELEASE}, first seen now")]);
    assert!(lock_of(&place.world).contains(&format!("signer = \"{RELEASE}\"\n")), "{}", lock_of(&place.world));
    place.world.commit(&[]);
    assert_eq!(place.run(&["call", NAME, "check"]).code, Some(0));
    forget(&place.world);
    place.run(&["sync", "--locked"]).failed(0, &["fetched licence-check 1.2.0"]);
    place.run(&["sync", "--check"]).failed(0, &["1 skill checked"]);
    assert_eq!(place.run(&["call", NAME, "check"]).code, Some(0));

    let next = tag("1.3.0");
    place.run(&["update", NAME, "--source", &next]).failed(0, &["1.2.0 → 1.3.0 · signer unchanged"]);
    assert!(lock_of(&place.world).contains(&format!("signer = \"{RELEASE}\"\n")));
    place.run(&["sync", "--check"]).failed(0, &[]);
}

#[test]
fn r_11_another_identity_or_another_issuer_is_another_signer() {
    let place = Place::new("signed = \"required\"");
    place.publish("1.2.0", &Signing::default());
    place.run(&["add", "./l.wasm", "--grant-requested"]).failed(0, &[RELEASE]);
    let before = lock_of(&place.world);
    let unchanged = || assert_eq!(lock_of(&place.world), before);
    let workflow = "https://github.com/acme/skills/.github/workflows/release.yml@refs/tags/v1";
    for signing in [
        Signing { identity: "release@acme.example.org", ..Signing::default() },
        Signing { issuer: "https://accounts.evil.example", ..Signing::default() },
        Signing { identity: workflow, ..Signing::default() },
    ] {
        let other = format!("sigstore:{} issuer:{}", signing.identity, signing.issuer);
        place.publish("1.3.0", &signing);
        place.run(&["update"]).failed(
            4,
            &["is signed by another than before", &format!("before: {RELEASE}; now: {other}"), "--signer 'sigstore:"],
        );
        unchanged();
    }
    // A policy that names who may sign is asked first.
    place.trusts(&place.instance, &format!("signers = [{RELEASE:?}]"));
    place.run(&["update"]).failed(4, &["policy denies file:./l.wasm", "names nobody who signed it"]);
    unchanged();
    place.trusts(&place.instance, "signed = \"required\"");
    let named = format!("sigstore:{workflow} issuer:https://accounts.example.com");
    place.run(&["update", NAME, "--signer", &named]).failed(0, &["1.2.0 → 1.3.0 · another signer"]);
    assert!(lock_of(&place.world).contains(&named));
    // Without a signature it is not the same skill any more.
    let before = lock_of(&place.world);
    put(&place.world, "l.wasm", &component(&manifest_of(NAME, "1.4.0", "read = [\"**\"]")));
    place.run(&["update"]).failed(6, &["is not what was signed", "over another component"]);
    fs::remove_file(place.world.repo().join("l.wasm.sigstore.json")).unwrap();
    place.run(&["update"]).failed(4, &["signed = \"required\", and it isn't signed"]);
    place.world.run(&["update"]).failed(6, &["is not signed any more", workflow]);
    assert_eq!(lock_of(&place.world), before);
}

#[test]
fn r_10_what_the_instance_did_not_vouch_for_is_not_installed() {
    let place = Place::new("");
    let add = || place.run(&["add", "./l.wasm", "--grant-requested"]);
    for signing in [
        // Before the certificate was valid, and after; a certificate that no log knows.
        Signing { valid: (3, 4), ..Signing::default() },
        Signing { integrated_at: skillhost_test_support::sigstore::SIGNED_AT + 3 * 86_400, ..Signing::default() },
        Signing { has_sct: false, ..Signing::default() },
    ] {
        place.publish("1.2.0", &signing);
        add().failed(6, &["is not what was signed", "it doesn't verify"]);
        nothing_was_installed(&place.world);
    }
    place.publish_by(&Instance::default(), "1.2.0", &Signing::default());
    add().failed(6, &["it doesn't verify"]);
    let bundle = place.world.repo().join("l.wasm.sigstore.json");
    for text in ["<html>\u{1b}[2J\u{202e}", "{}", "", "{\"mediaType\":\"\\u001b]0;x\\u0007\"}"] {
        fs::write(&bundle, text).unwrap();
        let ran = add();
        ran.failed(6, &["is not what was signed", "it can't be read"]);
        assert!(!ran.stderr.contains(|c: char| c != '\n' && skillhost_core::text::is_deceptive(c)), "{ran:#?}");
    }
    nothing_was_installed(&place.world);

    // An instance that is no longer trusted vouches no more, also for what was verified before.
    place.publish("1.2.0", &Signing::default());
    add().failed(0, &[RELEASE]);
    place.world.commit(&[]);
    assert_eq!(add_headers_under(&place).code, Some(0));
    let (before, files) = (lock_of(&place.world), kept_files(&place.world));
    place.trusts(&Instance::default(), "");
    add_headers_under(&place).failed(6, &["it doesn't verify"]);
    place.run(&["sync", "--check"]).failed(6, &["it doesn't verify"]);
    add_headers(&place.world).failed(6, &["it doesn't verify"]);
    fs::write(place.world.home().join("trusted_root.json"), "{}").unwrap();
    place.run(&["sync", "--check"]).failed(3, &["trusted_root.json can't be used"]);
    assert_eq!((lock_of(&place.world), kept_files(&place.world)), (before, files));
}

fn add_headers_under(place: &Place) -> Ran {
    place.run(&["call", NAME, "add-headers", "--input", r#"{"licence":"MIT"}"#])
}
