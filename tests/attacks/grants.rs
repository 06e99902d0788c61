//! What was not granted is out of reach, and the answer says what would grant it.

use crate::support::{Lab, block_on, component, options};
use skillhost_core::capability::Capabilities;
use skillhost_core::glob::Globs;
use skillhost_core::manifest;
use skillhost_engine::contract::Error;
use skillhost_engine::{CallError, Engine, LoadError};

fn denied(how: &str) -> String {
    block_on(async {
        let lab = Lab::new();
        let called = lab.misbehave(how).await.unwrap();
        let Err(Error::Denied(text)) = called.answer else { panic!("{how}: {called:?}") };
        assert_eq!(called.denials.len(), 1);
        assert!(lab.log().iter().any(|entry| entry.contains("\"decision\":\"denied\"")), "the log says so");
        lab.still_answers().await;
        text
    })
}

#[test]
fn an_import_that_was_not_granted_answers_what_would_grant_it() {
    for (how, remedy) in [
        ("exec", "--grant 'exec=test'"),
        ("exec-arguments", "--grant 'exec=test'"),
        ("model", "--grant 'model=standard'"),
        ("ask", "--grant ask"),
        ("checkpoint", "--grant 'write=**'"),
    ] {
        assert!(denied(how).contains(remedy), "{how}");
    }
}

#[test]
fn o_01_a_denied_name_is_escaped() {
    assert!(!denied("exec-undeclared").contains('\u{1b}'));
}

#[test]
fn files_are_reached_within_the_grant_alone() {
    block_on(async {
        let lab = Lab::new();
        std::fs::write(lab.tree().join("open.txt"), "open").unwrap();
        std::fs::write(lab.tree().join("closed.txt"), "closed").unwrap();
        std::fs::write(lab.folder.path().join("outside.txt"), "outside").unwrap();
        let only = |pattern: &str| Globs::parse([pattern]).unwrap();
        let grant = Capabilities { read: only("open.txt"), write: only("out/**"), ..Capabilities::default() };
        std::fs::create_dir(lab.tree().join("out")).unwrap();

        let read = lab.misbehave_with("read", "/repo/open.txt", &grant).await.unwrap();
        assert_eq!(read.answer.unwrap()["text"], "open");
        for path in ["/repo/closed.txt", "/repo/../outside.txt", "/etc/passwd", "/repo/.git/config"] {
            let called = lab.misbehave_with("read", path, &grant).await.unwrap();
            assert!(called.answer.is_err(), "{path}");
        }
        let wrote = lab.misbehave_with("write", "/repo/out/new.txt", &grant).await.unwrap();
        assert!(wrote.answer.is_ok());
        assert_eq!(wrote.files.written.iter().map(ToString::to_string).collect::<Vec<_>>(), ["out/new.txt"]);
        for path in ["/repo/open.txt", "/repo/new.txt", "/repo/.git", "/tmp/x"] {
            assert!(lab.misbehave_with("write", path, &grant).await.unwrap().answer.is_err(), "{path}");
        }
        assert_eq!(std::fs::read_to_string(lab.tree().join("open.txt")).unwrap(), "open");
        lab.still_answers().await;
    });
}

#[test]
fn a_skill_sees_no_environment_and_no_network() {
    block_on(async {
        let lab = Lab::new();
        let called = lab.misbehave("environment").await.unwrap();
        assert_eq!(called.answer.unwrap(), serde_json::json!({ "variables": 0, "arguments": 0 }));
        let error = lab.misbehave("connect").await.map(|c| c.answer).unwrap_err();
        assert!(error.to_string().contains("no network"), "{error}");
        lab.still_answers().await;
    });
}

#[test]
fn a_result_that_is_not_json_and_arguments_outside_the_schema_are_refused() {
    block_on(async {
        let lab = Lab::new();
        let error = lab.misbehave("not-json").await.map(|c| c.answer).unwrap_err();
        assert!(matches!(error, CallError::Schema { what: "the result", .. }));
        let probe = lab.load("probe").await;
        let call = lab.call(&probe, &Capabilities::default(), Default::default());
        let error = call.tool(&lab.engine, "misbehave", &serde_json::json!({})).await.map(|c| c.answer).unwrap_err();
        assert!(matches!(error, CallError::Schema { what: "the arguments", .. }));
    });
}

#[test]
fn l_09_a_swapped_or_cut_cache_entry_is_made_anew() {
    block_on(async {
        let lab = Lab::new();
        lab.load("hello").await;
        let entry = std::fs::read_dir(lab.folder.path().join("cache")).unwrap().next().unwrap().unwrap().path();
        let whole = std::fs::read(&entry).unwrap();
        for bad in [&whole[..whole.len() / 2], &[], b"garbage".as_slice(), &[&whole[..], &[0]].concat()] {
            std::fs::write(&entry, bad).unwrap();
            let fresh = Engine::new(options(lab.folder.path())).unwrap();
            fresh.load(&component("hello")).await.unwrap();
            assert_eq!(std::fs::read(&entry).unwrap().len(), whole.len());
        }
        // Another machine's cache: right code, another key.
        std::fs::remove_dir_all(lab.folder.path().join("keys")).unwrap();
        let fresh = Engine::new(options(lab.folder.path())).unwrap();
        fresh.load(&component("hello")).await.unwrap();
        assert_ne!(std::fs::read(&entry).unwrap()[..32], whole[..32]);
    });
}

#[test]
fn l_01_l_02_what_is_no_component_is_refused_without_compiling() {
    block_on(async {
        let lab = Lab::new();
        let whole = component("hello");
        for bytes in [&whole[..whole.len() / 2], b"\0asm\x01\0\0\0".as_slice(), b"#!/bin/sh\n".as_slice(), &[]] {
            assert!(matches!(lab.engine.load(bytes).await, Err(LoadError::Manifest(_))));
        }
        // A component that says it is another kind than it exports.
        let text = "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"review\"\n";
        let empty = manifest::embed(b"\0asm\x0d\0\x01\0", text).unwrap();
        assert!(matches!(lab.engine.load(&empty).await, Err(LoadError::Export { .. })));
        lab.still_answers().await;
    });
}

#[test]
fn a_component_with_another_digest_than_the_pinned_one_is_refused() {
    block_on(async {
        let lab = Lab::new();
        let other = skillhost_core::digest::Digest::of(b"other");
        let error = lab.engine.load_pinned(&component("hello"), &other).await.unwrap_err();
        assert!(matches!(error, LoadError::Digest { .. }));
    });
}
