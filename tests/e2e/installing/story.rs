//! A skill of somebody else's, from its source to a project: built, signed, published, added with less than it asks for,
//! used, updated to a version that asks for more, refused, granted, used.

use super::{NAME, component, key, lock_of, put, sign_file};
use crate::support::{World, root};
use serde_json::json;
use std::fs;

/// The manifest that its author wrote, with another version and more to ask for.
fn manifest(version: &str, more: &str) -> String {
    let text = fs::read_to_string(root().join("tests/guests/licence-check/skill.toml")).unwrap();
    let text = text.replace("version = \"1.2.0\"", &format!("version = \"{version}\""));
    text.replace("[capabilities]\n", &format!("[capabilities]\n{more}"))
}

pub fn release(world: &World, version: &str, more: &str) {
    put(world, "vendor/licence-check.wasm", &component(&manifest(version, more)));
    sign_file(world, "vendor/licence-check.wasm", 1);
}

#[test]
fn a_skill_that_somebody_else_wrote_is_used_with_less_than_it_wants() {
    let world = World::with(&[
        ("src/main.rs", "fn main() {}\n"),
        ("src/run.sh", "#!/bin/sh\nexit 0\n"),
        ("src/logo.png", "no text"),
        ("docs/a.rs", "// not a source\n"),
    ]);
    // The very bytes that were built from its source are what its author signs.
    let built = fs::read(root().join("target/guests/licence-check.wasm")).unwrap();
    assert_eq!(component(&manifest("1.2.0", "")), built);
    release(&world, "1.2.0", "");
    let looked = world.run(&["inspect", "./vendor/licence-check.wasm"]);
    let signer = key(1).signer().to_string();
    for text in [
        &format!("signed by {signer}"),
        "! reach         https://licences.example.com/*",
        "add-headers  Adds an SPDX line",
    ] {
        assert!(looked.stdout.contains(text), "{text}: {looked:#?}");
    }

    world
        .run(&["add", "./vendor/licence-check.wasm"])
        .failed(4, &["needs grants", "'http=https://licences.example.com/*'"]);
    world
        .run(&["add", "./vendor/licence-check.wasm", "--grant", "read=**", "--grant", "write=src/**"])
        .failed(0, &["first seen now", "Not granted: change files  LICENSES/**", "Not granted: reach"]);
    world.commit(&[]);

    let call = |tool: &str, input: serde_json::Value| world.run(&["call", NAME, tool, "--input", &input.to_string()]);
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

    // The next version wants to be asked questions of, and to change rules.
    let before = lock_of(&world);
    release(&world, "1.3.0", "ask = true\nprotected = true\n");
    world.run(&["update"]).failed(
        4,
        &[
            "1.2.0 → 1.3.0 · signer unchanged",
            "+ change rules",
            "+ ask you",
            "held back",
            "--grant protected --grant ask",
        ],
    );
    assert_eq!(lock_of(&world), before);
    assert_eq!(call("check", json!({})).code, Some(0), "the version that is locked works on");
    world
        .run(&["update", NAME, "--grant", "ask"])
        .failed(0, &["Not granted: change rules", "Next: git add skillhost.lock"]);
    // Not before it was reviewed.
    let version = |format: &str| world.run(&["call", NAME, "check", "--format", format]).json()["version"].clone();
    assert_eq!(version("json"), "1.2.0");
    world.commit(&[]);
    assert_eq!(version("json"), "1.3.0");
    world.run(&["sync", "--check"]).failed(0, &[]);
}
