//! Any bytes as a skill: inspected, compiled, linked, instantiated and called as the host would do it.

use super::{Target, source};
use crate::{sections, skill};
use skillhost_core::digest::Digest;
use skillhost_core::manifest::Manifest;
use skillhost_engine::inspect::inspect;
use skillhost_engine::testing;
use skillhost_test_support::random::Random;

pub(super) const TARGET: Target = Target {
    name: "component",
    check,
    seeds,
    words: &[
        "\0asm\u{d}\0\u{1}\0",
        "\0asm\u{1}\0\0\0",
        "skillhost:manifest",
        "skillhost:skill/verify@0.1.0",
        "wasi:cli/exit@0.2.0",
    ],
    mutations: 150,
    mutate: Some(|bytes, seed| sections::mutate(bytes, &mut Random::new(seed))),
};

/// Compiling takes as long as this has bytes, so large ones wait for the other tests.
const MAX_BYTES: usize = 1 << 20;
/// The bundled skills that are mutated too; the larger ones take a second each to compile, and wait for the long run.
const SKILLS: &[&str] =
    if cfg!(feature = "libfuzzer") { &["verify", "spec", "review", "implement"] } else { &["verify"] };

fn seeds() -> Vec<Vec<u8>> {
    let guests =
        ["rogue-verify", "rogue-spec", "rogue-review", "hello"].map(|name| format!("target/guests/{name}.wasm"));
    let skills = SKILLS.iter().map(|name| format!("target/skills/{name}.wasm"));
    guests.into_iter().chain(skills).map(|file| source(&file)).collect()
}

fn check(data: &[u8]) {
    if data.len() > MAX_BYTES {
        return;
    }
    let inspected = inspect(data);
    if let Ok(inspection) = &inspected {
        assert_eq!((inspection.size_bytes, inspection.digest), (data.len(), Digest::of(data)));
        assert_eq!(Manifest::from_component(data).as_ref(), Ok(&inspection.manifest));
        assert!(inspection.imports.len() <= 512 && inspection.exports.len() <= 512);
    }
    match skill::load(data) {
        Ok(skill) => {
            assert!(inspected.is_ok(), "what inspection refuses is not loaded");
            skill::call(&skill);
        }
        Err(error) => {
            // What a person is told is one line of text.
            let told = error.to_string();
            assert!(told.chars().count() < 20_000, "{told:?}");
            if inspected.is_err() {
                // Nobody compiles it; but the process that would must not die of it either.
                drop(testing::compile(data));
            }
        }
    }
}
