//! Components and modules that a generator made, alone and inside a skill: valid by construction, so that the compiler and
//! the linker see all of them.

use super::{Target, source};
use crate::skill;
use arbitrary::Unstructured;
use skillhost_engine::testing;
use skillhost_test_support::random::Random;
use std::sync::LazyLock;
use wasm_encoder::{ComponentSection, InstanceSection, ModuleArg, RawSection};
use wasm_smith::{Component, Config, Module};
use wasmparser::{Parser, Payload, Validator};

pub(super) const TARGET: Target =
    Target { name: "generated", check, seeds, words: &["\0\0\0\0"], mutations: 60, mutate: None };

/// The skill that carries what was generated.
static CARRIER: LazyLock<Vec<u8>> = LazyLock::new(|| source("target/guests/rogue-verify.wasm"));

fn seeds() -> Vec<Vec<u8>> {
    (0..4)
        .map(|seed| {
            let mut random = Random::new(seed);
            random.bytes(600)
        })
        .collect()
}

/// The first byte says what is made, the rest is what it is made of.
fn check(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    let entropy = &mut Unstructured::new(rest);
    let config = config(*kind);
    if kind & 1 == 0 {
        let Ok(component) = Component::new(config, entropy) else { return };
        let component = component.to_bytes();
        check_compiled(&component);
        carry(&with_component(&component));
    } else {
        let Ok(module) = Module::new(config, entropy) else { return };
        carry(&with_module(&module.to_bytes()));
    }
}

/// Half of them with proposals that the host has switched off.
fn config(kind: u8) -> Config {
    let extra = kind & 2 != 0;
    Config {
        max_imports: 0,
        max_memories: 3,
        max_tables: 3,
        max_nesting_depth: 6,
        generate_custom_sections: true,
        export_everything: kind & 4 != 0,
        allow_invalid_funcs: kind & 8 != 0,
        exceptions_enabled: extra,
        gc_enabled: extra,
        compact_imports_enabled: false,
        relaxed_simd_enabled: extra,
        shared_everything_threads_enabled: false,
        threads_enabled: extra,
        wide_arithmetic_enabled: extra,
        memory64_enabled: extra,
        custom_page_sizes_enabled: extra,
        ..Config::default()
    }
}

/// What compiles is valid by another validator too.
fn check_compiled(component: &[u8]) {
    if testing::compile(component).is_ok() {
        let valid = Validator::new_with_features(wasmparser::WasmFeatures::all()).validate_all(component);
        assert!(valid.is_ok(), "compiled, and not valid: {:?}", valid.err());
    }
}

fn carry(skill: &[u8]) {
    if let Ok(skill) = skill::load(skill) {
        skill::call(&skill);
    }
}

/// The carrier with one more component, instantiated without arguments.
fn with_component(component: &[u8]) -> Vec<u8> {
    let index = count(|payload| matches!(payload, Payload::ComponentSection { .. }));
    let mut bytes = CARRIER.clone();
    RawSection { id: 4, data: component }.append_to_component(&mut bytes);
    let mut instances = wasm_encoder::ComponentInstanceSection::new();
    instances.instantiate::<_, &str>(index, []);
    instances.append_to_component(&mut bytes);
    bytes
}

/// The carrier with one more module, instantiated: its start function runs.
fn with_module(module: &[u8]) -> Vec<u8> {
    let index = count(|payload| matches!(payload, Payload::ModuleSection { .. }));
    let mut bytes = CARRIER.clone();
    RawSection { id: 1, data: module }.append_to_component(&mut bytes);
    let mut instances = InstanceSection::new();
    instances.instantiate::<_, &str>(index, std::iter::empty::<(&str, ModuleArg)>());
    instances.append_to_component(&mut bytes);
    bytes
}

/// How many of these the carrier has at its outermost level.
fn count(is: impl Fn(&Payload<'_>) -> bool) -> u32 {
    let (mut depth, mut count) = (0, 0);
    for payload in Parser::new(0).parse_all(&CARRIER) {
        match payload.expect("a built guest") {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            payload => count += u32::from(depth == 1 && is(&payload)),
        }
    }
    count
}
