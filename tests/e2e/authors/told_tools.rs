//! The `[[tool]]` entries that a build writes, of components that tell their tools, in whatever way.

use super::{greeter, put};
use crate::support::{Ran, World};
use serde_json::{Value, json};
use std::fs;

const MARK: &str = "# Written by the build from the types in src/: change them there.";

/// A tool that answers this to all that it is asked, once it has done this.
fn answering(answer: &str, first: &str) -> Vec<u8> {
    let bytes: String = answer.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let length: String = (answer.len() as u32).to_le_bytes().iter().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(component
          (import "skillhost:skill/types@0.1.0" (instance $types
            (type $own (variant (case "denied" string) (case "invalid" string) (case "exhausted" string) (case "cancelled")
              (case "too-large" u64) (case "failed" string)))
            (export "error" (type (eq $own)))))
          (alias export $types "error" (type $error))
          (core module $m
            (memory (export "memory") 64)
            (data (i32.const 1032) "\00\08\00\00{length}") (data (i32.const 2048) "{bytes}")
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
            (func (export "call") (param i32 i32 i32 i32) (result i32) {first} i32.const 1024))
          (core instance $c (instantiate $m))
          (func $call (param "name" string) (param "arguments" string) (result (result string (error $error)))
            (canon lift (core func $c "call") (memory (core memory $c "memory")) (realloc (core func $c "realloc"))))
          (instance $tool (export "call" (func $call)))
          (export "skillhost:skill/tool@0.1.0" (instance $tool)))"#
    );
    wat::parse_str(text).unwrap()
}

fn told(tools: &Value) -> String {
    json!({ "schema": "skillhost.tools/1", "tools": tools }).to_string()
}

/// The manifest of a project whose entries the build writes.
fn own() -> String {
    greeter("").split("[[tool]]").next().unwrap().trim_end().to_owned() + "\n"
}

fn build(world: &World) -> Ran {
    world.run(&["build", "--component", "left.wasm"])
}

fn manifest(world: &World) -> String {
    fs::read_to_string(world.repo().join("skill.toml")).unwrap()
}

#[test]
fn what_a_component_tells_is_written_below_a_line_that_says_so() {
    let world = World::bare();
    let name =
        json!({ "type": "object", "properties": { "name": { "type": "string" } }, "additionalProperties": false });
    put(&world, "skill.toml", own().as_bytes());
    let greet = json!({ "name": "greet", "description": "Says \"hello\".", "parameters": name, "read_only": true });
    put(&world, "left.wasm", &answering(&told(&json!([greet])), ""));
    build(&world).failed(0, &["skill.toml: the [[tool]] entries were written anew"]);
    let entry = "[[tool]]\nname = \"greet\"\ndescription = 'Says \"hello\".'\n\
        parameters = { type = \"object\", properties = { name = { type = \"string\" } }, additionalProperties = false }\n\
        read_only = true\n";
    let written = format!("{}\n{MARK}\n{entry}", own());
    assert_eq!(manifest(&world), written);
    let built = fs::read(world.repo().join("build/hello.wasm")).unwrap();
    assert!(world.run(&["inspect", "./build/hello.wasm"]).stdout.contains("greet"));
    // It is the answer to a call, too.
    world.run(&["call", "./build/hello.wasm", "greet"]).failed(0, &[]);
    world.run(&["call", "./build/hello.wasm", "skillhost:tools"]).failed(2, &["has no tool `skillhost:tools`"]);

    // Again: the same bytes, and nothing to say.
    let again = build(&world);
    assert!(again.code == Some(0) && again.stderr.is_empty(), "{again:#?}");
    assert_eq!(fs::read(world.repo().join("build/hello.wasm")).unwrap(), built);
    assert_eq!(manifest(&world), written);

    // Another tool, in place of the one that is gone.
    put(&world, "left.wasm", &answering(&told(&json!([{ "name": "part" }])), ""));
    build(&world).failed(0, &["the [[tool]] entries were written anew"]);
    assert!(manifest(&world).starts_with(&format!("{}\n{MARK}\n[[tool]]\nname = \"part\"\n", own())));
    assert!(!manifest(&world).contains("greet"));

    // Entries of the author's own are left alone, and so are those of another tool chain.
    for text in [greeter(""), greeter("").replace("[[tool]]", "# Written by the build from src/skill.py: …\n[[tool]]")]
    {
        put(&world, "skill.toml", text.as_bytes());
        build(&world).failed(0, &[]);
        assert_eq!(manifest(&world), text);
    }
}

#[test]
fn a_component_that_tells_nothing_harms_nothing() {
    let world = World::bare();
    put(&world, "build/hello.wasm", b"what was there");
    let marked = format!("{}\n{MARK}\n[[tool]]\nname = \"greet\"\n", own());
    for (answer, first, said) in [
        (String::new(), "", "EOF"),
        ("{\"greeting\":\"\u{1b}[2J\"}".to_owned(), "", "unknown field `greeting`"),
        (r#"{"\u001b[2J":1}"#.to_owned(), "", "\\u{1b}[2J"),
        (" ".repeat((1 << 20) + 1), "", "it has 1048577 bytes"),
        ("[".repeat(100_000), "", "caused by"),
        (told(&json!([])).replace("/1", "/2"), "", "its schema is not skillhost.tools/1"),
        (told(&json!([{ "name": "skillhost:tools" }])), "", "a skill's name is"),
        (told(&json!([{ "name": "a", "parameters": { "enum": [null] } }])), "", "the tool `a`: "),
        (told(&json!([{ "name": "a", "grants": ["**"] }])), "", "unknown field `grants`"),
        (String::new(), "unreachable", "it trapped"),
        (String::new(), "(loop $on (br $on))", "and was ended"),
        (
            String::new(),
            "(if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then unreachable))",
            "it needs more than 64 MiB",
        ),
    ] {
        put(&world, "left.wasm", &answering(&answer, first));
        for text in [own(), marked.clone()] {
            put(&world, "skill.toml", text.as_bytes());
            let refused = build(&world);
            refused.failed(3, &["error: the [[tool]] entries of skill.toml can't be written", said, "export_tools!"]);
            assert!(!refused.stderr.contains('\u{1b}'), "{refused:#?}");
            assert_eq!(manifest(&world), text);
        }
    }
    // What is told and is no manifest.
    for (tools, said) in [
        (json!([]), "has [[tool]] entries"),
        (json!([{ "name": "a" }, { "name": "a" }]), "two tools have the same name"),
        (json!([{ "name": "a", "parameters": { "type": "strung" } }]), "its schema can't be used"),
    ] {
        put(&world, "left.wasm", &answering(&told(&tools), ""));
        put(&world, "skill.toml", own().as_bytes());
        build(&world).failed(3, &[said]);
        assert_eq!(manifest(&world), own());
    }
    assert_eq!(fs::read(world.repo().join("build/hello.wasm")).unwrap(), b"what was there");
}
