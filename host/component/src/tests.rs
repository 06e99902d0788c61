#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

/// Everything that a manifest can ask for.
const ASKS_FOR_ALL: &str = "[skill]\nname = \"x\"\nversion = \"1.0.0\"\nkind = \"review\"\n[capabilities]\n\
    read = [\"**\"]\nwrite = [\"src/**\"]\nexec = [\"test\"]\nexec_arguments = true\nmodel = [\"cheap\"]\n\
    http = [\"https://a.example/*\"]\nsecrets = [\"A\"]\nprotected = true\nask = true\n";

fn manifest(capabilities: &str) -> String {
    format!("{}{capabilities}", ASKS_FOR_ALL.split_inclusive("[capabilities]\n").next().unwrap())
}

fn component(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

/// A component that imports these interfaces, each with nothing in it.
fn importing(names: &[&str]) -> Vec<u8> {
    let imports: String = names.iter().map(|name| format!("(import \"{name}\" (instance))\n")).collect();
    component(&format!("(component {imports})"))
}

/// What is refused, with its line.
fn refused(component: &[u8], manifest: &str) -> Vec<(&'static str, usize)> {
    match make(component, manifest, Debug::Strip) {
        Ok(_) => Vec::new(),
        Err(MakeError::Unusable(all)) => all.iter().map(|one| (one.capability, one.line)).collect(),
        Err(other) => std::panic::panic_any(other.to_string()),
    }
}

#[test]
fn a_manifest_asks_for_nothing_that_the_imports_cant_use() {
    let all = [
        "wasi:filesystem/preopens@0.2.3",
        "wasi:http/outgoing-handler@0.2.3",
        "skillhost:skill/exec@0.1.0",
        "skillhost:skill/model@0.1.0",
        "skillhost:skill/ask@0.1.0",
    ];
    assert_eq!(refused(&importing(&all), ASKS_FOR_ALL), []);
    for (left_out, refused_then) in [
        (0, &[("read", 6), ("write", 7)][..]),
        (1, &[("http", 11)]),
        (2, &[("exec", 8)]),
        (3, &[("model", 10)]),
        (4, &[("ask", 14)]),
    ] {
        let mut imports = all.to_vec();
        imports.remove(left_out);
        assert_eq!(refused(&importing(&imports), ASKS_FOR_ALL), refused_then, "{left_out}");
    }
    // A reviewer reads the change alone, and that is what these grants cover as well.
    let files = manifest("read = [\"**\"]\nwrite = [\"src/**\"]\n");
    assert_eq!(refused(&importing(&["skillhost:skill/changes@0.1.0"]), &files), []);
    // Names that only look like it.
    let others = ["skillhost:skill/execute@0.1.0", "wasi:filesystem2/types@0.2.0", "wasi:http/types@0.2.0"];
    assert_eq!(refused(&importing(&others), &manifest("exec = [\"a\"]\nhttp = [\"https://a.example/*\"]\n")).len(), 2);
    assert_eq!(refused(&importing(&[]), &manifest("")), []);
}

#[test]
fn what_only_widens_another_capability_needs_it() {
    for (asks, expected) in [
        ("exec_arguments = true\n", ("exec_arguments", 6)),
        ("\n\nsecrets = [\"A\"]\n", ("secrets", 8)),
        ("protected = true\n", ("protected", 6)),
    ] {
        let error = make(&importing(&[]), &manifest(asks), Debug::Strip).unwrap_err();
        assert!(error.to_string().contains(&format!("skill.toml:{}: it asks for `{}`", expected.1, expected.0)));
        let MakeError::Unusable(all) = error else { unreachable!("it is refused") };
        assert_eq!((all[0].capability, all[0].line), expected);
        assert!(all[0].hint().contains(&format!("remove `{}`", expected.0)));
    }
    // Keys that are written with a dot, and in a table in line.
    let dotted = "skill = { name = \"x\", version = \"1.0.0\", kind = \"spec\" }\n\ncapabilities.ask = true\n";
    assert_eq!(refused(&importing(&[]), dotted), [("ask", 3)]);
}

#[test]
fn what_tells_of_the_machine_is_taken_out_at_every_depth() {
    let input = component(
        r#"(component
            (core module $m (@custom "name" "\00/home/a/secret") (@custom ".debug_str" "/home/a") (@producers (language "L" "1"))
                (func (export "f") (result i32) (i32.const 7)))
            (component (core module (@custom "sourceMappingURL" "/home/a.map")))
            (@custom "component-name" "/home/a"))"#,
    );
    let made = make(&input, &manifest(""), Debug::Strip).unwrap();
    let text = String::from_utf8_lossy(&made.bytes).into_owned();
    assert!(!text.contains("/home/a") && text.contains("producers"), "{text}");
    assert_eq!(Manifest::from_component(&made.bytes).unwrap(), made.manifest);
    let kept = make(&input, &manifest(""), Debug::Keep).unwrap();
    assert!(String::from_utf8_lossy(&kept.bytes).contains("/home/a.map"));
    // The same again, of the same input and of what is stripped already.
    assert_eq!(make(&input, &manifest(""), Debug::Strip).unwrap().bytes, made.bytes);
    let stripped = strip::strip(&input, Debug::Strip).unwrap();
    assert_eq!(strip::strip(&stripped, Debug::Strip).unwrap(), stripped);
    assert!(matches!(make(&made.bytes, &manifest(""), Debug::Strip), Err(MakeError::HasManifest)));
}

#[test]
fn what_the_host_cant_run_is_refused() {
    for (proposal, function) in [
        ("memory64", "(memory i64 1)"),
        ("threads", "(memory 1 1 shared)"),
        ("exceptions", "(tag)"),
        ("gc", "(type (struct))"),
        ("relaxed simd", "(func (param v128) (result v128) (i32x4.relaxed_trunc_f32x4_s (local.get 0)))"),
    ] {
        let input = component(&format!("(component (core module {function}))"));
        let made = make(&input, &manifest(""), Debug::Strip);
        assert!(matches!(made, Err(MakeError::Invalid(_))), "{proposal}: {made:?}");
    }
    let fine = component("(component (core module (memory 1) (memory 1) (func $f (return_call $f))))");
    make(&fine, &manifest(""), Debug::Strip).unwrap();
    for bad in [&b""[..], b"#!/bin/sh\n", b"\0asm\x02\0\0\0"] {
        assert!(matches!(make(bad, &manifest(""), Debug::Strip), Err(MakeError::NotWasm)));
    }
    let cut = &fine[..fine.len() / 2];
    assert!(matches!(make(cut, &manifest(""), Debug::Strip), Err(MakeError::Invalid(_))));
}

#[cfg(feature = "modules")]
#[test]
fn a_core_module_has_to_name_its_world() {
    let module = component("(module (func (export \"f\")))");
    assert!(matches!(make(&module, &manifest(""), Debug::Strip), Err(MakeError::NoWorld)));
    let broken = component("(module (@custom \"component-type:x\" \"nonsense\"))");
    assert!(matches!(make(&broken, &manifest(""), Debug::Strip), Err(MakeError::Module(_))));
}
