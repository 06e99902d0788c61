//! What an author is told of a component that is no skill for this host: at each command that reads one, with the remedy.

use super::{greeter, left_of, put};
use crate::support::World;
use skillhost_core::manifest;
use std::fs;

/// An instance with nothing in it, exported under these names.
fn exporting(names: &[&str]) -> String {
    let exports: String = names.iter().map(|name| format!("(export \"{name}\" (instance $i))")).collect();
    format!("(component (instance $i) {exports})")
}

fn importing(name: &str) -> String {
    format!(
        "(component (import \"{name}\" (instance)) (instance $i) (export \"skillhost:skill/tool@0.1.0\" (instance $i)))"
    )
}

/// Each kind of refusal that needs nothing compiled: the component, and what is said.
fn refusals() -> Vec<(String, Vec<&'static str>)> {
    let offered = "hint: offered are skillhost:skill (log, model, exec, changes, ask), and of WASI 0.2";
    vec![
        (
            exporting(&[]),
            vec![
                "a skill of kind `tool` exports `skillhost:skill/tool@0.1.0`; this component doesn't: it exports nothing",
                "hint: export `call: func(name: string, arguments: string) -> result<string, error>` of the world `tool-skill`",
            ],
        ),
        (exporting(&["acme:x/y@1.0.0"]), vec!["this component doesn't: it exports `acme:x/y@1.0.0`"]),
        (
            exporting(&["skillhost:skill/review@0.1.0"]),
            vec![
                "a skill of kind `tool` exports `skillhost:skill/tool@0.1.0`; this component exports `skillhost:skill/review`",
                "hint: write kind = \"review\" in skill.toml, or export `call: func(",
            ],
        ),
        (
            exporting(&["skillhost:skill/tool@0.3.0"]),
            vec![
                "is written for skillhost:skill 0.3.0; this host understands 0.1",
                "hint: update skillhost, or build the skill against skillhost:skill 0.1",
            ],
        ),
        (
            exporting(&["skillhost:skill/tool@0.0.4"]),
            vec![
                "is written for skillhost:skill 0.0.4; this host understands 0.1",
                "hint: build the skill anew against skillhost:skill 0.1: skillhost new writes its WIT and SDK",
            ],
        ),
        (
            exporting(&["skillhost:skill/tool@0.1.0-rc.1"]),
            vec!["is written for skillhost:skill 0.1.0-rc.1", "hint: no host keeps a pre-release"],
        ),
        (
            importing("skillhost:skill/log@0.2.0"),
            vec![
                "mixes versions of the contract: it names `skillhost:skill/log@0.2.0` and `skillhost:skill/tool@0.1.0`",
                "hint: build all of its parts against one version of skillhost:skill",
            ],
        ),
        (
            exporting(&["skillhost:skill/tool@0.1.0", "skillhost:skill/tool@0.1.1"]),
            vec!["it names `skillhost:skill/tool@0.1.0` and `skillhost:skill/tool@0.1.1`"],
        ),
        (
            importing("wasi:keyvalue/store@0.2.0"),
            vec!["imports `wasi:keyvalue/store@0.2.0`, which this host doesn't offer: only WASI 0.2 and", offered],
        ),
        (
            importing("wasi:cli/stdout@0.3.0"),
            vec!["`wasi:cli/stdout@0.3.0`", "build the component for wasip2", offered],
        ),
        (importing("wasi:http/incoming-handler@0.2.0"), vec!["of wasi:http, types and outgoing-handler are offered"]),
        (importing("skillhost:skill/spec@0.1.0"), vec!["a skill exports it, and the host calls it there"]),
    ]
}

#[test]
fn every_command_that_reads_a_component_says_what_is_wrong_and_what_to_do() {
    let world = World::with(&[("a.txt", "")]);
    put(&world, "skill.toml", greeter("").as_bytes());
    for (text, said) in refusals() {
        let left = wat::parse_str(&text).unwrap();
        put(&world, "left.wasm", &left);
        put(&world, "skill.wasm", &manifest::embed(&left, &greeter("")).unwrap());
        for command in [
            &["build", "--component", "left.wasm"][..],
            &["inspect", "./skill.wasm"],
            &["call", "./skill.wasm"],
            &["add", "./skill.wasm", "--grant-requested"],
        ] {
            world.run(command).failed(3, &said);
        }
    }
}

#[test]
fn what_is_no_component_or_has_no_manifest_says_what_makes_a_skill_of_it() {
    let world = World::with(&[("a.txt", "")]);
    let wasi = "(module (import \"wasi_snapshot_preview1\" \"fd_write\" (func (param i32 i32 i32 i32) (result i32))))";
    for (text, said) in [
        (
            "(module)",
            ["it is a core module, not a component", "hint: skillhost build --component FILE makes a skill of it"],
        ),
        (wasi, ["it is a core module for WASI preview 1, not a component", "hint: skillhost build --component FILE"]),
        ("(component)", ["has no manifest", "hint: skillhost build --component FILE embeds skill.toml in a component"]),
    ] {
        put(&world, "x.wasm", &wat::parse_str(text).unwrap());
        for command in [&["inspect", "./x.wasm"][..], &["call", "./x.wasm"], &["add", "./x.wasm"]] {
            world.run(command).failed(3, &said);
        }
    }
}

/// A tool whose `call` has this type.
fn tool(signature: &str, call: &str) -> String {
    format!(
        "(component
           (core module $m (memory (export \"memory\") 1)
             (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) i32.const 64) {call})
           (core instance $c (instantiate $m))
           (func $f {signature} (canon lift (core func $c \"call\") (memory (core memory $c \"memory\"))
             (realloc (core func $c \"realloc\"))))
           (instance $i (export \"call\" (func $f)))
           (export \"skillhost:skill/tool@0.1.0\" (instance $i)))"
    )
}

#[test]
fn what_does_not_link_is_told_at_build_and_at_a_call_with_both_types() {
    let world = World::bare();
    put(&world, "skill.toml", greeter("").as_bytes());
    put(&world, "build/hello.wasm", b"what was there");
    let expected = "expected `func(name: string, arguments: string) -> result<string, error>`";
    let remedy = "hint: make the bindings anew from the WIT that skillhost new writes";
    // An import that is there and something else.
    let import = "(component (import \"skillhost:skill/log@0.1.0\" (instance (export \"shout\" (func))))
                  (instance $i) (export \"skillhost:skill/tool@0.1.0\" (instance $i)))";
    let call = "(func (export \"call\") (param i32 i32) (result i32) i32.const 0)";
    for (text, said) in [
        (
            tool("(param \"path\" string) (result u32)", call),
            vec!["`skillhost:skill/tool@0.1.0#call`", expected, ", found `func(path: string) -> u32`: ", remedy],
        ),
        (exporting(&["skillhost:skill/tool@0.1.0"]), vec![expected, "the interface has no such function", remedy]),
        (import.to_owned(), vec!["can't be linked", "skillhost:skill/log@0.1.0", "shout", remedy]),
        (
            import.replace("@0.1.0", "@0.1.7"),
            vec!["is written for skillhost:skill 0.1.7; this host understands 0.1.0", "hint: update skillhost"],
        ),
    ] {
        let left = wat::parse_str(&text).unwrap();
        put(&world, "left.wasm", &left);
        put(&world, "x.wasm", &manifest::embed(&left, &greeter("")).unwrap());
        world.run(&["call", "./x.wasm"]).failed(3, &said);
        world
            .run(&["build", "--component", "left.wasm"])
            .failed(3, &[&["left.wasm can't be loaded"], &said[..]].concat());
        assert_eq!(fs::read(world.repo().join("build/hello.wasm")).unwrap(), b"what was there");
    }
}

#[test]
fn a_schema_that_cant_be_used_is_told_at_build() {
    let world = World::bare();
    put(&world, "left.wasm", &left_of("hello"));
    let text = greeter("").replace("type = \"string\"", "type = \"strung\"");
    assert_ne!(text, greeter(""));
    put(&world, "skill.toml", text.as_bytes());
    world.run(&["build", "--component", "left.wasm"]).failed(3, &["the tool `", "its schema can't be used"]);
    assert!(!world.repo().join("build").exists());
}

#[test]
fn a_second_kind_of_skill_in_one_component_is_not_built_and_told_of_others() {
    let world = World::with(&[("a.txt", "")]);
    let both = wat::parse_str(exporting(&["skillhost:skill/tool@0.1.0", "skillhost:skill/review@0.1.0"])).unwrap();
    put(&world, "left.wasm", &both);
    put(&world, "skill.toml", greeter("").as_bytes());
    world.run(&["build", "--component", "left.wasm", "--out", "x.wasm"]).failed(
        3,
        &[
            "error: this component exports 2 kinds of skill, so it is not built",
            "caused by: it exports `tool`, `review`; skill.toml names `tool`, and nobody would call the others",
            "hint: export `tool` alone, and make a skill of its own of each other kind: skillhost new NAME --kind KIND",
        ],
    );
    assert!(!world.repo().join("x.wasm").exists());
    // Somebody else's is what its manifest says.
    put(&world, "x.wasm", &manifest::embed(&both, &greeter("")).unwrap());
    let told = "warning: it exports 2 kinds of skill; its manifest names `tool`, and nobody calls `review`";
    world.run(&["inspect", "./x.wasm"]).failed(0, &[told]);
    world.run(&["add", "./x.wasm", "--grant-requested"]).failed(0, &[]);
}

#[test]
fn what_a_component_says_of_itself_is_escaped_and_cut() {
    let world = World::bare();
    let mut bytes = manifest::embed(&wat::parse_str(importing("evil:x/y@0.2.0")).unwrap(), &greeter("")).unwrap();
    let at = bytes.windows(6).position(|part| part == b"evil:x").unwrap();
    bytes[at..at + 4].copy_from_slice(b"e\x1b[2");
    fs::write(world.repo().join("x.wasm"), bytes).unwrap();
    for command in ["inspect", "call"] {
        let refused = world.run(&[command, "./x.wasm"]);
        refused.failed(3, &["\\u{1b}[2"]);
        assert!(!refused.stderr.contains('\u{1b}'), "{refused:#?}");
    }
}
