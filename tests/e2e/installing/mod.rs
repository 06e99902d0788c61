//! Skills that others wrote: added, listed, updated, removed, brought back; and what stands in the way.

mod attacks;
mod consent;
mod credentials;
mod disks;
mod edited;
mod endings;
mod hostile;
mod identities;
mod interrupted;
mod locked_sources;
mod looking;
mod merging;
mod network;
mod registry;
mod repository;
mod signatures;
mod store;
mod story;
mod terminal;
mod together;

pub use story::release;

use crate::support::{Ran, World, root};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use skillhost_core::manifest;
use skillhost_registry::signature::{SigningKey, sign};
use skillhost_test_support::sections::{CUSTOM, Section, join, split};
use std::fs;
use std::path::PathBuf;

/// What the skill is in these tests: small, and of a kind that a call runs.
const NAME: &str = "licence-check";

/// A manifest of the skill: a version, and what it asks for.
fn manifest_of(name: &str, version: &str, capabilities: &str) -> String {
    format!(
        "[skill]\nname = \"{name}\"\nversion = \"{version}\"\nkind = \"tool\"\ndescription = \"Adds missing licence headers.\"\n\
         [capabilities]\n{capabilities}\n[[tool]]\nname = \"add-headers\"\nparameters = {{ type = \"object\" }}\n\
         [[tool]]\nname = \"check\"\nread_only = true\n"
    )
}

/// The skill that is built from source, with another manifest.
fn component(manifest: &str) -> Vec<u8> {
    let built = root().join("target/guests/licence-check.wasm");
    let built = fs::read(&built).unwrap_or_else(|e| panic!("{}: {e}; `cargo xtask test` builds it", built.display()));
    let (header, mut sections) = split(&built).unwrap();
    let embedded = Section::custom(manifest::SECTION, b"");
    let is_manifest = |section: &Section| section.id == CUSTOM && section.content.starts_with(&embedded.content);
    sections.retain(|section| !is_manifest(section));
    manifest::embed(&join(&header, &sections), manifest).unwrap()
}

/// A file of the repository with this skill in it, as `add` takes it.
fn publish(world: &World, file: &str, manifest: &str) -> String {
    put(world, file, &component(manifest));
    format!("./{file}")
}

fn put(world: &World, file: &str, bytes: &[u8]) {
    let path = world.repo().join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Two publishers.
fn key(which: u8) -> SigningKey {
    let body = match which {
        1 => "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
        _ => "MC4CAQAwBQYDK2VwBCIEIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC",
    };
    SigningKey::from_pem(&format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n")).unwrap()
}

/// Signs a file that was published.
fn sign_file(world: &World, file: &str, which: u8) {
    let component = fs::read(world.repo().join(file)).unwrap();
    put(world, &format!("{file}.sig"), sign(&component, &key(which)).to_text().as_bytes());
}

fn lock_of(world: &World) -> String {
    fs::read_to_string(world.repo().join("skillhost.lock")).unwrap()
}

fn has_lock(world: &World) -> bool {
    world.repo().join("skillhost.lock").exists()
}

/// Where a component of this digest is kept.
fn kept(world: &World, digest: &Digest) -> PathBuf {
    world.home().join(".cache/skillhost/components/sha256").join(digest.hex())
}

fn digest_of(world: &World, file: &str) -> Digest {
    Digest::of(&fs::read(world.repo().join(file)).unwrap())
}

const ASKS: &str = "read = [\"**\"]\nwrite = [\"src/**\"]\nhttp = [\"https://api.example.com/*\"]";

/// A world with the skill added, granted to read and write, and committed.
pub fn with_skill() -> World {
    let world = World::with(&[("src/a.rs", "fn a() {}\n")]);
    let reference = publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    let ran = world.run(&["add", &reference, "--grant", "read=**", "--grant", "write=src/**"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    world.commit(&[]);
    world
}

fn add_headers(world: &World) -> Ran {
    world.run(&["call", NAME, "add-headers", "--input", r#"{"licence":"MIT"}"#])
}

#[test]
fn a_skill_is_added_called_listed_and_removed() {
    let world = World::with(&[("src/a.rs", "fn a() {}\n")]);
    let reference = publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    let ran = world.run(&["add", &reference, "--grant", "read=**", "--grant", "write=src/**"]);
    ran.failed(
        0,
        &[
            "licence-check 1.2.0 · tool · ",
            "unsigned: nobody vouches for where it comes from",
            "It says of itself: Adds missing licence headers.",
            "! change files  src/**",
            "! reach         https://api.example.com/*",
            "Together, reading everything and reaching api.example.com let it send your source there.",
            "Not granted: reach         https://api.example.com/*",
            "Next: git add skillhost.lock && git commit -m 'Add licence-check 1.2.0'",
            "Then: skillhost call licence-check add-headers --input",
        ],
    );
    assert_eq!(ran.stdout, "");
    let digest = digest_of(&world, "skills/l.wasm");
    let sum = lock_of(&world).lines().find(|line| line.starts_with("# sum ")).unwrap().to_owned();
    let expected = format!(
        "# The skills of this project, and what each of them may do. Written by skillhost: review it, and commit it.\n\
         version = 1\n\n[[skill]]\n{sum}\nname = \"licence-check\"\nversion = \"1.2.0\"\nsource = \"file:./skills/l.wasm\"\n\
         digest = \"{digest}\"\n[skill.grant]\nread = [\"**\"]\nwrite = [\"src/**\"]\n"
    );
    assert_eq!(lock_of(&world), expected);

    // What is not committed is not used.
    add_headers(&world).failed(2, &["no skill `licence-check`", "counts once the lock is committed"]);
    world.commit(&[]);
    let ran = add_headers(&world);
    assert_eq!((ran.code, ran.json()["changed"].clone()), (Some(0), json!(["src/a.rs"])), "{ran:#?}");
    assert_eq!(
        fs::read_to_string(world.repo().join("src/a.rs")).unwrap(),
        "// SPDX-License-Identifier: MIT\nfn a() {}\n"
    );

    let listed = world.run(&["list", "--format", "json"]).json();
    let skill = &listed["skills"][0];
    assert_eq!(
        (&listed["schema"], &skill["kind"], &skill["in_store"]),
        (&json!("skillhost.list/1"), &json!("tool"), &json!(true))
    );
    assert_eq!(skill["grant"], json!({"read": ["**"], "write": ["src/**"]}));
    let table = world.run(&["list"]).stdout;
    assert!(
        table.starts_with("name ") && table.contains("write=src/** read=**") && table.contains(&digest.short()),
        "{table}"
    );

    // It doesn't have to be anywhere else than in the store.
    fs::remove_file(world.repo().join("skills/l.wasm")).unwrap();
    assert_eq!(add_headers(&world).code, Some(0));
    world.run(&["sync", "--check"]).failed(0, &["1 skill checked"]);

    world.run(&["remove", NAME]).failed(0, &["no longer in skillhost.lock", "Next: git add skillhost.lock"]);
    assert!(!lock_of(&world).contains(NAME));
    world.run(&["remove", NAME]).failed(2, &["no skill `licence-check`"]);
    world.run(&["list"]).failed(0, &["has no skills; skillhost add"]);
}

#[test]
fn without_a_terminal_nothing_is_granted_that_was_not_named_and_the_command_is_told() {
    let world = World::with(&[]);
    let asks = "read = [\"**\"]\nwrite = [\"it's/**\"]\nexec = [\"test\"]";
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", asks));
    for more in [&[][..], &["--no-prompt"]] {
        let ran = world.run(&[&["add", reference.as_str()], more].concat());
        ran.failed(
            4,
            &["error: licence-check needs grants that were not given", "nothing was installed", "--grant-requested"],
        );
        assert!(!has_lock(&world) && !kept(&world, &digest_of(&world, "l.wasm")).exists());
    }
    let ran = world.run(&["add", &reference, "--format", "json"]);
    let told = ran.json();
    assert_eq!((&told["schema"], &told["exit_code"]), (&json!("skillhost.error/1"), &json!(4)));
    // The command works as it stands there.
    let hint = told["hint"].as_str().unwrap().to_owned();
    assert!(hint.contains(r"--grant 'write=it'\''s/**'"), "{hint}");
    let line = world.command(&["ARGUMENTS"]);
    let program: Vec<_> =
        std::iter::once(line.get_program()).chain(line.get_args()).map(|w| w.to_str().unwrap()).collect();
    let line = hint.replacen("skillhost", &program.join(" ").replace(" ARGUMENTS", ""), 1);
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &line]).current_dir(world.repo()).env_clear().env("HOME", world.home());
    assert!(shell.status().unwrap().success(), "{line}");
    assert!(
        lock_of(&world).contains("exec = [\"test\"]\nread = [\"**\"]\nwrite = [\"it's/**\"]\n"),
        "{}",
        lock_of(&world)
    );

    // Again changes nothing; everything at once is as good.
    let before = lock_of(&world);
    world.run(&["add", &reference, "--locked"]).failed(0, &["in skillhost.lock already"]);
    let same = ["--grant", "exec=test", "--grant", "read=**", "--grant", "write=it's/**"];
    world.run(&[&["add", &reference, "--locked"], &same[..]].concat()).failed(0, &["in skillhost.lock already"]);
    world.run(&[&["add", &reference], &same[..4]].concat()).failed(6, &["has a skill", "already"]);
    world.run(&["remove", NAME]);
    let ran = world.run(&["add", &reference, "--grant-requested", "--format", "json"]);
    assert_eq!((&ran.json()["schema"], &ran.json()["not_granted"]), (&json!("skillhost.add/1"), &json!([])));
    assert_eq!(lock_of(&world), before);
}

#[test]
fn a_grant_gives_no_more_than_is_asked_for_and_than_policies_leave() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    for (grant, told) in [
        ("exec=test", "it asks for nothing of exec"),
        ("write=**", "it asks for write=src/**"),
        ("http=https://evil.example/*", "it asks for http=https://api.example.com/*"),
    ] {
        let ran = world.run(&["add", &reference, "--grant", grant]);
        ran.failed(2, &[&format!("licence-check doesn't ask for {grant}"), told]);
    }
    world.run(&["add", &reference, "--grant", "everything"]).failed(2, &["there is no such capability"]);
    let policy = world.home().join("policy.toml");
    fs::write(&policy, "[capabilities]\nhttp = []\nwrite = [\"src/gen/**\"]\n").unwrap();
    let with_policy = ["--policy", policy.to_str().unwrap(), "add", &reference];
    world
        .run(&[&with_policy[..], &["--grant", "http=https://api.example.com/*"]].concat())
        .failed(4, &["policy denies http=https://api.example.com/*", "policy.toml:2: [capabilities] http"]);
    assert!(!has_lock(&world));
    let ran = world.run(&[&with_policy[..], &["--grant-requested"]].concat());
    ran.failed(0, &["policy.toml:2: [capabilities] http: reach         https://api.example.com/*", "Narrowed by "]);
    assert!(!lock_of(&world).contains("http") && lock_of(&world).contains("write = [\"src/**\"]"));
    // A place that no policy names is not even fetched from.
    fs::write(&policy, "[sources]\nallow = [\"oci://registry.example.com/*\"]\n").unwrap();
    world.run(&with_policy).failed(4, &["policy denies file:./l.wasm", "policy.toml:2: [sources] allow"]);
}

#[test]
fn a_signature_is_pinned_and_a_policy_can_demand_one() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    let policy = world.home().join("policy.toml");
    fs::write(&policy, "[sources]\nsigned = \"required\"\n").unwrap();
    let with_policy = |arguments: &[&str]| world.run(&[&["--policy", policy.to_str().unwrap()], arguments].concat());
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ASKS));
    let add = ["add", reference.as_str(), "--grant", "read=**", "--grant", "write=src/**"];
    with_policy(&add).failed(4, &["policy denies file:./l.wasm", "signed = \"required\", and it isn't signed"]);
    assert!(!has_lock(&world));
    sign_file(&world, "l.wasm", 1);
    let signer = key(1).signer().to_string();
    with_policy(&add).failed(0, &[&format!("signed by {signer}, first seen now")]);
    assert!(lock_of(&world).contains(&format!("signer = \"{signer}\"\n")));
    world.commit(&[]);
    assert_eq!(with_policy(&["call", NAME, "check", "--input", "{}"]).code, Some(0));
    with_policy(&["sync", "--check"]).failed(0, &["1 skill checked"]);
    let document = world.run(&["inspect", &reference, "--format", "json"]).json();
    assert_eq!(document["signature"], json!(signer));
    // A file is judged by what stands beside it.
    assert_eq!(with_policy(&["call", &reference, "check", "--grant", "read=**"]).code, Some(0));
    fs::remove_file(world.repo().join("l.wasm.sig")).unwrap();
    with_policy(&["call", &reference, "check", "--grant", "read=**"]).failed(4, &["it isn't signed"]);
}

#[test]
fn an_update_is_held_back_where_it_asks_for_more() {
    let world = with_skill();
    world.run(&["update"]).failed(0, &["is the newest of file:./skills/l.wasm", "skillhost.lock is as it was"]);
    let before = lock_of(&world);

    // The same request, of which http was refused already: that is no news.
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.2.1", ASKS));
    let ran = world.run(&["update", "--format", "json"]);
    let skill = &ran.json()["skills"][0];
    assert_eq!(
        (&skill["state"], &skill["granted"], &skill["taken"]),
        (&json!("updated"), &json!([]), &json!([])),
        "{ran:#?}"
    );
    ran.failed(0, &["1.2.0 → 1.2.1 · signer unchanged", "digest", "Not granted: reach"]);
    assert_eq!(lock_of(&world).lines().count(), before.lines().count());

    let wider = format!("{ASKS}\nexec = [\"test\"]");
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.3.0", &wider));
    let before = lock_of(&world);
    let held = world.run(&["update", NAME]);
    held.failed(
        4,
        &[
            "+ run           test",
            "held back",
            "hint: skillhost update licence-check --grant exec=test",
            "--keep-grants",
        ],
    );
    assert_eq!(lock_of(&world), before);
    let all = world.run(&["update", "--format", "json"]);
    assert_eq!(all.code, Some(4));
    world.run(&["update", NAME, "--locked", "--keep-grants"]).failed(4, &["would change", "--locked"]);
    assert_eq!(lock_of(&world), before);
    world.run(&["update", NAME, "--keep-grants"]).failed(0, &["1.3.0", "Not granted: run"]);
    assert!(lock_of(&world).contains("1.3.0") && !lock_of(&world).contains("exec"));
    world.run(&["update", NAME, "--grant", "exec=test"]).failed(0, &["licence-check may:"]);
    assert!(lock_of(&world).contains("exec = [\"test\"]"));
    world
        .run(&["update", NAME, "--grant", "exec=lint"])
        .failed(2, &["doesn't ask for exec=lint", "it asks for exec=test"]);

    // A part of what was granted is no more than it.
    publish(
        &world,
        "skills/l.wasm",
        &manifest_of(NAME, "1.3.1", "read = [\"src/**\", \"docs/*\"]\nwrite = [\"src/a.rs\"]"),
    );
    world.run(&["update"]).failed(0, &["- read files    everything", "- change files  src/**"]);
    assert!(
        lock_of(&world).ends_with("[skill.grant]\nread = [\"docs/*\", \"src/**\"]\nwrite = [\"src/a.rs\"]\n"),
        "{}",
        lock_of(&world)
    );
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.3.2", "read = [\"**\"]\nwrite = [\"src/**\"]"));
    world.run(&["update"]).failed(4, &["+ read files    everything", "+ change files  src/**"]);
    world.run(&["update", NAME, "--grant-requested"]).failed(0, &[]);

    // Less goes through, and what is no longer asked for is no longer granted.
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.4.0", "read = [\"**\"]"));
    world.run(&["update"]).failed(0, &["- change files  src/**"]);
    assert!(lock_of(&world).ends_with("[skill.grant]\nread = [\"**\"]\n"), "{}", lock_of(&world));
}

#[test]
fn another_signer_and_a_lower_version_have_to_be_named() {
    let world = World::with(&[]);
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    sign_file(&world, "l.wasm", 1);
    world.run(&["add", &reference, "--grant-requested"]).failed(0, &["signed by"]);
    let (first, second) = (key(1).signer().to_string(), key(2).signer().to_string());

    publish(&world, "l.wasm", &manifest_of(NAME, "1.3.0", "read = [\"**\"]"));
    let before = lock_of(&world);
    // The old signature is over other bytes.
    world.run(&["update"]).failed(6, &["is not what was signed", "over another component"]);
    fs::remove_file(world.repo().join("l.wasm.sig")).unwrap();
    world.run(&["update"]).failed(6, &["is not signed any more", &first]);
    sign_file(&world, "l.wasm", 2);
    world.run(&["update"]).failed(4, &["signed by another than before", &second, "--signer ed25519:"]);
    assert_eq!(lock_of(&world), before);
    world.run(&["update", NAME, "--signer", &first]).failed(4, &["whom --signer doesn't name", &second]);
    assert_eq!(lock_of(&world), before);
    world.run(&["update", NAME, "--signer", &second]).failed(0, &["another signer"]);
    assert!(lock_of(&world).contains(&second));

    publish(&world, "l.wasm", &manifest_of(NAME, "1.1.0", "read = [\"**\"]"));
    sign_file(&world, "l.wasm", 2);
    world.run(&["update"]).failed(4, &["1.1.0 is older than 1.3.0", "--to 1.1.0"]);
    world.run(&["update", NAME, "--to", "1.0.0"]).failed(6, &["is 1.1.0 there, and not 1.0.0"]);
    world.run(&["update", NAME, "--to", "1.1.0"]).failed(0, &["1.3.0 → 1.1.0"]);
    // Whoever names the signer from the beginning gets no other.
    world.run(&["remove", NAME]);
    world
        .run(&["add", &reference, "--grant-requested", "--signer", &first])
        .failed(6, &["it is not signed by", &first]);
    world.run(&["update", "--signer", &first]).failed(2, &["of one skill"]);
}

#[test]
fn what_can_not_be_installed_is_told_and_leaves_nothing() {
    let world = World::with(&[]);
    world.run(&["add", "builtin:spec"]).failed(2, &["comes with skillhost"]);
    world.run(&["add", "spec"]).failed(2, &["names no skill"]);
    world.run(&["add", "./absent.wasm"]).failed(2, &["./absent.wasm can't be fetched"]);
    put(&world, "x.wasm", b"\0asm");
    world.run(&["add", "./x.wasm", "--grant-requested"]).failed(3, &["x.wasm can't be loaded"]);
    world.run(&["add", "oci://registry.example.com/x:1", "--offline"]).failed(4, &["--offline"]);
    world.run(&["update", "x"]).failed(2, &["no skill `x`"]);
    assert!(!has_lock(&world));
    // A skill that asks for nothing needs no answer.
    let reference = publish(&world, "l.wasm", &manifest_of(NAME, "1.2.0", ""));
    world.run(&["add", &reference]).failed(0, &["It asks for nothing", "may only compute"]);
    assert!(lock_of(&world).trim_end().ends_with('"'), "no empty grant: {}", lock_of(&world));
}

#[test]
fn a_lock_is_found_from_everywhere_in_a_project_and_stays_at_its_top() {
    let world = World::with(&[("src/a.rs", "x\n")]);
    publish(&world, "skills/l.wasm", &manifest_of(NAME, "1.2.0", "read = [\"**\"]"));
    world.run(&["-C", "skills", "add", "./l.wasm", "--grant-requested"]).failed(0, &["may:"]);
    assert!(lock_of(&world).contains("source = \"file:./skills/l.wasm\""), "{}", lock_of(&world));
    world.commit(&[]);
    let away = kept(&world, &digest_of(&world, "skills/l.wasm"));
    fs::remove_file(&away).unwrap();
    // Its file is still the same, so it is read from there, wherever the call is made.
    let ran = world.run(&["-C", "src", "call", NAME, "check", "--dir", ".."]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(away.exists(), "and it is kept again");
    // A folder that is no repository has a lock of its own.
    let folder = world.home().join("plain");
    fs::create_dir(&folder).unwrap();
    let file = world.repo().join("skills/l.wasm");
    world.run(&["-C", folder.to_str().unwrap(), "add", file.to_str().unwrap(), "--grant-requested"]).failed(0, &[]);
    let lock = fs::read_to_string(folder.join("skillhost.lock")).unwrap();
    assert!(lock.contains(&format!("source = \"file:{}\"", file.display())), "{lock}");
}

#[test]
fn what_is_done_is_in_the_audit_log() {
    let world = with_skill();
    let reference = publish(&world, "m.wasm", &manifest_of("second", "1.0.0", ASKS));
    world.run(&["add", &reference]).failed(4, &[]);
    world.run(&["remove", NAME]).failed(0, &[]);
    let mut told = Vec::new();
    for entry in fs::read_dir(world.state().join("sessions")).unwrap().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        told.extend(
            lines
                .filter(|entry| entry["class"] == "skill")
                .map(|entry| format!("{} {} {}", entry["kind"], entry["step"], entry["decision"]).replace('"', "")),
        );
        assert!(!text.contains(NAME), "no name in the clear: {text}");
    }
    told.sort();
    for entry in ["create intent granted", "create decision denied", "remove intent granted"] {
        assert!(told.iter().any(|one| one == entry), "{entry}: {told:?}");
    }
}
