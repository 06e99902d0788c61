//! Skills of somebody else's, from their sources to a project, by the commands that people have: built, signed, published to
//! a registry with TLS and a password, added with less than they ask for, used, updated to a version that asks for more,
//! refused, granted, used. One offers tools, and is called; one reviews, and takes part in a run.

use super::{NAME, component, lock_of, put, sign_file};
use crate::authors::shared_target;
use crate::scripts::{CONFIG, Script, project};
use crate::support::{Ran, World, ran, root};
use serde_json::{Value, json};
use skillhost_test_support::distribution::{Distribution, Guard, PASSWORD, USER};
use std::fs;
use std::path::PathBuf;

/// Where the author of the skill works on it.
fn sources() -> PathBuf {
    root().join("tests/fixtures/licence-check")
}

/// The manifest that its author wrote, with another version and more to ask for.
fn manifest(version: &str, more: &str) -> String {
    let text = fs::read_to_string(sources().join("skill.toml")).unwrap();
    let text = text.replace("version = \"1.2.0\"", &format!("version = \"{version}\""));
    text.replace("[capabilities]\n", &format!("[capabilities]\n{more}"))
}

pub fn release(world: &World, version: &str, more: &str) {
    put(world, "vendor/licence-check.wasm", &component(&manifest(version, more)));
    sign_file(world, "vendor/licence-check.wasm", 1);
}

/// A world that reaches the registry, and may come in.
fn with_access(world: World, registry: &Distribution) -> World {
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"dGVzdGVyOmNvcnJlY3QgaG9yc2U="}}}}}}"#, registry.place());
    fs::create_dir(world.home().join(".docker")).unwrap();
    fs::write(world.home().join(".docker/config.json"), config).unwrap();
    world
}

fn command(world: &World, registry: &Distribution, arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env("SSL_CERT_FILE", registry.authority()).env("CARGO_TARGET_DIR", shared_target());
    ran(command.output().unwrap())
}

/// What an author does with a skill in `folder`: all but writing it. Gives where it is then.
fn publish(author: &World, registry: &Distribution, folder: &str, manifest: &str, version: &str) -> String {
    let parsed = skillhost_core::manifest::Manifest::parse(manifest).unwrap();
    let reference = format!("oci://{}/acme/{}:{version}", registry.place(), parsed.skill.name);
    put(author, "skill.toml", manifest.as_bytes());
    let at = |name: &str| author.repo().join(name).display().to_string();
    let (manifest, file) = (at("skill.toml"), at("skill.wasm"));
    for arguments in [
        &["-C", folder, "build", "--manifest", &manifest, "--out", &file][..],
        &["sign", &file],
        &["push", &file, &reference],
    ] {
        command(author, registry, arguments).failed(0, &[]);
    }
    reference
}

#[test]
fn a_skill_that_somebody_else_wrote_is_used_with_less_than_it_wants() {
    let registry = Distribution::start(Guard::TlsAndPassword);
    let author = with_access(World::bare(), &registry);
    let signer = author.run(&["keys", "new"]).stdout.trim().to_owned();
    let folder = sources().display().to_string();
    let first = publish(&author, &registry, &folder, &manifest("1.2.0", ""), "1.2.0");
    // Set-up builds the very same bytes of it.
    let built = fs::read(root().join("target/guests/licence-check.wasm")).unwrap();
    assert!(fs::read(author.repo().join("skill.wasm")).unwrap() == built);

    let files = [
        ("src/main.rs", "fn main() {}\n"),
        ("src/run.sh", "#!/bin/sh\nexit 0\n"),
        ("src/logo.png", "no text"),
        ("docs/a.rs", "// not a source\n"),
    ];
    let world = with_access(World::with(&files), &registry);
    let online = |arguments: &[&str]| command(&world, &registry, arguments);
    let looked = online(&["inspect", &first]);
    for text in [
        &format!("signed by {signer}"),
        "! reach         https://licences.example.com/*",
        "add-headers  Adds an SPDX line",
    ] {
        assert!(looked.stdout.contains(text), "{text}: {looked:#?}");
    }
    online(&["add", &first]).failed(4, &["needs grants", "'http=https://licences.example.com/*'"]);
    online(&["add", &first, "--grant", "read=**", "--grant", "write=src/**"])
        .failed(0, &["first seen now", "Not granted: change files  LICENSES/**", "Not granted: reach"]);
    world.commit(&[]);

    // From here on no registry is needed.
    let call = |tool: &str, input: Value| world.run(&["call", NAME, tool, "--input", &input.to_string()]);
    assert_eq!(call("check", json!({})).json()["missing"], json!(["src/main.rs", "src/run.sh"]));
    // What was not granted is denied, and nothing was begun.
    call("add-headers", json!({"licence": "MIT", "fetch": true}))
        .failed(4, &["denied: http https://licences.example.com/MIT"]);
    assert_eq!(fs::read_to_string(world.repo().join("src/main.rs")).unwrap(), "fn main() {}\n");
    let ran = call("add-headers", json!({"licence": "MIT"}));
    assert_eq!(ran.json()["changed"], json!(["src/main.rs", "src/run.sh"]), "{ran:#?}");
    assert_eq!(
        fs::read_to_string(world.repo().join("src/run.sh")).unwrap(),
        "#!/bin/sh\n# SPDX-License-Identifier: MIT\nexit 0\n"
    );
    assert_eq!(fs::read_to_string(world.repo().join("docs/a.rs")).unwrap(), "// not a source\n");
    assert_eq!(call("check", json!({})).json()["missing"], json!([]));

    // The next version wants to tell others of it, and to change rules.
    let before = lock_of(&world);
    let wider =
        manifest("1.3.0", "protected = true\n").replace("http = [", "http = [\"https://telemetry.example.net/*\", ");
    let next = publish(&author, &registry, &folder, &wider, "1.3.0");
    online(&["update", NAME, "--source", &next]).failed(
        4,
        &[
            "1.2.0 → 1.3.0 · signer unchanged",
            "+ change rules",
            "+ reach         https://telemetry.example.net/*",
            "held back",
            "--grant protected --grant 'http=https://telemetry.example.net/*'",
        ],
    );
    assert_eq!(lock_of(&world), before);
    assert_eq!(call("check", json!({})).code, Some(0), "the version that is locked works on");
    online(&["update", NAME, "--source", &next, "--grant", "http=https://telemetry.example.net/*"])
        .failed(0, &["Not granted: change rules", "Next: git add skillhost.lock"]);
    // Not before it was reviewed.
    let version = || world.run(&["call", NAME, "check", "--format", "json"]).json()["version"].clone();
    assert_eq!(version(), "1.2.0");
    world.commit(&[]);
    assert_eq!(version(), "1.3.0");
    world.run(&["sync", "--check"]).failed(0, &[]);
    for secret in [PASSWORD, USER] {
        assert!(!lock_of(&world).contains(secret));
    }
}

#[test]
fn a_review_that_somebody_else_wrote_takes_part_in_a_run() {
    let registry = Distribution::start(Guard::TlsAndPassword);
    let author = with_access(World::bare(), &registry);
    author.run(&["keys", "new"]).failed(0, &[]);
    author.run(&["new", "house-rules", "--lang", "rust", "--kind", "review"]).failed(0, &[]);
    let folder = author.repo().join("house-rules").display().to_string();
    let text = fs::read_to_string(author.repo().join("house-rules/skill.toml")).unwrap();
    let first = publish(&author, &registry, &folder, &text, "0.1.0");

    let world = with_access(World::with(&project()), &registry);
    let online = |arguments: &[&str]| command(&world, &registry, arguments);
    // It asks for all files, and gets some.
    online(&["add", &first]).failed(4, &["house-rules needs grants"]);
    let told = "Not granted: read files    everything in the worktree";
    online(&["add", &first, "--grant", "read=src/**"]).failed(0, &["house-rules 0.1.0 · review", told]);
    world.commit(&[("skillhost.toml", &format!("{CONFIG}[skills]\nreview = \"house-rules\"\n"))]);

    // No turn of a model is a review's.
    let script =
        Script::new().specifies(1).writes(1, "src/greeting.txt", "hello\nTODO: greet politely\n").tests(1).finishes(1);
    let run = || {
        let before = world.footprint();
        let ran = world.goal("Greet everybody", &script.text(), &[]);
        assert_eq!((ran.code, world.footprint()), (Some(0), before), "{ran:#?}");
        let entry = ran.json()["runs"][0].clone();
        let read = |key: &str| fs::read_to_string(entry[key].as_str().unwrap()).unwrap();
        let document: Value = serde_json::from_str(&read("run_json")).unwrap();
        assert_eq!(document["state"], "ready", "{document:#}");
        let request = read("pull_request");
        assert!(request.contains("src/greeting.txt still has something to do."), "{request}");
        request
    };
    assert!(run().contains("house-rules@0.1.0"));

    // The next version asks a person.
    let source = author.repo().join("house-rules/src/lib.rs");
    let asks = "host.ask(\"Shall it be polite?\", &[\"yes\".to_owned(), \"no\".to_owned()], \"yes\")?;";
    let code = fs::read_to_string(&source).unwrap();
    fs::write(&source, code.replacen("let mut findings", &format!("{asks}\n        let mut findings"), 1)).unwrap();
    let wider = text.replace("0.1.0", "0.2.0").replace("read = ", "ask = true\nread = ");
    let next = publish(&author, &registry, &folder, &wider, "0.2.0");
    let before = lock_of(&world);
    online(&["update", "house-rules", "--source", &next]).failed(4, &["+ ask you", "held back"]);
    assert_eq!(lock_of(&world), before);
    assert!(run().contains("house-rules@0.1.0"));
    online(&["update", "house-rules", "--source", &next, "--grant", "ask"]).failed(0, &["Next: git add"]);
    world.commit(&[]);
    assert!(run().contains("house-rules@0.2.0"));
}
