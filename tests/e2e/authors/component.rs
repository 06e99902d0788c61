//! `skillhost build --component`: what a tool chain of any kind left becomes a skill, or is refused with what to do.

use super::{greeter, left_of, put};
use crate::support::{World, ran, root};
use serde_json::{Value, json};
use skillhost_core::digest::Digest;
use std::fs;

/// A component that imports these interfaces, each with nothing in it.
fn importing(names: &[&str]) -> Vec<u8> {
    let imports: String = names.iter().map(|name| format!("(import \"{name}\" (instance))\n")).collect();
    wat::parse_str(format!("(component {imports})")).unwrap()
}

const BUILD: [&str; 3] = ["build", "--component", "left.wasm"];

#[test]
fn a_component_and_a_manifest_become_a_skill_that_runs() {
    let world = World::bare();
    put(&world, "left.wasm", &left_of("hello"));
    put(&world, "skill.toml", greeter("").as_bytes());
    let built = world.run(&BUILD);
    built.failed(0, &[]);
    let file = world.repo().join("build/hello.wasm");
    for told in [
        "hello 1.0.0 · tool · ",
        &format!("written to {}", fs::canonicalize(&file).unwrap().display()),
        "It asks for nothing: it can only compute.",
        "  skillhost:skill/tool@0.1.0",
        "Imports:",
    ] {
        assert!(built.stdout.contains(told), "{told}: {built:#?}");
    }
    let called = world.run(&["call", "./build/hello.wasm", "greet", "--input", r#"{"name":"Ada"}"#]);
    assert!(called.json()["greeting"].as_str().unwrap().contains("Ada"), "{called:#?}");

    // The same words as `inspect`, from the digest on.
    let inspected = world.run(&["inspect", "./build/hello.wasm"]).stdout;
    let from_there = |text: &str| text.split_once("\n\n").unwrap().1.to_owned();
    assert_eq!(from_there(&inspected), from_there(&built.stdout));

    // Again, elsewhere, for programs: the same bytes.
    let bytes = fs::read(&file).unwrap();
    let told = world.run(&[&BUILD[..], &["--out", "x/y.wasm", "--format", "json"]].concat()).json();
    assert_eq!(fs::read(world.repo().join("x/y.wasm")).unwrap(), bytes);
    assert_eq!(
        (&told["schema"], &told["digest"], &told["size_bytes"], &told["tool_chain"], &told["was_module"]),
        (
            &json!("skillhost.build/1"),
            &json!(Digest::of(&bytes).to_string()),
            &json!(bytes.len()),
            &Value::Null,
            &json!(false)
        )
    );
}

#[test]
fn a_core_module_for_preview_1_becomes_a_component() {
    let world = World::bare();
    let module = root().join("target/guests/conformance-p1.core.wasm");
    put(&world, "left.wasm", &fs::read(module).unwrap());
    put(&world, "skill.toml", &fs::read(root().join("tests/guests/conformance/skill.toml")).unwrap());
    let told = world.run(&[&BUILD[..], &["--format", "json"]].concat());
    assert_eq!((told.code, &told.json()["was_module"]), (Some(0), &json!(true)), "{told:#?}");
    let cases = world.run(&["call", "./build/conformance.wasm", "cases", "--grant", "read=**"]).json();
    assert!(cases.as_array().unwrap().len() > 10, "{cases}");

    // One that says nothing of the world that it was written for.
    put(&world, "left.wasm", &wat::parse_str("(module (func (export \"f\")))").unwrap());
    world.run(&BUILD).failed(3, &["core module that names no world", "hint: link what `wit-bindgen` made"]);
}

#[test]
fn a_manifest_that_asks_for_what_the_imports_cant_use_is_refused() {
    let world = World::bare();
    put(&world, "left.wasm", &importing(&["skillhost:skill/model@0.1.0"]));
    put(&world, "skill.toml", greeter("exec = [\"test\"]\nmodel = [\"cheap\"]\nprotected = true").as_bytes());
    let refused = world.run(&BUILD);
    refused.failed(
        3,
        &[
            "error: the manifest asks for what this component can't use, so it is not built",
            "caused by: skill.toml:7: it asks for `exec`, but the component doesn't import skillhost:skill/exec",
            "caused by: skill.toml:9: it asks for `protected` without `write`",
            "hint: remove `exec` from [capabilities], or use skillhost:skill/exec in the skill",
            "hint: remove `protected` from [capabilities], or ask for `write` as well",
        ],
    );
    assert!(!refused.stderr.contains("`model`"), "{refused:#?}");
    assert!(!world.repo().join("build").exists());
    // What each capability needs is in `host/component/src/usable.rs`; here, that all of it is looked at.
    put(&world, "left.wasm", &importing(&[]));
    let all = "read = [\"**\"]\nwrite = [\"**\"]\nexec = [\"test\"]\nmodel = [\"cheap\"]\nhttp = [\"https://a.example/*\"]\nask = true";
    put(&world, "skill.toml", greeter(all).as_bytes());
    let refused = world.run(&BUILD);
    for (line, capability) in (7..).zip(["read", "write", "exec", "model", "http", "ask"]) {
        refused.failed(3, &[&format!("skill.toml:{line}: it asks for `{capability}`")]);
    }
}

#[test]
fn what_is_no_skill_is_refused_and_replaces_nothing() {
    let world = World::bare();
    put(&world, "skill.toml", greeter("").as_bytes());
    put(&world, "build/hello.wasm", b"what was there");
    let refuse = |component: &[u8], code: i32, texts: &[&str]| {
        put(&world, "left.wasm", component);
        world.run(&BUILD).failed(code, texts);
        assert_eq!(fs::read(world.repo().join("build/hello.wasm")).unwrap(), b"what was there");
    };
    refuse(
        b"#!/bin/sh\n",
        3,
        &["no skill can be made of left.wasm", "neither a WebAssembly component nor a core module"],
    );
    refuse(
        &importing(&[]),
        3,
        &["a skill of kind `tool` exports `skillhost:skill/tool@0.1.0`; this component doesn't"],
    );
    refuse(&importing(&["evil:x/y@0.2.0"]), 3, &["imports `evil:x/y@0.2.0`, which this host doesn't offer"]);
    refuse(
        &importing(&["skillhost:skill/log@0.9.0"]),
        3,
        &["is written for skillhost:skill 0.9.0; this host understands 0.1", "hint: update skillhost"],
    );
    let threads = wat::parse_str("(component (core module (memory 1 1 shared)))").unwrap();
    refuse(&threads, 3, &["not valid for this host", "threads"]);
    let whole = fs::read(root().join("target/guests/hello.wasm")).unwrap();
    refuse(&whole, 3, &["the component has a manifest already", "hint: name what the tool chain left"]);
    refuse(&vec![0; (64 << 20) + 1], 2, &["left.wasm can't be read", "it is larger than"]);

    world.run(&["build", "--component", "nowhere.wasm"]).failed(2, &["nowhere.wasm can't be read"]);
    put(&world, "left.wasm", &left_of("hello"));
    world
        .run(&[&BUILD[..], &["--out", "./left.wasm"]].concat())
        .failed(2, &["left.wasm would be replaced by what is made of it", "hint: name another file with --out"]);
    world.run(&[&BUILD[..], &["--out", "left.wasm/x"]].concat()).failed(3, &["left.wasm/x can't be written"]);
    assert_eq!(fs::read(world.repo().join("left.wasm")).unwrap(), left_of("hello"));
}

#[test]
fn a_manifest_is_read_before_anything_else() {
    let world = World::bare();
    put(&world, "left.wasm", &left_of("hello"));
    world.run(&BUILD).failed(3, &["the manifest skill.toml can't be read", "hint: build in a skill's folder"]);
    for (text, told) in [
        (greeter("raed = [\"**\"]"), "skill.toml:7: unknown field `raed`"),
        (greeter("").replace("kind = \"tool\"", "kind = \"too\\u001b[2J\""), "skill.toml:4: unknown variant"),
        (greeter("").replace("\"hello\"", "\"Größe\""), "skill.toml:2: "),
    ] {
        put(&world, "skill.toml", text.as_bytes());
        let refused = world.run(&BUILD);
        refused.failed(3, &[told]);
        assert!(!refused.stderr.contains('\u{1b}'), "{refused:#?}");
    }
    put(&world, "skill.toml", b"\xff\xfe");
    world.run(&BUILD).failed(3, &["it is not UTF-8 text"]);
    put(&world, "other.toml", greeter("").as_bytes());
    world.run(&[&BUILD[..], &["--manifest", "other.toml"]].concat()).failed(0, &[]);
}

/// What compiling costs is paid once, and a machine that keeps nothing builds all the same.
#[test]
fn a_build_compiles_for_the_first_call_and_needs_no_home() {
    let world = World::bare();
    put(&world, "left.wasm", &left_of("hello"));
    put(&world, "skill.toml", greeter("").as_bytes());
    let entries = || {
        let folder = world.home().join(".cache/skillhost/compiled");
        fs::read_dir(folder).map_or(0, |entries| entries.flatten().count())
    };
    let before = entries();
    world.run(&BUILD).failed(0, &[]);
    assert_eq!(entries(), before + 1);
    world.run(&["call", "./build/hello.wasm", "greet", "--input", r#"{"name":"Ada"}"#]).failed(0, &[]);
    assert_eq!(entries(), before + 1, "the call compiled nothing");

    let built = fs::read(world.repo().join("build/hello.wasm")).unwrap();
    for home in [None, Some("/nonexistent")] {
        fs::remove_file(world.repo().join("build/hello.wasm")).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_skillhost"));
        command.current_dir(world.repo()).env_clear().args(BUILD).envs(home.map(|home| ("HOME", home)));
        let homeless = ran(command.output().unwrap());
        assert_eq!((homeless.code, homeless.stderr.as_str()), (Some(0), ""), "{homeless:#?}");
        assert_eq!(fs::read(world.repo().join("build/hello.wasm")).unwrap(), built);
    }
}

#[test]
fn what_tells_of_the_machine_stays_only_where_that_is_asked_for() {
    let world = World::bare();
    put(&world, "skill.toml", greeter("").as_bytes());
    let mut left = left_of("hello");
    // A custom section of a debugger: its id, its size, and the size of its name.
    left.extend_from_slice(b"\x00\x1b\x0a.debug_str/home/ada/secret");
    put(&world, "left.wasm", &left);
    let tells = |more: &[&str]| {
        world.run(&[&BUILD[..], more].concat()).failed(0, &[]);
        fs::read(world.repo().join("build/hello.wasm")).unwrap().windows(9).any(|part| part == b"/home/ada")
    };
    assert!(!tells(&[]));
    assert!(tells(&["--keep-debug"]));
}
