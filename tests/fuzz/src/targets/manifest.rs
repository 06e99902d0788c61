//! `skill.toml`, as text, and embedded in a component.

use super::{Target, source, text};
use skillhost_core::document::MAX_DOCUMENT_BYTES;
use skillhost_core::kind::Kind;
use skillhost_core::limits::Limits;
use skillhost_core::manifest::{MAX_TOOLS, Manifest, embed};
use skillhost_core::schema;

/// The smallest component.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

pub(super) const TARGET: Target = Target {
    name: "manifest",
    check,
    seeds,
    words: &[
        "[skill]",
        "[capabilities]",
        "[limits]",
        "[[tool]]",
        "name = ",
        "version = \"1.0.0\"",
        "kind = \"tool\"",
        "read = [\"**\"]",
        "write",
        "exec",
        "model",
        "http",
        "secrets",
        "memory = \"1GiB\"",
        "time = \"1h\"",
        "parameters = { type = \"object\" }",
        "\"$ref\" = \"#\"",
        "anyOf",
        "\"\"\"",
        "'''",
        "\\u0000",
    ],
    mutations: 5_000,
    mutate: None,
};

fn seeds() -> Vec<Vec<u8>> {
    let files = [
        "skills/spec",
        "skills/review",
        "skills/implement",
        "skills/verify",
        "tests/guests/hello",
        "tests/guests/probe",
    ];
    files.iter().map(|folder| source(&format!("{folder}/skill.toml"))).collect()
}

fn check(data: &[u8]) {
    let text = text(data);
    let manifest = match Manifest::parse(&text) {
        Ok(manifest) => manifest,
        Err(error) => return super::project::check_error(&error, &text),
    };
    assert!(text.len() <= MAX_DOCUMENT_BYTES && manifest.tools.len() <= MAX_TOOLS);
    assert_eq!(manifest.skill.kind == Kind::Tool, !manifest.tools.is_empty());
    for tool in &manifest.tools {
        assert!(schema::size(&tool.parameters).is_ok_and(|parts| parts <= schema::MAX_PARTS));
    }
    let limits = Limits::resolve(&manifest.limits, &[]);
    assert!(
        limits.memory <= Limits::CEILING.memory
            && limits.cpu <= Limits::CEILING.cpu
            && limits.time <= Limits::CEILING.time
    );

    let component = embed(EMPTY, &text).expect("what parses can be embedded");
    assert_eq!(Manifest::from_component(&component).as_ref(), Ok(&manifest));
    assert!(embed(&component, &text).is_err(), "a component has one manifest");
    if let Ok(written) = toml::to_string(&manifest) {
        assert_eq!(Manifest::parse(&written).as_ref(), Ok(&manifest), "written and read again: {written}");
    }
}
